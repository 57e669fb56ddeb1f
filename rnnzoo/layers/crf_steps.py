"""The log-likelihood of a sequence of tags, a step at a time."""

import tensorflow as tf

from rnnzoo.layers.recurrence import over_time
from rnnzoo.layers.tag_chain import checked_tags, make_chain


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
    chain = make_chain(potentials, mask, transitions, start, end)
    tags, unknown = checked_tags(tags, potentials, chain)
    # The start is one more tag, before the first one.
    scores = tf.concat([chain.transitions, chain.start[None]], axis=0)
    first = tf.fill([tf.shape(tags)[0], 1], chain.potentials.shape[2])
    before = tf.concat([first, tags[:, :-1]], axis=1)
    found = tf.gather_nd(scores, tf.stack([before, tags], axis=2))
    found += _rest(chain, scores, tags, before)
    found = tf.where(chain.mask, tf.minimum(found, 0), 0) + unknown[:, None]
    found = chain.unpack(found)[:, : tf.shape(potentials)[1]]
    return tf.cast(found, tf.float32)


def _rest(chain, scores, tags, before):
    """Parts of the log-likelihood of each step beside its transition.

    The scores of all ways from its tag to the end, with its own potential, less
    those of all ways from the tag before: float64 `(batch, time)`.
    """
    steps = tf.shape(chain.potentials)[0]
    potentials = over_time(chain.potentials)
    tags, before, mask = map(tf.transpose, (tags, before, chain.mask))

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
