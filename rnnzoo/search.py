"""Sequences from a model that scores one token at a time.

The searches know no model, only a function `step(tokens, state) -> (scores,
state)`: from the last token of each row, int32 `(rows,)`, to the logits or log
probabilities of the next one, `(rows, vocabulary)`. Its state is any nest of
tensors whose first axis is the rows. A search of several hypotheses repeats
and reorders the rows of the state; what is the same for all hypotheses of a
sample, such as the memory of an encoder, `step` better holds itself.

What holds of all of them:

- A hypothesis is a whole sequence: its log probability is the model's own,
  that of the end token included. At `max_length` the only token left is the
  end.
- The loop stops when all samples are done. A sample that is done stays as it
  is: what else is in the batch changes nothing.
- They run eagerly, in a `tf.function` and in a SavedModel, on stock
  operations.

```python
found = rnnzoo.search.beam(
    step, state, start=tf.fill([batch], 1), end=2, max_length=50, width=5
)
found.tokens[:, 0]  # the best of each sample
```
"""

import operator
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

_TINY = 1e-6
_BLOCK = 64


class Hypotheses(NamedTuple):
    """What a search found, the best first.

    Attributes:
        tokens: int32 `(batch, n, time)`, without the end token; places behind
            a sequence hold the end token.
        lengths: int32 `(batch, n)`, number of the tokens.
        scores: float32 `(batch, n)`, by which hypotheses are compared. Minus
            infinity, with a length of 0, where there are fewer than n.
        log_probs: float32 `(batch, n)`, log probabilities.
    """

    tokens: Any
    lengths: Any
    scores: Any
    log_probs: Any


def greedy(
    step,
    state,
    start,
    end,
    max_length,
    min_length=0,
    block_ngrams=0,
    prefix=None,
):
    """The most probable token at each step.

    Args:
        step: Function `(tokens, state) -> (scores, state)`; see the module.
        state: Nest of tensors `(batch, ...)`.
        start: int32 `(batch,)`, the tokens of the first step.
        end: The token that ends a sequence.
        max_length: Most tokens before the end; an integer, or integers
            `(batch,)`.
        min_length: Least tokens before the end, likewise.
        block_ngrams: Size of the n-grams that may occur only once in a
            sequence. Paulus et al. 2018. 0 allows all.
        prefix: int32 `(batch, time)`, how sequences must begin; negative where
            nothing is prescribed. Cut at `max_length`, and exempt from the
            other limits.

    Returns:
        `Hypotheses`, with n = 1; the scores are the log probabilities.

    Raises:
        ValueError: If an argument is out of its range.
    """
    limits = _Limits(start, end, max_length, min_length, block_ngrams, prefix)

    def choose(scores, _):
        return tf.argmax(scores, axis=-1, output_type=tf.int32)

    return _roll(step, state, start, limits, choose, count=1)


def sample(
    step,
    state,
    start,
    end,
    max_length,
    min_length=0,
    block_ngrams=0,
    prefix=None,
    count=1,
    temperature=1.0,
    top_k=0,
    top_p=1.0,
    seed=0,
):
    """Tokens drawn by their probabilities.

    The arguments that are not below are those of `greedy`.

    Args:
        count: Sequences drawn for each sample.
        temperature: What logits are divided by; below 1, probable tokens get
            more probable.
        top_k: Draws only from the so many most probable tokens (Fan et al.
            2018); 0 from all.
        top_p: Draws only from the most probable tokens that make up that
            probability (Holtzman et al. 2020).
        seed: Integer, or two of them as a tensor `(2,)`: the same seed, the
            same sequences at the same place in a batch.

    Returns:
        `Hypotheses` in the order in which they were drawn, with n = `count`;
        scores and log probabilities are those of the model, without
        temperature and cuts.
    """
    _check(count >= 1, "count", count, "a positive integer")
    _check(temperature > 0, "temperature", temperature, "a positive number")
    _check(top_k >= 0, "top_k", top_k, "an integer of at least 0")
    _check(0 < top_p <= 1, "top_p", top_p, "a number in (0, 1]")
    if not tf.is_tensor(seed):
        seed = tf.constant([seed, 0], tf.int64)
    limits = _Limits(start, end, max_length, min_length, block_ngrams, prefix)
    top_k = _as_int(top_k)

    def choose(scores, t):
        # The best is 0, which any temperature leaves finite.
        largest = tf.reduce_max(scores, axis=1, keepdims=True)
        scores = (scores - largest) / tf.maximum(
            tf.cast(temperature, tf.float32), np.finfo("float32").tiny
        )
        scores = _keep_top_p(_keep_top_k(scores, top_k), top_p)
        return tf.random.stateless_categorical(
            scores, 1, tf.random.fold_in(seed, t), dtype=tf.int32
        )[:, 0]

    return _roll(step, state, start, limits, choose, _as_int(count))


