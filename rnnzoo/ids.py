"""Ids with a meaning of their own, and padding."""

import tensorflow as tf

PADDING, UNKNOWN, RESERVED = 0, 1, 2  # a vocabulary's tokens begin at RESERVED


def pad(ragged):
    """Right padded dense tensor, at least one wide in every axis but the first.

    Recurrent layers need a step, if only a masked one, to have an answer.
    """
    dense = ragged.to_tensor()
    missing = tf.maximum(1 - tf.shape(dense)[1:], 0)
    missing = tf.concat([[0], missing], axis=0)
    padded = tf.pad(
        dense,
        tf.stack([tf.zeros_like(missing), missing], axis=1),
        constant_values="" if dense.dtype == tf.string else 0,
    )
    return tf.ensure_shape(padded, [None] * dense.shape.rank)
