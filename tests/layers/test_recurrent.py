"""Recurrent layers without dropout against Keras and PyTorch."""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf
from recurrent_checks import assert_close, differentiate, randomize

from rnnzoo import layers

BATCH, TIME, FEATURES, UNITS = 4, 6, 3, 5
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(BATCH, TIME, FEATURES)).astype("float32")
STATES = RANDOM.normal(size=(2, BATCH, UNITS)).astype("float32")
LENGTHS = np.array([6, 3, 1, 0])[:, None]
MASKS = {
    "no mask": None,
    "right": np.arange(TIME) < LENGTHS,
    "left": np.arange(TIME)[::-1] < LENGTHS,
    "holes": np.array([[1, 0, 1, 1, 0, 1], [0, 0, 1, 0, 1, 0]] * 2, bool),
}
KINDS = {
    "LSTM": ("LSTM", {}),
    "GRU": ("GRU", {}),
    "GRU, reset before": ("GRU", {"reset_after": False}),
    "SimpleRNN": ("SimpleRNN", {}),
}
EVERYTHING = {"return_sequences": True, "return_state": True}
kinds = pytest.mark.parametrize("kind", KINDS)


def make(kind, library=layers, **options):
    """A layer of either library, always with the same weights."""
    name, always = KINDS[kind]
    layer = getattr(library, name)(UNITS, **always, **options)
    return randomize(layer, FEATURES)


def initial_states(kind):
    return list(STATES[: 2 if kind == "LSTM" else 1])


@kinds
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("go_backwards", [False, True])
def test_same_as_keras(kind, mask, go_backwards):
    options = {**EVERYTHING, "go_backwards": go_backwards}
    ours, theirs = make(kind, **options), make(kind, keras.layers, **options)
    mask = MASKS[mask]
    assert_close(
        differentiate(ours, X, mask=mask), differentiate(theirs, X, mask=mask)
    )


@kinds
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"return_state": True, "use_bias": False},
        {"activation": "relu", "bias_initializer": "ones"},
        {"return_sequences": True, "zero_output_for_mask": True},
    ],
    ids=str,
)
def test_options_are_keras_options(kind, options):
    ours, theirs = make(kind, **options), make(kind, keras.layers, **options)
    states, mask = initial_states(kind), MASKS["right"].copy()
    mask[:, 0] = True  # Keras writes zeros before the first visible step.
    assert_close(
        differentiate(ours, X, states=states, mask=mask),
        differentiate(theirs, X, states=states, mask=mask),
    )


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_recurrent_activation(kind):
    options = {"recurrent_activation": "hard_sigmoid"}
    ours, theirs = make(kind, **options), make(kind, keras.layers, **options)
    assert_close(differentiate(ours, X), differentiate(theirs, X))


@kinds
def test_new_weights_are_drawn_as_in_keras(kind):
    name, always = KINDS[kind]
    options = {
        "kernel_initializer": keras.initializers.GlorotUniform(seed=1),
        "recurrent_initializer": keras.initializers.Orthogonal(seed=2),
    }
    pair = [
        getattr(library, name)(UNITS, **always, **options)
        for library in (layers, keras.layers)
    ]
    for layer in pair:
        layer.build((None, None, FEATURES))
    assert_close(*(layer.get_weights() for layer in pair), 0)


@pytest.mark.parametrize(("name", "gates"), [("LSTM", 4), ("GRU", 3)])
def test_same_as_torch(name, gates):
    torch = pytest.importorskip("torch")
    theirs = getattr(torch.nn, name)(FEATURES, UNITS, batch_first=True)
    ours = make(name, return_sequences=True)
    order = [0, 1, 2, 3] if name == "LSTM" else [1, 0, 2]

    def convert(parameter):
        """A weight of PyTorch in Keras's order of axes and gates."""
        parts = np.split(parameter.detach().numpy(), gates)
        return np.concatenate([parts[k] for k in order]).T

    kernel, recurrent, *biases = map(convert, theirs.parameters())
    bias = sum(biases) if name == "LSTM" else np.stack(biases)
    ours.set_weights([kernel, recurrent, bias])
    x = torch.tensor(X, requires_grad=True)
    expected, _ = theirs(x)
    (expected**2).sum().backward()
    slopes = [x.grad, *(convert(each.grad) for each in theirs.parameters())]
    (outputs,), gradients = differentiate(ours, X)
    assert_close(outputs, expected.detach().numpy())
    assert_close(gradients[:3], slopes[:3])  # PyTorch has two biases


@kinds
def test_hidden_row_keeps_its_initial_state(kind):
    layer = make(kind, **EVERYTHING)
    states, mask = initial_states(kind), MASKS["left"]
    (outputs, *last), gradients = differentiate(
        layer, X, states=states, mask=mask
    )
    np.testing.assert_array_equal(outputs[3], [states[0][3]] * TIME)
    for each, state in zip(last, states, strict=True):
        np.testing.assert_array_equal(each[3], state[3])
    assert all(np.isfinite(each).all() for each in gradients)
    np.testing.assert_array_equal(layer(X, mask=mask)[0][3], 0)


@kinds
def test_padding_changes_nothing(kind):
    layer = make(kind, **EVERYTHING)
    mask = MASKS["right"][:3]
    padded = np.where(mask[..., None], X[:3], 1e3).astype("float32")
    outputs, *states = layer(padded, mask=mask)
    for row, length in enumerate([6, 3, 1]):
        alone, *last = layer(X[row : row + 1, :length])
        np.testing.assert_allclose(outputs[row, :length], alone[0], atol=1e-6)
        for each, state in zip(states, last, strict=True):
            np.testing.assert_allclose(each[row], state[0], atol=1e-6)


