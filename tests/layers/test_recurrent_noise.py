"""Dropout and its kin against a NumPy stepper that gets the same masks."""

import itertools

import keras
import numpy as np
import pytest
import recurrent_oracle as oracle
import tensorflow as tf
from recurrent_checks import assert_close, differentiate, randomize

from rnnzoo import layers

BATCH, TIME, FEATURES, UNITS = 3, 5, 2, 3
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(BATCH, TIME, FEATURES))
MASK = np.array([[1, 1, 1, 1, 1], [0, 1, 0, 1, 0], [1, 1, 1, 0, 0]], bool)

INPUTS, HIDDEN, WEIGHTS, CELL_ZONE, HIDDEN_ZONE = 0.2, 0.3, 0.5, 0.4, 0.1
SHAPES = {
    INPUTS: (BATCH, 1, FEATURES),
    HIDDEN: (BATCH, UNITS),
    HIDDEN_ZONE: (TIME, BATCH, UNITS),
    CELL_ZONE: (TIME, BATCH, UNITS),
}
KINDS = {
    "LSTM": (layers.LSTM, {}, oracle.lstm),
    "GRU": (layers.GRU, {}, oracle.gru),
    "GRU, reset before": (
        layers.GRU,
        {"reset_after": False},
        oracle.gru_reset_before,
    ),
    "Elman": (layers.SimpleRNN, {}, oracle.elman),
    "Jordan": (layers.SimpleRNN, {"feedback": "output"}, oracle.jordan),
}
ZONEOUT = dict.fromkeys(KINDS, (HIDDEN_ZONE,)) | {
    "LSTM": (HIDDEN_ZONE, CELL_ZONE)
}
EVERYTHING = {"return_sequences": True, "return_state": True}
VARIANTS = {
    "tied": {"dropout": INPUTS, "recurrent_dropout": HIDDEN},
    "untied": {"recurrent_dropout_type": "untied", "recurrent_dropout": HIDDEN},
    "candidate": {
        "recurrent_dropout_type": "candidate",
        "recurrent_dropout": HIDDEN,
    },
    "zoneout": {"zoneout": HIDDEN_ZONE},
    "weights": {"weight_dropout": WEIGHTS},
    "everything": {
        "dropout": INPUTS,
        "recurrent_dropout": HIDDEN,
        "zoneout": HIDDEN_ZONE,
        "weight_dropout": WEIGHTS,
    },
    "layer norm": {
        "layer_norm": True,
        "recurrent_dropout": HIDDEN,
        "zoneout": HIDDEN_ZONE,
    },
}
UNSUPPORTED = {
    *itertools.product(["Elman", "Jordan"], ["untied", "candidate"]),
    *itertools.product(["Jordan", "GRU, reset before"], ["layer norm"]),
}
CASES = [
    pytest.param(kind, variant, id=f"{kind}, {variant}")
    for kind, variant in itertools.product(KINDS, VARIANTS)
    if (kind, variant) not in UNSUPPORTED
]


def make(kind, variant, units=UNITS, **more):
    layer_class, always, _ = KINDS[kind]
    options = {**always, **VARIANTS[variant], **more}
    if kind == "LSTM" and "zoneout" in options:
        options["zoneout"] = (CELL_ZONE, HIDDEN_ZONE)
    return randomize(layer_class(units, **options), FEATURES, 0.8)


@pytest.fixture
def draws(monkeypatch):
    """Every mask that is drawn: list of `(rate, array)`."""
    recorded = []
    draw_mask = layers.recurrent_base.draw_mask

    def record(shape, rate, *args):
        mask = draw_mask(shape, rate, *args)
        recorded.append((rate, mask.numpy()))
        return mask

    monkeypatch.setattr(layers.recurrent_base, "draw_mask", record)
    return recorded


def noise_of(draws, kind, variant):
    """The recorded masks as the noise of the stepper."""
    by_rate = {}
    for rate, mask in draws:
        assert mask.shape == SHAPES.get(rate, mask.shape)
        by_rate.setdefault(rate, []).append(mask)
    noise = oracle.Noise()
    if INPUTS in by_rate:
        (noise.inputs,) = by_rate[INPUTS]
    if WEIGHTS in by_rate:
        (noise.kernel,) = by_rate[WEIGHTS]
    if HIDDEN in by_rate and variant == "candidate":
        (noise.candidate,) = by_rate[HIDDEN]
    elif HIDDEN in by_rate:
        masks = by_rate[HIDDEN]
        noise.hidden = masks if variant == "untied" else masks * 4
    if HIDDEN_ZONE in by_rate:
        noise.zoneout = [by_rate[rate][0] == 0 for rate in ZONEOUT[kind]]
    return noise


def in_order(layer, arrays):
    """Arrays of the layer's weights, the cell's first."""
    own = len(arrays) - len(layer.cell.weights)
    return arrays[own:] + arrays[:own]


