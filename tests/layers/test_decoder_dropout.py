"""Each dropout of a decoder, alone."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnzoo.layers import (
    AttentionDecoder,
    BahdanauAttention,
    LuongAttention,
    dropout,
)

RANDOM = np.random.default_rng(0)
TOKENS, UNITS, PLACES, FEATURES, DEPTH = 9, 6, 5, 3, 3
TARGETS = RANDOM.integers(1, TOKENS, size=(4, 5)).astype("int32")
MEMORY = RANDOM.normal(size=(4, PLACES, FEATURES)).astype("float32")
# All steps of some layers at once, or one after the other.
KINDS = {
    "plain": (lambda: None, {}),
    "bahdanau": (lambda: BahdanauAttention(8), {"attend_first": True}),
    "luong": (LuongAttention, {}),
    "luong_feeding": (LuongAttention, {"input_feeding": True}),
}
kinds = pytest.mark.parametrize("kind", KINDS)


def make(kind, **options):
    attention, always = KINDS[kind]
    decoder = AttentionDecoder(
        UNITS,
        attention(),
        keras.layers.Embedding(TOKENS, 4),
        depth=DEPTH,
        seed=1,
        **always,
        **options,
    )
    decoder.build(TARGETS.shape, MEMORY.shape)
    for weight in decoder.trainable_weights:
        weight.assign(RANDOM.normal(scale=0.7, size=weight.shape))
    return decoder


def logits_of(decoder, training=True):
    return decoder(TARGETS, MEMORY, training=training).logits.numpy()


@pytest.fixture
def drop(monkeypatch):
    """Drops all of one mask, and nothing of the others."""
    state = {"drawn": 0, "dropped": None}

    def draw_mask(shape, rate, seed_generator, dtype):
        state["drawn"] += 1
        is_dropped = state["drawn"] - 1 == state["dropped"]
        return tf.fill(shape, tf.cast(not is_dropped, dtype))

    def run(decoder, dropped=None):
        state.update(drawn=0, dropped=dropped)
        return logits_of(decoder), state["drawn"]

    monkeypatch.setattr(dropout, "draw_mask", draw_mask)
    return run


@kinds
def test_inputs_of_each_layer_and_the_readout_are_dropped(kind, drop):
    decoder = make(kind, dropout=0.5)
    expected = logits_of(decoder, training=False)
    kept, count = drop(decoder)
    np.testing.assert_allclose(kept, expected, atol=1e-5)
    found = [drop(decoder, dropped=i)[0] for i in range(count)]
    changed = [np.abs(each - expected).max() > 1e-3 for each in found]
    assert sum(changed) == DEPTH + 1
    # Without the readout there is the bias alone.
    bias = np.broadcast_to(decoder.output_bias.numpy(), expected.shape)
    alone = [np.allclose(each, bias, atol=1e-5) for each in found]
    assert sum(alone) == 1


@kinds
def test_a_mask_is_the_same_at_all_steps(kind, monkeypatch):
    shapes = []
    draw_mask = dropout.draw_mask

    def record(shape, *args):
        shapes.append(tuple(map(int, shape)))
        return draw_mask(shape, *args)

    monkeypatch.setattr(dropout, "draw_mask", record)
    logits_of(make(kind, dropout=0.5))
    assert {shape[0] for shape in shapes} == {len(TARGETS)}
    assert {len(shape) for shape in shapes} == {2}
    assert {shape[1] for shape in shapes} == {4, UNITS}


@kinds
def test_words_are_dropped(kind, drop):
    decoder = make(kind, word_dropout=0.5)
    expected = logits_of(decoder, training=False)
    kept, count = drop(decoder)
    assert count == 1
    np.testing.assert_allclose(kept, expected, atol=1e-5)
    dropped, _ = drop(decoder, dropped=0)
    decoder.embedding.embeddings.assign(np.zeros((TOKENS, 4)))
    np.testing.assert_allclose(
        dropped, logits_of(decoder, training=False), atol=1e-5
    )


@kinds
def test_states_are_dropped(kind):
    decoder = make(kind, recurrent_dropout=0.5)
    expected = logits_of(decoder, training=False)
    one, other = logits_of(decoder), logits_of(decoder)
    for pair in ((one, expected), (one, other)):
        # The first step reads the initial states, which are not zero.
        assert (pair[0] != pair[1]).any(axis=(0, 2)).all()


@pytest.mark.parametrize("kind", ["bahdanau", "luong"])
def test_copied_tokens_that_are_drawn_can_be_read(kind):
    """Embeddings have no vectors for the tokens of places."""
    decoder = make(kind, copy=True, scheduled_sampling=0.9)
    decoder.generate_bias.assign([-20.0])  # copies alone
    copies = np.full((4, PLACES), TOKENS + 2, "int32")
    decoded = decoder(TARGETS, MEMORY, memory_tokens=copies, training=True)
    known = decoded.logits.numpy()[..., :TOKENS]
    assert np.isfinite(known).all()


@kinds
def test_scheduled_sampling_draws_from_a_model_without_dropout(kind, drop):
    _, count = drop(make(kind, dropout=0.5))
    _, same = drop(make(kind, dropout=0.5, scheduled_sampling=0.5))
    assert same == count