@kinds
def test_regularizers_and_constraints(kind):
    options = {
        f"{weight}_{what}": value
        for weight in ("kernel", "recurrent", "bias")
        for what, value in (
            ("regularizer", "l2"),
            ("constraint", keras.constraints.MaxNorm(0.1)),
        )
    }
    options["activity_regularizer"] = "l1"
    ours, theirs = make(kind, **options), make(kind, keras.layers, **options)
    ours(X)
    theirs(X)
    np.testing.assert_allclose(ours.losses, theirs.losses, rtol=1e-5)
    model = keras.Sequential([keras.Input((None, FEATURES)), ours])
    model.compile("sgd", "mse")
    model.fit(X, STATES[0], verbose=0)
    for weight in (ours.cell.kernel, ours.cell.recurrent_kernel):
        assert np.linalg.norm(weight, axis=0).max() < 0.1 + 1e-6


def test_regularizers_and_constraints_of_a_jordan_network():
    """The weights of its output have those of the kernel and the bias."""
    layer = layers.SimpleRNN(
        UNITS,
        feedback="output",
        kernel_regularizer="l2",
        bias_regularizer="l2",
        kernel_constraint="non_neg",
        bias_constraint="non_neg",
    )
    layer.build((None, None, FEATURES))
    before = [RANDOM.normal(size=each.shape) for each in layer.weights]
    layer.set_weights(before)
    counted = (layer.cell.kernel, layer.cell.bias)
    counted += (layer.output_kernel, layer.output_bias)
    expected = sum(0.01 * np.sum(each.numpy() ** 2) for each in counted)
    assert sum(map(float, layer.losses)) == pytest.approx(expected, rel=1e-5)
    for each in counted:
        assert isinstance(each.constraint, keras.constraints.NonNeg)


def test_stateful_goes_on_where_it_stopped():
    whole = make("LSTM", return_sequences=True)
    parts = layers.LSTM(UNITS, return_sequences=True, stateful=True)
    parts.build((BATCH, None, FEATURES))
    parts.set_weights(whole.get_weights())
    outputs = [parts(X[:, :4]), parts(X[:, 4:])]
    np.testing.assert_allclose(tf.concat(outputs, 1), whole(X), atol=1e-6)
    parts.reset_state()
    np.testing.assert_allclose(parts(X[:, :4]), outputs[0], atol=1e-6)


def test_kernels_of_a_jordan_network_start_apart():
    layer = layers.SimpleRNN(UNITS, feedback="output")
    layer.build((None, None, UNITS))
    assert (layer.output_kernel.numpy() != layer.cell.kernel.numpy()).all()


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("LSTM", {"units": 0}, "`units`"),
        ("GRU", {"units": -1}, "`units`"),
        ("LSTM", {"dropout": 1.0}, "`dropout`.*Received: dropout=1.0"),
        ("GRU", {"recurrent_dropout": 1.0}, "`recurrent_dropout`"),
        ("SimpleRNN", {"recurrent_dropout": -0.1}, "`recurrent_dropout`"),
        ("GRU", {"weight_dropout": 1.5}, "`weight_dropout`"),
        ("GRU", {"zoneout": 1.0}, "`zoneout`"),
        ("GRU", {"zoneout": (0.1, 0.1)}, "`zoneout`"),
        ("LSTM", {"zoneout": (0.1, 1.0)}, "`zoneout`"),
        ("LSTM", {"zoneout": (0.1, 0.1, 0.1)}, "`zoneout`"),
        ("LSTM", {"recurrent_dropout_type": "gal"}, "`recurrent_dropout_type`"),
        (
            "SimpleRNN",
            {"recurrent_dropout_type": "candidate"},
            "`recurrent_dropout_type`",
        ),
        ("SimpleRNN", {"feedback": "jordan"}, "`feedback`"),
        (
            "SimpleRNN",
            {"feedback": "output", "layer_norm": True},
            "`layer_norm`",
        ),
        ("GRU", {"reset_after": False, "layer_norm": True}, "`layer_norm`"),
        ("LSTM", {"unroll": True}, "`unroll`"),
        ("GRU", {"use_cudnn": True}, "`use_cudnn`"),
    ],
    ids=str,
)
def test_bad_arguments(name, options, message):
    with pytest.raises(ValueError, match=message):
        getattr(layers, name)(**{"units": 4, **options})


@pytest.mark.parametrize("name", ["LSTM", "GRU", "SimpleRNN"])
def test_arguments_by_place(name):
    keras_layer = getattr(keras.layers, name)
    names = [*inspect.signature(keras_layer.__init__).parameters][2:]
    names = names[: names.index("dropout")]
    config = keras_layer(4, bias_constraint="non_neg").get_config()
    args = [config[each] for each in names]
    layer = getattr(layers, name)(4, *args)
    assert {key: layer.get_config()[key] for key in names} == {
        key: config[key] for key in names
    }
    with pytest.raises(ValueError, match=r"`dropout`.*Received: args=\(0.5,\)"):
        getattr(layers, name)(4, *args, 0.5)


@pytest.mark.parametrize("shape", [(BATCH, TIME + 1), (BATCH,), (2, TIME)])
def test_bad_mask(shape):
    with pytest.raises(ValueError, match="`mask`"):
        make("GRU")(X, mask=np.ones(shape, bool))


def test_bad_inputs():
    with pytest.raises(ValueError, match="ndim"):
        make("GRU")(X[0])
