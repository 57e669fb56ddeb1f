"""A CRF trained with Keras's `compile` and `fit`."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnzoo import layers
from rnnzoo.metrics import SpanF1

MASK = np.arange(6) < np.array([6, 3, 1, 5])[:, None]
WORDS = np.random.default_rng(0).integers(1, 9, MASK.shape) * MASK
TAGS = np.tile([0, 1], (4, 3))  # in turn, whatever the words are


def build(masked_by_keras=True):
    words = keras.Input((None,), dtype="int32")
    vectors = keras.layers.Embedding(9, 4, mask_zero=masked_by_keras)(words)
    scores = keras.layers.Dense(2)(vectors)
    outputs = scores if masked_by_keras else (scores, words > 0)
    return layers.CRFModel(keras.Model(words, outputs), layers.CRF(2))


def test_fit_trains_the_transitions_and_saving_keeps_them(tmp_path):
    model = build()
    model.compile(
        keras.optimizers.Adam(0.2),
        metrics=["accuracy", SpanF1(["O", "B-X"])],
    )
    model.fit(WORDS, np.where(MASK, TAGS, -100), epochs=40, verbose=0)
    start, between, _ = model.crf.get_weights()
    assert start[0] > start[1]
    assert between[0, 1] > between[0, 0]
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    metrics = again.evaluate(WORDS, TAGS.astype(float), verbose=0)
    assert metrics[1:] == [1, 1]
    again.export(tmp_path / "served", verbose=False)
    served = tf.saved_model.load(tmp_path / "served")
    for n in (2, 6):
        found = served.serve(tf.constant(WORDS[:, :n], tf.int32))
        np.testing.assert_array_equal(found, TAGS[:, :n] * MASK[:, :n])


@pytest.mark.parametrize("masked_by_keras", [True, False])
def test_the_loss_is_the_weighted_likelihood_of_the_tags(masked_by_keras):
    model = build(masked_by_keras)
    model.compile(run_eagerly=True, metrics=["accuracy"])
    model.crf.set_weights([np.ones(2), np.eye(2), np.ones(2)])
    weights = np.array([1.0, 2.0, 0.5, 4.0])
    scores = model.model(WORDS)
    scores = scores if masked_by_keras else scores[0]
    likelihoods = model.crf.log_likelihood(scores, TAGS, MASK)
    expected = -np.mean(weights * likelihoods)
    for each in (weights, weights[:, None]):
        loss, accuracy = model.test_on_batch(WORDS, TAGS, sample_weight=each)
        assert loss == pytest.approx(expected, rel=1e-5)
    is_right = model(WORDS).numpy() == TAGS
    assert accuracy == pytest.approx(is_right[MASK].mean())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: m.compile(loss="mse"), "`loss`"),
        (lambda m: m.compile(metrics=["mse"]), "`metrics`"),
        (lambda m: m.fit(WORDS, TAGS[:, :5]), "`tags`"),
        (lambda m: m.fit(WORDS, TAGS, sample_weight=MASK), "`sample_weight`"),
        (lambda m: m.fit(WORDS, TAGS, class_weight={0: 2.0}), "`class_weight`"),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    model = build()
    model.compile(run_eagerly=True)
    with pytest.raises(ValueError, match=message):
        call(model)


@pytest.mark.parametrize("wrong", [0.5, np.nan, 2])
def test_a_number_that_is_no_tag_is_refused(wrong):
    model = build()
    model.compile(run_eagerly=True)
    tags = np.where(WORDS[0, 0] == WORDS, wrong, TAGS)
    with pytest.raises(tf.errors.InvalidArgumentError, match="`tags`"):
        model.train_on_batch(WORDS, tags)


def test_replicas_train_as_one(mirrored):
    found = []
    for strategy in (tf.distribute.get_strategy(), mirrored):
        with strategy.scope():
            scores = keras.Input((6, 2))
            model = layers.CRFModel(
                keras.Model(scores, keras.layers.Dense(2)(scores)),
                layers.CRF(2),
            )
            model.compile(keras.optimizers.SGD(0.1))
        model.set_weights([np.full(w.shape, 0.1) for w in model.weights])
        inputs = np.random.default_rng(1).normal(size=(3, 6, 2))
        logs = model.fit(inputs, TAGS[:3], batch_size=3, verbose=0).history
        found.append([*logs["loss"], *model.get_weights()])
    for one, two in zip(*found, strict=True):
        np.testing.assert_allclose(two, one, atol=1e-5)
