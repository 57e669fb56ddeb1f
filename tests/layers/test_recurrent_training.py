"""Gradients in training, which the layers make by hand, against Keras's."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from recurrent_checks import assert_close, differentiate, randomize

from rnnzoo import layers
from rnnzoo.layers import cells

BATCH, TIME, FEATURES, UNITS = 4, 6, 3, 5
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(BATCH, TIME, FEATURES)).astype("float32")
MASK = np.array(
    [[1] * 6, [1, 0, 1, 1, 0, 1], [0, 1, 1, 0, 0, 0], [0] * 6], bool
)
EVERYTHING = {"return_sequences": True, "return_state": True}
NAMES = ["LSTM", "GRU", "SimpleRNN"]


def make(name, library, wrapped=False, **options):
    layer = getattr(library, name)(UNITS, **options)
    if wrapped:
        layer = library.Bidirectional(layer)
    return randomize(layer, FEATURES)


def assert_same(name, mask=MASK, **options):
    """Values and gradients in training are those of Keras's layer."""
    ours, theirs = (
        make(name, library, **options) for library in (layers, keras.layers)
    )
    assert_close(
        differentiate(ours, X, mask=mask, training=True),
        differentiate(theirs, X, mask=mask, training=True),
    )


@pytest.mark.parametrize("wrapped", [False, True], ids=["one", "both"])
@pytest.mark.parametrize("returns", [{}, EVERYTHING], ids=["last", "all"])
@pytest.mark.parametrize("name", NAMES)
def test_gradients_are_those_of_keras(name, returns, wrapped):
    assert_same(name, wrapped=wrapped, **returns)


@pytest.mark.parametrize(
    "activation", ["linear", "relu", "sigmoid", "softsign"]
)
@pytest.mark.parametrize("name", NAMES)
def test_any_activation(name, activation):
    assert_same(name, activation=activation)


@pytest.mark.parametrize("activation", ["hard_sigmoid", "relu", "tanh"])
@pytest.mark.parametrize("name", ["LSTM", "GRU"])
def test_any_recurrent_activation(name, activation):
    assert_same(name, recurrent_activation=activation, **EVERYTHING)


@pytest.mark.parametrize("name", NAMES)
def test_without_bias_and_from_the_last_step_on(name):
    assert_same(name, use_bias=False, go_backwards=True, **EVERYTHING)


def test_one_direction_with_a_gradient_and_one_without():
    pair = [
        randomize(
            library.Bidirectional(
                library.GRU(UNITS),
                backward_layer=library.GRU(
                    UNITS, activation="softsign", go_backwards=True
                ),
            ),
            FEATURES,
        )
        for library in (layers, keras.layers)
    ]
    ours, theirs = (
        differentiate(layer, X, mask=MASK, training=True) for layer in pair
    )
    assert_close(ours, theirs)


@pytest.mark.parametrize("in_graph", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_gradients_of_some_rows(name, in_graph):
    """A gather of final states has a sparse gradient."""

    def gradients(layer):
        with tf.GradientTape() as tape:
            last = layer(X, mask=MASK, training=True)
            rows = tf.gather(last, [2, 0, 2])
            loss = tf.reduce_sum(rows**2)
        return tape.gradient(loss, layer.trainable_variables)

    ours = gradients
    if in_graph:
        ours = tf.function(gradients, autograph=False)
    theirs = gradients(make(name, keras.layers))
    assert_close(ours(make(name, layers)), theirs)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_large_numbers_of_half_precision_are_normalized(dtype):
    """Their squares would be infinite in float16."""
    x = 500 * RANDOM.normal(size=(BATCH, 64))
    x = tf.cast(x, dtype)
    normalized = cells.normalize(x)
    assert normalized.dtype == dtype
    exact = cells.normalize(tf.cast(x, "float64"))
    np.testing.assert_allclose(
        tf.cast(normalized, "float64"), exact, rtol=1e-2, atol=1e-2
    )
