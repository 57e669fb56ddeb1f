"""Comparison of two sequences by what the same encoder makes of each."""

import keras
import tensorflow as tf

from rnnzoo.checks import check_choice
from rnnzoo.ids import distinct
from rnnzoo.layers.pairs import stacked, unstacked

SIMILARITIES = ("cosine", "manhattan")


@keras.saving.register_keras_serializable(package="rnnzoo")
class Siamese(keras.layers.Layer):
    """Compares two sequences by their vectors, which one encoder makes.

    Bromley et al. 1993. With `a` and `b` the vectors of a pair, it returns

        exp(-sum |a - b|)     with "manhattan": Mueller & Thyagarajan 2016,
                              "Siamese Recurrent Architectures for Learning
                              Sentence Similarity", equation 4
        (1 + cos(a, b)) / 2   with "cosine"
        [a * b, |a - b|]      without a similarity: features for a classifier,
                              Tai et al. 2015, equation 15

    All of them are the same if the sequences change places.

    Args:
        encoder: Layer that maps ids to vectors, with its `embedding`:
            `rnnzoo.layers.SequenceEncoder`.
        similarity: `"manhattan"`, `"cosine"` or `None`.

    Call arguments:
        inputs: Tuple of right padded ids, `(batch, first)` and `(batch,
            second)`; 0 is padding.
        training: Whether to draw dropout masks.

    Returns:
        float32 `(batch, 1)` from 0 to 1; without a similarity `(batch,
        output_dim)`.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import layers
        >>> encoder = layers.SequenceEncoder(
        ...     4, embedding=layers.Embedding(20, 8)
        ... )
        >>> siamese = layers.Siamese(encoder, "manhattan")
        >>> ids = np.array([[5, 9, 0], [7, 3, 2]])
        >>> siamese((ids, ids)).numpy().tolist()
        [[1.0], [1.0]]
    """

    def __init__(self, encoder, similarity=None, **kwargs):
        super().__init__(**kwargs)
        if similarity is not None:
            check_choice("similarity", similarity, SIMILARITIES)
        self.encoder = encoder
        self.similarity = similarity

    @property
    def embedding(self):
        return self.encoder.embedding

    @property
    def output_dim(self):
        return 1 if self.similarity else 2 * self.encoder.output_dim

    def build(self, input_shape):
        if not self.encoder.built:
            self.encoder.build(input_shape[0])

    def call(self, inputs, training=None):
        ids = stacked(*inputs)
        if training:  # each row has its own dropout
            vectors = self.encoder(ids, training=True)
        else:  # one question has many candidates
            ids, places = distinct(ids)
            vectors = tf.gather(self.encoder(ids, training=False), places)
        first, second = unstacked(vectors)
        if self.similarity is None:
            return tf.concat([first * second, tf.abs(first - second)], axis=-1)
        first, second = (tf.cast(each, tf.float32) for each in (first, second))
        if self.similarity == "manhattan":
            distance = tf.reduce_sum(tf.abs(first - second), -1, keepdims=True)
            return tf.exp(-distance)
        return (1 + _cosines(first[:, None], second[:, None])[:, 0]) / 2

    def align(self, inputs):
        """Cosines of the encoder's outputs at the steps of both sequences.

        Args:
            inputs: See `call`.

        Returns:
            float32 `(batch, first, second)`; zero at padding, and where the
            outputs point away from each other.
        """
        ids = stacked(*inputs)
        exists = ids != 0
        first, second = unstacked(self.encoder.read(ids, exists))
        alike = tf.nn.relu(_cosines(first, second))
        (here, there), (rows, columns) = unstacked(exists), inputs
        alike *= tf.cast(here[:, :, None] & there[:, None], alike.dtype)
        return alike[:, : tf.shape(rows)[1], : tf.shape(columns)[1]]

    def compute_output_shape(self, input_shape):
        return (input_shape[0][0], self.output_dim)

    def get_config(self):
        return {
            **super().get_config(),
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "similarity": self.similarity,
        }

    @classmethod
    def from_config(cls, config):
        encoder = keras.saving.deserialize_keras_object(config["encoder"])
        return cls(**{**config, "encoder": encoder})


def _cosines(first, second):
    """Cosines of vectors `(batch, n, size)` and `(batch, m, size)`."""
    first, second = (
        tf.math.l2_normalize(tf.cast(each, tf.float32), axis=-1)
        for each in (first, second)
    )
    return tf.matmul(first, second, transpose_b=True)