def beam(
    step,
    state,
    start,
    end,
    max_length,
    min_length=0,
    block_ngrams=0,
    prefix=None,
    width=5,
    n_best=1,
    length_penalty=0.0,
    coverage_penalty=0.0,
    coverage=None,
):
    """The best sequences that a beam of some width finds.

    At each step the unfinished sequences are continued by all tokens. What
    ends and is among the `width` best of all continuations is finished: it
    keeps its final score, and its place in the beam as long as it is one of
    the `width` best. The best others go on in the places that are left. The
    score of a finished sequence `Y` of the source `X` is (Wu et al. 2016,
    equation 14)

        s(Y, X) = log P(Y | X) / lp(Y) + cp(X; Y)
        lp(Y)   = (5 + |Y|)^a / (5 + 1)^a
        cp(X; Y) = b * sum_i log(min(sum_j p_ij, 1))

    where `|Y|` counts the end token and `p_ij` is the weight that target `j`
    put on source `i`; that of an unfinished one is the first part, at its
    length. A sample is done when no place is left or, which is safe, when no
    continuation of any length could still beat those that will be returned.

    The arguments that are not below are those of `greedy`.

    Args:
        width: Number of the unfinished sequences that go on; an integer, or a
            scalar tensor.
        n_best: Number of the sequences returned, at most `width`; likewise.
        length_penalty: The exponent `a`, at least 0. 0 compares log
            probabilities.
        coverage_penalty: The factor `b`, at least 0.
        coverage: Function of the state that gives the sum of the weights that
            each place of the source has got, `(rows, places)`; 1 where none
            is due, as at padding. Needed for the coverage penalty.

    Returns:
        `Hypotheses`, with n = `n_best`, by falling score.
    """
    _check(width >= 1, "width", width, "a positive integer")
    _check(
        (n_best >= 1) & (n_best <= width),
        "n_best",
        n_best,
        f"an integer from 1 to the width, {width}",
    )
    for name, penalty in (
        ("length_penalty", length_penalty),
        ("coverage_penalty", coverage_penalty),
    ):
        _check(penalty >= 0, name, penalty, "a number of at least 0")
    if coverage_penalty and coverage is None:
        raise ValueError(
            "Invalid value for argument `coverage`. Expected a function of "
            "the state beside a coverage penalty. Received: coverage=None"
        )
    search = _Beam(
        step=step,
        limits=_Limits(
            start, end, max_length, min_length, block_ngrams, prefix
        ),
        width=_as_int(width),
        n_best=_as_int(n_best),
        length_penalty=length_penalty,
        coverage_penalty=coverage_penalty,
        coverage=coverage,
    )
    return search.run(state, start)


