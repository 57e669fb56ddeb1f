"""Vectors of places, for layers that would not know the order of a text."""

import numpy as np
import tensorflow as tf


def sinusoids(positions, features):
    """Sines and cosines of places (Vaswani et al. 2017, section 3.5).

        PE(p, 2i) = sin(p / 10000^(2i / d)),  PE(p, 2i + 1) = cos(the same)

    Args:
        positions: Integers of any shape `(...)`.
        features: Number of features, `d`.

    Returns:
        float32 `(..., features)`.

    Examples:
        >>> from rnnzoo.layers.positions import sinusoids
        >>> [round(float(each), 2) for each in sinusoids(1, 4)]
        [0.84, 0.54, 0.01, 1.0]
    """
    i = np.arange(features)
    rates = 10_000.0 ** (-2 * (i // 2) / features)
    phases = np.pi / 2 * (i % 2)  # a cosine is a sine, a quarter ahead
    positions = tf.cast(positions, tf.float32)[..., None]
    return tf.sin(
        positions * rates.astype("float32") + phases.astype("float32")
    )
