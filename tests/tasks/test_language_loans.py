"""Classifiers and taggers that begin with what a language model learned."""

import numpy as np
import pytest

import rnnzoo
from rnnzoo.cli import main

TEXTS = ["a good film", "a bad film", "so so, really", "Ann saw it"]
SIZES = {"embedding_dim": 4, "min_count": 1}
REVIEWS = (
    ["Good soup", "bad soup", "so bad", "good film"] * 2,
    ["pos", "neg", "neg", "pos"] * 2,
)
SENTENCES = [["Ann", "saw", "soup"], ["Bob", "ran"]]
TAGS = [["B-PER", "O", "O"], ["B-PER", "O"]]


@pytest.fixture(scope="module")
def language_model():
    model = rnnzoo.build(
        "awd_lstm_language_model",
        units=6,
        unit="word",
        lowercase=True,
        **SIZES,
    )
    model.adapt(TEXTS, verbose=0)
    rng = np.random.default_rng(0)
    for weight in model.trainable_weights:
        weight.assign(rng.normal(0, 0.5, weight.shape))
    return model


def classifier(**options):
    return rnnzoo.build("lm_classifier", units=6, **SIZES, **options)


def read_by(model, backbone, text):
    ids = model.vocabulary(model.tokenizer([text]).words).to_tensor()
    return backbone(ids).vectors


def test_a_classifier_reads_as_the_language_model_does(language_model):
    model = classifier()
    report = model.transfer(language_model, *REVIEWS, verbose=0)
    known = language_model.vocabulary.tokens
    assert model.vocabulary.tokens == (*known, "soup")
    assert report.kept == {"vocabulary": len(known), "labels": 0}
    assert report.new == {"vocabulary": 1, "labels": 2}
    assert model.tokenizer is not language_model.tokenizer
    assert model.tokenizer.get_config() == language_model.tokenizer.get_config()
    for text in TEXTS:
        np.testing.assert_allclose(
            read_by(model, model.encoder.backbone, text),
            read_by(language_model, language_model.backbone, text),
            rtol=1e-6,
        )


def test_a_tagger_reads_as_the_language_model_does(language_model):
    model = rnnzoo.build("lm_tagger", language_units=6, units=3, **SIZES)
    report = model.transfer(language_model, SENTENCES, TAGS, verbose=0)
    assert report.new["vocabulary"] == 3  # soup, Bob, ran
    assert report.kept["characters"] == 0
    words = ["ann", "saw", "it"]
    ids = np.array(
        [[model.vocabulary.tokens.index(each) + 2 for each in words]]
    )
    np.testing.assert_allclose(
        model.features.embedding(ids),
        read_by(language_model, language_model.backbone, "Ann saw it"),
        rtol=1e-6,
    )


def test_layers_are_unfrozen_from_the_output_on(language_model):
    model = classifier()
    model.transfer(language_model, *REVIEWS, verbose=0)
    assert list(model.groups()) == [
        *("embedding", "layer_0", "layer_1", "layer_2", "pool", "head")
    ]
    recipe = rnnzoo.Recipe(epochs=5, group_decay=2.0, unfreeze=1)
    optimizer = model.default_optimizer(50, recipe)
    model.compile(optimizer)
    before = [np.array(each) for each in model.trainable_weights]
    model.fit(*REVIEWS, batch_size=2, epochs=1, verbose=0)
    changed = {
        each.path
        for each, old in zip(model.trainable_weights, before, strict=True)
        if not np.array_equal(each, old)
    }
    head = {each.path for each in model.head.trainable_weights}
    assert changed == head


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("lm_classifier", {"units": 5}, "same shape.*layers.0.*has the shape"),
        ("lm_classifier", {"units": 6, "depth": 2}, "only one of the two has"),
        ("bilstm_classifier", {}, "only one of the two has encoder.backbone"),
        ("bilstm_crf_tagger", {}, "only one of the two has"),
        (
            "luong_translator",
            {},
            "Expected a saved `Translator`. Received: .* a `LanguageModel`",
        ),
    ],
)
def test_what_does_not_fit_is_an_error(language_model, name, options, message):
    model = rnnzoo.build(name, **SIZES, **options)
    data = (SENTENCES, TAGS) if "tagger" in name else REVIEWS
    with pytest.raises(ValueError, match=message):
        model.transfer(language_model, *data, verbose=0)


def test_a_language_model_borrows_from_no_classifier(language_model):
    saved = classifier()
    saved.adapt(*REVIEWS, verbose=0)
    model = rnnzoo.build("awd_lstm_language_model", units=6, **SIZES)
    with pytest.raises(ValueError, match="saved `LanguageModel`. Received"):
        model.transfer(saved, TEXTS, verbose=0)


def test_the_command_starts_from_a_language_model(
    language_model, tmp_path, capsys
):
    saved = tmp_path / "language.keras"
    language_model.save(saved)
    rows = tmp_path / "reviews.csv"
    lines = [f"{text},{label}" for text, label in zip(*REVIEWS, strict=True)]
    rows.write_text("\n".join(["text,label", *lines]))
    run = ["train", "lm_classifier", "--train", str(rows), "--epochs", "1"]
    settings = ["--set", "units=6", "embedding_dim=4", "min_count=1"]
    out = ["--weights", str(saved), "--out", str(tmp_path / "run")]
    assert main([*run, *settings, *out]) == 0
    shown = capsys.readouterr().out
    assert "vocabulary: 10 kept, 1 new; labels: 0 kept, 2 new" in shown
    trained = rnnzoo.load(tmp_path / "run")
    assert trained.labels == ("neg", "pos")
