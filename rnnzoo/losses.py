"""Losses that Keras does not have.

Means over a batch are, in the step of a replica, its part of the mean over the
batches of all replicas; see `rnnzoo.replicas.mean`.
"""

import tensorflow as tf

from rnnzoo import replicas


def reinforce(log_probs, rewards, mask):
    """Teaches hard attention where to look (Xu et al. 2015, section 4.1).

        -sum_t (r_t - b) log a(s_t),    b = mean of r

    No gradient passes through the rewards. The loss is summed over the steps
    and averaged over the batch.

    Args:
        log_probs: float32 `(batch, steps)`, log probabilities of the places
            that were chosen.
        rewards: float32 `(batch, steps)`, such as the log probabilities of the
            target tokens.
        mask: float32 `(batch, steps)`, 1 at the steps that count.

    Returns:
        Scalar.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import losses
        >>> log_probs = np.log([[0.5, 0.25]]).astype("float32")
        >>> rewards = np.array([[1.0, 0.0]], "float32")
        >>> loss = losses.reinforce(log_probs, rewards, np.ones_like(rewards))
        >>> round(float(loss), 3)
        -0.347
    """
    part = replicas.mean(rewards * mask, tf.reduce_sum(mask))
    baseline = replicas.total(part)
    advantage = tf.stop_gradient(rewards - baseline) * mask
    return -_mean(tf.reduce_sum(advantage * log_probs, axis=1))


def coverage(weights, mask):
    """Penalizes attending to the same place again (See et al. 2017, eq. 12).

        sum_t sum_i min(a_ti, sum_{k<t} a_ki)

    The loss is summed over the steps and averaged over the batch.

    Args:
        weights: float32 `(batch, steps, places)`, weights of attention.
        mask: float32 `(batch, steps)`, 1 at the steps that count.

    Returns:
        Scalar.

    Examples:
        >>> from rnnzoo import losses
        >>> float(losses.coverage([[[1.0, 0.0], [0.0, 1.0]]], [[1.0, 1.0]]))
        0.0
        >>> float(losses.coverage([[[1.0, 0.0], [1.0, 0.0]]], [[1.0, 1.0]]))
        1.0
    """
    before = tf.cumsum(weights, axis=1, exclusive=True)
    again = tf.reduce_sum(tf.minimum(weights, before), axis=2)
    return _mean(tf.reduce_sum(again * mask, axis=1))


def doubly_stochastic(weights, mask):
    """Penalizes places that were attended to too little or too much.

    Xu et al. 2015, equation 14, without its factor:

        sum_i (1 - sum_t a_ti)^2

    The loss is summed over the places and averaged over the batch.

    Args:
        weights: float32 `(batch, steps, places)`, weights of attention.
        mask: float32 `(batch, steps)`, 1 at the steps that count.

    Returns:
        Scalar.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import losses
        >>> mask = np.ones((1, 2), "float32")
        >>> each_once = np.array([[[1.0, 0.0], [0.0, 1.0]]], "float32")
        >>> float(losses.doubly_stochastic(each_once, mask))
        0.0
        >>> one_twice = np.array([[[1.0, 0.0], [1.0, 0.0]]], "float32")
        >>> float(losses.doubly_stochastic(one_twice, mask))
        2.0
    """
    totals = tf.reduce_sum(weights * mask[..., None], axis=1)
    return _mean(tf.reduce_sum(tf.square(1 - totals), axis=1))


def smoothed_crossentropy(logits, targets, smoothing=0.0, count=None):
    """Cross-entropy with a share of the target spread over all tokens.

    Szegedy et al. 2016, section 7:

        (1 - s) (-log p_y) + s mean_k(-log p_k)

    The targets stay ids and are never turned into distributions.

    Args:
        logits: float32 `(..., tokens)`.
        targets: int32 `(...)`.
        smoothing: The share `s`, from 0 to 1.
        count: The share is spread over the first `count` tokens; by default
            over all.

    Returns:
        float32 `(...)`.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import losses
        >>> logits = np.log([[0.5, 0.25, 0.25]]).astype("float32")
        >>> plain = losses.smoothed_crossentropy(logits, [0])
        >>> smooth = losses.smoothed_crossentropy(logits, [0], 0.3)
        >>> round(float(plain[0]), 3), round(float(smooth[0]), 3)
        (0.693, 0.832)
    """
    logits = tf.convert_to_tensor(logits)
    if not smoothing:
        return tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
    total = tf.reduce_logsumexp(logits, axis=-1)
    hit = tf.gather(logits, targets, batch_dims=logits.shape.rank - 1)
    mean = tf.reduce_mean(logits[..., :count], axis=-1)
    return total - (1 - smoothing) * hit - smoothing * mean


def _mean(values):
    return replicas.mean(values, tf.size(values))
