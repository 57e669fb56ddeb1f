"""Linear-chain conditional random fields (Lafferty et al. 2001), exactly.

A sequence of tags y_1 ... y_n has the score

    s(y) = start[y_1] + sum_t potentials[t, y_t]
         + sum_t transitions[y_t-1, y_t] + end[y_n]

and the probability exp(s(y)) / Z, where Z sums over all sequences.

All sums over sequences come from one loop that goes over the steps from both
ends at once and keeps weights, not their logarithms, scaled to sum to one at
every step: a matrix product a step, where a log-sum-exp would broadcast. It
computes in float64, whose range of exp(+-700) leaves room for what is all but
impossible, and whose precision bears long sequences. The gradient of log Z is
the expected counts, so the way back needs no loop. The best sequences are
sought from both ends too, and meet in the middle.
"""

from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

FORBIDDEN = -1e4  # A score whose exponential is 0, while sums stay finite.
_TINY = np.finfo("float64").tiny
_NEVER = np.float64("-inf")


def crf_log_likelihood(
    potentials, tags, mask=None, transitions=None, start=None, end=None
):
    """Log-probability of sequences of tags.

    Args:
        potentials: Scores of each tag at each step, `(batch, time, tags)`.
        tags: Integers `(batch, time)`; those of masked steps do not matter.
        mask: Boolean `(batch, time)`, false for the padding at the end of a
            row. `None` if there is none.
        transitions: Score of each tag after each, `(tags from, tags to)`;
            zeros if `None`, as the two below.
        start: Score of each tag at the first step, `(tags,)`.
        end: Score of each tag at the last step, `(tags,)`.

    Returns:
        float32 `(batch,)`, at most 0; 0 for a row without steps.
    """
    chain = _chain(potentials, mask, transitions, start, end)
    log_z = _log_partition(chain)
    return tf.cast(tf.minimum(_score(chain, tags) - log_z, 0), tf.float32)


def crf_viterbi(
    potentials, mask=None, transitions=None, start=None, end=None, k=None
):
    """The most probable sequences of tags.

    Args:
        potentials, mask, transitions, start, end: As in `crf_log_likelihood`.
        k: How many sequences; `None` for the best one, without an axis for it.

    Returns:
        Tuple of the tags, int32 `(batch, time)` or `(batch, k, time)`, 0 at
        masked steps, and their scores s(y), float32 `(batch,)` or `(batch, k)`.
        If there are fewer than k sequences, the scores of the rest are -inf.
    """
    chain = _chain(potentials, mask, transitions, start, end)
    tags, scores = _best_sequences(chain, k or 1)
    tags = tf.transpose(tags, [1, 2, 0])  # (batch, k, time)
    tags = tf.where(chain.mask[:, None], tags, 0)
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
    """
    chain = _chain(potentials, mask, transitions, start, end)
    marginals, _ = _normalized(_sweeps(chain).products)
    marginals = tf.transpose(marginals, [1, 0, 2])
    return tf.cast(marginals * _as_float(chain.mask)[..., None], tf.float32)


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

    A span goes from a step that does not continue the one before to the last
    that does. Its probability is that of all its tags together, without one
    more before or after. As the tags are a Markov chain given the potentials,
    it is a product along the span:

        p(y_a ... y_b) = p(y_a) p(y_a+1 | y_a) ... p(y_b | y_b-1)

    Args:
        potentials, mask, transitions, start, end: As in `crf_log_likelihood`.
        tags: Integers `(batch, time)`.
        continues: Boolean `(tags from, tags to)`: whether the second tag
            continues the span of the first.

    Returns:
        float32 `(batch, time)`, the same at all steps of a span, 0 at masked
        steps.
    """
    chain = _chain(potentials, mask, transitions, start, end)
    sweeps = _sweeps(chain)
    tags = tf.transpose(tf.cast(tags, tf.int32))  # (time, batch)
    marginals, _ = _normalized(sweeps.products)
    marginal = tf.gather(marginals, tags, batch_dims=2)
    before, after = tags[:-1], tags[1:]
    # Of two tags in a row, one given the other: p(y_t | y_t-1 = before) and
    # p(y_t-1 | y_t = after), (time - 1, batch, tags).
    ahead, _ = _normalized(
        tf.gather(sweeps.transitions, before) * sweeps.leave[1:]
    )
    behind, _ = _normalized(
        tf.gather(tf.transpose(sweeps.transitions), after) * sweeps.arrive[:-1]
    )
    continues = tf.convert_to_tensor(continues)
    goes_on = tf.gather(tf.gather(continues, before), after, batch_dims=2)
    goes_on &= tf.transpose(chain.mask)[1:]
    conditional = tf.gather(ahead, after, batch_dims=2)
    begins = _mass_outside(behind, tf.gather(tf.transpose(continues), after))
    stops = _mass_outside(ahead, tf.gather(continues, before))
    stops = tf.where(tf.transpose(chain.mask)[1:], stops, 1)
    # Each step's factor is for its tag, and its first and last for the ends.
    one = tf.ones_like(marginal[:1])
    factors = tf.concat([one, tf.where(goes_on, conditional, begins)], axis=0)
    factors *= tf.concat([tf.where(goes_on, one, stops), one], axis=0)
    is_first = tf.concat([one > 0, ~goes_on], axis=0)
    factors *= tf.where(is_first, marginal, 1)
    spans = _product_over_spans(tf.transpose(factors), tf.transpose(is_first))
    return tf.cast(spans * _as_float(chain.mask), tf.float32)


