"""Tasks take over what one learned that was trained on other data."""

import keras
import numpy as np
import pytest

import rnnzoo
from rnnzoo.tasks.roles import roles
from rnnzoo.text import SubwordTokenizer

SMALL = {"units": 4, "embedding_dim": 4, "min_count": 1}
NEW_TEXTS = ["good soup", "bad soup", "so so"]
SENTENCES = [["Ann", "saw", "Bonn"], ["Bob", "ran"]]


def noisy(model):
    """The model with weights that no initializer gives."""
    rng = np.random.default_rng(1)
    for weight in model.trainable_weights:
        weight.assign(rng.normal(1, 0.5, weight.shape))
    return model


def classifier(texts=("good", "bad"), labels=("pos", "neg"), **options):
    options = {"num_classes": len(set(labels)), **SMALL, **options}
    model = rnnzoo.build("bilstm_classifier", **options)
    if texts:
        model.adapt(list(texts), list(labels), verbose=0)
        noisy(model)
    return model


def tagger(**options):
    return rnnzoo.build("bilstm_crf_tagger", **SMALL, **options)


def rows(model, weight, name, axis=0):
    """Dict from a token, a tag or a label to its part of a weight."""
    parts = np.moveaxis(np.array(weight), axis, 0)
    return dict(zip(model.keys(name), parts, strict=False))


def assert_kept(ours, theirs):
    """Returns the keys that are new."""
    for key in ours.keys() & theirs.keys():
        np.testing.assert_array_equal(ours[key], theirs[key])
    assert ours.keys() & theirs.keys()
    return ours.keys() - theirs.keys()


def test_words_stay_and_labels_are_those_of_the_data():
    saved = classifier()
    model = classifier(None, num_classes=3)
    report = model.transfer(saved, NEW_TEXTS, ["pos", "neg", "mid"], verbose=0)
    assert model.vocabulary.tokens == ("bad", "good", "so", "soup")
    assert model.labels == ("mid", "neg", "pos")
    assert report.kept == {"vocabulary": 2, "labels": 2}
    assert report.new == {"vocabulary": 2, "labels": 1}
    for role, name, axis, new in (
        ("encoder.embedding.embeddings", "vocabulary", 0, {"so", "soup"}),
        ("head.kernel", "labels", 1, {"mid"}),
        ("head.bias", "labels", 0, {"mid"}),
    ):
        ours = rows(model, roles(model)[role], name, axis)
        theirs = rows(saved, roles(saved)[role], name, axis)
        assert assert_kept(ours, theirs) == new
    ids = model.vocabulary([["good", "bad"], ["bad", ""]])
    np.testing.assert_array_equal(model.encoder(ids), saved.encoder(ids))


def test_new_rows_are_as_wide_as_the_old_ones():
    words = [f"w{i}" for i in range(500)]
    saved = classifier(words, ["pos", "neg"] * 250)
    table = saved.encoder.embedding.embeddings
    table.assign(np.random.default_rng(0).normal([1, 2, 3, 4], 0.1, (502, 4)))
    model = classifier(None)
    more = [f"n{i}" for i in range(500)]
    model.transfer(saved, more, ["pos", "neg"] * 250, verbose=0)
    drawn = np.array(model.encoder.embedding.embeddings)[502:]
    assert drawn.shape == (500, 4)
    np.testing.assert_allclose(drawn.mean(axis=0), [1, 2, 3, 4], atol=0.02)
    np.testing.assert_allclose(drawn.std(axis=0), [0.1] * 4, rtol=0.15)


def test_new_words_have_pretrained_vectors_where_there_are_some():
    vectors = (["good", "soup"], np.array([[1.0] * 4, [2.0] * 4]))
    model = classifier(None, embeddings=vectors)
    saved = classifier()
    report = model.transfer(saved, NEW_TEXTS, ["pos", "neg", "pos"], verbose=0)
    ours = rows(model, model.encoder.embedding.embeddings, "vocabulary")
    theirs = rows(saved, saved.encoder.embedding.embeddings, "vocabulary")
    assert assert_kept(ours, theirs) == {"so", "soup"}
    assert ours["soup"].tolist() == [2.0] * 4
    assert report.found == {"vocabulary": 1}
    assert "2 new, 1 of them with word vectors" in str(report)


