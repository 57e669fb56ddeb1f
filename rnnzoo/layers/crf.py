"""Linear-chain conditional random fields (Lafferty et al. 2001), exactly.

A sequence of tags y_1 ... y_n has the score

    s(y) = start[y_1] + sum_t potentials[t, y_t]
         + sum_t transitions[y_t-1, y_t] + end[y_n]

and the probability exp(s(y)) / Z, where Z sums over all sequences. A score of
-1e9 or less, such as -inf, forbids a tag or a transition: no other score makes
up for it. A forbidden sequence has the probability 0. Its log-likelihood is
finite for the sake of training, -1e9 for each such score.
"""

import keras
import numpy as np
import tensorflow as tf

from rnnzoo.checks import check_positive
from rnnzoo.layers.crf_steps import crf_step_log_likelihoods
from rnnzoo.layers.tag_chain import (
    NEVER,
    as_float,
    checked_tags,
    make_chain,
    score,
)
from rnnzoo.layers.tag_chain_best import best_sequences
from rnnzoo.layers.tag_chain_sums import (
    log_partition,
    marginals,
    normalized,
    sweep,
)


def crf_log_likelihood(
    potentials, tags, mask=None, transitions=None, start=None, end=None
):
    """Log-probability of sequences of tags.

    Args:
        potentials: Scores of each tag at each step, `(batch, time, tags)`.
        tags: Integers `(batch, time)`, at least 0 and below the number of
            tags. The tags at masked steps do not matter.
        mask: Boolean `(batch, time)`, false at steps that the sequence leaves
            out: padding, or others such as parts of words. The tag before such
            a step is followed by the tag after it. `None` leaves out none.
        transitions: Score of each pair of tags in a row, `(tags from, tags
            to)`. `None` means zeros, here and for the next two.
        start: Score of each tag at the first step, `(tags,)`.
        end: Score of each tag at the last step, `(tags,)`.

    Returns:
        float32 `(batch,)`, at most 0; 0 for a row without steps.

    Raises:
        ValueError: If shapes or types do not fit.
        tf.errors.InvalidArgumentError: If a tag is out of range. XLA has no
            such errors: the row is NaN there.

    Examples:
        Without scores of transitions, the steps are independent:

        >>> import numpy as np
        >>> from rnnzoo.layers.crf import crf_log_likelihood
        >>> potentials = np.log([[[0.5, 0.5], [0.75, 0.25]]])
        >>> found = crf_log_likelihood(potentials, np.array([[0, 1]]))
        >>> round(float(np.exp(found[0])), 6)
        0.125
    """
    chain = make_chain(potentials, mask, transitions, start, end)
    tags, unknown = checked_tags(tags, potentials, chain)
    log_likelihood = tf.minimum(score(chain, tags) - log_partition(chain), 0)
    return tf.cast(log_likelihood + unknown, tf.float32)


def crf_viterbi(
    potentials, mask=None, transitions=None, start=None, end=None, k=None
):
    """Finds the most probable sequences of tags.

    Args:
        potentials, mask, transitions, start, end: As in `crf_log_likelihood`.
        k: Number of sequences; `None` for the best one, without an axis `k`.

    Returns:
        Tuple of the tags, int32 `(batch, time)` or `(batch, k, time)`, 0 at
        masked steps, and their scores s(y), float32 `(batch,)` or `(batch, k)`.
        If fewer than k sequences are allowed, the scores of the rest are -inf.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo.layers.crf import crf_viterbi
        >>> potentials = np.array([[[1.0, 0.0], [0.4, 0.5]]])
        >>> same = np.eye(2)  # rewards two equal tags in a row
        >>> tags, scores = crf_viterbi(potentials, transitions=same, k=2)
        >>> tags.numpy().tolist()
        [[[0, 0], [0, 1]]]
        >>> [round(float(score), 2) for score in scores[0]]
        [2.4, 1.5]
    """
    check_positive("k", k, optional=True)
    chain = make_chain(potentials, mask, transitions, start, end)
    tags, scores = best_sequences(chain, k or 1)
    tags = tf.transpose(tags, [1, 0, 2])  # (batch, time, k)
    tags = chain.unpack(tf.where(chain.mask[..., None], tags, 0))
    tags = tf.transpose(tags[:, : tf.shape(potentials)[1]], [0, 2, 1])
    scores = tf.cast(scores, tf.float32)
    return (tags, scores) if k is not None else (tags[:, 0], scores[:, 0])


