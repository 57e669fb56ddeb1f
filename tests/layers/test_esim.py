"""Pairs of sequences, compared step by step as in the paper."""

import keras
import numpy as np
import pytest

from rnnzoo import layers

FIRST = np.array([[3, 4, 5, 2], [6, 7, 0, 0], [0, 0, 0, 0]])
SECOND = np.array([[8, 3, 9, 0, 0], [2, 2, 5, 6, 7], [4, 3, 0, 0, 0]])


@pytest.fixture(scope="module")
def esim():
    keras.utils.set_random_seed(3)
    layer = layers.ESIM(4, embedding=layers.Embedding(10, 6))
    layer.build([(None, None)] * 2)
    return layer


def theirs(layer, size):
    """Keras's own layer with the weights of one of ours."""
    ours = layer.stack.layers[0]
    other = keras.layers.Bidirectional(
        keras.layers.LSTM(4, return_sequences=True)
    )
    other.build((None, None, size))
    other.set_weights(ours.get_weights())
    return other


def softmax(values):
    values = np.exp(values - values.max())
    return values / values.sum()


def dense(layer, x):
    kernel, bias = layer.get_weights()
    return x @ kernel + bias


def expected(esim, first, second):
    """Equations 11 to 20 for one pair without padding, by NumPy and Keras."""
    vectors = esim.embedding.get_weights()[0]
    read, compose = theirs(esim.reader, 6), theirs(esim.composer, 4)
    a, b = (read(vectors[ids][None])[0].numpy() for ids in (first, second))
    pooled = []
    for one, other in ((a, b), (b, a)):
        matched = np.stack([softmax(other @ step) @ other for step in one])
        compared = np.concatenate(
            [one, matched, one - matched, one * matched], axis=1
        )
        compared = np.maximum(dense(esim.comparison, compared), 0)
        composed = compose(compared[None])[0].numpy()
        pooled += [composed.mean(axis=0), composed.max(axis=0)]
    return np.tanh(dense(esim.hidden, np.concatenate(pooled)))


def test_it_follows_the_paper(esim):
    vectors = esim((FIRST, SECOND)).numpy()
    assert np.isfinite(vectors).all()  # the last pair has an empty side
    for i in range(2):
        first, second = (ids[i][ids[i] != 0] for ids in (FIRST, SECOND))
        np.testing.assert_allclose(
            vectors[i], expected(esim, first, second), atol=1e-5
        )


def test_padding_and_other_pairs_change_nothing(esim):
    vectors = esim((FIRST, SECOND)).numpy()
    more = [np.pad(ids, [(0, 1), (0, 3)]) for ids in (FIRST, SECOND)]
    np.testing.assert_allclose(esim(tuple(more))[:3], vectors, atol=1e-6)
    for i in range(3):
        alone = esim((FIRST[i : i + 1], SECOND[i : i + 1]))
        np.testing.assert_allclose(alone[0], vectors[i], atol=1e-6)


def test_weights_are_those_of_the_comparison(esim):
    weights = esim.align((FIRST, SECOND)).numpy()
    assert weights.shape == (3, 4, 5)
    vectors = esim.embedding.get_weights()[0]
    read = theirs(esim.reader, 6)
    a, b = (
        read(vectors[ids][None])[0].numpy() for ids in (FIRST[0], [8, 3, 9])
    )
    for row, step in zip(weights[0], a, strict=True):
        np.testing.assert_allclose(row, [*softmax(b @ step), 0, 0], atol=1e-6)
    assert not weights[1, 2:].any()
    assert not weights[2].any()
