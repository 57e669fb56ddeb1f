import gc
import weakref

import keras
import numpy as np
import pytest
import recurrent_oracle as oracle
import tensorflow as tf
from recurrent_checks import assert_close, differentiate, randomize

from rnnzoo import layers

BATCH, TIME, FEATURES, UNITS = 4, 6, 3, 5
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(BATCH, TIME, FEATURES)).astype("float32")
MASK = np.array(
    [[1] * 6, [1, 1, 0, 0, 0, 0], [0, 1, 0, 1, 1, 0], [0] * 6], bool
)
EVERYTHING = {"return_sequences": True, "return_state": True}
MODES = ["concat", "sum", "mul", "ave", None]
names = pytest.mark.parametrize("name", ["LSTM", "GRU", "SimpleRNN"])


def make(name, wrapper=layers, library=layers, merge_mode="concat", **options):
    """A layer in either library's wrapper, always with the same weights."""
    layer = getattr(library, name)(UNITS, **options)
    both = wrapper.Bidirectional(layer, merge_mode=merge_mode)
    return randomize(both, FEATURES)


@names
@pytest.mark.parametrize("merge_mode", MODES)
@pytest.mark.parametrize("options", [{}, EVERYTHING], ids=["last", "all"])
def test_same_as_keras(name, merge_mode, options):
    options = {**options, "merge_mode": merge_mode}
    ours = make(name, **options)
    theirs = make(name, keras.layers, keras.layers, **options)
    assert_close(
        differentiate(ours, X, mask=MASK), differentiate(theirs, X, mask=MASK)
    )


@names
def test_initial_states_as_in_keras_and_in_its_wrapper(name):
    count = 4 if name == "LSTM" else 2
    states = RANDOM.normal(size=(count, BATCH, UNITS)).astype("float32")
    ours = differentiate(make(name, **EVERYTHING), X, list(states))
    for library in (layers, keras.layers):
        theirs = make(name, keras.layers, library, **EVERYTHING)
        assert_close(ours, differentiate(theirs, X, list(states)))


@pytest.mark.parametrize("name", ["LSTM", "GRU"])
def test_both_directions_share_one_loop(name):
    layer = make(name, **EVERYTHING)
    graph = tf.function(lambda x: layer(x)).get_concrete_function(X)
    types = [op.type for op in graph.graph.get_operations()]
    assert sum(each in ("While", "StatelessWhile") for each in types) == 1


def test_each_direction_computes_with_its_own_masks(monkeypatch):
    """The directions have different rates, by which masks are told apart."""
    draws = {}
    draw_mask = layers.recurrent_base.draw_mask

    def record(shape, rate, *args):
        mask = draw_mask(shape, rate, *args)
        draws[rate] = mask.numpy()
        return mask

    monkeypatch.setattr(layers.recurrent_base, "draw_mask", record)
    rates = [(0.1, 0.2, 0.3, 0.4), (0.15, 0.25, 0.35, 0.45)]
    directions = [
        layers.GRU(
            UNITS,
            dropout=inputs,
            recurrent_dropout=hidden,
            weight_dropout=weights,
            zoneout=zoneout,
            go_backwards=backwards,
            return_sequences=True,
            dtype="float64",
        )
        for backwards, (inputs, hidden, weights, zoneout) in enumerate(rates)
    ]
    layer = layers.Bidirectional(
        directions[0], merge_mode=None, backward_layer=directions[1]
    )
    outputs = layer(X, mask=MASK, training=True)
    weights = layer.get_weights()
    for backwards, (inputs, hidden, kernel, zoneout) in enumerate(rates):
        noise = oracle.Noise(
            inputs=draws[inputs],
            hidden=[draws[hidden]] * 3,
            kernel=draws[kernel],
            zoneout=[draws[zoneout] == 0],
        )
        own = weights[3 * backwards : 3 * backwards + 3]
        start = [np.zeros((BATCH, UNITS))]
        expected, _ = oracle.run(
            oracle.gru, X, start, own, noise, MASK, backwards
        )
        expected = expected[:, ::-1] if backwards else expected
        visible = MASK[..., None]
        np.testing.assert_allclose(
            outputs[backwards] * visible, expected * visible, atol=1e-6
        )


NOISE = [
    {"dropout": 0.5},
    {"recurrent_dropout": 0.5},
    {"weight_dropout": 0.5},
    {"zoneout": 0.5},
]


