"""Losses beside those of Keras."""

import tensorflow as tf


def reinforce(log_probs, rewards, mask):
    """What teaches hard attention where to look (Xu et al. 2015, 4.1).

        -sum_t (r_t - b) log a(s_t),    b = mean of r

    No gradient goes through the rewards. Summed over the steps, averaged over
    the batch.

    Args:
        log_probs: float32 `(batch, steps)`, of the places chosen.
        rewards: float32 `(batch, steps)`, such as the log probabilities of the
            target tokens.
        mask: float32 `(batch, steps)`, 1 at the steps that count.

    Returns:
        Scalar.
    """
    count = tf.maximum(tf.reduce_sum(mask), 1)
    baseline = tf.reduce_sum(rewards * mask) / count
    advantage = tf.stop_gradient(rewards - baseline) * mask
    return -tf.reduce_mean(tf.reduce_sum(advantage * log_probs, axis=1))


def coverage(weights, mask):
    """Punishes attending again to the same place (See et al. 2017, eq. 12).

        sum_t sum_i min(a_ti, sum_{k<t} a_ki)

    Summed over the steps, averaged over the batch.

    Args:
        weights: float32 `(batch, steps, places)`.
        mask: float32 `(batch, steps)`, 1 at the steps that count.

    Returns:
        Scalar.
    """
    before = tf.cumsum(weights, axis=1, exclusive=True)
    again = tf.reduce_sum(tf.minimum(weights, before), axis=2)
    return tf.reduce_mean(tf.reduce_sum(again * mask, axis=1))


def doubly_stochastic(weights, mask):
    """Punishes places that were never or often attended to.

    Xu et al. 2015, equation 14, without its factor:

        sum_i (1 - sum_t a_ti)^2

    Summed over the places, averaged over the batch.

    Args:
        weights: float32 `(batch, steps, places)`.
        mask: float32 `(batch, steps)`, 1 at the steps that count.

    Returns:
        Scalar.
    """
    totals = tf.reduce_sum(weights * mask[..., None], axis=1)
    return tf.reduce_mean(tf.reduce_sum(tf.square(1 - totals), axis=1))


def smoothed_crossentropy(logits, targets, smoothing=0.0, count=None):
    """Cross-entropy with a share of the target spread over all tokens.

    Szegedy et al. 2016, section 7:

        (1 - s) (-log p_y) + s mean_k(-log p_k)

    Targets stay ids; no distribution is made of them.

    Args:
        logits: float32 `(..., tokens)`.
        targets: int32 `(...)`.
        smoothing: The share, from 0 to 1.
        count: Number of the tokens, the first ones, that the share is spread
            over; by default all.

    Returns:
        float32 `(...)`.
    """
    logits = tf.convert_to_tensor(logits)
    if not smoothing:
        return tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
    total = tf.reduce_logsumexp(logits, axis=-1)
    hit = tf.gather(logits, targets, batch_dims=logits.shape.rank - 1)
    mean = tf.reduce_mean(logits[..., :count], axis=-1)
    return total - (1 - smoothing) * hit - smoothing * mean
