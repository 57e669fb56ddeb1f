"""Hard attention in a decoder: the places it draws, and their probabilities."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnzoo.layers import AttentionDecoder, BahdanauAttention, LuongAttention

RANDOM = np.random.default_rng(0)
TOKENS, UNITS, PLACES, FEATURES = 9, 6, 5, 3
TARGETS = RANDOM.integers(1, TOKENS, size=(2, 4)).astype("int32")
MEMORY = RANDOM.normal(size=(2, PLACES, FEATURES)).astype("float32")
MASK = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]], bool)
TIMES = 2000
# The place that a step draws changes the queries of the steps after it, except
# in "luong", where all steps attend at once.
KINDS = {
    "bahdanau": (BahdanauAttention, {"attend_first": True}, 1),
    "luong": (LuongAttention, {}, 4),
    "luong_feeding": (LuongAttention, {"input_feeding": True}, 1),
}
kinds = pytest.mark.parametrize("kind", KINDS)


def built(kind, hard):
    """A decoder, and one with the same weights that attends to all places."""
    attention, options, _ = KINDS[kind]
    decoders = []
    for is_hard in (hard, False):
        given = (8,) if attention is BahdanauAttention else ()
        decoder = AttentionDecoder(
            UNITS,
            attention(*given, hard=is_hard, seed=1),
            keras.layers.Embedding(TOKENS, 4),
            seed=1,
            **options,
        )
        decoder.build(TARGETS.shape, MEMORY.shape)
        decoders.append(decoder)
    one, other = decoders
    for weight, same in zip(
        one.trainable_weights, other.trainable_weights, strict=True
    ):
        weight.assign(RANDOM.normal(scale=0.7, size=weight.shape))
        same.assign(weight)
    return one, other


@kinds
def test_at_inference_the_place_of_the_largest_weight_is_taken(kind):
    decoder, soft = built(kind, hard=True)
    steps = KINDS[kind][2]
    found = decoder(TARGETS, MEMORY, memory_mask=MASK)
    same = decoder(TARGETS, MEMORY, memory_mask=MASK)
    np.testing.assert_array_equal(found.logits, same.logits)
    shares = soft(TARGETS, MEMORY, memory_mask=MASK).weights[:, :steps]
    best = tf.one_hot(tf.argmax(shares, axis=2), PLACES)
    np.testing.assert_array_equal(found.weights[:, :steps], best)
    np.testing.assert_allclose(
        found.log_probs[:, :steps],
        np.log(tf.reduce_max(shares, axis=2)),
        atol=1e-5,
    )


@kinds
def test_in_training_places_are_drawn_by_their_weights(kind):
    decoder, soft = built(kind, hard=True)
    steps = KINDS[kind][2]
    inputs = [
        np.tile(x, (TIMES, *[1] * (x.ndim - 1))) for x in (TARGETS, MEMORY)
    ]
    drawn = decoder(
        *inputs, memory_mask=np.tile(MASK, (TIMES, 1)), training=True
    )
    chosen = drawn.weights.numpy()
    np.testing.assert_array_equal(np.unique(chosen), [0, 1])
    np.testing.assert_array_equal(chosen.sum(axis=2), 1)
    chosen = chosen.reshape(TIMES, 2, 4, PLACES)[:, :, :steps]
    shares = soft(TARGETS, MEMORY, memory_mask=MASK).weights.numpy()[:, :steps]
    np.testing.assert_allclose(chosen.mean(axis=0), shares, atol=0.06)
    # The log probabilities are those of the places drawn.
    log_probs = drawn.log_probs.numpy().reshape(TIMES, 2, 4)[:, :, :steps]
    expected = (chosen * np.log(np.maximum(shares, 1e-30))).sum(axis=3)
    np.testing.assert_allclose(log_probs, expected, atol=1e-4)
    # Steps and samples draw on their own.
    places = drawn.weights.numpy().argmax(axis=2)
    assert (places[:, 0] != places[:, 1]).any()


@kinds
def test_the_choice_learns_from_its_log_probability(kind):
    """Against TensorFlow, which differentiates the log probabilities."""
    found = []
    for by_hand in (True, False):
        decoder, _ = built(kind, hard=True)
        random = np.random.default_rng(3)
        for weight in decoder.trainable_weights:
            weight.assign(random.normal(scale=0.7, size=weight.shape))
        for layer in decoder.layers:
            layer.step.has_gradient = by_hand
        with tf.GradientTape() as tape:
            decoded = decoder(TARGETS, MEMORY, memory_mask=MASK, training=True)
            loss = tf.reduce_sum(decoded.log_probs)
            loss += tf.reduce_sum(tf.sin(decoded.logits))
        each = tape.gradient(loss, decoder.trainable_weights)
        assert all(g is not None for g in each)
        found.append(list(map(tf.convert_to_tensor, each)))
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