@pytest.mark.parametrize("noise", NOISE, ids=str)
@pytest.mark.parametrize("seed", [None, 7])
@pytest.mark.parametrize(
    "wrapper", [layers, keras.layers], ids=["ours", "keras"]
)
def test_directions_differ_and_the_seed_reproduces(noise, seed, wrapper):
    x = RANDOM.normal(size=(BATCH, 3, 40)).astype("float32")
    palindrome = np.concatenate([x, x[:, ::-1]], axis=1)

    def run(training):
        layer = layers.GRU(40, return_sequences=True, seed=seed, **noise)
        layer = wrapper.Bidirectional(layer, merge_mode=None)
        layer = randomize(layer, 40, 0.1)
        layer.set_weights(layer.get_weights()[:3] * 2)
        forward, backward = layer(palindrome, training=training)
        return forward.numpy(), backward.numpy()[:, ::-1]

    assert_close(*run(training=False))
    forward, backward = run(training=True)
    assert (forward != backward).any(axis=(1, 2)).all()
    again, _ = run(training=True)
    assert np.array_equal(forward, again) == (seed is not None)


@names
def test_padding_changes_nothing(name):
    layer = make(name, **EVERYTHING)
    mask = MASK[:2]
    padded = np.where(mask[..., None], X[:2], 1e3).astype("float32")
    outputs, *states = layer(padded, mask=mask)
    alone, *last = layer(X[1:2, :2])
    np.testing.assert_allclose(outputs[1, :2], alone[0], atol=1e-6)
    for each, state in zip(states, last, strict=True):
        np.testing.assert_allclose(each[1], state[0], atol=1e-6)


def test_same_as_torch():
    torch = pytest.importorskip("torch")
    theirs = torch.nn.LSTM(
        FEATURES, UNITS, batch_first=True, bidirectional=True
    )
    weights = [each.detach().numpy().T for each in theirs.parameters()]
    ours = make("LSTM", return_sequences=True)
    kernel, recurrent, *biases = weights[:4]
    kernel_back, recurrent_back, *biases_back = weights[4:]
    ours.set_weights(
        [
            *(kernel, recurrent, sum(biases)),
            *(kernel_back, recurrent_back, sum(biases_back)),
        ]
    )
    expected = theirs(torch.tensor(X))[0].detach().numpy()
    np.testing.assert_allclose(ours(X), expected, atol=1e-5)


def test_initial_weights_may_be_given():
    weights = make("LSTM").get_weights()
    layer = layers.Bidirectional(layers.LSTM(UNITS), weights=weights)
    layer(X)
    assert_close(layer.get_weights(), weights)


def test_config_makes_the_same_layer():
    backward = layers.GRU(UNITS, go_backwards=True, zoneout=0.3)
    layer = layers.Bidirectional(
        layers.GRU(UNITS, weight_dropout=0.2),
        merge_mode="sum",
        backward_layer=backward,
    )
    config = keras.saving.serialize_keras_object(layer)
    copy = keras.saving.deserialize_keras_object(config)
    assert type(copy) is layers.Bidirectional
    assert type(copy.backward_layer) is layers.GRU
    assert copy.get_config() == layer.get_config()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.Bidirectional(layers.GRU(3), "max"), "merge"),
        (
            lambda: layers.Bidirectional(
                layers.GRU(3), backward_layer=layers.GRU(3)
            ),
            "go_backwards",
        ),
        (lambda: layers.Bidirectional(keras.layers.GRU(3)), "`layer`"),
        (
            lambda: layers.Bidirectional(layers.GRU(3))(X, mask=MASK[:, :4]),
            "`mask`",
        ),
    ],
    ids=["merge mode", "directions", "not of rnnzoo", "mask"],
)
def test_bad_input(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_masks_of_ones_and_zeros():
    both = make("GRU", **EVERYTHING)
    numbers = both(X, mask=MASK.astype("int32"))
    assert_close(numbers, both(X, mask=MASK))


def test_stateful_layers_are_refused():
    with pytest.raises(ValueError, match="not stateful"):
        layers.Bidirectional(layers.GRU(3, stateful=True))


def test_state_sizes_are_those_of_both_directions():
    both = layers.Bidirectional(
        layers.LSTM(3), backward_layer=layers.LSTM(4, go_backwards=True)
    )
    assert list(both.state_size) == [3, 3, 4, 4]


def test_the_id_of_the_layer_that_was_copied_is_not_given_to_another():
    """Or else Keras, which loads by `id`, shares layers at random."""
    layer = layers.GRU(2)
    given = weakref.ref(layer)
    both = layers.Bidirectional(layer)
    del layer
    gc.collect()
    assert given() is not None
    both.build((None, None, 3))
    assert len(both.weights) == 6  # and those of the given layer are not there
