"""Tokens drawn by their probabilities, from long rows, and their numbers."""

import tensorflow as tf

from rnnzoo.graphs import map_rows

_BLOCK = 128


def draw(weights, numbers):
    """The places that numbers fall on, where a place is as wide as its weight.

    A sum of all weights up to each is slow. So sums of blocks say which block
    it is, and sums up to each weight are made of that block alone.

    Args:
        weights: float32 `(rows, n)`, at least 0; some of each row are above.
        numbers: float32 `(rows,)` in [0, 1).

    Returns:
        int32 `(rows,)`. A place without weight is never drawn.

    Examples:
        >>> import tensorflow as tf
        >>> from rnnzoo.search.draw import draw
        >>> weights = tf.constant([[1.0, 0.0, 3.0]] * 3)
        >>> draw(weights, tf.constant([0.0, 0.24, 0.25])).numpy().tolist()
        [0, 0, 2]
    """
    rows, size = tf.unstack(tf.shape(weights))
    blocks = -(-size // _BLOCK)
    missing = tf.zeros([rows, blocks * _BLOCK - size])
    weights = tf.concat([weights, missing], axis=1)  # faster than `tf.pad`
    weights = tf.reshape(weights, [rows, blocks, _BLOCK])
    up_to = tf.cumsum(tf.reduce_sum(weights, axis=2), axis=1)
    numbers = (numbers * up_to[:, -1])[:, None]
    block = _first_beyond(up_to, numbers)
    before = tf.pad(up_to, [[0, 0], [1, 0]])
    before = tf.gather(before, block, batch_dims=1)[:, None]
    weights = tf.gather(weights, block, batch_dims=1)
    place = _first_beyond(before + tf.cumsum(weights, axis=1), numbers)
    # Sums that were rounded may end before the number.
    last = tf.reduce_max(tf.where(weights > 0, tf.range(_BLOCK), 0), axis=1)
    return block * _BLOCK + tf.minimum(place, last)


@tf.function(
    input_signature=[
        tf.TensorSpec([None, 2], tf.int64),
        tf.TensorSpec([None], tf.int32),
        tf.TensorSpec([], tf.int32),
    ],
    autograph=False,
)
def uniform(pairs, numbers, steps):
    """Uniform numbers `(rows, steps)`; more steps do not change the others.

    Args:
        pairs: int64 `(rows, 2)`, seeds; at least one row.
        numbers: int32 `(rows,)`, which of the draws of its seed a row has.
        steps: int32 scalar.
    """
    return map_rows(
        lambda pair: tf.random.stateless_uniform(
            [steps], tf.random.fold_in(*pair)
        ),
        (pairs, numbers),
        tf.TensorSpec([None], tf.float32),
    )


def _first_beyond(sums, numbers):
    """The first place of each row whose sum exceeds a number."""
    place = tf.searchsorted(sums, numbers, side="right")[:, 0]
    return tf.minimum(place, tf.shape(sums)[1] - 1)
