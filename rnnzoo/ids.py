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


def distinct(rows):
    """The rows that differ, and which of them each row is.

    Args:
        rows: Ids `(n, time)`.

    Returns:
        Tuple of ids `(m, time)`, and of their places, int32 `(n,)`: `rows` is
        `tf.gather` of the two.

    Examples:

    >>> import tensorflow as tf
    >>> from rnnzoo.ids import distinct
    >>> rows, places = distinct(tf.constant([[2, 3], [4, 0], [2, 3]]))
    >>> rows.numpy().tolist(), places.numpy().tolist()
    ([[2, 3], [4, 0]], [0, 1, 0])
    """
    with tf.device("CPU"):  # other devices find distinct numbers only
        found = tf.raw_ops.UniqueV2(x=rows, axis=[0])
    return found.y, found.idx
