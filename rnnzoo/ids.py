"""Ids that mean the same in every vocabulary, and padding."""

import tensorflow as tf

PADDING, UNKNOWN, RESERVED = 0, 1, 2  # The first token's id is RESERVED.


def pad(ragged):
    """Pads a ragged tensor on the right, with 0 or "".

    Each axis but the first gets a size of at least one: recurrent layers need
    a step, even if it is masked.

    Args:
        ragged: Ragged tensor of numbers or strings.

    Returns:
        Dense tensor of the same rank.

    Examples:

    >>> import tensorflow as tf
    >>> from rnnzoo.ids import pad
    >>> pad(tf.ragged.constant([[2, 3], [4]])).numpy().tolist()
    [[2, 3], [4, 0]]
    >>> pad(tf.ragged.constant([[], []], tf.int32)).shape.as_list()
    [2, 1]
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
