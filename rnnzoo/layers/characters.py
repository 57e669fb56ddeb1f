"""Vectors of words, made from their characters.

A batch holds the same word many times, and padding more often than any word,
so each distinct word is computed only once.
"""

import keras
import tensorflow as tf
from keras import ops

from rnnzoo.checks import check_rate
from rnnzoo.layers.bidirectional import Bidirectional
from rnnzoo.layers.embedding import Embedding
from rnnzoo.layers.recurrent import LSTM


class WordEncoder(keras.layers.Layer):
    """Base of layers that map the characters of each word to a vector.

    A subclass defines `encode`, which sees each distinct word once.

    Args:
        input_dim: Number of ids of characters, of which 0 is padding. `None`
            means that `embedding.input_dim` will be set before the layer is
            built.
        embedding_dim: Size of a character's vector.
        dropout: Rate of the dropout of the characters' vectors.

    Call arguments:
        ids: Integers `(..., characters)`, right padded with 0. The vector of
            a word of padding alone is 0.

    Returns:
        `(..., output_dim)`.
    """

    def __init__(self, input_dim, embedding_dim, dropout, **kwargs):
        super().__init__(**kwargs)
        check_rate("dropout", dropout)
        policy = self.dtype_policy
        self.embedding = Embedding(input_dim, embedding_dim, dtype=policy)
        self.dropout = keras.layers.Dropout(dropout, dtype=policy)

    def build(self, input_shape):
        self.embedding.build(input_shape)
        shape = (None, input_shape[-1], self.embedding.output_dim)
        self.build_encoder(shape)

    def call(self, ids, training=None):
        words, place = _distinct(ids)
        mask = ops.not_equal(words, 0)
        vectors = self.embedding(words)  # (words, characters, features)
        vectors = self.dropout(vectors, training=training)
        vectors = vectors * ops.cast(mask, vectors.dtype)[..., None]
        encoded = self.encode(vectors, mask, training)
        encoded = tf.gather(encoded, place)
        shape = ops.shape(ids)[:-1]
        return ops.reshape(encoded, (*shape, self.output_dim))

    @property
    def output_dim(self):
        raise NotImplementedError

    def build_encoder(self, input_shape):
        raise NotImplementedError

    def encode(self, vectors, mask, training):
        """Encodes words.

        Args:
            vectors: `(words, characters, features)`, 0 where masked.
            mask: Boolean `(words, characters)`.
            training: Whether in training.

        Returns:
            `(words, output_dim)`, 0 for a fully masked word.
        """
        raise NotImplementedError

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.output_dim)

    def get_config(self):
        return {
            **super().get_config(),
            "input_dim": self.embedding.input_dim,
            "embedding_dim": self.embedding.output_dim,
            "dropout": self.dropout.rate,
        }


def _distinct(ids):
    """Distinct words `(words, characters)`, and the place of each word."""
    shape = tf.shape(ids)
    flat = tf.reshape(ids, [tf.reduce_prod(shape[:-1]), shape[-1]])
    # One more word, of padding: there may be no word at all, or no character.
    width = ids.shape[-1] or tf.maximum(shape[-1], 1)
    flat = tf.pad(flat, [[0, 1], [0, width - shape[-1]]])
    words, place = tf.raw_ops.UniqueV2(x=flat, axis=[0])
    return tf.ensure_shape(words, [None, ids.shape[-1] or None]), place[:-1]


@keras.saving.register_keras_serializable(package="rnnzoo")
class CharCNN(WordEncoder):
    """Convolution over the characters of a word, and maximum pooling.

    Ma & Hovy 2016, "End-to-end Sequence Labeling via Bi-directional
    LSTM-CNNs-CRF", section 2.1. A word is padded on both sides.

    Args:
        input_dim: Number of ids of characters, of which 0 is padding. `None`
            means that `embedding.input_dim` will be set before the layer is
            built.
        embedding_dim: Size of a character's vector.
        filters: Number of filters, the size of the result.
        kernel_size: Number of characters that a filter sees.
        dropout: Rate of the dropout of the characters' vectors.

    Call arguments:
        ids: Integers `(..., characters)`, right padded with 0. The vector of
            a word of padding alone is 0.

    Returns:
        `(..., filters)`.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import layers
        >>> ids = np.array([[[3, 1, 4], [2, 0, 0]]])  # one sentence, two words
        >>> tuple(layers.CharCNN(5, filters=6)(ids).shape)
        (1, 2, 6)
    """

    def __init__(
        self,
        input_dim=None,
        embedding_dim=30,
        filters=30,
        kernel_size=3,
        dropout=0.0,
        **kwargs,
    ):
        super().__init__(input_dim, embedding_dim, dropout, **kwargs)
        self.convolution = keras.layers.Conv1D(
            filters,
            kernel_size,
            padding="same",
            activation="tanh",
            dtype=self.dtype_policy,
        )

    @property
    def output_dim(self):
        return self.convolution.filters

    def build_encoder(self, input_shape):
        self.convolution.build(input_shape)

    def encode(self, vectors, mask, training):
        features = self.convolution(vectors)
        # tanh is above -1, so -1 is largest only in a word of padding.
        features = ops.where(
            mask[..., None], features, -ops.ones_like(features)
        )
        features = ops.max(features, axis=1)
        return ops.where(mask[:, :1], features, ops.zeros_like(features))

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.convolution.filters,
            "kernel_size": self.convolution.kernel_size[0],
        }


@keras.saving.register_keras_serializable(package="rnnzoo")
class CharLSTM(WordEncoder):
    """Final states of an LSTM in both directions over a word's characters.

    Lample et al. 2016, "Neural Architectures for Named Entity Recognition",
    section 4.1.

    Args:
        input_dim: Number of ids of characters, of which 0 is padding. `None`
            means that `embedding.input_dim` will be set before the layer is
            built.
        embedding_dim: Size of a character's vector.
        units: Units of each direction.
        dropout: Rate of the dropout of the characters' vectors.

    Call arguments:
        ids: Integers `(..., characters)`, right padded with 0. The vector of
            a word of padding alone is 0.

    Returns:
        `(..., 2 * units)`.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import layers
        >>> ids = np.array([[[3, 1, 4], [2, 0, 0]]])  # one sentence, two words
        >>> tuple(layers.CharLSTM(5, units=4)(ids).shape)
        (1, 2, 8)
    """

    def __init__(
        self, input_dim=None, embedding_dim=25, units=25, dropout=0.0, **kwargs
    ):
        super().__init__(input_dim, embedding_dim, dropout, **kwargs)
        self.units = units
        policy = self.dtype_policy
        self.rnn = Bidirectional(LSTM(units, dtype=policy), dtype=policy)

    @property
    def output_dim(self):
        return 2 * self.units

    def build_encoder(self, input_shape):
        self.rnn.build(input_shape)

    def encode(self, vectors, mask, training):
        return self.rnn(vectors, mask=mask, training=training)

    def get_config(self):
        return {**super().get_config(), "units": self.units}
