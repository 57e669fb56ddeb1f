"""Layers over sequences that have no step, and stateful layers."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnzoo import layers

X = np.zeros((2, 0, 5), "float32")


def everywhere(function, *inputs):
    """The results, eagerly and in graphs that know the shape or do not."""
    specs = [tf.TensorSpec([None] * x.ndim, x.dtype) for x in inputs]
    specs = [
        tf.TensorSpec([*spec.shape[:-1], x.shape[-1] or None], x.dtype)
        for spec, x in zip(specs, inputs, strict=True)
    ]
    inputs = list(map(tf.constant, inputs))
    yield function(*inputs)
    yield tf.function(function)(*inputs)
    yield tf.function(function, jit_compile=True)(*inputs)
    yield tf.function(function, input_signature=specs)(*inputs)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", ["LSTM", "GRU", "SimpleRNN"])
def test_a_recurrent_layer_without_steps_returns_its_initial_state(
    name, training
):
    options = {"return_sequences": True, "return_state": True, "zoneout": 0.1}
    layer = getattr(layers, name)(3, **options)
    layer.build((None, None, 5))
    given = [np.full((2, 3), i + 1.0, "float32") for i in range(2)]
    given = given[: len(layer.state_size)]

    def run(x):
        return layer(x, initial_state=given, training=training)

    for sequence, *states in everywhere(run, X):
        assert sequence.shape == (2, 0, 3)
        for state, expected in zip(states, given, strict=True):
            np.testing.assert_array_equal(state, expected)


def test_both_directions_without_steps_return_zeros():
    layer = layers.Bidirectional(layers.GRU(3))
    layer.build((None, None, 5))
    for found in everywhere(lambda x: layer(x, training=True), X):
        np.testing.assert_array_equal(found, np.zeros((2, 6)))


@pytest.mark.parametrize("name", ["LSTM", "GRU", "SimpleRNN"])
def test_a_stateful_layer_is_trained_eagerly_in_half_precision(name):
    x = np.random.default_rng(0).normal(size=(2, 4, 5)).astype("float32")
    both = []
    for library in (layers, keras.layers):
        layer = getattr(library, name)(3, stateful=True, dtype="mixed_float16")
        layer.build(x.shape)
        both.append(layer)
    ours, theirs = both
    theirs.set_weights(ours.get_weights())
    for _ in range(2):
        with tf.GradientTape() as tape:
            found = ours(x, training=True)
        slopes = tape.gradient(found, ours.trainable_variables)
        assert all(np.isfinite(each).all() for each in slopes)
        np.testing.assert_allclose(found, theirs(x, training=True), atol=5e-3)


def test_the_maximum_of_no_step_is_zero():
    layer = layers.MaxPooling()

    def pool(x):
        mask = tf.ones(tf.shape(x)[:2], tf.bool)
        return layer(x), *layer(x, mask=mask, return_attention_scores=True)

    for one, other, weights in everywhere(pool, X):
        np.testing.assert_array_equal(one, np.zeros((2, 5)))
        np.testing.assert_array_equal(other, np.zeros((2, 5)))
        assert weights.shape == (2, 0)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("option", ["attend_first", "input_feeding"])
def test_a_decoder_of_no_token_has_no_logits(option, training):
    decoder = layers.AttentionDecoder(
        4, layers.LuongAttention(), layers.Embedding(9, 4), **{option: True}
    )
    decoder.build((None, None), (None, None, 5))
    memory = np.ones((2, 3, 5), "float32")

    def run(tokens):
        decoded = decoder(tokens[..., 0], memory, training=training)
        return decoded.logits, decoded.weights

    for logits, weights in everywhere(run, np.zeros((2, 0, 1), "int32")):
        assert logits.shape == (2, 0, 9)
        assert weights.shape == (2, 0, 3)


def test_coverage_without_queries_has_no_contexts():
    attention = layers.BahdanauAttention(4, coverage=True)
    attention.build((None, None, 5), (None, None, 5))
    memory = np.ones((2, 3, 5), "float32")
    for contexts in everywhere(lambda x: attention(x, memory), X):
        assert contexts.shape == (2, 0, 5)
