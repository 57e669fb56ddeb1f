"""Similarities of two sequences that one encoder reads."""

import keras
import numpy as np
import pytest

from rnnzoo import layers

FIRST = np.array([[3, 4, 5, 2], [6, 7, 0, 0], [0, 0, 0, 0]])
SECOND = np.array([[8, 3, 9, 0, 0], [2, 2, 5, 6, 7], [4, 3, 0, 0, 0]])


def siamese(similarity):
    keras.utils.set_random_seed(5)
    encoder = layers.SequenceEncoder(
        3, pooling="last", embedding=layers.Embedding(10, 6)
    )
    layer = layers.Siamese(encoder, similarity)
    layer.build([(None, None)] * 2)
    return layer


@pytest.mark.parametrize("similarity", ["manhattan", "cosine", None])
def test_it_is_the_formula_and_symmetric(similarity):
    layer = siamese(similarity)
    a, b = (layer.encoder(ids).numpy() for ids in (FIRST, SECOND))
    sizes = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    cosines = (a * b).sum(axis=1) / np.where(sizes, sizes, 1)
    expected = {
        "manhattan": np.exp(-np.abs(a - b).sum(axis=1))[:, None],
        "cosine": (1 + cosines[:, None]) / 2,
        None: np.concatenate([a * b, np.abs(a - b)], axis=1),
    }[similarity]
    found = layer((FIRST, SECOND)).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_allclose(layer((SECOND, FIRST)), found, atol=1e-6)
    assert layer.output_dim == found.shape[1]


def test_weights_are_cosines_of_the_states():
    layer = siamese("manhattan")
    weights = layer.align((FIRST, SECOND)).numpy()
    assert weights.shape == (3, 4, 5)
    a, b = (layer.encoder.read(x, x != 0)[0].numpy() for x in (FIRST, SECOND))
    a, b = (each / np.linalg.norm(each, axis=1)[:, None] for each in (a, b[:3]))
    np.testing.assert_allclose(
        weights[0, :, :3], np.maximum(a @ b.T, 0), atol=1e-6
    )
    assert not weights[0, :, 3:].any()
    assert not weights[2].any()
