"""Stacks of layers against the same layers one by one."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnzoo import layers

BATCH, TIME, UNITS, DEPTH = 3, 5, 6, 3
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(BATCH, TIME, UNITS)).astype("float32")
MASK = np.array([[1] * 5, [1, 1, 1, 0, 0], [0] * 5], bool)


def make(**options):
    parts = [layers.LSTM(UNITS, return_sequences=True) for _ in range(DEPTH)]
    stack = layers.Stack(parts, **options)
    stack(X)
    return stack


@pytest.mark.parametrize("residual", [False, True])
def test_is_its_layers_one_by_one(residual):
    stack = make(residual=residual)
    expected = X
    for layer in stack.layers:
        output = layer(expected, mask=MASK)
        expected = output + expected if residual else output
    np.testing.assert_allclose(stack(X, mask=MASK), expected, atol=1e-6)


@pytest.mark.parametrize("time", [TIME, None])
def test_a_graph_has_the_residual_connections(time):
    stack = make(residual=True)
    spec = tf.TensorSpec((None, time, UNITS))
    graph = tf.function(stack, input_signature=[spec])
    assert graph.get_concrete_function().output_shapes == spec.shape
    np.testing.assert_allclose(graph(X), stack(X), atol=1e-6)


def test_states_go_in_and_come_out_layer_by_layer():
    options = {"return_state": True}
    stack = layers.Stack(
        [
            layers.LSTM(UNITS, return_sequences=True, **options),
            layers.GRU(3, return_sequences=True, **options),
            layers.GRU(2, **options),
        ]
    )
    whole, *states = stack(X)
    assert [each.shape[1] for each in states] == [UNITS, UNITS, 3, 2]
    _, *middle = stack(X[:, :2])
    output, *resumed = stack(X[:, 2:], initial_state=middle)
    np.testing.assert_allclose(output, whole, atol=1e-6)
    for one, other in zip(resumed, states, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_drops_between_layers_with_a_mask_each():
    stack = make(dropout=0.5, seed=1)
    np.testing.assert_array_equal(stack(X), stack(X, training=False))
    inputs = []
    for layer in stack.layers:
        call = layer.call

        def record(sequences, call=call, **options):
            inputs.append(np.array(sequences))
            return call(sequences, **options)

        layer.call = record
    stack(X, training=True)
    np.testing.assert_array_equal(inputs[0], X)
    dropped = [each == 0 for each in inputs[1:]]
    for each in dropped:
        assert 0.2 < each.mean() < 0.8
        np.testing.assert_array_equal(each, each[:, :1].repeat(TIME, axis=1))
    assert (dropped[0] != dropped[1]).any()


def test_a_saved_stack_is_the_same(tmp_path):
    inputs = keras.Input((None, UNITS))
    model = keras.Model(inputs, make(residual=True, dropout=0.1)(inputs))
    model.save(tmp_path / "stack.keras")
    loaded = keras.saving.load_model(tmp_path / "stack.keras")
    np.testing.assert_array_equal(model(X), loaded(X))
    assert loaded.layers[-1].dropout == 0.1


@pytest.mark.parametrize(
    "layer",
    [
        layers.SimpleRNN(UNITS, feedback="output"),
        layers.LSTM(UNITS, layer_norm=True),
        layers.GRU(UNITS, layer_norm=True),
    ],
)
def test_layers_with_more_weights_than_keras_has_are_saved(layer, tmp_path):
    inputs = keras.Input((None, UNITS))
    model = keras.Model(inputs, layers.Stack([layer])(inputs))
    model.save(tmp_path / "stack.keras")
    loaded = keras.saving.load_model(tmp_path / "stack.keras")
    np.testing.assert_array_equal(model(X), loaded(X))


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [layers.GRU(2), layers.GRU(2)],
        [
            layers.GRU(2, return_sequences=True),
            layers.GRU(2, return_state=True),
        ],
    ],
    ids=["none", "no sequences", "some states"],
)
def test_layers_that_do_not_fit(parts):
    with pytest.raises(ValueError, match="`layers`"):
        layers.Stack(parts)


@pytest.mark.parametrize("count", [5, 7])
def test_too_many_or_too_few_states(count):
    both = layers.Bidirectional(layers.LSTM(UNITS, return_sequences=True))
    stack = layers.Stack([both, layers.LSTM(UNITS)])
    with pytest.raises(ValueError, match=rf"6 states, \[4, 2\].*{count}"):
        stack(X, initial_state=[np.zeros((BATCH, UNITS))] * count)
    with pytest.raises(ValueError, match=rf"4 states, \[2, 2\].*{count}"):
        both(X, initial_state=[np.zeros((BATCH, UNITS))] * count)


def test_residual_connections_are_between_equal_kinds():
    """Not where features differ in number, nor from steps to a vector."""
    parts = [
        layers.GRU(4, return_sequences=True),
        layers.GRU(4, return_sequences=True),
        layers.GRU(4),
    ]
    stack = layers.Stack(parts, residual=True)
    found = stack(X, mask=MASK)
    first = parts[0](X, mask=MASK)
    second = parts[1](first, mask=MASK) + first
    np.testing.assert_allclose(found, parts[2](second, mask=MASK), atol=1e-6)


def test_the_mask_passes_where_there_are_steps():
    layer = layers.GRU(3, return_sequences=True)
    sequences = layers.Stack([layer], residual=True)
    vector = layers.Stack([layers.GRU(4)])
    assert vector.compute_mask(X, MASK) is None
    ids = keras.Input((None,), dtype="int32")
    embedded = keras.layers.Embedding(9, 3, mask_zero=True)(ids)
    mean = keras.layers.GlobalAveragePooling1D()(sequences(embedded))
    model = keras.Model(ids, mean)
    words = np.array([[1, 2, 3], [4, 5, 6]])
    padded = np.pad(words, [(0, 0), (0, 4)])
    np.testing.assert_allclose(model(padded), model(words), atol=1e-6)
