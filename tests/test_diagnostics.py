"""Norms of gradients by time, against Keras's cells run a step at a time."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import rnnzoo
from rnnzoo import layers
from rnnzoo.diagnostics import gradient_norms

X = np.random.default_rng(0).normal(size=(3, 6, 4)).astype("float32")


@pytest.mark.parametrize("gain", [0.8, 1.0, 1.3])
def test_a_linear_network_scales_by_its_gain_a_step(gain):
    layer = layers.SimpleRNN(
        16,
        activation="linear",
        recurrent_initializer=keras.initializers.Orthogonal(gain, seed=1),
    )
    norms = gradient_norms(layer, np.repeat(X, 5, axis=1))
    np.testing.assert_allclose(norms.h[:-1] / norms.h[1:], gain, rtol=1e-4)
    assert norms.h.shape == (30,)
    assert norms.c is None


def by_keras(layer, x):
    """The norms by the states of a layer of Keras, a step at a time."""
    states, found = layer.get_initial_state(len(x)), []
    with tf.GradientTape() as tape:
        tape.watch(states)
        for step in range(x.shape[1]):
            output, states = layer.cell(x[:, step], states)
            found.append(states)
        loss = tf.reduce_sum(output**2) / 2
    gradients = tape.gradient(loss, found)
    return np.array([[tf.norm(g) for g in each] for each in gradients]).T


@pytest.mark.parametrize("name", ["SimpleRNN", "GRU", "LSTM"])
@pytest.mark.parametrize("go_backwards", [False, True])
def test_gates_scale_as_those_of_keras(name, go_backwards):
    keras_layer = getattr(keras.layers, name)(5)
    keras_layer.build(X.shape)
    layer = getattr(layers, name)(
        5, return_sequences=True, go_backwards=go_backwards
    )
    layer.build(X.shape)
    layer.set_weights(keras_layer.get_weights())
    norms = gradient_norms(layer, X)
    expected = by_keras(keras_layer, X[:, ::-1] if go_backwards else X)
    if go_backwards:
        expected = expected[:, ::-1]
    for found, values in zip(norms, expected, strict=False):
        np.testing.assert_allclose(found, values, rtol=1e-4)


def test_masked_steps_keep_the_gradient():
    layer = layers.LSTM(5)
    model = keras.Sequential([keras.layers.Masking(), layer])
    x = np.concatenate([X, np.zeros_like(X[:, :2])], axis=1)
    (norms,) = gradient_norms(model, x).values()
    np.testing.assert_allclose(norms.h[-3:], norms.h[-1], rtol=1e-5)
    np.testing.assert_allclose(norms.h[:6], gradient_norms(layer, X).h, 1e-4)


def test_a_task_has_the_norms_of_its_loss():
    texts, labels = ["a good film", "bad", "so bad"], ["pos", "neg", "neg"]
    model = rnnzoo.build("bilstm_classifier", units=3, depth=2, min_count=1)
    model.adapt(texts, labels, verbose=0)
    found = gradient_norms(model, texts, labels)
    assert len(found) == 4
    for path, norms in found.items():
        assert ("forward" in path) != ("backward" in path)
        assert norms.h.shape == norms.c.shape == (3,)
        assert (norms.h > 0).all()


def test_other_layers_have_no_steps():
    with pytest.raises(ValueError, match="argument `model`.*Received: Dense"):
        gradient_norms(keras.layers.Dense(3), X)
    with pytest.raises(ValueError, match="argument `x`.*at least one step"):
        gradient_norms(layers.GRU(3), X[:, :0])
