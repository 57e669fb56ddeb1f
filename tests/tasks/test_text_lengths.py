"""The limits of texts that verbs and exports write."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

import rnnzoo
from rnnzoo.ids import UNKNOWN
from rnnzoo.tasks.beam import Beam

TINY = {"units": 8, "embedding_dim": 8, "unit": "word", "min_count": 1}
SOURCES = ["a", "b a", "a b a", "b", "a a b b"]


def repeat(texts, count):
    return [" ".join([text] * count) for text in texts]


@pytest.fixture(scope="module")
def model():
    """A translator that has learned little: it would write for long."""
    keras.utils.set_random_seed(0)
    model = rnnzoo.build("luong_translator", max_length=30, **TINY)
    model.adapt(SOURCES, repeat(SOURCES, 2), verbose=0)
    rarely = [[model.target.end_id], [UNKNOWN]]
    bias = model.decoder.output_bias
    bias.assign(tf.tensor_scatter_nd_add(bias, rarely, [-20.0, -20.0]))
    return model


def lengths(texts):
    return [len(text.split()) for text in texts]


def test_texts_are_as_long_as_training_showed(model):
    assert lengths(model.translate(SOURCES)) == [30] * 5
    model.compile(optimizer=keras.optimizers.SGD(0.0), run_eagerly=True)
    model.fit(["a", "a b"], ["a a a", "b"], verbose=0)
    model.fit(SOURCES, repeat(SOURCES, 2), verbose=0)
    assert model.length_ratio == 3.0  # of "a" in the first
    assert lengths(model.translate(SOURCES)) == [13, 16, 19, 13, 22]
    assert lengths(model.translate(["a", ""], max_length=40)) == [40, 0]
    model.train_on_batch(["a"], ["a a a a"])
    assert model.length_ratio == 4.0


def test_what_training_showed_is_saved_and_lent(tmp_path):
    options = {"max_length": 30, **TINY}
    model = rnnzoo.build("luong_translator", **options)
    model.adapt(SOURCES, SOURCES, verbose=0)
    model.compile(run_eagerly=True)
    model.fit(["a"], ["a b a"], verbose=0)
    model.save(tmp_path / "model.keras")
    lent = rnnzoo.build("luong_translator", tmp_path / "model.keras", **options)
    for other in (rnnzoo.load(tmp_path / "model.keras"), lent):
        assert other.length_ratio == 3.0
        assert other.beam(2).longest(tf.constant([4])) == 22


def test_a_prefix_is_never_cut(model):
    prefix = " ".join(["b"] * 50)
    for source in ("a", ""):
        (found,) = model.translate([source], prefix=prefix)
        assert found.startswith(prefix)
        (found,) = model.translate([source], prefix=prefix, max_length=3)
        assert found == prefix


def test_the_limits_of_a_verb_are_those_of_its_export(model, tmp_path):
    limits = {"max_length": 9, "block_ngrams": 3, "length_penalty": 0.3}
    written = model.translate(SOURCES, n_best=2, return_scores=True, **limits)
    for found in written:
        for each in found:
            trigrams = list(
                zip(each.tokens, each.tokens[1:], each.tokens[2:], strict=False)
            )
            assert len(set(trigrams)) == len(trigrams)
    plain = model.translate(SOURCES, max_length=9, return_scores=True)
    assert plain[0].text != written[0][0].text
    model.export(tmp_path / "served", **limits)
    served = tf.saved_model.load(str(tmp_path / "served")).signatures
    alone = served["serving_default"](text=tf.constant(SOURCES))
    assert alone["translation"].numpy().tolist() == [
        found[0].text.encode() for found in written
    ]
    together = served["n_best"](
        text=tf.constant(SOURCES),
        beam_width=tf.constant([5] * 5),
        n_best=tf.constant([2, 1, 2, 3, 1]),
    )
    assert together["translations"].shape == (5, 3)
    answers = together["translations"].numpy().tolist()
    scores = together["scores"].numpy()
    for row, asked in ((0, 2), (1, 1), (2, 2)):
        for place in range(asked):
            found = written[row][place]
            assert answers[row][place] == found.text.encode()
            assert scores[row, place] == pytest.approx(found.score, abs=1e-5)
        assert answers[row][asked:] == [b""] * (3 - asked)
    json.dumps(scores.tolist(), allow_nan=False)


def test_texts_have_a_least_length(model):
    bias = model.decoder.output_bias
    before = bias.numpy()
    bias.assign_add(40 * tf.one_hot(model.target.end_id, len(before)))
    written = model.translate(["a", "b", ""])
    longer = model.translate(["a", "b", ""], min_length=7)
    bias.assign(before)
    assert lengths(written) == [0, 0, 0]
    assert lengths(longer) == [7, 7, 0]


def test_a_score_of_a_pair_is_that_of_the_search(model):
    found = model.translate(SOURCES, max_length=6, n_best=3, return_scores=True)
    pairs = [
        (source, each)
        for source, several in zip(SOURCES, found, strict=True)
        for each in several
    ]
    scores = model.score_pairs(
        [source for source, _ in pairs], [each.text for _, each in pairs]
    )
    assert scores.dtype == "float32"
    np.testing.assert_allclose(
        scores, [each.score for _, each in pairs], rtol=1e-4
    )
    log_probs = model.score_pairs(SOURCES, SOURCES, length_penalty=0)
    penalty = ((5 + np.array(lengths(SOURCES)) + 1) / 6) ** 1.4
    np.testing.assert_allclose(
        model.score_pairs(SOURCES, SOURCES), log_probs / penalty, rtol=1e-5
    )
    assert model.score_pairs([], []).shape == (0,)
    with pytest.raises(ValueError, match="argument `y`"):
        model.score_pairs(SOURCES)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_length", 0),
        ("min_length", -1),
        ("block_ngrams", 1.5),
        ("length_penalty", -1.0),
        ("length_penalty", np.nan),
    ],
)
def test_a_limit_out_of_range_is_refused(model, name, value):
    for call in (model.translate, model.export):
        with pytest.raises(ValueError, match=f"argument `{name}`"):
            call(["a"], **{name: value})


def test_an_unknown_limit_is_named(model):
    for call in (model.translate, model.export):
        with pytest.raises(ValueError, match=r"`max_len`\. .*max_length"):
            call(["a"], max_len=3)


def test_a_beam_knows_how_long_texts_may_be():
    beam = Beam(width=1, max_length=40, length_ratio=1.2)
    longest = beam.longest(
        tf.constant([0, 1, 5, 30]), tf.constant([2, 0, 3, 0])
    )
    assert longest.numpy().tolist() == [2, 12, 19, 40]
