"""Comparison of two sequences, each word with what it matches in the other."""

import keras
import tensorflow as tf

from rnnzoo.checks import check_positive
from rnnzoo.ids import distinct
from rnnzoo.layers.attention import softmax_over_places
from rnnzoo.layers.pairs import stacked, unstacked
from rnnzoo.layers.pooling import MaxPooling, MeanPooling
from rnnzoo.layers.sequence import SequenceEncoder


@keras.saving.register_keras_serializable(package="rnnzoo")
class ESIM(keras.layers.Layer):
    """Enhanced sequential inference model: align, compare, compose.

    Chen et al. 2017, "Enhanced LSTM for Natural Language Inference", equations
    11 to 20. A bidirectional RNN reads both sequences; each step `a_i` of one
    is compared with the mean of the other's steps, weighted by how well they
    match it:

        e_ij = a_i . b_j,   a~_i = sum_j softmax_j(e_ij) b_j
        m_i  = relu(W [a_i, a~_i, a_i - a~_i, a_i * a~_i] + b)

    and the same with the sequences in each other's place. A second
    bidirectional RNN reads the comparisons, and their means and maxima over
    time go through a hidden layer.

    Args:
        units: Units of each direction, and of the hidden layers.
        rnn: `"lstm"` or `"gru"`.
        dropout: Rate of the dropout of the inputs of all layers.
        recurrent_dropout: Rate of the dropout of the states.
        embedding: Layer that maps ids to vectors.
        word_dropout: Rate at which whole word types lose their vectors, see
            `rnnzoo.layers.EmbeddingDropout`.

    Call arguments:
        inputs: Tuple of right padded ids, `(batch, first)` and `(batch,
            second)`; 0 is padding.
        training: Whether to draw dropout masks.

    Returns:
        `(batch, units)`.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import layers
        >>> esim = layers.ESIM(4, embedding=layers.Embedding(20, 8))
        >>> first, second = np.array([[5, 9, 0]]), np.array([[7, 3]])
        >>> tuple(esim((first, second)).shape)
        (1, 4)
        >>> weights = esim.align((first, second))[0].numpy()
        >>> [round(float(each), 5) for each in weights.sum(axis=1)]
        [1.0, 1.0, 0.0]
    """

    similarity = None

    def __init__(
        self,
        units,
        *,
        rnn="lstm",
        dropout=0.0,
        recurrent_dropout=0.0,
        embedding=None,
        word_dropout=0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_positive("units", units)
        self.units = units
        self.rnn = rnn
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.embedding = embedding
        policy = self.dtype_policy
        shared = {
            "rnn": rnn,
            "pooling": "max",  # not called: it has no weights
            "dropout": dropout,
            "recurrent_dropout": recurrent_dropout,
            "dtype": policy,
        }
        self.reader = SequenceEncoder(
            units, embedding=embedding, word_dropout=word_dropout, **shared
        )
        self.composer = SequenceEncoder(units, **shared)
        self.comparison = keras.layers.Dense(
            units, activation="relu", name="comparison", dtype=policy
        )
        self.hidden = keras.layers.Dense(
            units, activation="tanh", name="hidden", dtype=policy
        )
        self.drop = keras.layers.Dropout(dropout, dtype=policy)
        self.pools = [MeanPooling(dtype=policy), MaxPooling(dtype=policy)]

    @property
    def output_dim(self):
        return self.units

    def build(self, input_shape):
        size = 2 * self.units
        for layer, shape in (
            (self.reader, (None, None)),
            (self.comparison, (None, None, 4 * size)),
            (self.composer, (None, None, self.units)),
            (self.hidden, (None, 4 * size)),
        ):
            if not layer.built:  # by loading
                layer.build(shape)
        self.drop.build((None, None))

    def call(self, inputs, training=None):
        states, exists = self._read(inputs, training)
        first, second = unstacked(states)  # (batch, time, 2 * units)
        here, there = (
            tf.cast(each, states.dtype) for each in _matches(states, exists)
        )
        other = tf.concat(
            [tf.matmul(here, second), tf.matmul(there, first)], axis=0
        )
        compared = tf.concat(
            [states, other, states - other, states * other], axis=-1
        )
        compared = self.comparison(self.drop(compared, training=training))
        composed = self.composer.read(compared, exists, training)
        pooled = [pool(composed, mask=exists) for pool in self.pools]
        both = tf.concat(unstacked(tf.concat(pooled, axis=-1)), axis=-1)
        return self.hidden(self.drop(both, training=training))

    def align(self, inputs):
        """Weights by which the first sequence is compared with the second.

        Args:
            inputs: See `call`.

        Returns:
            float32 `(batch, first, second)`: each step of the first sequence
            has a sum of 1, and padding 0.
        """
        (rows, columns) = inputs
        weights, _ = _matches(*self._read(inputs, training=False))
        weights = weights[:, : tf.shape(rows)[1], : tf.shape(columns)[1]]
        return tf.where((rows != 0)[:, :, None], weights, 0.0)

    def _read(self, inputs, training):
        """Outputs of the first RNN, and which steps are no padding."""
        ids = stacked(*inputs)
        exists = ids != 0
        if training:  # each row has its own dropout
            return self.reader.read(ids, exists, True), exists
        rows, places = distinct(ids)
        states = self.reader.read(rows, rows != 0, False)
        return tf.gather(states, places), exists

    def compute_output_shape(self, input_shape):
        return (input_shape[0][0], self.output_dim)

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "rnn": self.rnn,
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
            "embedding": keras.saving.serialize_keras_object(self.embedding),
            "word_dropout": self.reader.word_dropout.rate,
        }

    @classmethod
    def from_config(cls, config):
        embedding = keras.saving.deserialize_keras_object(config["embedding"])
        return cls(**{**config, "embedding": embedding})


def _matches(states, exists):
    """Weights of the second sequence for the first, and the other way.

    Args:
        states: `(2 * batch, time, size)`; see `stacked`.
        exists: Boolean `(2 * batch, time)`.

    Returns:
        Two float32 tensors `(batch, time, time)`.
    """
    first, second = unstacked(states)
    here, there = unstacked(exists)
    energies = tf.matmul(first, second, transpose_b=True)
    return (
        softmax_over_places(energies, there[:, None]),
        softmax_over_places(tf.transpose(energies, [0, 2, 1]), here[:, None]),
    )
