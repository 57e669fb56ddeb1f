"""Beam search."""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from rnnzoo.search.arguments import as_ints, check
from rnnzoo.search.hypotheses import Hypotheses, trim
from rnnzoo.search.limits import Limits
from rnnzoo.search.loop import like, loop, write
from rnnzoo.search.top_k import top_k

_TINY = 1e-6


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
    *,
    allowed=None,
):
    """Finds the best sequences within a beam.

    Each step continues every unfinished sequence with every token. A
    continuation that ends and is among the `width` best is finished: it keeps
    its final score, and holds its place in the beam as long as it remains
    among the `width` best. The best continuations that do not end fill the
    places that are left. The score of a finished sequence `Y` of the source
    `X` is (Wu et al. 2016, equation 14)

        s(Y, X) = log P(Y | X) / lp(Y) + cp(X; Y)
        lp(Y)   = (5 + |Y|)^a / (5 + 1)^a
        cp(X; Y) = b * sum_i log(min(sum_j p_ij, 1))

    where `|Y|` counts the end token and `p_ij` is the weight that target `j`
    put on source `i`. The score of an unfinished sequence is the first part,
    at its length. A sample is done when no place is left, or when no
    continuation of any length could still beat the sequences that will be
    returned, so stopping there loses nothing.

    The arguments that are not listed here are those of `greedy`.

    Args:
        width: Number of the unfinished sequences that a step continues; an
            integer, or integers `(batch,)`.
        n_best: Number of the sequences returned, at most `width`; an integer,
            or integers `(batch,)`, of which the largest is the result's n.
        length_penalty: The exponent `a`, at least 0. 0 compares log
            probabilities.
        coverage_penalty: The factor `b`, at least 0.
        coverage: Function of the state that returns the sum of the weights
            that each place of the source has received, `(rows, places)`; 1 at
            places that need none, such as padding. The coverage penalty needs
            it.

    Returns:
        `Hypotheses`, with n = `n_best`, in descending order of their scores.
        Where a sample asks for fewer, its other scores are minus infinity.

    Raises:
        ValueError: If an argument is out of its range, or if there is a
            coverage penalty without `coverage`.
        tf.errors.InvalidArgumentError: If `allowed` does not fit the
            vocabulary.

    Examples:
        The next token depends on the last one alone, by a table of
        probabilities: 0 is the start, 1 the end. Greedy search would begin
        with 2, the most probable token, and miss the most probable sequence:

        >>> import tensorflow as tf
        >>> from rnnzoo import search
        >>> table = tf.math.log(
        ...     [
        ...         [0.0, 0.0, 0.6, 0.4],
        ...         [0.0, 1.0, 0.0, 0.0],
        ...         [0.0, 0.3, 0.3, 0.4],
        ...         [0.0, 0.9, 0.1, 0.0],
        ...     ]
        ... )
        >>> def step(tokens, state):
        ...     return tf.gather(table, tokens), state
        >>> found = search.beam(
        ...     step, (), [0], end=1, max_length=5, width=3, n_best=2
        ... )
        >>> found.tokens.numpy().tolist()
        [[[3, 1], [2, 3]]]
        >>> [round(float(each), 3) for each in tf.exp(found.log_probs[0])]
        [0.36, 0.216]
    """
    width, n_best = as_ints(width), as_ints(n_best)
    check(width >= 1, "width", width, "a positive integer")
    check(
        (n_best >= 1) & (n_best <= width),
        "n_best",
        n_best,
        f"an integer from 1 to the width, {width}",
    )
    for name, penalty in (
        ("length_penalty", length_penalty),
        ("coverage_penalty", coverage_penalty),
    ):
        check(penalty >= 0, name, penalty, "a number of at least 0")
    if coverage_penalty and coverage is None:
        raise ValueError(
            "Missing argument `coverage`. A coverage penalty needs a function "
            "of the state that returns the coverage of each place."
        )
    search = _Beam(
        step=step,
        limits=Limits(
            start, end, max_length, min_length, block_ngrams, prefix, allowed
        ),
        width=_most(width),
        widths=_column(width),
        n_best=_most(n_best),
        n_bests=_column(n_best),
        length_penalty=length_penalty,
        coverage_penalty=coverage_penalty,
        coverage=coverage,
    )
    return search.run(state, start)


class _Live(NamedTuple):
    """The unfinished sequences."""

    tokens: Any  # (batch, n), the last ones
    history: Any  # (batch, n, steps)
    log_probs: Any  # (batch, n)