def _mass_outside(probabilities, inside):
    return 1 - tf.reduce_sum(probabilities * _as_float(inside), axis=-1)


def _product_over_spans(factors, begins):
    """For each step the product of the factors of its span."""
    shape = tf.shape(factors)
    factors, begins = tf.reshape(factors, [-1]), tf.reshape(begins, [-1])
    span = tf.cumsum(tf.cast(begins, tf.int32)) - 1
    products = tf.math.unsorted_segment_prod(factors, span, tf.size(span))
    return tf.reshape(tf.gather(products, span), shape)


class _Chain(NamedTuple):
    """What the functions take: float64, time-major."""

    potentials: tf.Tensor  # (time, batch, tags)
    transitions: tf.Tensor  # (tags, tags)
    start: tf.Tensor  # (tags,)
    end: tf.Tensor  # (tags,)
    mask: tf.Tensor  # (batch, time)
    lengths: tf.Tensor  # (batch,)


def _chain(potentials, mask, transitions, start, end):
    potentials = tf.convert_to_tensor(potentials)
    if potentials.shape.rank != 3 or potentials.shape[-1] is None:
        raise ValueError(
            "Invalid value for argument `potentials`. Expected scores of "
            "shape (batch, time, tags), with a known number of tags. "
            f"Received: shape {potentials.shape}"
        )
    tags = potentials.shape[-1]
    if mask is None:
        mask = tf.ones(tf.shape(potentials)[:2], tf.bool)
    mask = tf.cast(mask, tf.bool)
    scores = [
        _scores(name, value, shape)
        for name, value, shape in (
            ("transitions", transitions, (tags, tags)),
            ("start", start, (tags,)),
            ("end", end, (tags,)),
        )
    ]
    return _Chain(
        tf.transpose(_as_float(potentials), [1, 0, 2]),
        *scores,
        mask,
        tf.reduce_sum(tf.cast(mask, tf.int32), axis=1),
    )


def _scores(name, value, shape):
    if value is None:
        return tf.zeros(shape, tf.float64)
    value = tf.convert_to_tensor(value)
    if not value.shape.is_compatible_with(shape):
        raise ValueError(
            f"Invalid value for argument `{name}`. Expected scores of shape "
            f"{shape}. Received: shape {value.shape}"
        )
    return _as_float(value)


def _as_float(tensor):
    return tf.cast(tensor, tf.float64)


