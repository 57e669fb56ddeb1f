"""Sequences without steps: loops and maxima need one."""

import tensorflow as tf


def with_a_step(rows):
    """`(batch, time, ...)`, with a step of zeros if there is no step."""
    if rows.shape[1]:
        return rows
    missing = tf.maximum(1 - tf.shape(rows)[1], 0)
    return tf.pad(
        rows, [[0, 0], [0, missing]] + [[0, 0]] * (rows.shape.rank - 2)
    )
