import keras
import numpy as np
import pytest

from rnnzoo.layers import (
    AttentionPooling,
    ConcatPooling,
    HierarchicalAttention,
    LastPooling,
    MaxPooling,
    MeanPooling,
    SelfAttentionPooling,
    SequenceEncoder,
)
from rnnzoo.layers.pooling import get, masked_softmax

POOLINGS = [
    AttentionPooling,
    ConcatPooling,
    LastPooling,
    MaxPooling,
    MeanPooling,
    SelfAttentionPooling,
]
RNG = np.random.default_rng(0)
INPUTS = RNG.normal(size=(4, 5, 3)).astype("float32")
MASK = np.array(
    [[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [0, 1, 0, 1, 0], [0, 0, 0, 0, 0]], bool
)


def test_attention_is_that_of_the_paper():
    layer = AttentionPooling(units=2)
    layer.build(INPUTS.shape)
    kernel, bias, context = (
        RNG.normal(size=weight.shape) for weight in layer.weights
    )
    layer.set_weights([kernel, bias, context])
    pooled, weights = layer(INPUTS, mask=MASK, return_attention_scores=True)
    for row in range(3):
        steps = INPUTS[row][MASK[row]]
        scores = [np.tanh(h @ kernel + bias) @ context[:, 0] for h in steps]
        shares = np.exp(scores) / np.exp(scores).sum()
        np.testing.assert_allclose(pooled[row], shares @ steps, rtol=1e-5)
        np.testing.assert_allclose(weights[row][MASK[row]], shares, rtol=1e-5)
        assert not weights[row].numpy()[~MASK[row]].any()


def test_rows_of_attention_are_those_of_the_paper():
    layer = SelfAttentionPooling(rows=3, penalty=0.5, units=2)
    layer.build(INPUTS.shape)
    kernel, bias, context = (
        RNG.normal(size=weight.shape) for weight in layer.weights
    )
    layer.set_weights([kernel, bias, context])
    pooled, weights = layer(INPUTS, mask=MASK, return_attention_scores=True)
    penalties = []
    for row in range(4):
        steps = INPUTS[row][MASK[row]]
        scores = np.tanh(steps @ kernel + bias) @ context
        shares = np.exp(scores) / np.exp(scores).sum(axis=0)
        np.testing.assert_allclose(
            pooled[row], (shares.T @ steps).reshape(-1), atol=1e-5
        )
        np.testing.assert_allclose(
            weights.numpy()[row][:, MASK[row]], shares.T, atol=1e-6
        )
        assert not weights.numpy()[row][:, ~MASK[row]].any()
        overlaps = shares.T @ shares - np.eye(3)
        penalties.append(np.linalg.norm(overlaps) ** 2)
    (loss,) = layer.losses
    np.testing.assert_allclose(loss, 0.5 * np.array(penalties) / 4, rtol=1e-5)


def test_a_single_row_is_attention_pooling():
    one, plain = SelfAttentionPooling(units=2), AttentionPooling(units=2)
    one.build(INPUTS.shape)
    plain.build(INPUTS.shape)
    plain.set_weights(one.get_weights())
    ours = one(INPUTS, mask=MASK, return_attention_scores=True)
    theirs = plain(INPUTS, mask=MASK, return_attention_scores=True)
    np.testing.assert_allclose(ours[0], theirs[0], atol=1e-6)
    np.testing.assert_allclose(ours[1][:, 0], theirs[1], atol=1e-6)
    assert not one.losses


def test_mean_and_maximum_are_those_of_keras():
    rows = slice(3)  # Keras divides by zero in the last
    np.testing.assert_allclose(
        MeanPooling()(INPUTS, mask=MASK)[rows],
        keras.layers.GlobalAveragePooling1D()(INPUTS[rows], mask=MASK[rows]),
        rtol=1e-5,
    )
    pooled, weights = MaxPooling()(
        INPUTS, mask=MASK, return_attention_scores=True
    )
    for row in range(3):
        steps = INPUTS[row][MASK[row]]
        np.testing.assert_array_equal(pooled[row], steps.max(axis=0))
        winners = np.bincount(steps.argmax(axis=0), minlength=len(steps))
        np.testing.assert_allclose(weights[row][MASK[row]], winners / 3)


def test_the_last_step_the_maximum_and_the_mean_are_concatenated():
    pooled, weights = ConcatPooling()(
        INPUTS, mask=MASK, return_attention_scores=True
    )
    for row in range(3):
        steps = INPUTS[row][MASK[row]]
        expected = [steps[-1], steps.max(axis=0), steps.mean(axis=0)]
        np.testing.assert_allclose(
            pooled[row], np.concatenate(expected), rtol=1e-5
        )
        shares = np.bincount(steps.argmax(axis=0), minlength=len(steps)) / 3
        shares += 1 / len(steps)
        shares[-1] += 1
        np.testing.assert_allclose(
            weights[row][MASK[row]], shares / 3, rtol=1e-5
        )


@pytest.mark.parametrize("pooling", POOLINGS)
def test_padding_changes_nothing(pooling):
    layer = pooling()
    expected, _ = layer(INPUTS, return_attention_scores=True)
    wide = np.concatenate([INPUTS, np.full((4, 2, 3), 1e3, "float32")], axis=1)
    mask = np.arange(7) < np.full((4, 1), 5)
    pooled, weights = layer(wide, mask=mask, return_attention_scores=True)
    np.testing.assert_allclose(pooled, expected, rtol=1e-5, atol=1e-6)
    assert not weights.numpy()[..., 5:].any()
    np.testing.assert_allclose(weights.numpy().sum(axis=-1), 1, rtol=1e-5)


@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
@pytest.mark.parametrize("pooling", POOLINGS)
def test_a_fully_masked_row_is_zero(pooling, policy):
    layer = pooling(dtype=policy)
    pooled, weights = layer(INPUTS, mask=MASK, return_attention_scores=True)
    assert pooled.dtype == layer.compute_dtype
    assert weights.dtype == "float32"
    assert np.isfinite(pooled).all()
    assert not pooled.numpy()[3].any()
    assert not weights.numpy()[3].any()


def test_a_maximum_may_be_low():
    lowest = np.full((1, 2, 1), -1e30, "float32")
    pooled, weights = MaxPooling()(
        lowest, mask=np.array([[False, True]]), return_attention_scores=True
    )
    np.testing.assert_array_equal(pooled, lowest[:, 0])
    np.testing.assert_array_equal(weights, [[0, 1]])


def test_steps_that_are_equal_share_the_weight_of_a_maximum():
    x = np.array([[[1.0, 4.0], [1.0, 2.0], [1 - 1e-7, 3.0]]], "float32")
    _, weights = MaxPooling()(x, return_attention_scores=True)
    np.testing.assert_allclose(weights, [[2 / 3, 1 / 6, 1 / 6]], rtol=1e-6)


def test_masked_softmax_takes_any_score():
    scores = np.array([[3e38, -3e38, 0, 1], [-3e38, 0, 0, 0]], "float32")
    mask = np.array([[1, 1, 1, 0], [1, 0, 0, 0]], bool)
    np.testing.assert_array_equal(
        masked_softmax(scores, mask), [[1, 0, 0, 0], [1, 0, 0, 0]]
    )


@pytest.mark.parametrize(
    ("make", "shape", "features"),
    [
        *(
            (each, (3, None, 4), 12 if each is ConcatPooling else 4)
            for each in POOLINGS
        ),
        (lambda: SequenceEncoder(2, pooling="concat"), (3, None, 4), 12),
        (lambda: SequenceEncoder(2), (3, None, 4), 4),
        (lambda: HierarchicalAttention(2, 5), (3, None, None, 4), 10),
    ],
)
def test_keras_knows_the_shapes(make, shape, features):
    inputs = keras.Input(shape)
    outputs = keras.layers.TimeDistributed(make())(inputs)
    assert outputs.shape == (None, 3, features)
    vector, *weights = make()(inputs[:, 0], return_attention_scores=True)
    assert vector.shape == (None, features)
    rows = [1] * (make is SelfAttentionPooling)
    assert weights[-1].shape == (None, *rows, None)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_configuration_makes_it_again(pooling):
    layer = pooling()
    expected = layer(INPUTS, mask=MASK)
    config = keras.saving.serialize_keras_object(layer)
    again = keras.saving.deserialize_keras_object(config)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(INPUTS, mask=MASK), expected)


def test_bad_arguments_are_errors():
    with pytest.raises(ValueError, match="`units`.*units=0"):
        AttentionPooling(units=0)
    with pytest.raises(ValueError, match="`pooling`.*'max', 'mean'.*='sum'"):
        get("sum")


@pytest.mark.parametrize("masked", [False, True])
def test_weights_of_half_precision_add_up_in_float32(masked):
    scores = RNG.normal(size=(3, 500)).astype("float16")
    mask = np.ones(scores.shape, bool) if masked else None
    weights = masked_softmax(scores, mask)
    assert weights.dtype == "float32"
    np.testing.assert_allclose(weights.numpy().sum(axis=1), 1, atol=1e-6)
    exact = np.exp(scores.astype("float64"))
    exact /= exact.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(weights, exact, rtol=1e-5)