def _score(chain, tags):
    """s(y), `(batch,)`."""
    shape = tf.shape(chain.potentials)
    chosen = tf.one_hot(tf.transpose(tags), shape[2], dtype=tf.float64)
    chosen *= _as_float(tf.transpose(chain.mask))[..., None]
    before = tf.tensordot(chosen[:-1], chain.transitions, 1)
    start = tf.broadcast_to(chain.start, [1, shape[1], shape[2]])
    scores = chain.potentials + tf.concat([start, before], axis=0)
    last = _at_last(chosen, chain.lengths)
    return tf.reduce_sum(scores * chosen, axis=[0, 2]) + tf.linalg.matvec(
        last, chain.end
    )


def _at_last(steps, lengths):
    """Of `(time, batch, ...)` the last step of each row, `(batch, ...)`."""
    last = tf.maximum(lengths - 1, 0)
    return tf.gather_nd(
        steps, tf.stack([last, tf.range(tf.size(last))], axis=1)
    )


def _flip(steps, lengths):
    """Rows reversed, the padding left at their end."""
    return tf.reverse_sequence(steps, lengths, seq_axis=0, batch_axis=1)


class _Sweeps(NamedTuple):
    """Sums over the ways to a step and from it, each scaled as it came.

    Attributes:
        arrive: Sums over the steps before and the step's own potential,
            scaled to sum to one, `(time, batch, tags)`.
        leave: The step's own potential and sums over the steps after.
        products: Sums over all sequences through each tag.
        transitions: The exponentials, divided by the largest.
        log_z: `(batch,)`.
    """

    arrive: tf.Tensor
    leave: tf.Tensor
    products: tf.Tensor
    transitions: tf.Tensor
    log_z: tf.Tensor


def _sweeps(chain):
    """Forward and backward, side by side in one loop.

    Backward is forward in the reversed row; so padding always comes last, and
    never reaches a step that counts.
    """
    own, own_scale = _exponentials(chain.potentials, axis=2)
    transitions, scale = _exponentials(chain.transitions)
    start, start_scale = _exponentials(chain.start)
    end, end_scale = _exponentials(chain.end)
    before, after = tf.unstack(
        _sweep(
            tf.stack([own, _flip(own, chain.lengths)], axis=1),
            tf.stack([transitions, tf.transpose(transitions)]),
            tf.stack([start, end]),
        ),
        axis=1,
    )
    after = _flip(after, chain.lengths)
    arrive, sums = _normalized(before * own)
    leave = own * after
    products = before * leave
    # All scales that were divided by, back: one a step, one a transition, and
    # what the last step makes of the end.
    log_scales = _log(sums[..., 0]) + own_scale[..., 0] + scale
    at_end = tf.reduce_sum(arrive * after, axis=-1)  # (time, batch)
    log_z = (
        tf.reduce_sum(log_scales * _as_float(tf.transpose(chain.mask)), axis=0)
        + _log(_at_last(at_end, chain.lengths))
        + (start_scale + end_scale - scale)
    )
    log_z = tf.where(chain.lengths > 0, log_z, tf.zeros_like(log_z))
    return _Sweeps(arrive, leave, products, transitions, log_z)


