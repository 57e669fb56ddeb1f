"""The log-likelihood of a sequence of tags, a step at a time."""

import tensorflow as tf

from rnnzoo.layers.recurrence import over_time
from rnnzoo.layers.tag_chain import make_chain, with_a_step


def crf_step_log_likelihoods(
    potentials, tags, mask=None, transitions=None, start=None, end=None
):
    """Log-probability of each tag of a sequence, given the tags before it.

    By the chain rule their sum is the log-likelihood of the sequence:

        log p(y) = sum_t log p(y_t | y_1 ... y_t-1)

    So a weight for each step has a meaning: the step's share of the loss. If
    all are 1, the loss is the sequence's. The tags before are the given ones,
    whatever their weights.

    Args:
        potentials, tags, mask, transitions, start, end: As in
            `rnnzoo.layers.crf.crf_log_likelihood`.

    Returns:
        float32 `(batch, time)`, at most 0; 0 at masked steps.

    Examples:
        Without scores of transitions, the steps are independent:

        >>> import numpy as np
        >>> from rnnzoo.layers.crf_steps import crf_step_log_likelihoods
        >>> potentials = np.log([[[0.5, 0.5], [0.75, 0.25]]])
        >>> found = crf_step_log_likelihoods(potentials, np.array([[0, 1]]))
        >>> np.exp(found).round(6).tolist()
        [[0.5, 0.25]]
    """
    if mask is None:
        mask = tf.ones(tf.shape(potentials)[:2], tf.bool)
    # Steps stay where they are: the loop leaves out those that are masked.
    chain = make_chain(potentials, None, transitions, start, end)
    mask = with_a_step(tf.cast(mask, tf.bool))
    tags = tf.where(mask, with_a_step(tf.cast(tags, tf.int32)), 0)
    # The start is one more tag, before the first one.
    scores = tf.concat([chain.transitions, chain.start[None]], axis=0)
    before = _before(tags, mask, nothing=chain.potentials.shape[2])
    found = tf.gather_nd(scores, tf.stack([before, tags], axis=2))
    found += _rest(chain, scores, tags, before, mask)
    found = tf.where(mask, tf.minimum(found, 0), 0)
    return tf.cast(found[:, : tf.shape(potentials)[1]], tf.float32)


def _before(tags, mask, nothing):
    """The tag of the last step before that is not masked, `(batch, time)`.

    Args:
        tags, mask: `(batch, time)`.
        nothing: What comes before the first tag.
    """
    steps = tf.range(tf.shape(mask)[1])
    order = tf.argsort(tf.where(mask, steps, steps + tf.size(steps)))
    packed = tf.gather(tags, order, batch_dims=1)
    rank = tf.cumsum(tf.cast(mask, tf.int32), axis=1, exclusive=True)
    before = tf.gather(packed, tf.maximum(rank - 1, 0), batch_dims=1)
    return tf.where(rank > 0, before, nothing)


def _rest(chain, scores, tags, before, mask):
    """What the log-likelihood of each step has beside its transition.

    The scores of all ways from its tag to the end, with its own potential, less
    those of all ways from the tag before: float64 `(batch, time)`.
    """
    steps = tf.shape(chain.potentials)[0]
    potentials = over_time(chain.potentials)
    tags, before, mask = map(tf.transpose, (tags, before, mask))

    def step(t, after, found):
        ways = potentials.read(t) + after  # (batch, tags)
        from_before = tf.reduce_logsumexp(scores + ways[:, None], axis=2)
        rest = tf.gather(ways, tags[t], batch_dims=1) - tf.gather(
            from_before, before[t], batch_dims=1
        )
        after = tf.where(mask[t][:, None], from_before[:, :-1], after)
        return t - 1, after, found.write(t, rest)

    end = tf.broadcast_to(chain.end, tf.shape(chain.potentials)[1:])
    end = tf.ensure_shape(end, chain.potentials.shape[1:])
    found = tf.TensorArray(
        end.dtype, steps, element_shape=chain.potentials.shape[1:2]
    )
    *_, found = tf.while_loop(
        lambda t, *_: t >= 0,
        step,
        (steps - 1, end, found),
        maximum_iterations=steps,
    )
    return tf.transpose(found.stack())
