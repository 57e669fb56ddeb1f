"""The best sequences of a chain, found from both ends of a row."""

import numpy as np
import tensorflow as tf

from rnnzoo.layers.tag_chain import NEVER, at_last, flip

_LOWEST = np.float64("-inf")


def best_sequences(chain, k):
    """Finds the k best sequences `(time, batch, k)`, and their scores.

    The best ways from the front and from the back of a row meet at its middle
    step and are traced back from there, so that loops are half as long.
    """
    lengths, time = chain.lengths, tf.shape(chain.potentials)[0]
    own = tf.pad(chain.potentials, [[0, 1], [0, 0], [0, 0]])  # There is a step.
    transitions = tf.stack([chain.transitions, tf.transpose(chain.transitions)])
    best = _best_scores(
        tf.stack([own, flip(own, lengths)], axis=1)[: time // 2 + 1],
        transitions,
        tf.stack([chain.start, chain.end]),
        k,
    )
    # The middle comes first, and padding last.
    middle = lengths // 2
    front, back = tf.unstack(best, axis=1)
    front, back = flip(front, middle + 1), flip(back, lengths - middle)
    scores, places = _join(front[0], back[0], at_last(own, middle + 1), k)
    places = _trace_back(tf.stack([front, back], axis=1), transitions, places)
    nothing = tf.one_hot(0, k, 0.0, _LOWEST, dtype=scores.dtype)
    scores = tf.where(lengths[:, None] > 0, scores, nothing)
    scores = tf.where(scores > NEVER / 2, scores, _LOWEST)
    # For each step its distance from the middle, its half, and its row.
    away = tf.range(time)[:, None] - middle
    where = [
        tf.minimum(tf.abs(away), time // 2),
        tf.cast(away > 0, tf.int32),
        tf.broadcast_to(tf.range(tf.size(middle)), tf.shape(away)),
    ]
    return tf.gather_nd(places, tf.stack(where, axis=2)) // k, scores


def _best_scores(own, transitions, first, k):
    """Scores of the k best ways to each tag of each step.

    Args:
        own: Scores of the steps, `(time, directions, batch, tags)`.
        transitions: Scores of each tag after each, `(directions, from, to)`.
        first: Scores of the first tags, `(directions, tags)`.

    Returns:
        `(time, directions, batch, tags * k)`.
    """
    batch, tags = tf.shape(own)[2], own.shape[3]
    own = tf.repeat(own, k, axis=3)
    steps, shape = tf.shape(own)[0], tf.shape(own)[1:]
    # (to, directions, batch, from * k), with a copy for each row. Only the
    # ways are broadcast then, along the first axis alone, which is much faster.
    into = tf.repeat(tf.transpose(transitions, [2, 0, 1]), k, axis=2)
    into = tf.repeat(into[:, :, None], batch, axis=2)
    # Only one way leads to each tag of the first step.
    only = tf.tile(tf.one_hot(0, k, 0.0, _LOWEST, dtype=own.dtype), [tags])
    best = own[0] + (tf.repeat(first, k, axis=1) + only)[:, None]

    def step(t, best, array):
        array = array.write(t - 1, best)
        best = tf.transpose(_largest(best + into, k), [1, 2, 0, 3])
        return t + 1, tf.reshape(best, shape) + tf.gather(own, t), array

    array = tf.TensorArray(own.dtype, steps, element_shape=own.shape[1:])
    _, best, array = tf.while_loop(
        lambda t, *_: t < steps,
        step,
        (1, tf.ensure_shape(best, own.shape[1:]), array),
        maximum_iterations=steps - 1,
    )
    return array.write(steps - 1, best).stack()


def _join(front, back, own, k):
    """Finds the k best pairs of a way to a tag and a way from it.

    Args:
        front, back: Scores of the ways, `(batch, tags * k)`. Both include the
            tag's own potential.
        own: The potentials, `(batch, tags)`.

    Returns:
        Tuple of the scores `(batch, k)` and the two places `(2, batch, k)`.
    """
    shape = [-1, own.shape[1], k]
    front, back = tf.reshape(front, shape), tf.reshape(back, shape)
    ways = (front - own[..., None])[..., None] + back[:, :, None]
    ways = tf.reshape(ways, [tf.shape(own)[0], own.shape[1] * k * k])
    scores, pair = tf.math.top_k(ways, k)  # (tag * k + one) * k + other
    one = pair // k
    return scores, tf.stack([one, one // k * k + pair % k])


def _trace_back(best, transitions, places):
    """Traces the places of sequences from the first step to all others.

    Repeats the choices of `_best_scores`, but only along the sequences, which
    costs less than remembering all choices.

    Args:
        best: The result of `_best_scores`, the last step first.
        transitions: As in `_best_scores`.
        places: Tag and rank of each sequence, `tag * k + rank`,
            `(directions, batch, k)`.

    Returns:
        `(time, directions, batch, k)`.
    """
    steps, k = tf.shape(best)[0], places.shape[2]
    best = best[..., None, :]  # (time, directions, batch, 1, from * k)
    into = tf.repeat(tf.transpose(transitions, [0, 2, 1]), k, axis=2)
    into = tf.repeat(into, k, axis=1)  # (directions, to * k, from * k)

    def step(t, places, array):
        array = array.write(t - 1, places)
        ways = tf.gather(best, t) + tf.gather(into, places, batch_dims=1)
        return t + 1, _place_of_rank(ways, places % k, k), array

    array = tf.TensorArray(tf.int32, steps, element_shape=places.shape)
    _, places, array = tf.while_loop(
        lambda t, *_: t < steps,
        step,
        (1, places, array),
        maximum_iterations=steps - 1,
    )
    return array.write(steps - 1, places).stack()


def _largest(ways, k):
    # Finding a maximum is much faster than sorting.
    if k == 1:
        return tf.reduce_max(ways, axis=-1, keepdims=True)
    return tf.math.top_k(ways, k).values


def _place_of_rank(ways, rank, k):
    """The place of the way of a rank; the best way has the rank 0."""
    if k == 1:
        return tf.argmax(ways, axis=-1, output_type=tf.int32)
    return tf.gather(tf.math.top_k(ways, k).indices, rank, batch_dims=3)
