"""Feature maps of images as what a decoder attends to."""

import keras
import tensorflow as tf

from rnnzoo.checks import check_positive, check_rate
from rnnzoo.layers.dropout import VariationalDropout


@keras.saving.register_keras_serializable(package="rnnzoo")
class ImageMemory(keras.layers.Layer):
    """A vector for each place of a feature map, row by row.

        m_i = W f_i + p_i

    with a vector `p_i` for each place, so that a mean of them, all that a
    decoder ever sees, tells where they are.

    Args:
        units: Size of the vectors.
        dropout: Rate at which features are dropped, one mask for all places.
        seed: Optional integer that makes the masks reproducible.

    Call arguments:
        features: `(batch, rows, columns, features)`; rows and columns are
            those it was built for.
        training: Whether to drop.

    Returns:
        `(batch, rows * columns, units)`.
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
        # Of another size, places of different images would be mixed.
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
