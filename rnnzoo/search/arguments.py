"""Checks of arguments that are numbers or tensors."""

import operator

import tensorflow as tf


def as_int(value):
    """An integer of any kind as one that combines with int32."""
    if tf.is_tensor(value):
        return tf.cast(value, tf.int32)
    return operator.index(value)


def check(valid, name, value, expected):
    """Raises a `ValueError` unless `valid`; a tensor counts as valid.

    Args:
        valid: Whether the value is valid: a boolean, or a tensor, whose value
            a graph does not know yet.
        name: The argument's name.
        value: Its value.
        expected: Words for a valid value.
    """
    if tf.is_tensor(valid):
        return
    if not valid:
        raise ValueError(
            f"Invalid value for argument `{name}`. Expected {expected}. "
            f"Received: {name}={value!r}"
        )