def crf_marginals(
    potentials, mask=None, transitions=None, start=None, end=None
):
    """Probability of each tag at each step, over all sequences.

    Args:
        potentials, mask, transitions, start, end: As in `crf_log_likelihood`.

    Returns:
        float32 `(batch, time, tags)`, 0 at masked steps.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo.layers.crf import crf_marginals
        >>> potentials = np.log([[[0.5, 0.5], [0.75, 0.25]]])
        >>> crf_marginals(potentials).numpy().round(2).tolist()
        [[[0.5, 0.5], [0.75, 0.25]]]
    """
    chain = make_chain(potentials, mask, transitions, start, end)
    shares = tf.transpose(marginals(chain), [1, 0, 2])
    shares = chain.unpack(shares * as_float(chain.mask)[..., None])
    return tf.cast(shares[:, : tf.shape(potentials)[1]], tf.float32)


def crf_span_marginals(
    potentials,
    tags,
    continues,
    mask=None,
    transitions=None,
    start=None,
    end=None,
):
    """Probability of the span that each step belongs to, over all sequences.

    A span begins at a step that does not continue the step before, and ends
    before the next such step. Its probability is the probability that all its
    tags occur and that neither the step before nor the step after belongs to
    the span. Given the potentials the tags are a Markov chain, so this is a
    product along the span:

        p(y_a ... y_b) = p(y_a) p(y_a+1 | y_a) ... p(y_b | y_b-1)

    Args:
        potentials, tags, mask, transitions, start, end: As in
            `crf_log_likelihood`.
        continues: Boolean `(tags from, tags to)`: whether the second tag
            continues the span of the first.

    Returns:
        float32 `(batch, time)`, the same at all steps of a span, 0 at masked
        steps.

    Examples:
        Tag 1 is inside a span and continues it. The span of both steps is as
        probable as its two tags:

        >>> import numpy as np
        >>> from rnnzoo.layers.crf import crf_span_marginals
        >>> potentials = np.log([[[0.5, 0.5], [0.75, 0.25]]])
        >>> continues = np.array([[False, False], [False, True]])
        >>> found = crf_span_marginals(
        ...     potentials, np.array([[1, 1]]), continues
        ... )
        >>> found.numpy().round(3).tolist()
        [[0.125, 0.125]]
    """
    chain = make_chain(potentials, mask, transitions, start, end)
    tags, unknown = checked_tags(tags, potentials, chain)
    tags = tf.transpose(tags)  # (time, batch)
    sweeps = sweep(chain)
    marginal = tf.gather(sweeps.marginals, tags, batch_dims=2)
    before, after = tags[:-1], tags[1:]
    # One of two tags in a row, given the other: p(y_t | y_t-1 = before) and
    # p(y_t-1 | y_t = after), (time - 1, batch, tags).
    ahead, _ = normalized(
        tf.gather(sweeps.transitions, before) * sweeps.leave[1:]
    )
    behind, _ = normalized(
        tf.gather(tf.transpose(sweeps.transitions), after) * sweeps.arrive[:-1]
    )
    continues = tf.convert_to_tensor(continues)
    goes_on = tf.gather(tf.gather(continues, before), after, batch_dims=2)
    goes_on &= tf.transpose(chain.mask)[1:]
    conditional = tf.gather(ahead, after, batch_dims=2)
    begins = _mass_outside(behind, tf.gather(tf.transpose(continues), after))
    stops = _mass_outside(ahead, tf.gather(continues, before))
    stops = tf.where(tf.transpose(chain.mask)[1:], stops, 1)
    # Each step has a factor for its tag; the first and the last step of a
    # span also have a factor for that end.
    one = tf.ones_like(marginal[:1])
    factors = tf.concat([one, tf.where(goes_on, conditional, begins)], axis=0)
    factors *= tf.concat([tf.where(goes_on, one, stops), one], axis=0)
    is_first = tf.concat([one > 0, ~goes_on], axis=0)
    factors *= tf.where(is_first, marginal, 1)
    spans = _product_over_spans(tf.transpose(factors), tf.transpose(is_first))
    spans = spans * as_float(chain.mask) + unknown[:, None]
    spans = chain.unpack(spans)[:, : tf.shape(potentials)[1]]
    return tf.cast(spans, tf.float32)


def _mass_outside(probabilities, inside):
    return 1 - tf.reduce_sum(probabilities * as_float(inside), axis=-1)


def _product_over_spans(factors, begins):
    """The product of the factors of each step's span."""
    shape = tf.shape(factors)
    factors, begins = tf.reshape(factors, [-1]), tf.reshape(begins, [-1])
    span = tf.cumsum(tf.cast(begins, tf.int32)) - 1
    products = tf.math.unsorted_segment_prod(factors, span, tf.size(span))
    return tf.reshape(tf.gather(products, span), shape)


