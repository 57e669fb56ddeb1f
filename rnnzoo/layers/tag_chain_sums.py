"""Sums over all sequences of a chain.

All sums come from one loop that runs over the steps from both ends at once. It
keeps weights, not their logarithms, and scales them to sum to one at every
step. So a step is a matrix product, where a log-sum-exp would broadcast. The
loop computes in float64, whose range of exp(+-700) has room for very improbable
tags and whose precision suffices for long sequences. The gradient of log Z is
the expected counts, so the way back needs no loop.

Where transitions forbid the tags that the potentials of a step prefer by far,
the remaining weights may still be too small to be exact. Only the rows where
this happens are summed in a slow way.
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from rnnzoo.layers.recurrence import over_time
from rnnzoo.layers.tag_chain import as_float, at_last, flip

_TINY = np.finfo("float64").tiny
_LEAST = 1e-50  # Least weight beside which lost weights do not matter.


class Sweeps(NamedTuple):
    """Sums over the ways to each step and from it, scaled.

    Attributes:
        arrive: `(time, batch, tags)`, sums over the steps before, with the
            step's own potential; they sum to one over the tags.
        leave: `(time, batch, tags)`, sums over the steps after, with the
            step's own potential.
        marginals: `(time, batch, tags)`, shares of all sequences that go
            through each tag.
        sums: `(time, batch, 1)`, divisors that make the marginals sum to one.
        transitions: `(tags, tags)`, exponentials divided by the largest one.
        log_z: `(batch,)`.
        is_sure: Boolean `(batch,)`, false where too much was lost.
    """

    arrive: tf.Tensor
    leave: tf.Tensor
    marginals: tf.Tensor
    sums: tf.Tensor
    transitions: tf.Tensor
    log_z: tf.Tensor
    is_sure: tf.Tensor


def sweep(chain):
    """Sums forward and backward, side by side in one loop.

    Backward is forward in the reversed row, so that padding always comes last
    and never affects a step before it.
    """
    own, own_scale = _exponentials(chain.potentials, axis=2)
    transitions, scale = _exponentials(chain.transitions)
    start, start_scale = _exponentials(chain.start)
    end, end_scale = _exponentials(chain.end)
    before, after = tf.unstack(
        _both_ways(
            tf.stack([own, flip(own, chain.lengths)], axis=1),
            tf.stack([transitions, tf.transpose(transitions)]),
            tf.stack([start, end]),
        ),
        axis=1,
    )
    after = flip(after, chain.lengths)
    arrive, sums = normalized(before * own)
    leave = own * after
    marginals, through = normalized(before * leave)
    # Multiply by all divisors again: one for each step, one for each
    # transition, and the weight of the end after the last step.
    log_scales = _log(sums[..., 0]) + own_scale[..., 0] + scale
    at_end = tf.reduce_sum(arrive * after, axis=-1)  # (time, batch)
    log_z = (
        tf.reduce_sum(log_scales * as_float(tf.transpose(chain.mask)), axis=0)
        + _log(at_last(at_end, chain.lengths))
        + (start_scale + end_scale - scale)
    )
    log_z = tf.where(chain.lengths > 0, log_z, tf.zeros_like(log_z))
    is_enough = (through[..., 0] > _LEAST) | ~tf.transpose(chain.mask)
    is_sure = tf.reduce_all(is_enough, axis=0)
    return Sweeps(
        arrive, leave, marginals, through, transitions, log_z, is_sure
    )


def _both_ways(own, transitions, first):
    """Sums over the ways to each step, without its own potential.

    Args:
        own: `(time, directions, batch, tags)`.
        transitions: `(directions, tags, tags)`.
        first: `(directions, tags)`, the ways to the first step.

    Returns:
        Tensor of the shape of `own`. The sums of each step have their own
        scale.
    """
    steps = tf.shape(own)[0]
    sums = tf.broadcast_to(first[:, None], tf.shape(own)[1:])
    sums = tf.ensure_shape(sums, own.shape[1:])

    def step(t, sums, array):
        array = array.write(t, sums)
        sums *= own[t]
        sums /= tf.reduce_sum(sums, axis=-1, keepdims=True) + _TINY
        return t + 1, tf.matmul(sums, transitions), array

    array = tf.TensorArray(own.dtype, steps, element_shape=own.shape[1:])
    *_, array = tf.while_loop(
        lambda t, *_: t < steps,
        step,
        (0, sums, array),
        maximum_iterations=steps,
    )
    return tf.ensure_shape(array.stack(), own.shape)


def _exponentials(scores, axis=None):
    """Exponentials of at most 1, and the subtracted maximum of the scores."""
    largest = tf.stop_gradient(
        tf.reduce_max(scores, axis=axis, keepdims=axis is not None)
    )
    return tf.exp(scores - largest), largest


def normalized(weights):
    """Weights that sum to one along the last axis, and their sums."""
    sums = tf.reduce_sum(weights, axis=-1, keepdims=True)
    return tf.math.divide_no_nan(weights, sums), sums


def _log(weights):
    return tf.math.log(tf.maximum(weights, _TINY))


def log_partition(chain):
    """log Z, `(batch,)`; its gradient is the expected counts."""

    @tf.custom_gradient
    def log_partition(potentials, transitions, start, end):
        given = chain._replace(
            potentials=potentials, transitions=transitions, start=start, end=end
        )
        sweeps = sweep(given)
        log_z = _where_sure(
            sweeps.is_sure,
            lambda: sweeps.log_z,
            lambda: _slow_log_partition(given),
        )

        def gradient(upstream):
            is_sure = sweeps.is_sure
            weights = tf.where(is_sure, upstream, 0)
            counts = _counts(given, sweeps, weights)

            def with_others():
                others = _slow_counts(given, upstream - weights)
                return tuple(map(tf.add, counts, others))

            return tf.cond(tf.reduce_all(is_sure), lambda: counts, with_others)

        return log_z, gradient

    return log_partition(*chain[:4])


def marginals(chain):
    """Probability of each tag, `(time, batch, tags)`."""
    sweeps = sweep(chain)
    one = tf.ones_like(sweeps.log_z)
    return _where_sure(
        sweeps.is_sure[:, None],
        lambda: sweeps.marginals,
        lambda: _slow_counts(chain, one)[0],
    )


def _where_sure(is_sure, fast, slow):
    """The fast result, and the slow result for the rows that need it."""
    return tf.cond(
        tf.reduce_all(is_sure), fast, lambda: tf.where(is_sure, fast(), slow())
    )


def _slow_counts(chain, weights):
    """Expected counts of potentials, transitions, starts and ends.

    Args:
        chain: `TagChain`.
        weights: `(batch,)`, weights of the rows.
    """
    scores = chain[:4]
    with tf.GradientTape() as tape:
        tape.watch(scores)
        log_z = _slow_log_partition(chain)
    return tape.gradient(log_z, scores, weights)


def _slow_log_partition(chain):
    """log Z from logarithms alone, which lose nothing."""
    potentials = over_time(chain.potentials)
    mask = tf.transpose(chain.mask)[..., None]

    def step(t, sums):
        ways = sums[:, :, None] + chain.transitions
        new = tf.reduce_logsumexp(ways, axis=1) + potentials.read(t)
        return t + 1, tf.where(mask[t], new, sums)

    steps = tf.shape(chain.potentials)[0]
    _, sums = tf.while_loop(
        lambda t, _: t < steps,
        step,
        (1, chain.potentials[0] + chain.start),
        maximum_iterations=steps - 1,
    )
    return tf.reduce_logsumexp(sums + chain.end, axis=1)


def _counts(chain, sweeps, weights):
    """The same counts as `_slow_counts`, from `Sweeps`."""
    weights = weights[:, None] * as_float(chain.mask)
    weights = tf.transpose(weights)[..., None]  # (time, batch, 1)
    marginals = sweeps.marginals * weights
    tags = chain.potentials.shape[-1]
    pairs = tf.matmul(
        tf.reshape(sweeps.arrive[:-1], [-1, tags]),
        tf.reshape(
            tf.math.divide_no_nan(sweeps.leave * weights, sweeps.sums)[1:],
            [-1, tags],
        ),
        transpose_a=True,
    )
    return (
        marginals,
        pairs * sweeps.transitions,
        tf.reduce_sum(marginals[0], axis=0),
        tf.reduce_sum(at_last(marginals, chain.lengths), axis=0),
    )
