"""The largest entries of long rows."""

import tensorflow as tf

_BLOCK = 64


def top_k(scores, k):
    """Computes `tf.math.top_k`, which is slow where rows are long.

    The best entries lie in the blocks of a row that have the best maxima.
    Since these blocks keep their order, even ties are broken as TensorFlow
    breaks them: for each entry that is left out, k others are larger, or as
    large and further to the left.

    Args:
        scores: `(..., n)`.
        k: At most n.

    Returns:
        Tuple of the k largest scores of each row, in descending order, and
        their places, both `(..., k)`.
    """
    size = tf.shape(scores)[-1]
    blocks = -(-size // _BLOCK)
    missing = [[0, 0]] * (scores.shape.rank - 1) + [[0, blocks * _BLOCK - size]]
    scores = tf.pad(scores, missing, constant_values=-float("inf"))
    before = tf.shape(scores)[:-1]
    scores = tf.reshape(scores, [-1, blocks, _BLOCK])
    most = tf.minimum(k, blocks)
    _, kept = tf.math.top_k(tf.reduce_max(scores, axis=2), most)
    kept = tf.sort(kept, axis=1)
    scores = tf.gather(scores, kept, batch_dims=1)
    scores, places = tf.math.top_k(tf.reshape(scores, [-1, most * _BLOCK]), k)
    tokens = tf.gather(kept, places // _BLOCK, batch_dims=1) * _BLOCK
    tokens += places % _BLOCK
    shape = tf.concat([before, [k]], axis=0)
    return tf.reshape(scores, shape), tf.reshape(tokens, shape)
