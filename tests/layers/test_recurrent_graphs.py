"""Recurrent layers in graphs, under XLA, on replicas, in half types, saved."""

from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf
from recurrent_checks import assert_close, differentiate, randomize
from tensorflow.core.protobuf import saved_model_pb2

from rnnzoo import layers

BATCH, TIME, FEATURES, UNITS = 4, 6, 3, 5
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(BATCH, TIME, FEATURES)).astype("float32")
MASK = np.array(
    [[1] * 6, [0, 1, 0, 1, 1, 0], [1, 1, 0, 0, 0, 0], [0] * 6], bool
)
NOISE = {
    "dropout": 0.2,
    "recurrent_dropout": 0.3,
    "weight_dropout": 0.4,
    "zoneout": 0.1,
}


def make_bidirectional(dtype=None, **options):
    layer = layers.GRU(UNITS, dtype=dtype, **options)
    return layers.Bidirectional(layer, dtype=dtype)


# Functions from options to layers.
KINDS = {
    "LSTM": partial(layers.LSTM, UNITS),
    "GRU": partial(layers.GRU, UNITS, recurrent_dropout_type="untied"),
    "GRU, reset before": partial(layers.GRU, UNITS, reset_after=False),
    "Elman": partial(layers.SimpleRNN, UNITS),
    "Jordan": partial(layers.SimpleRNN, UNITS, feedback="output"),
    "bidirectional": make_bidirectional,
}
kinds = pytest.mark.parametrize("kind", KINDS)


def make(kind, noise=True, **options):
    """A layer that returns all outputs, always with the same weights."""
    options |= {"return_sequences": True, "return_state": True}
    return randomize(KINDS[kind](**noise_of(kind, noise), **options), FEATURES)


def noise_of(kind, noise=True):
    if not noise:
        return {}
    return {**NOISE, "zoneout": (0.1, 0.2)} if kind == "LSTM" else NOISE


def train(layer, x, mask):
    return differentiate(layer, x, mask=mask, training=True)


@kinds
def test_one_graph_serves_all_shapes(kind):
    layer = make(kind, noise=False)
    graph = tf.function(
        partial(train, layer),
        input_signature=[
            tf.TensorSpec([None, None, FEATURES]),
            tf.TensorSpec([None, None], tf.bool),
        ],
    )
    for rows, time in ((4, 6), (3, 4)):
        data = X[:rows, :time], MASK[:rows, :time]
        assert_close(graph(*data), train(layer, *data))


def test_xla_agrees():
    layer = make("bidirectional", noise=False)
    compiled = tf.function(train, jit_compile=True)
    assert_close(compiled(layer, X, MASK), train(layer, X, MASK))


@pytest.mark.parametrize(
    ("kind", "jit_compile"), [*((k, False) for k in KINDS), ("LSTM", True)]
)
def test_graphs_draw_anew_each_call(kind, jit_compile):
    layer = make(kind, seed=1)
    graph = tf.function(lambda: train(layer, X, MASK), jit_compile=jit_compile)
    (first, _), (second, gradients) = graph(), graph()
    assert (first[0] != second[0]).numpy()[:3].any(axis=(1, 2)).all()
    assert all(np.isfinite(each).all() for each in gradients)


@pytest.mark.parametrize("kind", ["LSTM", "bidirectional"])
def test_replicas_draw_different_masks(mirrored, kind):
    with mirrored.scope():
        layer = make(kind, seed=1)
    step = tf.function(lambda: mirrored.run(train, (layer, X, MASK)))
    (outputs, *_), _ = step()
    first, second = mirrored.experimental_local_results(outputs)
    assert (first != second).numpy()[:3].any(axis=(1, 2)).all()


@kinds
def test_inference_graph_is_pure(kind):
    layer = make(kind)
    graph = tf.function(lambda x, mask: layer(x, mask=mask))
    concrete = graph.get_concrete_function(X, MASK)
    types = op_types(concrete.graph.as_graph_def())
    assert "MatMul" in types
    assert not [t for t in types if "Random" in t or "Assign" in t]


@kinds
def test_gradients_of_steps_are_as_large_as_steps(kind):
    """Indexing a tensor would make a gradient of all steps at each step."""
    graph = tf.function(partial(train, make(kind)))
    graph = graph.get_concrete_function(X, MASK).graph.as_graph_def()
    bodies = [f for f in graph.library.function if "body" in f.signature.name]
    types = {node.op for body in bodies for node in body.node_def}
    assert "MatMul" in types
    assert "StridedSliceGrad" not in types


def op_types(graph):
    """Types of all ops of a graph and its functions."""
    nodes = [graph.node, *(f.node_def for f in graph.library.function)]
    return {node.op for each in nodes for node in each}


@pytest.mark.parametrize(
    ("kind", "dtype"), [*((k, "float16") for k in KINDS), ("LSTM", "bfloat16")]
)
def test_half_precision(kind, dtype):
    exact = train(make(kind, noise=False), X, MASK)
    half, noisy = (
        make(kind, noise, dtype=f"mixed_{dtype}") for noise in (False, True)
    )
    outputs, gradients = train(half, X, MASK)
    assert {each.dtype.name for each in outputs} == {dtype}
    assert {each.dtype.name for each in gradients} == {"float32"}
    outputs = [tf.cast(each, "float32") for each in outputs]
    assert_close((outputs, gradients), exact, 0.1)
    outputs, gradients = train(noisy, X, MASK)
    assert {each.dtype.name for each in outputs} == {dtype}
    assert all(np.isfinite(each).all() for each in gradients)


def make_model():
    """A model from ids to numbers, with each kind of layer."""
    ids = keras.Input((None,), dtype="int32")
    x = keras.layers.Embedding(9, FEATURES, mask_zero=True)(ids)
    for kind, layer in KINDS.items():
        x = layer(return_sequences=kind != "bidirectional", **noise_of(kind))(x)
    return keras.Model(ids, keras.layers.Dense(2)(x))


def test_saved_and_exported_models_are_the_same(tmp_path):
    model = make_model()
    ids = tf.constant([[1, 2, 3, 4], [5, 6, 0, 0], [7, 0, 8, 0]])
    expected = model(ids)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.to_json() == model.to_json()
    assert_close(loaded(ids), expected, 1e-6)

    model.export(tmp_path / "export", verbose=False)
    served = tf.saved_model.load(tmp_path / "export")
    assert_close(served.serve(ids), expected, 1e-6)
    # Another batch size, another length.
    assert_close(served.serve(ids[1:2, :2]), expected[1:2], 1e-6)
    proto = saved_model_pb2.SavedModel.FromString(
        (tmp_path / "export" / "saved_model.pb").read_bytes()
    )
    types = op_types(proto.meta_graphs[0].graph_def)
    assert "MatMul" in types
    assert not [each for each in types if "Random" in each]


def test_second_derivatives_are_keras_or_an_error():
    ours = make("LSTM", noise=False)
    options = {"return_sequences": True, "return_state": True}
    theirs = randomize(keras.layers.LSTM(UNITS, **options), FEATURES)

    def second(layer, training):
        x = tf.constant(X)
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                loss = tf.reduce_sum(layer(x, training=training)[0] ** 2)
            slope = tf.reduce_sum(inner.gradient(loss, x) ** 2)
        return outer.gradient(slope, x)

    assert_close(second(ours, False), second(theirs, False), 1e-4)
    with pytest.raises(NotImplementedError, match="second derivative"):
        second(ours, True)