@keras.saving.register_keras_serializable(package="rnnzoo")
class CRF(keras.layers.Layer):
    """A linear-chain conditional random field over sequences of tags.

    The layer holds the scores of transitions, starts and ends, all zero at
    first, and passes them to the functions of `rnnzoo.layers.crf`. A call
    returns the most probable tags; training maximizes `log_likelihood`. The
    layer computes in float32 or better under any policy.

    Args:
        tags: Number of tags.
        constraints: Optional `(start, between, end)`, booleans that say which
            tags may come first, `(tags,)`, follow each other, `(tags, tags)`,
            and come last, `(tags,)`. Sequences that they forbid have the
            probability 0.
        transitions: Whether there are scores of transitions, starts and ends.
            Without them and without constraints the tags are independent, with
            a softmax at each step.

    Call arguments:
        potentials: Scores of each tag at each step, `(batch, time, tags)`.
        mask: Boolean `(batch, time)`, false at steps to leave out.

    Returns:
        int32 `(batch, time)`, 0 at masked steps.

    Raises:
        ValueError: If shapes or types do not fit.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import layers
        >>> crf = layers.CRF(2)
        >>> potentials = np.array([[[1.0, 0.0], [0.0, 2.0]]])
        >>> crf(potentials).numpy().tolist()
        [[0, 1]]
        >>> tags = np.array([[0, 1]])
        >>> round(float(crf.log_likelihood(potentials, tags)[0]), 4)
        -0.4402
    """

    def __init__(
        self,
        tags,
        *,
        constraints=None,
        transitions=True,
        dtype="float32",
        **kwargs,
    ):
        super().__init__(dtype=dtype, **kwargs)
        check_positive("tags", tags)
        self.tags = tags
        self.transitions = transitions
        self.constraints = None
        if constraints is not None:
            self.constraints = tuple(
                np.array(each, bool).tolist() for each in constraints
            )
            self._check_constraints()
        self.supports_masking = True
        self._learned = []
        # Not in `build`: a model that only calls the methods below would be
        # loaded without these weights.
        if transitions:
            shapes = (tags,), (tags, tags), (tags,)
            names = "start", "transitions", "end"
            self._learned = [
                self.add_weight(shape=shape, initializer="zeros", name=name)
                for name, shape in zip(names, shapes, strict=True)
            ]

    def _check_constraints(self):
        shapes = [np.shape(each) for each in self.constraints]
        expected = [(self.tags,), (self.tags, self.tags), (self.tags,)]
        if shapes != expected:
            raise ValueError(
                "Invalid value for argument `constraints`. Expected booleans "
                f"of shapes {expected}. Received: shapes {shapes}"
            )

    def call(self, potentials, mask=None):
        return self.viterbi(potentials, mask)[0]

    def log_likelihood(self, potentials, tags, mask=None):
        """See `crf_log_likelihood`."""
        return crf_log_likelihood(
            potentials, tags, mask, **self._scores(potentials)
        )

    def step_log_likelihoods(self, potentials, tags, mask=None):
        """See `rnnzoo.layers.crf_steps.crf_step_log_likelihoods`."""
        return crf_step_log_likelihoods(
            potentials, tags, mask, **self._scores(potentials)
        )

    def viterbi(self, potentials, mask=None, k=None):
        """See `crf_viterbi`."""
        return crf_viterbi(potentials, mask, **self._scores(potentials), k=k)

    def marginals(self, potentials, mask=None):
        """See `crf_marginals`."""
        return crf_marginals(potentials, mask, **self._scores(potentials))

    def span_marginals(self, potentials, tags, continues, mask=None):
        """See `crf_span_marginals`."""
        return crf_span_marginals(
            potentials, tags, continues, mask, **self._scores(potentials)
        )

    def _scores(self, potentials):
        shape = tf.convert_to_tensor(potentials).shape
        if not shape.is_compatible_with((None, None, self.tags)):
            raise ValueError(
                "Invalid value for argument `potentials`. Expected shape "
                f"(batch, time, {self.tags}). Received: shape {shape}"
            )
        scores = [None] * 3
        if self.transitions:
            scores = [tf.convert_to_tensor(each) for each in self._learned]
        if self.constraints is not None:
            scores = [
                tf.where(allowed, 0.0 if score is None else score, NEVER)
                for allowed, score in zip(self.constraints, scores, strict=True)
            ]
        start, transitions, end = scores
        return {"transitions": transitions, "start": start, "end": end}

    def compute_output_shape(self, input_shape):
        return input_shape[:-1]

    def compute_output_spec(self, potentials, mask=None):
        return keras.KerasTensor(potentials.shape[:-1], "int32")

    def get_config(self):
        return {
            **super().get_config(),
            "tags": self.tags,
            "constraints": self.constraints,
            "transitions": self.transitions,
        }