class _Limits:
    """Which tokens may come next.

    Attributes:
        end: The end token.
        max_length: int32 `(batch,)`.
        steps: Most steps that a search takes, the end included.
    """

    def __init__(
        self, start, end, max_length, min_length, block_ngrams, prefix
    ):
        for name, value in (
            ("max_length", max_length),
            ("min_length", min_length),
            ("block_ngrams", block_ngrams),
        ):
            _check(
                tf.is_tensor(value) or np.all(np.array(value) >= 0),
                name,
                value,
                "an integer of at least 0",
            )
        batch = tf.shape(start)[:1]
        self.end = _as_int(end)
        self.max_length = tf.broadcast_to(tf.cast(max_length, tf.int32), batch)
        self.min_length = tf.broadcast_to(tf.cast(min_length, tf.int32), batch)
        self.block_ngrams = _as_int(block_ngrams)
        # Of no sample, the largest is the smallest integer.
        self.steps = tf.maximum(tf.reduce_max(self.max_length), 0) + 1
        self.prefix = None
        if prefix is not None:
            missing = tf.maximum(self.steps - tf.shape(prefix)[1], 0)
            self.prefix = tf.pad(  # (batch, at least `steps`)
                tf.cast(prefix, tf.int32),
                [[0, 0], [0, missing]],
                constant_values=-1,
            )

    def __call__(self, scores, history, t):
        """The scores, minus infinity where a token may not come.

        Args:
            scores: `(batch, n, vocabulary)`.
            history: int32 `(batch, n, steps)`, the tokens so far.
            t: Number of the tokens so far.
        """
        early, over = t < self.min_length, t >= self.max_length
        due = tf.fill(tf.shape(over), -1)
        if self.prefix is not None:
            due = self.prefix[:, t]

        def forbid():
            tokens = tf.range(tf.shape(scores)[-1])
            is_end = tokens == self.end
            allowed = ~is_end | ~_over_tokens(early)
            if self.block_ngrams:
                allowed &= ~self._repeats(history, t, tf.size(tokens))
            is_due = tokens == _over_tokens(due)
            allowed = tf.where(_over_tokens(due) < 0, allowed, is_due)
            allowed = tf.where(_over_tokens(over), is_end, allowed)
            return tf.where(allowed, scores, -float("inf"))

        if self.block_ngrams:
            return forbid()
        # Most steps forbid nothing, and a pass over a vocabulary takes time.
        bound = tf.reduce_any(early | over | (due >= 0))
        return tf.cond(bound, forbid, lambda: scores)

    def _repeats(self, history, t, vocabulary):
        """Which tokens would end an n-gram that has occurred."""
        n = self.block_ngrams
        shape = tf.shape(history)
        history = tf.reshape(history, [-1, shape[2]])
        # Before t >= n there is none; the padding keeps the slices in range.
        history = tf.pad(history, [[0, 0], [0, n]], constant_values=-1)
        windows = tf.shape(history)[1] - n + 1
        same = tf.range(windows)[None, :] <= t - n  # of the past as a whole
        for k in range(n - 1):
            last = history[:, tf.maximum(t - n + 1 + k, 0)]
            same &= history[:, k : windows + k] == last[:, None]
        following = tf.maximum(history[:, n - 1 :], 0)
        same = tf.broadcast_to(same, tf.shape(following))
        rows = tf.range(tf.shape(history)[0])[:, None]
        rows = tf.broadcast_to(rows, tf.shape(following))
        found = tf.scatter_nd(
            tf.stack([rows, following], axis=2),
            tf.cast(same, tf.int32),
            [tf.shape(history)[0], vocabulary],
        )
        return tf.reshape(found > 0, [shape[0], shape[1], vocabulary])


