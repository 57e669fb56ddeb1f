"""Layers that read as a language model does, for classifiers and taggers."""

import numpy as np

from rnnzoo import layers

IDS = np.array([[3, 1, 4, 1], [5, 9, 0, 0], [0, 0, 0, 0]])


def backbone(dropout=0.0):
    return layers.RecurrentBackbone(
        layers.Embedding(10, 4),
        [layers.LSTM(5), layers.GRU(6)],
        output_dropout=dropout,
    )


def test_vectors_are_those_of_the_language_model():
    embedding = layers.ContextualEmbedding(backbone())
    expected = embedding.backbone(IDS).vectors
    np.testing.assert_array_equal(embedding(IDS), expected)
    assert embedding.output_dim == 6
    table = embedding.backbone.embedding.embeddings
    assert embedding.embeddings is table


def test_a_text_is_what_was_read_of_it_pooled():
    encoder = layers.LanguageEncoder(backbone())
    vectors, weights = encoder(IDS, return_attention_scores=True)
    assert vectors.shape == (3, encoder.output_dim)
    for row, length in enumerate((4, 2)):
        read = encoder.backbone(IDS[row : row + 1, :length]).vectors[0].numpy()
        parts = [read[-1], read.max(axis=0), read.mean(axis=0)]
        np.testing.assert_allclose(
            vectors[row], np.concatenate(parts), rtol=1e-5, atol=1e-6
        )
    np.testing.assert_allclose(weights.numpy().sum(axis=1), [1, 1, 0], 1e-5)
    assert not vectors.numpy()[2].any()


def test_both_draw_masks_in_training_only():
    for make in (layers.ContextualEmbedding, layers.LanguageEncoder):
        layer = make(backbone(dropout=0.5))
        assert np.array_equal(layer(IDS), layer(IDS, training=False))
        assert not np.array_equal(
            layer(IDS, training=True), layer(IDS, training=True)
        )
