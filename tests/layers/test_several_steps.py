"""Loops that take several steps in an iteration, against Keras's layers."""

from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf
from recurrent_checks import assert_close, differentiate, randomize

from rnnzoo import layers
from rnnzoo.layers.recurrence import GROUP, GROUPED

FEATURES = 3
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(3, 9, FEATURES)).astype("float32")
MASK = RANDOM.random(X.shape[:2]) < 0.7
ANY_LENGTH = [
    tf.TensorSpec([None, None, FEATURES]),
    tf.TensorSpec([None, None], tf.bool),
]


def make(name, library, units=GROUPED[0], wrapped=False):
    options = {"return_sequences": True, "return_state": True}
    layer = getattr(library, name)(units, **options)
    if wrapped:
        layer = library.Bidirectional(layer)
    return randomize(layer, FEATURES, scale=0.3)


def in_graph(layer, signature=None):
    """`differentiate` as a graph, for all lengths or for the given one."""

    def run(x, mask):
        return differentiate(layer, x, mask=mask)

    return tf.function(run, input_signature=signature)


@pytest.mark.parametrize(
    ("name", "wrapped"), [("LSTM", False), ("LSTM", True), ("GRU", False)]
)
def test_values_and_gradients_of_all_lengths_are_those_of_keras(name, wrapped):
    ours, theirs = (
        make(name, library, wrapped=wrapped)
        for library in (layers, keras.layers)
    )
    graph = in_graph(ours, ANY_LENGTH)
    for steps in (GROUP - 1, GROUP, 2 * GROUP + 1):
        data = X[:, :steps], MASK[:, :steps]
        assert_close(
            graph(*data), differentiate(theirs, data[0], mask=data[1]), 1e-4
        )


def test_a_graph_of_a_length_without_rest_agrees():
    layer = make("LSTM", layers)
    data = X[:, :GROUP], MASK[:, :GROUP]
    expected = in_graph(layer, ANY_LENGTH)(*data)
    assert_close(in_graph(layer)(*data), expected)


def test_only_inference_of_some_sizes_takes_several_steps_in_an_iteration():
    def products(units, training=False):
        layer = make("LSTM", layers, units)
        run = partial(layer, training=training)
        graph = tf.function(run, input_signature=ANY_LENGTH[:1])
        graph = graph.get_concrete_function().graph.as_graph_def()
        (body,) = (
            f for f in graph.library.function if "body" in f.signature.name
        )
        return sum(node.op == "MatMul" for node in body.node_def)

    assert products(GROUPED[0]) == products(GROUPED[1]) == 4 * GROUP
    assert products(GROUPED[0] - 1) == products(GROUPED[1] + 1) == 4
    assert products(GROUPED[0], training=True) == 4
