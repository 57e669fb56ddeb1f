"""Two sequences read as one batch."""

import tensorflow as tf


def stacked(first, second):
    """Both sequences of each pair, the first ones above the second ones.

    One pass over both costs less than two.

    Args:
        first, second: Right padded ids `(batch, time)`, of any two lengths.

    Returns:
        Ids `(2 * batch, longer time)`.
    """
    time = tf.maximum(tf.shape(first)[1], tf.shape(second)[1])
    rows = [
        tf.pad(ids, [[0, 0], [0, time - tf.shape(ids)[1]]])
        for ids in (first, second)
    ]
    return tf.concat(rows, axis=0)


def unstacked(values):
    """The values of the first sequences, and of the second ones.

    Args:
        values: Tensor `(2 * batch, ...)`, as of `stacked`.

    Returns:
        Two tensors `(batch, ...)`.
    """
    return tf.split(values, 2)
