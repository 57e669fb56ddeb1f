"""Feature maps of images as the memory of a decoder."""

import keras
import tensorflow as tf

from rnnzoo.checks import check_positive, check_rate
from rnnzoo.layers.dropout import VariationalDropout


@keras.saving.register_keras_serializable(package="rnnzoo")
class ImageMemory(keras.layers.Layer):
    """Makes a vector for each place of a feature map, row by row.

        m_i = W f_i + p_i

    A decoder only ever sees weighted means of the `m_i`. The learned vector
    `p_i` of each place tells it where it looks.

    Args:
        units: Size of the vectors.
        dropout: Rate at which features are dropped, one mask for all places.
        seed: Optional integer that makes initial vectors and masks
            reproducible.

    Call arguments:
        features: `(batch, rows, columns, features)`. The layer must have been
            built for the same number of rows and columns.
        training: Whether to drop.

    Returns:
        `(batch, rows * columns, units)`.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import layers
        >>> memory = layers.ImageMemory(8)
        >>> tuple(memory(np.ones((2, 3, 3, 16))).shape)
        (2, 9, 8)
    """

    def __init__(self, units, dropout=0.0, seed=None, **kwargs):
        super().__init__(**kwargs)
        check_positive("units", units)
        check_rate("dropout", dropout)
        self.units = units
        self.dropout = VariationalDropout(
            dropout, seed=seed, dtype=self.dtype_policy
        )
        self.seed = seed

    def build(self, features_shape):
        _, rows, columns, features = features_shape
        self.places = rows * columns
        # With another size, places of different images would be mixed.
        self.input_spec = keras.layers.InputSpec(
            shape=(None, rows, columns, features)
        )
        self.kernel = self.add_weight(
            shape=(features, self.units), name="kernel"
        )
        self.place_vectors = self.add_weight(
            shape=(self.places, self.units),
            initializer=keras.initializers.RandomNormal(
                stddev=0.1, seed=self.seed
            ),
            name="place_vectors",
        )

    def call(self, features, training=None):
        kernel = tf.cast(tf.convert_to_tensor(self.kernel), self.compute_dtype)
        features = tf.cast(features, self.compute_dtype)
        # (batch, rows, columns, features) to (batch, places, units)
        vectors = tf.reshape(
            tf.tensordot(features, kernel, 1), [-1, self.places, self.units]
        )
        vectors += tf.cast(
            tf.convert_to_tensor(self.place_vectors), vectors.dtype
        )
        return self.dropout(vectors, training=training)

    def compute_output_shape(self, features_shape):
        batch, rows, columns, _ = features_shape
        return (batch, rows * columns, self.units)

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "dropout": self.dropout.rate,
            "seed": self.seed,
        }
