"""Weights by name: those in the package, and those of a hub."""

import numpy as np
import pytest

import rnnzoo
from rnnzoo import presets
from rnnzoo.cli import main
from rnnzoo.datasets import sources

MEGABYTES = 10**6
LIMITS = {"captioning": 16 * MEGABYTES}  # an image encoder is inside
NAMED = presets.index()


@pytest.fixture(params=NAMED, ids=lambda each: f"{each.model}-{each.name}")
def named(request):
    return request.param


def test_pretrained_models_are_those_with_weights():
    pretrained = rnnzoo.list_models(pretrained=True)
    assert pretrained == sorted({each.model for each in NAMED})
    others = rnnzoo.list_models(pretrained=False)
    assert sorted(pretrained + others) == rnnzoo.list_models()


def test_the_files_are_small_and_said(named):
    card = rnnzoo.describe(named.model)
    assert card.weights[named.name] is named
    assert named.path.stat().st_size == named.size
    assert named.size <= LIMITS.get(card.task, 8 * MEGABYTES)
    text = " ".join(str(card).split())
    for part in (named.name, named.terms, *map(str, named.scores.values())):
        assert part in text


def test_all_files_together_are_small():
    files = list(presets.FOLDER.glob("*.keras"))
    assert {each.name for each in files} == {each.file for each in NAMED}
    assert sum(each.stat().st_size for each in files) <= 40 * MEGABYTES


def test_classifiers_answer():
    for name in ("han_classifier", "bilstm_classifier"):
        model = rnnzoo.build(name, weights="imdb_reviews")
        good, bad = model.classify(
            ["A quiet, lovely film.", "Dull, and far too long."]
        )
        assert (good.label, bad.label) == ("pos", "neg")
        assert model.recipe == rnnzoo.describe(name).recipe


def test_the_tagger_answers():
    model = rnnzoo.build("bilstm_cnn_crf_tagger", weights="conll2003")
    (entities,) = model.tag(["Angela Merkel visited Paris."])
    assert [(each.text, each.label) for each in entities] == [
        ("Angela Merkel", "PER"),
        ("Paris", "LOC"),
    ]


def test_the_translator_answers():
    model = rnnzoo.build("luong_translator", weights="multi30k")
    assert model.translate(["A dog runs across the grass."], beam_width=1) == [
        "Ein Hund rennt über das Gras."
    ]


def test_the_captioner_answers():
    model = rnnzoo.build(
        "show_attend_tell_captioner", weights="flickr8k", max_length=9
    )
    assert model.image_size == (224, 224)
    assert not model.finetune_encoder
    colours = np.array([(250, 250, 250), (60, 150, 40)], "uint8")
    first, second = model.caption(
        [np.tile(each, (9, 9, 1)) for each in colours]
    )
    assert first != second
    assert all(len(each.split()) > 3 for each in (first, second))


@pytest.mark.data
def test_the_captioner_knows_what_it_sees(data_dir):
    test = sources.load("flickr8k", data_dir=data_dir).split("test").take(40)
    model = rnnzoo.build("show_attend_tell_captioner", weights="flickr8k")
    model.compile()
    scores = model.evaluate(test, return_dict=True, verbose=0)
    (named,) = presets.weights_of("show_attend_tell_captioner").values()
    (cider_d,) = (
        score for name, score in named.scores.items() if "cider_d" in name
    )
    assert scores["cider_d"] > cider_d / 2


@pytest.mark.data
@pytest.mark.slow
def test_the_score_is_that_of_the_file(data_dir):
    """All sentences of a small test split."""
    test = sources.load("conll2003", data_dir=data_dir).split("test")
    (named,) = presets.weights_of("bilstm_cnn_crf_tagger").values()
    model = rnnzoo.load(named.path)
    model.compile()
    scores = model.evaluate(test, return_dict=True, verbose=0)
    assert scores["f1"] == pytest.approx(named.scores["f1"], abs=1e-3)


def test_the_command_takes_the_name_of_a_model(tmp_path, capsys):
    assert main(["predict", "han_classifier", "A quiet, lovely film."]) == 0
    assert capsys.readouterr().out.startswith("pos\t")
    path = tmp_path / "reviews.csv"
    path.write_text("text,label\nA quiet film. I loved it!,pos\nAwful.,neg\n")
    assert main(["evaluate", "han_classifier", "--test", str(path)]) == 0
    assert "accuracy 1.0000" in capsys.readouterr().out
    assert main(["predict", "seq2seq_translator", "Hello."]) == 2
    assert "seq2seq_translator has no weights" in capsys.readouterr().err


def test_overrides_that_change_no_shape():
    model = rnnzoo.build("han_classifier", weights="imdb_reviews", max_words=9)
    assert model.max_words == 9
    with pytest.raises(ValueError, match="same shape"):
        rnnzoo.build("han_classifier", weights="imdb_reviews", word_units=9)


def test_unknown_weights_list_the_nearest():
    with pytest.raises(ValueError, match="'imdb'. Expected one like imdb_rev"):
        rnnzoo.build("han_classifier", weights="imdb")
    with pytest.raises(ValueError, match="none by name"):
        rnnzoo.build("seq2seq_translator", weights="multi30k")
    for wrong in (True, ["imdb_reviews"]):
        with pytest.raises(ValueError, match="`weights`.*Received: weights="):
            rnnzoo.build("han_classifier", weights=wrong)


def test_damage_is_found(tmp_path, monkeypatch):
    named = NAMED[0]
    monkeypatch.setattr(presets, "FOLDER", tmp_path)
    with pytest.raises(FileNotFoundError, match=named.file):
        rnnzoo.build(named.model, weights=named.name)
    content = (presets.INDEX.parent / named.file).read_bytes()
    (tmp_path / named.file).write_bytes(content[:-100])
    with pytest.raises(ValueError, match=r"are damaged.*SHA-256"):
        rnnzoo.build(named.model, weights=named.name)


def test_weights_of_another_model():
    named = presets.weights_of("bilstm_cnn_crf_tagger")["conll2003"]
    with pytest.raises(ValueError, match=r"Expected a saved `TextClassifier`"):
        rnnzoo.build("han_classifier", weights=named.path)


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """The cache of a hub that cannot be reached, with one repository."""
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    folder = tmp_path / "models--ann--names"
    commits = {"main": "a" * 40, "v1": "b" * 40}
    for revision, commit in commits.items():
        (folder / "refs").mkdir(parents=True, exist_ok=True)
        (folder / "refs" / revision).write_text(commit)
        (folder / "snapshots" / commit).mkdir(parents=True)
        model = rnnzoo.build("bilstm_classifier", units=2, embedding_dim=2)
        model.adapt(["good", "bad"], [revision, "z"], verbose=0)
        model.save(folder / "snapshots" / commit / "model.keras")


def test_a_hub_is_asked_once(hub):
    assert rnnzoo.load("hf://ann/names").labels == ("main", "z")
    assert rnnzoo.load("hf://ann/names@v1").labels == ("v1", "z")
    model = rnnzoo.build(
        "bilstm_classifier", weights="hf://ann/names", units=2, embedding_dim=2
    )
    assert model.labels == ("main", "z")
    with pytest.raises(ConnectionError, match="hf://ann/other.*cannot be rea"):
        rnnzoo.load("hf://ann/other")
    with pytest.raises(ValueError, match="hf://user/repository"):
        rnnzoo.load("hf://ann/other/more")