def _roll(step, state, start, limits, choose, count):
    """Continues `count` sequences of each sample by one token at a time."""
    batch, end = tf.shape(start)[0], limits.end
    rows = batch * count
    state = _repeat(state, count)
    tokens = tf.repeat(tf.cast(start, tf.int32), count)

    def go_on(t, tokens, history, log_probs, done, state):
        log_p, new_state = _log_probs(step, tokens, state)
        shape = [batch, count, tf.shape(log_p)[1]]
        scores = limits(
            tf.reshape(log_p, shape),
            tf.reshape(history, [batch, count, limits.steps]),
            t,
        )
        scores = tf.reshape(scores, tf.shape(log_p))
        chosen = choose(scores, t)
        # A sequence that nothing may continue ends, impossible as it is.
        lost = tf.reduce_max(scores, axis=1) == -float("inf")
        chosen = tf.where(done | lost, end, chosen)
        gained = tf.gather(scores, chosen, batch_dims=1)
        return (
            t + 1,
            chosen,
            _write(history, t, chosen),
            log_probs + tf.where(done, 0.0, gained),
            done | (chosen == end),
            _like(new_state, state),
        )

    _, _, history, log_probs, _, _ = _loop(
        limits.steps,
        go_on,
        0,
        tokens,
        tf.fill([rows, limits.steps], end),
        tf.zeros([rows]),
        tf.zeros([rows], tf.bool),
        state,
    )
    log_probs = tf.reshape(log_probs, [batch, count])
    history = tf.reshape(history, [batch, count, limits.steps])
    # What is impossible is no hypothesis.
    history = tf.where(log_probs[..., None] > -float("inf"), history, end)
    lengths = tf.reduce_sum(tf.cast(history != end, tf.int32), axis=2)
    return _trim(Hypotheses(history, lengths, log_probs, log_probs))


def _keep_top_k(scores, k):
    if not k:
        return scores
    k = tf.minimum(k, tf.shape(scores)[1])
    least = tf.math.top_k(scores, k).values[:, -1:]
    return tf.where(scores < least, -float("inf"), scores)


def _keep_top_p(scores, p):
    if p == 1:
        return scores
    falling = tf.sort(scores, axis=1, direction="DESCENDING")
    probabilities = tf.nn.softmax(falling, axis=1)
    before = tf.cumsum(probabilities, axis=1, exclusive=True)
    # The token that reaches p is the last one.
    kept = tf.where(before < p, falling, float("inf"))
    least = tf.reduce_min(kept, axis=1, keepdims=True)
    return tf.where(scores < least, -float("inf"), scores)


class _Live(NamedTuple):
    """The unfinished sequences."""

    tokens: Any  # (batch, n), the last ones
    history: Any  # (batch, n, steps)
    log_probs: Any  # (batch, n)