def _sweep(own, transitions, first):
    """Sums over the ways to each step, without its own potential.

    Args:
        own: `(time, directions, batch, tags)`.
        transitions: `(directions, tags, tags)`.
        first: `(directions, tags)`, the ways to the first step.

    Returns:
        As `own`, each step's sums scaled by a number of its own.
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
    """Exponentials, at most 1, and what was subtracted for that."""
    largest = tf.stop_gradient(
        tf.reduce_max(scores, axis=axis, keepdims=axis is not None)
    )
    return tf.exp(scores - largest), largest


def _normalized(weights):
    """Weights that sum to one along the last axis, and their sums."""
    sums = tf.reduce_sum(weights, axis=-1, keepdims=True)
    return tf.math.divide_no_nan(weights, sums), sums


def _log(weights):
    return tf.math.log(tf.maximum(weights, _TINY))


def _log_partition(chain):
    """log Z, `(batch,)`; its gradient is the expected counts."""

    @tf.custom_gradient
    def log_partition(potentials, transitions, start, end):
        given = chain._replace(
            potentials=potentials, transitions=transitions, start=start, end=end
        )
        sweeps = _sweeps(given)
        return sweeps.log_z, lambda upstream: _counts(given, sweeps, upstream)

    return log_partition(*chain[:4])


def _counts(chain, sweeps, weights):
    """Expected counts of tags and transitions, rows weighted."""
    weights = weights[:, None] * _as_float(chain.mask)
    weights = tf.transpose(weights)[..., None]  # (time, batch, 1)
    marginals, sums = _normalized(sweeps.products)
    marginals *= weights
    tags = chain.potentials.shape[-1]
    pairs = tf.matmul(
        tf.reshape(sweeps.arrive[:-1], [-1, tags]),
        tf.reshape(
            tf.math.divide_no_nan(sweeps.leave * weights, sums)[1:], [-1, tags]
        ),
        transpose_a=True,
    )
    return (
        marginals,
        pairs * sweeps.transitions,
        tf.reduce_sum(marginals[0], axis=0),
        tf.reduce_sum(_at_last(marginals, chain.lengths), axis=0),
    )


def _best_sequences(chain, k):
    """The k best sequences `(time, batch, k)`, and their scores.

    The best ways from the front and from the back of a row meet in its middle
    step, and lead back from there: for loops half as long.
    """
    lengths, time = chain.lengths, tf.shape(chain.potentials)[0]
    own = tf.pad(chain.potentials, [[0, 1], [0, 0], [0, 0]])  # Never no step.
    transitions = tf.stack([chain.transitions, tf.transpose(chain.transitions)])
    best = _best_scores(
        tf.stack([own, _flip(own, lengths)], axis=1)[: time // 2 + 1],
        transitions,
        tf.stack([chain.start, chain.end]),
        k,
    )
    # The middle comes first, and padding last.
    middle = lengths // 2
    front, back = tf.unstack(best, axis=1)
    front, back = _flip(front, middle + 1), _flip(back, lengths - middle)
    scores, places = _join(front[0], back[0], _at_last(own, middle + 1), k)
    places = _trace_back(tf.stack([front, back], axis=1), transitions, places)
    nothing = tf.one_hot(0, k, 0.0, _NEVER, dtype=scores.dtype)
    scores = tf.where(lengths[:, None] > 0, scores, nothing)
    # Of each step, how far from the middle, in which half, and in which row.
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
        own, transitions, first: As in `_sweep`, but scores.

    Returns:
        `(time, directions, batch, tags * k)`.
    """
    batch, tags = tf.shape(own)[2], own.shape[3]
    own = tf.repeat(own, k, axis=3)
    steps, shape = tf.shape(own)[0], tf.shape(own)[1:]
    # (to, directions, batch, from * k), a copy for each row: so only the ways
    # are broadcast, along the first axis alone, which is much faster.
    into = tf.repeat(tf.transpose(transitions, [2, 0, 1]), k, axis=2)
    into = tf.repeat(into[:, :, None], batch, axis=2)
    # There is one way to the first step.
    only = tf.tile(tf.one_hot(0, k, 0.0, _NEVER, dtype=own.dtype), [tags])
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
    """The k best pairs of a way to a tag and a way from it.

    Args:
        front, back: Scores of the ways, `(batch, tags * k)`, both with the
            tag's own potential.
        own: The potentials, `(batch, tags)`.

    Returns:
        The scores `(batch, k)`, and the two places `(2, batch, k)`.
    """
    shape = [-1, own.shape[1], k]
    front, back = tf.reshape(front, shape), tf.reshape(back, shape)
    ways = (front - own[..., None])[..., None] + back[:, :, None]
    ways = tf.reshape(ways, [tf.shape(own)[0], own.shape[1] * k * k])
    scores, pair = tf.math.top_k(ways, k)  # (tag * k + one) * k + other
    one = pair // k
    return scores, tf.stack([one, one // k * k + pair % k])


def _trace_back(best, transitions, places):
    """Places of the sequences at each step, from those at the first.

    It chooses again what the way there chose, but only where a sequence goes:
    for less than remembering all choices costs.

    Args:
        best: What `_best_scores` returns, the last step first.
        transitions: As in `_sweep`.
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
    # Finding one is much faster than sorting.
    if k == 1:
        return tf.reduce_max(ways, axis=-1, keepdims=True)
    return tf.math.top_k(ways, k).values


def _place_of_rank(ways, rank, k):
    """Where the best (rank 0), second best, ... way is."""
    if k == 1:
        return tf.argmax(ways, axis=-1, output_type=tf.int32)
    return tf.gather(tf.math.top_k(ways, k).indices, rank, batch_dims=3)


@keras.saving.register_keras_serializable(package="rnnzoo")
class CRF(keras.layers.Layer):
    """A linear-chain conditional random field over sequences of tags.

    It holds the scores of transitions, of starts and of ends, all zero at
    first, and gives the functions of this module their weights. Called, it
    gives the most probable tags; it is trained on `log_likelihood`. It
    computes in float32 or better under any policy.

    ```python
    crf = rnnzoo.layers.CRF(9)
    loss = -crf.log_likelihood(potentials, tags, mask)
    ```

    Args:
        tags: Number of tags.
        constraints: Optional `(start, between, end)`, booleans that say which
            tags may come first, follow each other and come last, such as
            `rnnzoo.tags.TagSet(...).constraints`. What they forbid has
            probability zero.
        transitions: Whether there are scores of transitions, starts and ends.
            Without, and without constraints, tags are independent: a softmax
            at each step.

    Call arguments:
        potentials: Scores of each tag at each step, `(batch, time, tags)`.
        mask: Boolean `(batch, time)`, false for the padding at the end.

    Returns:
        int32 `(batch, time)`, 0 at masked steps.
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
        if not isinstance(tags, int) or tags < 1:
            raise ValueError(
                "Invalid value for argument `tags`. Expected a positive "
                f"integer. Received: tags={tags!r}"
            )
        self.tags = tags
        self.transitions = transitions
        self.constraints = None
        if constraints is not None:
            self.constraints = tuple(
                np.array(each, bool).tolist() for each in constraints
            )
            self._check_constraints()
        self.supports_masking = True

    def _check_constraints(self):
        shapes = [np.shape(each) for each in self.constraints]
        expected = [(self.tags,), (self.tags, self.tags), (self.tags,)]
        if shapes != expected:
            raise ValueError(
                "Invalid value for argument `constraints`. Expected booleans "
                f"of shapes {expected}. Received: shapes {shapes}"
            )

    def build(self, input_shape):
        if input_shape[-1] != self.tags:
            raise ValueError(
                "Invalid value for argument `potentials`. Expected shape "
                f"(batch, time, {self.tags}). Received: shape {input_shape}"
            )
        if self.transitions:
            shapes = (self.tags,), (self.tags, self.tags), (self.tags,)
            names = "start", "transitions", "end"
            self._learned = [
                self.add_weight(shape=shape, initializer="zeros", name=name)
                for name, shape in zip(names, shapes, strict=True)
            ]

    def call(self, potentials, mask=None):
        return self.viterbi(potentials, mask)[0]

    def log_likelihood(self, potentials, tags, mask=None):
        """See `crf_log_likelihood`."""
        return crf_log_likelihood(potentials, tags, mask, **self._scores())

    def viterbi(self, potentials, mask=None, k=None):
        """See `crf_viterbi`."""
        return crf_viterbi(potentials, mask, **self._scores(), k=k)

    def marginals(self, potentials, mask=None):
        """See `crf_marginals`."""
        return crf_marginals(potentials, mask, **self._scores())

    def span_marginals(self, potentials, tags, continues, mask=None):
        """See `crf_span_marginals`."""
        return crf_span_marginals(
            potentials, tags, continues, mask, **self._scores()
        )

    def _scores(self):
        if not self.built:
            self.build((None, None, self.tags))
        scores = [None] * 3
        if self.transitions:
            scores = [tf.convert_to_tensor(each) for each in self._learned]
        if self.constraints is not None:
            scores = [
                tf.where(allowed, 0.0 if score is None else score, FORBIDDEN)
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