def test_numbers_are_the_labels_of_the_saved_task_if_it_has_as_many():
    saved = classifier()
    model = classifier(None, num_classes=2)
    model.transfer(saved, NEW_TEXTS, [1, 0, 1], verbose=0)
    assert model.labels == ("neg", "pos")
    np.testing.assert_array_equal(model.head.kernel, saved.head.kernel)
    unnamed = noisy(classifier(["a", "b"], [0, 1]))
    five = classifier(None, num_classes=5)
    five.transfer(unnamed, NEW_TEXTS, [0, 1, 4], verbose=0)
    assert not np.isin(five.head.kernel, unnamed.head.kernel).any()


@pytest.mark.parametrize("characters", ["cnn", None])
def test_tags_keep_their_scores_and_their_transitions(characters):
    saved = tagger(characters=characters, tag_scheme="bio")
    tags = [["B-PER", "O", "B-LOC"], ["B-PER", "O"]]
    saved.adapt(SENTENCES, tags, verbose=0)
    noisy(saved)
    model = tagger(characters=characters)
    tags = [["B-LOC", "O", "O"], ["B-ORG", "O"]]
    report = model.transfer(saved, SENTENCES, tags, verbose=0)
    assert model.labels == ("LOC", "ORG")
    assert model.tag_set.scheme == "bio"
    assert (report.kept["labels"], report.new["labels"]) == (1, 1)
    for weight, axis in (("head.kernel", 1), ("crf.start", 0), ("crf.end", 0)):
        ours = rows(model, roles(model)[weight], "labels", axis)
        theirs = rows(saved, roles(saved)[weight], "labels", axis)
        assert assert_kept(ours, theirs) == {"B-ORG", "I-ORG"}
    ours, theirs = (
        {
            (a, b): float(roles(each)["crf.transitions"][i, j])
            for i, a in enumerate(each.tag_set.names)
            for j, b in enumerate(each.tag_set.names)
        }
        for each in (model, saved)
    )
    for key in ours.keys() & theirs.keys():
        assert ours[key] == theirs[key]
    assert ("B-LOC", "O") in ours.keys() & theirs.keys()


def test_tags_may_be_the_numbers_of_the_saved_task():
    names = ["O", "B-PER", "B-LOC"]
    saved = tagger()
    saved.adapt(SENTENCES, [[1, 0, 2], [1, 0]], labels=names, verbose=0)
    model = tagger()
    model.transfer(saved, SENTENCES, [[2, 0, 0], [0, 0]], verbose=0)
    assert model.labels == ("LOC",)
    assert model.tag_names == tuple(names)


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("unit", ["word", "subword"])
def test_a_translator_writes_new_words_too(unit, tied, eagerly):
    """Start and end move with the vocabulary; their rows do, too."""

    def translator(**options):
        options = {"unit": unit, "tied": tied, "lowercase": True, **options}
        return rnnzoo.build("luong_translator", **SMALL, **options)

    saved = translator(vocabulary_size=30, target_vocabulary_size=30)
    first = ["good day", "good night"], ["bon jour", "bonne nuit"]
    saved.adapt(*first, verbose=0)
    noisy(saved)
    model = translator()
    second = ["good x", "good"], ["bon ü", "bon"]
    report = model.transfer(saved, *second, verbose=0)
    assert model.learned["target_vocabulary"] == (
        *saved.learned["target_vocabulary"],
        "ü",
    )
    assert report.new["vocabulary"] == 1
    weights = [
        ("decoder.embedding.embeddings", 0),
        ("decoder.output_bias", 0),
    ]
    if not tied:
        weights.append(("decoder.output_kernel", 1))
    for role, axis in weights:
        ours = rows(model, roles(model)[role], "target_vocabulary", axis)
        theirs = rows(saved, roles(saved)[role], "target_vocabulary", axis)
        assert {b"start", b"end", 0, 1} < theirs.keys()
        assert assert_kept(ours, theirs) == {"ü"}
    model.save("model.keras")
    again = rnnzoo.load("model.keras")
    one, two = (
        each.translate(["good x"], max_length=4) for each in (again, model)
    )
    assert one == two
    assert saved.learned["vocabulary"] == tuple(
        token for token in model.learned["vocabulary"] if "x" not in token
    )