@pytest.mark.parametrize(("kind", "variant"), CASES)
def test_values_and_gradients(kind, variant, draws):
    layer = make(kind, variant, dtype="float64", **EVERYTHING)
    count = len(ZONEOUT[kind])
    states = list(RANDOM.normal(size=(count, BATCH, UNITS)))
    outputs, gradients = differentiate(
        layer, X, states, mask=MASK, training=True
    )
    noise = noise_of(draws, kind, variant)

    def run(arrays):
        x, states = arrays[0], arrays[1 : count + 1]
        weights = in_order(layer, arrays[count + 1 :])
        return oracle.run(KINDS[kind][2], x, states, weights, noise, MASK)

    def loss(arrays):
        outputs, last = run(arrays)
        return sum((each**2).sum() for each in (outputs, *last))

    arrays = [X, *states, *layer.get_weights()]
    expected, last = run(arrays)
    assert_close(outputs, [expected, *last], 1e-12)
    assert_close(gradients, oracle.slopes(loss, arrays), 1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_inference_takes_the_expectation_of_zoneout_alone(kind, draws):
    layer = make(kind, "everything", dtype="float64", **EVERYTHING)
    outputs, *last = layer(X, mask=MASK)
    assert not draws
    rates = ZONEOUT[kind]
    noise = oracle.Noise(
        zoneout=[np.full((TIME, BATCH, UNITS), rate) for rate in rates]
    )
    states = [np.zeros((BATCH, UNITS))] * len(rates)
    weights = in_order(layer, layer.get_weights())
    expected = oracle.run(KINDS[kind][2], X, states, weights, noise, MASK)
    np.testing.assert_allclose(outputs, expected[0], atol=1e-12)
    np.testing.assert_allclose(last, expected[1], atol=1e-12)


def test_untied_masks_are_those_of_keras(draws):
    """Keras's own layer, given our masks, computes the same."""
    ours = make("LSTM", "untied", dtype="float64", **EVERYTHING)
    outputs = ours(X, training=True)
    theirs = keras.layers.LSTM(
        UNITS, recurrent_dropout=HIDDEN, dtype="float64", **EVERYTHING
    )
    theirs.build(X.shape)
    theirs.set_weights(ours.get_weights())
    masks = noise_of(draws, "LSTM", "untied").hidden
    theirs.cell._recurrent_dropout_mask = list(map(tf.constant, masks))
    for one, other in zip(outputs, theirs(X, training=True), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)


def states_of(recurrent, **options):
    """States `(step, sample, unit)` of h_t = h_{t-1} U from ones."""
    units = len(recurrent)
    layer = layers.SimpleRNN(
        units, activation="linear", return_sequences=True, seed=1, **options
    )
    layer.build((None, None, 1))
    layer.set_weights([np.zeros((1, units)), recurrent, np.zeros(units)])
    start = tf.ones((100, units))
    outputs = layer(tf.zeros((100, 3, 1)), initial_state=start, training=True)
    return np.moveaxis(outputs.numpy(), 1, 0)


def assert_share(kept, rate):
    """Asserts the share of true values, within five standard deviations."""
    error = 5 * np.sqrt(rate * (1 - rate) / kept.size)
    assert abs(kept.mean() - rate) < error


def test_recurrent_dropout_is_tied_over_time_and_keeps_its_rate():
    first, second, third = states_of(np.eye(40), recurrent_dropout=0.25)
    assert_share(first > 0, 0.75)
    np.testing.assert_allclose(first[first > 0], 1 / 0.75, rtol=1e-6)
    np.testing.assert_allclose(second, first**2, rtol=1e-5)
    np.testing.assert_allclose(third, first**3, rtol=1e-5)
    assert len({tuple(row) for row in first}) == 100  # samples differ


def test_zoneout_is_drawn_anew_each_step_and_keeps_its_rate():
    kept = states_of(np.zeros((40, 40)), zoneout=0.25)
    for step, share in enumerate(kept, 1):
        assert_share(share, 0.25**step)
    assert len({tuple(row) for row in kept[0]}) == 100


def test_weight_dropout_is_one_for_all_samples_and_keeps_its_rate():
    first, second, _ = states_of(np.eye(1000), weight_dropout=0.25)
    assert_share(first[0] > 0, 0.75)
    np.testing.assert_array_equal(first, first[:1].repeat(100, 0))
    np.testing.assert_allclose(second, first**2, rtol=1e-5)


@pytest.mark.parametrize("variant", VARIANTS)
def test_seed_reproduces_and_layers_differ(variant):
    def outputs(seed):
        layer = make("GRU", variant, units=40, seed=seed)
        return [layer(X, training=True).numpy() for _ in range(2)]

    first, again, other = outputs(5), outputs(5), outputs(6)
    np.testing.assert_array_equal(first, again)
    different = [*first, other[0], outputs(None)[0], outputs(None)[0]]
    for one, two in itertools.combinations(different, 2):
        assert (one != two).any(axis=1).all()
