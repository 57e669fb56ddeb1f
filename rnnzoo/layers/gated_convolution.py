"""Convolutions over time with normalised weights, and gates for them."""

import keras
import tensorflow as tf

from rnnzoo.checks import check_positive


@keras.saving.register_keras_serializable(package="rnnzoo")
class NormedConvolution(keras.layers.Layer):
    """Convolution over time, with weight normalisation.

    Salimans & Kingma 2016: `W = g V / |V|`, with a length `g` for each output.
    It takes no steps but those that are there: `kernel_size - 1` outputs are
    missing.

    Args:
        units: Number of outputs.
        kernel_size: Steps that an output sees; 1 for a dense layer.
        gain: Factor of the variance of the outputs at the beginning.

    Call arguments:
        inputs: `(batch, time, features)`.

    Returns:
        `(batch, time - kernel_size + 1, units)`.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import layers
        >>> convolution = layers.NormedConvolution(8, kernel_size=3)
        >>> tuple(convolution(np.ones((1, 5, 4))).shape)
        (1, 3, 8)
    """

    def __init__(self, units, kernel_size=1, gain=1.0, **kwargs):
        super().__init__(**kwargs)
        check_positive("units", units)
        check_positive("kernel_size", kernel_size)
        self.units = units
        self.kernel_size = kernel_size
        self.gain = gain

    def build(self, inputs_shape):
        read = self.kernel_size * inputs_shape[-1]
        self.kernel = self.add_weight(
            shape=(self.kernel_size, inputs_shape[-1], self.units),
            initializer=keras.initializers.RandomNormal(
                stddev=(self.gain / read) ** 0.5
            ),
            name="kernel",
        )
        self.scale = self.add_weight(
            shape=(self.units,),
            initializer=keras.initializers.Constant(self.gain**0.5),
            name="scale",
        )
        self.bias = self.add_weight(
            shape=(self.units,), initializer="zeros", name="bias"
        )

    def call(self, inputs):
        kernel = tf.convert_to_tensor(self.kernel)
        kernel = tf.math.l2_normalize(kernel, axis=[0, 1]) * self.scale
        kernel = tf.cast(kernel, self.compute_dtype)
        # A product of two matrices, of as many rows as there are steps.
        count = tf.shape(inputs)[1] - self.kernel_size + 1
        seen = tf.concat(
            [inputs[:, k : k + count] for k in range(self.kernel_size)], axis=2
        )
        flat = tf.matmul(
            tf.reshape(seen, [-1, seen.shape[2]]),
            tf.reshape(kernel, [-1, self.units]),
        )
        outputs = tf.nn.bias_add(flat, tf.cast(self.bias, flat.dtype))
        shape = [tf.shape(inputs)[0], count, self.units]
        return tf.reshape(outputs, shape)

    def compute_output_shape(self, inputs_shape):
        batch, time, _ = inputs_shape
        if time is not None:
            time -= self.kernel_size - 1
        return (batch, time, self.units)

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "kernel_size": self.kernel_size,
            "gain": self.gain,
        }


def gated(outputs):
    """Gated linear units (Dauphin et al. 2017): half the features."""
    values, gates = tf.split(outputs, 2, axis=-1)
    return values * tf.sigmoid(gates)
