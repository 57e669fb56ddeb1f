import numpy as np
import pytest

from rnnzoo.layers import Embedding, HierarchicalAttention

IDS = np.array([[[2, 3, 0], [4, 0, 0]], [[5, 6, 7], [0, 0, 0]]])


def make(**options):
    return HierarchicalAttention(
        2, 3, embedding=Embedding(9, 4), length_groups=2, **options
    )


def test_masks_of_ones_and_zeros():
    layer = make()
    expected = layer(IDS)
    mask = (IDS > 0).astype("int32")
    np.testing.assert_array_equal(layer(IDS, mask=mask), expected)


def test_documents_without_a_word():
    layer = make()
    layer.build(IDS.shape)
    document, words, sentences = layer(
        np.zeros((2, 2, 0), "int32"), return_attention_scores=True
    )
    np.testing.assert_array_equal(document, np.zeros((2, 6)))
    assert words.shape == (2, 2, 0)
    np.testing.assert_array_equal(sentences, np.zeros((2, 2)))


def test_there_is_a_group_at_least():
    with pytest.raises(ValueError, match="`length_groups`"):
        HierarchicalAttention(length_groups=0)


def test_all_sentences_at_once_have_the_same_vectors():
    layer = make(rnn="lstm")
    expected = layer(IDS)
    np.testing.assert_allclose(layer.encode_all(IDS), expected, atol=1e-6)