class _Beam(NamedTuple):
    step: Any
    limits: Limits
    width: Any  # the largest
    widths: Any  # (batch, 1), or (1, 1) if all are the same
    n_best: Any  # the largest
    n_bests: Any  # (batch, 1) or (1, 1)
    length_penalty: float
    coverage_penalty: float
    coverage: Any

    def run(self, state, start):
        batch = tf.shape(start)[0]
        # The first step continues a single sequence; later ones, `width`.
        only = _Live(
            tokens=tf.cast(start, tf.int32)[:, None],
            history=tf.fill([batch, 1, self.limits.steps], self.limits.end),
            log_probs=tf.zeros([batch, 1]),
        )
        first = self._advance(
            0, only, self._none(batch), tf.zeros([batch], tf.bool), state
        )
        _, _, pool, *_ = loop(self.limits.steps, self._advance, *first)
        best = Hypotheses(*(each[:, : self.n_best] for each in pool))
        return trim(self._without(tf.range(self.n_best) >= self.n_bests, best))

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

    def _without(self, dropped, found):
        """Hypotheses, and none at the places that are `dropped`."""
        return Hypotheses(
            tokens=tf.where(dropped[..., None], self.limits.end, found.tokens),
            lengths=tf.where(dropped, 0, found.lengths),
            scores=tf.where(dropped, -float("inf"), found.scores),
            log_probs=tf.where(dropped, -float("inf"), found.log_probs),
        )

    def _advance(self, t, live, pool, done, state):
        """Adds a token to each unfinished sequence.

        Args:
            t: Number of the tokens so far.
            live: `_Live`.
            pool: `Hypotheses`, the best finished sequences.
            done: Boolean `(batch,)`, the samples that no longer change.
            state: Nest of `(batch * n, ...)`.

        Returns:
            The same after the step, with `width` sequences for each sample.
        """
        logits, new_state = self.step(tf.reshape(live.tokens, [-1]), state)
        state = like(new_state, state)
        logits = tf.cast(logits, tf.float32)
        values, parents, chosen = self._continuations(live, logits, t)
        ends = chosen == self.limits.end

        best = tf.range(tf.shape(values)[1]) < self.widths
        ended = ends & best & ~done[:, None]
        scores = self._scores(values, parents, state, t)
        pool = self._collect(pool, live, scores, values, parents, ended, t)

        values = tf.where(ends, -float("inf"), values)
        live, state = self._continue(live, values, parents, chosen, state, t)
        live = self._make_room(live, pool, t)
        done |= self._bound(live) <= self._worst(pool)
        return t + 1, live, pool, done, state

    def _continuations(self, live, logits, t):
        """The best: log probabilities, parents, tokens; `(batch, k)`.

        Each parent has a single continuation that ends, so at least `width`
        of the best `2 * width` do not. No parent needs more than its best
        `width + 1`, so few numbers are added and sorted.
        """
        batch, n = tf.unstack(tf.shape(live.tokens))
        vocabulary = tf.shape(logits)[1]
        logits = tf.reshape(logits, [batch, n, vocabulary])
        # A log softmax, computed for the best tokens alone.
        largest = tf.reduce_max(logits, axis=2, keepdims=True)
        total = tf.reduce_sum(tf.exp(logits - largest), axis=2, keepdims=True)
        logits = self.limits(logits, live.history, t)
        each = tf.minimum(self.width + 1, vocabulary)
        values, chosen = top_k(logits, each)
        every = [batch, n * each]
        values = values - largest - tf.math.log(total)
        values = tf.reshape(values + live.log_probs[..., None], every)
        k = tf.minimum(2 * self.width, every[1])
        values, places = tf.math.top_k(values, k)
        chosen = tf.gather(tf.reshape(chosen, every), places, batch_dims=1)
        # The first step may have fewer continuations than places.
        missing = [[0, 0], [0, tf.maximum(self.width - k, 0)]]
        values = tf.pad(values, missing, constant_values=-float("inf"))
        return values, tf.pad(places // each, missing), tf.pad(chosen, missing)

    def _scores(self, values, parents, state, t):
        scores = values / self._length_penalty(t + 1)
        if self.coverage_penalty:
            # A place without any weight would make a sequence impossible.
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
        """The best of the finished sequences and of those ending now."""
        new = Hypotheses(
            tokens=tf.gather(live.history, parents, batch_dims=1),
            lengths=tf.fill(tf.shape(scores), t),
            scores=tf.where(ended, scores, -float("inf")),
            log_probs=values,
        )
        both = Hypotheses(
            *(tf.concat(pair, axis=1) for pair in zip(pool, new, strict=True))
        )
        # Of equal scores, minus infinity, top_k takes the pool's own first:
        # its empty places, whose length is 0.
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
        return _Live(tokens, write(history, t, tokens), log_probs), moved

    def _make_room(self, live, pool, t):
        """Drops sequences that are not among the `width` best of all."""
        scores = live.log_probs / self._length_penalty(t + 1)
        better = pool.scores[:, None, :] >= scores[..., None]
        finished = tf.reduce_sum(tf.cast(better, tf.int32), axis=2)
        rank = tf.range(self.width) + finished  # the unfinished are sorted
        log_probs = tf.where(rank < self.widths, live.log_probs, -float("inf"))
        return live._replace(log_probs=log_probs)

    def _bound(self, live):
        """The best score that a sequence may still reach, `(batch,)`.

        Log probabilities only fall, and the coverage term is at most 0. So no
        sequence can do better than to reach the largest length penalty at no
        cost.
        """
        longest = self._length_penalty(self.limits.max_length + 1)
        return tf.reduce_max(live.log_probs, axis=1) / longest

    def _worst(self, pool):
        """The score of the last of the sequences to return, `(batch,)`."""
        returned = tf.range(self.width) < self.n_bests
        scores = tf.where(returned, pool.scores, float("inf"))
        return tf.reduce_min(scores, axis=1)


def _most(values):
    if not tf.is_tensor(values):
        return int(np.max(values, initial=1))
    return tf.maximum(tf.reduce_max(values), 1)


def _column(values):
    return tf.reshape(tf.cast(values, tf.int32), [-1, 1])
