"""Checks of arguments that are numbers or tensors."""

import operator

import numpy as np
import tensorflow as tf


def as_ints(value):
    """An integer as `as_int` makes it; several as a tensor or an array."""
    if tf.is_tensor(value) or not np.ndim(value):
        return as_int(value)
    return np.asarray(value)


def as_int(value):
    """An integer of any kind as one that combines with int32."""
    if tf.is_tensor(value):
        return tf.cast(value, tf.int32)
    return operator.index(value)


def check(valid, name, value, expected):
    """Raises a `ValueError` unless `valid`; a tensor counts as valid.

    Args:
        valid: Whether the value is valid: a boolean or an array of them, or a
            tensor, whose value a graph does not know yet.
        name: The argument's name.
        value: Its value.
        expected: Words for a valid value.
    """
    if tf.is_tensor(valid):
        return
    if not np.all(valid):
        raise ValueError(
            f"Invalid value for argument `{name}`. Expected {expected}. "
            f"Received: {name}={value!r}"
        )