class _Beam(NamedTuple):
    step: Any
    limits: _Limits
    width: Any
    n_best: Any
    length_penalty: float
    coverage_penalty: float
    coverage: Any

    def run(self, state, start):
        batch = tf.shape(start)[0]
        # There is one sequence to go on from, and then as many as are wanted.
        only = _Live(
            tokens=tf.cast(start, tf.int32)[:, None],
            history=tf.fill([batch, 1, self.limits.steps], self.limits.end),
            log_probs=tf.zeros([batch, 1]),
        )
        first = self._advance(
            0, only, self._none(batch), tf.zeros([batch], tf.bool), state
        )
        _, _, pool, *_ = _loop(self.limits.steps, self._advance, *first)
        return _trim(Hypotheses(*(each[:, : self.n_best] for each in pool)))

    def _none(self, batch):
        """No finished sequence."""
        shape = tf.stack([batch, self.width])
        worst = tf.fill(shape, -float("inf"))
        return Hypotheses(
            tokens=tf.fill(
                [batch, self.width, self.limits.steps], self.limits.end
            ),
            lengths=tf.zeros(shape, tf.int32),
            scores=worst,
            log_probs=worst,
        )

    def _advance(self, t, live, pool, done, state):
        """One token more for each unfinished sequence.

        Args:
            t: Number of the tokens so far.
            live: `_Live`.
            pool: `Hypotheses`, the best of the finished ones.
            done: Boolean `(batch,)`, which samples may not change any more.
            state: Nest of `(batch * n, ...)`.

        Returns:
            The same after it, `width` sequences of each sample.
        """
        logits, new_state = self.step(tf.reshape(live.tokens, [-1]), state)
        state = _like(new_state, state)
        logits = tf.cast(logits, tf.float32)
        values, parents, chosen = self._continuations(live, logits, t)
        ends = chosen == self.limits.end

        best = tf.range(tf.shape(values)[1]) < self.width
        ended = ends & best & (values > -float("inf")) & ~done[:, None]
        scores = self._scores(values, parents, state, t)
        pool = self._collect(pool, live, scores, values, parents, ended, t)

        values = tf.where(ends, -float("inf"), values)
        live, state = self._continue(live, values, parents, chosen, state, t)
        live = self._make_room(live, pool, t)
        done |= self._bound(live) <= pool.scores[:, self.n_best - 1]
        return t + 1, live, pool, done, state

    def _continuations(self, live, logits, t):
        """The best: log probabilities, parents, tokens; `(batch, k)`.

        A parent has one continuation that ends, so that of twice the width
        at least the width go on. Of one parent, one more than the width can
        matter: few numbers are added and sorted.
        """
        batch, n = tf.unstack(tf.shape(live.tokens))
        vocabulary = tf.shape(logits)[1]
        logits = tf.reshape(logits, [batch, n, vocabulary])
        # A log softmax, of which only the best are worked out.
        largest = tf.reduce_max(logits, axis=2, keepdims=True)
        total = tf.reduce_sum(tf.exp(logits - largest), axis=2, keepdims=True)
        logits = self.limits(logits, live.history, t)
        each = tf.minimum(self.width + 1, vocabulary)
        values, chosen = _top_k(logits, each)
        every = [batch, n * each]
        values = values - largest - tf.math.log(total)
        values = tf.reshape(values + live.log_probs[..., None], every)
        k = tf.minimum(2 * self.width, every[1])
        values, places = tf.math.top_k(values, k)
        chosen = tf.gather(tf.reshape(chosen, every), places, batch_dims=1)
        # The first step may have fewer than are wanted.
        missing = [[0, 0], [0, tf.maximum(self.width - k, 0)]]
        values = tf.pad(values, missing, constant_values=-float("inf"))
        return values, tf.pad(places // each, missing), tf.pad(chosen, missing)

    def _scores(self, values, parents, state, t):
        scores = values / self._length_penalty(t + 1)
        if self.coverage_penalty:
            # What got no weight at all would make a sequence impossible.
            covered = tf.clip_by_value(self.coverage(state), _TINY, 1)
            covered = tf.reduce_sum(tf.math.log(covered), axis=1)
            covered = tf.reshape(covered, [tf.shape(parents)[0], -1])
            covered = tf.gather(covered, parents, batch_dims=1)
            scores += self.coverage_penalty * tf.cast(covered, tf.float32)
        return scores

    def _length_penalty(self, length):
        length = tf.cast(length, tf.float32)
        return ((5 + length) / 6) ** self.length_penalty

    def _collect(self, pool, live, scores, values, parents, ended, t):
        """The best of the finished sequences and of those that now end."""
        new = Hypotheses(
            tokens=tf.gather(live.history, parents, batch_dims=1),
            lengths=tf.fill(tf.shape(scores), t),
            scores=tf.where(ended, scores, -float("inf")),
            log_probs=values,
        )
        both = Hypotheses(
            *(tf.concat(pair, axis=1) for pair in zip(pool, new, strict=True))
        )
        # What is no hypothesis comes behind the empty places of the pool.
        _, places = tf.math.top_k(both.scores, self.width)
        return Hypotheses(
            *(tf.gather(each, places, batch_dims=1) for each in both)
        )

    def _continue(self, live, values, parents, chosen, state, t):
        """The best of the continuations, and the state of each."""
        log_probs, places = tf.math.top_k(values, self.width)
        parents = tf.gather(parents, places, batch_dims=1)
        tokens = tf.gather(chosen, places, batch_dims=1)
        history = tf.gather(live.history, parents, batch_dims=1)
        batch, n = tf.unstack(tf.shape(live.tokens))
        first = tf.range(batch)[:, None] * n
        rows = tf.reshape(first + parents, [-1])
        moved = tf.nest.map_structure(lambda x: tf.gather(x, rows), state)
        live = _Live(tokens, _write(history, t, tokens), log_probs)
        return live, _like(moved, state)

    def _make_room(self, live, pool, t):
        """Drops what is not among the `width` best, with the finished ones."""
        scores = live.log_probs / self._length_penalty(t + 1)
        better = pool.scores[:, None, :] >= scores[..., None]
        finished = tf.reduce_sum(tf.cast(better, tf.int32), axis=2)
        rank = tf.range(self.width) + finished  # the unfinished are sorted
        log_probs = tf.where(rank < self.width, live.log_probs, -float("inf"))
        return live._replace(log_probs=log_probs)

    def _bound(self, live):
        """The best score that the unfinished may still reach, `(batch,)`.

        Log probabilities only fall and coverage is at most 0; so nothing does
        better than to go on to the largest penalty at no cost.
        """
        longest = self._length_penalty(self.limits.max_length + 1)
        return tf.reduce_max(live.log_probs, axis=1) / longest


def _loop(steps, body, t, *loop):
    """Repeats `body` up to some step, or until all samples are done.

    Args:
        steps: Number of steps.
        body: Function of the number of the step and `loop` to the same.
        t: Number of the first step.
        *loop: Tensors; the last two are which samples are done, and the state.
    """
    known_by_rank = tf.nest.map_structure(
        lambda x: tf.TensorShape([None] * x.shape.rank), loop[:-1]
    )
    state_shapes = tf.nest.map_structure(_any_rows, loop[-1])
    return tf.while_loop(
        lambda t, *loop: (t < steps) & ~tf.reduce_all(loop[-2]),
        body,
        (t, *loop),
        shape_invariants=(tf.TensorShape([]), *known_by_rank, state_shapes),
    )


def _log_probs(step, tokens, state):
    scores, state = step(tokens, state)
    return tf.nn.log_softmax(tf.cast(scores, tf.float32)), state


def _top_k(scores, k):
    """`tf.math.top_k`, which is slow where rows are long.

    The best are in those blocks of a row that have the best maxima. As these
    keep their order, even ties are decided as TensorFlow does: at each token
    that is left out, k others are better, or as good and further to the left.
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


def _over_tokens(of_samples):
    """`(batch,)` to what goes with `(batch, n, vocabulary)`."""
    return of_samples[:, None, None]


def _write(history, t, tokens):
    place = tf.range(tf.shape(history)[-1]) == t
    return tf.where(place, tokens[..., None], history)


def _trim(found):
    longest = tf.maximum(tf.reduce_max(found.lengths), 0)
    return found._replace(tokens=found.tokens[..., :longest])


def _repeat(state, count):
    return tf.nest.map_structure(
        lambda x: tf.repeat(tf.convert_to_tensor(x), count, axis=0), state
    )


def _any_rows(tensor):
    return tf.TensorShape([None, *tensor.shape[1:]])


def _like(new, old):
    """The new state in the structure and with the known shapes of the old."""
    flat = [
        tf.ensure_shape(x, _any_rows(y))
        for x, y in zip(tf.nest.flatten(new), tf.nest.flatten(old), strict=True)
    ]
    return tf.nest.pack_sequence_as(old, flat)


def _as_int(value):
    """An integer of any kind as one that goes with int32."""
    if tf.is_tensor(value):
        return tf.cast(value, tf.int32)
    return operator.index(value)


def _check(valid, name, value, expected):
    if tf.is_tensor(valid):  # known when it runs
        return
    if not valid:
        raise ValueError(
            f"Invalid value for argument `{name}`. Expected {expected}. "
            f"Received: {name}={value!r}"
        )