def test_pieces_stay_and_unknown_characters_join_them():
    tokenizer = SubwordTokenizer(pieces=["lo", "low", *"▁low"])
    counts = {"▁lower": 5, "▁éx": 1, "▁é": 1}
    found = tokenizer.learn(counts, size=3, min_count=2)
    assert found == ("lo", "low", "▁", "l", "o", "w", "e", "r", "é")
    pieces = tokenizer(["lower x é"]).words[0].numpy()
    assert [each.decode() for each in pieces] == [
        *("▁", "low", "e", "r", "▁", "x", "▁", "é")
    ]


def test_the_saved_task_stays_as_it_is():
    saved = rnnzoo.build(
        "bilstm_classifier", **SMALL, unit="subword", vocabulary_size=20
    )
    saved.adapt(["good", "bad"], ["pos", "neg"], verbose=0)
    pieces, weights = saved.tokenizer.pieces, saved.get_weights()
    model = saved.anew(("a", "b", "c"))
    model.transfer(saved, ["xyz", "b", "c"], ["a", "b", "c"], verbose=0)
    assert saved.tokenizer.pieces == pieces != model.tokenizer.pieces
    for ours, theirs in zip(saved.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert model.num_classes == 3


def test_roles_are_those_of_a_loaded_task(tmp_path):
    """Keras's paths are not: layers get new numbers and lose their outer."""
    for name, x, y in (
        ("han_classifier", ["good", "bad"], ["pos", "neg"]),
        ("bilstm_cnn_crf_tagger", SENTENCES, [["B-A", "O", "O"], ["O", "O"]]),
        ("seq2seq_translator", ["a"], ["b"]),
    ):
        options = {"seq2seq_translator": {"unit": "word", "units": 4}}
        model = rnnzoo.build(name, min_count=1, **options.get(name, {}))
        model.adapt(x, y, verbose=0)
        model.save(tmp_path / "model.keras")
        saved = rnnzoo.load(tmp_path / "model.keras")
        ours, theirs = roles(model), roles(saved)
        assert ours.keys() == theirs.keys()
        assert {id(each) for each in ours.values()} == {
            id(each) for each in model.weights
        }
        for role, weight in ours.items():
            np.testing.assert_array_equal(weight, theirs[role])


def test_what_does_not_fit_is_refused(tmp_path):
    saved = classifier()
    path = tmp_path / "saved.keras"
    saved.save(path)
    data = NEW_TEXTS, ["pos", "neg", "pos"]
    for model, message in (
        (saved, "has a vocabulary"),
        (tagger(), "`EntityTagger`.*saved.keras'.*`TextClassifier`"),
        (classifier(None, embedding_dim=5), r"same shape.*shape \(4, 4\), not"),
        (classifier(None, depth=2), "same shape.*only one of the two has enc"),
        (classifier(None, multi_label=True), "saved `MultiLabelClassifier`"),
    ):
        with pytest.raises(ValueError, match=message):
            model.transfer(path, *data, verbose=0)
    with pytest.raises(ValueError, match="needs a vocabulary"):
        classifier(None).transfer(classifier(None), *data, verbose=0)
    with pytest.raises(FileNotFoundError, match="No saved model"):
        classifier(None).transfer(tmp_path / "none", *data, verbose=0)


def test_a_captioner_takes_over_its_words_and_its_encoder(tmp_path):
    def captioner():
        return rnnzoo.build(
            "show_attend_tell_captioner", image_size=16, units=8, min_count=1
        )

    images = np.zeros((2, 16, 16, 3), "uint8")
    saved = captioner()
    saved.adapt(images, [["all black"], ["a dark night"]], verbose=0)
    noisy(saved)
    model = captioner()
    model.transfer(saved, images, [["all red"], ["a red day"]], verbose=0)
    ours, theirs = model.encoder.get_weights(), saved.encoder.get_weights()
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)
    words = rows(model, model.decoder.output_kernel, "target_vocabulary", 1)
    known = rows(saved, saved.decoder.output_kernel, "target_vocabulary", 1)
    assert assert_kept(words, known) == {"red", "day"}


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    keras.utils.set_random_seed(1)
