"""The limits that all searches keep: lengths, n-grams, prefixes, tokens."""

import numpy as np
import tensorflow as tf

from rnnzoo.search.arguments import as_int, as_ints, check

_INVALID = "Invalid value for argument `allowed`. Expected "


class Limits:
    """Decides which tokens may come next.

    Args:
        start, end, max_length, min_length, block_ngrams, prefix, allowed: See
            `rnnzoo.search.greedy`.

    Attributes:
        end: The end token.
        max_length: int32 `(batch,)`.
        steps: Most steps that a search takes, including that of the end token.
    """

    def __init__(
        self,
        start,
        end,
        max_length,
        min_length=0,
        block_ngrams=0,
        prefix=None,
        allowed=None,
    ):
        for name, value in (
            ("max_length", max_length),
            ("min_length", min_length),
            ("block_ngrams", block_ngrams),
        ):
            check(as_ints(value) >= 0, name, value, "an integer of at least 0")
        batch = tf.shape(start)[:1]
        self.end = as_int(end)
        self.max_length = tf.broadcast_to(tf.cast(max_length, tf.int32), batch)
        self.min_length = tf.broadcast_to(tf.cast(min_length, tf.int32), batch)
        self.block_ngrams = as_int(block_ngrams)
        # In an empty batch, the maximum is the smallest integer.
        self.steps = tf.maximum(tf.reduce_max(self.max_length), 0) + 1
        self.prefix = None
        if prefix is not None:
            missing = tf.maximum(self.steps - tf.shape(prefix)[1], 0)
            self.prefix = tf.pad(  # (batch, at least `steps`)
                tf.cast(prefix, tf.int32),
                [[0, 0], [0, missing]],
                constant_values=-1,
            )
        self.allowed = None if allowed is None else _checked_allowed(allowed)
        self.penalties = self._make_penalties()

    def _make_penalties(self):
        """Numbers to add to the scores of all tokens, `(2, vocabulary)`.

        The first row is for a sequence that may end, the second for one that
        may not yet. A search takes it up once: a step that finds out where all
        tokens may come takes longer than one that adds. `None` where other
        places, or another past, have other tokens.
        """
        allowed = self.allowed
        if self.block_ngrams or allowed is None or callable(allowed):
            return None
        if allowed.dtype != tf.bool or allowed.shape.rank != 1:
            return None
        is_end = tf.range(tf.size(allowed)) == self.end
        free = tf.stack([allowed | is_end, allowed & ~is_end])
        return tf.where(free, 0.0, -float("inf"))

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
            tokens = tf.range(scores.shape[-1] or tf.shape(scores)[-1])
            is_end = tokens == self.end
            free = ~is_end | ~_over_tokens(early)
            if self.allowed is not None:
                free &= is_end | self._is_allowed(history, t, tf.size(tokens))
            if self.block_ngrams:
                free &= ~self._repeats(history, t, tf.size(tokens))
            is_due = tokens == _over_tokens(due)
            free = tf.where(_over_tokens(due) < 0, free, is_due)
            free = tf.where(_over_tokens(over), is_end, free)
            return tf.where(free, scores, -float("inf"))

        # Most steps do little, and a pass over a vocabulary takes time.
        prescribed = tf.reduce_any(over | (due >= 0))
        if self.penalties is not None:
            return tf.cond(
                prescribed, forbid, lambda: self._add_penalties(scores, early)
            )
        if self.block_ngrams or self.allowed is not None:
            return forbid()
        bound = prescribed | tf.reduce_any(early)
        return tf.cond(bound, forbid, lambda: scores)

    def _add_penalties(self, scores, early):
        fits = _fits(self.allowed, tf.shape(scores)[-1])
        # Usually one row of penalties serves all samples.
        alike = tf.reduce_all(early == early[:1])
        early = early[: tf.where(alike, 1, tf.size(early))]
        with tf.control_dependencies([fits]):
            penalties = tf.gather(self.penalties, tf.cast(early, tf.int32))
        return scores + penalties[:, None]

    def _is_allowed(self, history, t, vocabulary):
        """Whether each token is allowed at a place, as booleans that broadcast.

        They have the shape `(vocabulary,)` or, as a function returns them,
        `(batch, 1 or n, vocabulary)`.
        """
        allowed = self.allowed
        if callable(allowed):
            return allowed(history, t)
        if allowed.dtype == tf.bool:
            with tf.control_dependencies([_fits(allowed, vocabulary)]):
                if allowed.shape.rank == 1:
                    return tf.identity(allowed)
                # After the last place there is only the end.
                after = tf.zeros([1, vocabulary], tf.bool)
                allowed = tf.concat([allowed, after], axis=0)
                return allowed[tf.minimum(t, tf.shape(allowed)[0] - 1)]
        fits = [
            tf.debugging.assert_non_negative(
                allowed, f"{_INVALID}tokens of at least 0."
            ),
            tf.debugging.assert_less(
                allowed, vocabulary, f"{_INVALID}tokens of the vocabulary."
            ),
        ]
        with tf.control_dependencies(fits):
            hits = tf.scatter_nd(
                allowed[:, None], tf.ones_like(allowed), vocabulary[None]
            )
        return hits > 0

    def _repeats(self, history, t, vocabulary):
        """Whether each token would complete an n-gram that has occurred."""
        n = self.block_ngrams
        shape = tf.shape(history)
        history = tf.reshape(history, [-1, shape[2]])
        # Before t >= n there is none; the padding keeps the slices in range.
        history = tf.pad(history, [[0, 0], [0, n]], constant_values=-1)
        windows = tf.shape(history)[1] - n + 1
        same = tf.range(windows)[None, :] <= t - n  # entirely in the past
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


def _checked_allowed(allowed):
    if callable(allowed):
        return allowed
    if not tf.is_tensor(allowed):
        allowed = np.asarray(allowed)
        if not allowed.size and allowed.dtype != bool:
            allowed = allowed.astype("int32")  # An empty list has floats.
    tensor = tf.convert_to_tensor(allowed)
    is_known = tensor.dtype == tf.bool or tensor.dtype.is_integer
    ranks = (1, 2) if tensor.dtype == tf.bool else (1, None)
    check(
        is_known and tensor.shape.rank in ranks,
        "allowed",
        allowed,
        "integers along one axis, or booleans along one or two",
    )
    return tensor if tensor.dtype == tf.bool else tf.cast(tensor, tf.int32)


def _fits(allowed, vocabulary):
    """An assertion that there is a boolean for each token."""
    return tf.debugging.assert_equal(
        allowed.shape[-1] or tf.shape(allowed)[-1],
        vocabulary,
        f"{_INVALID}a boolean for each token of the vocabulary.",
    )


def _over_tokens(of_samples):
    """`(batch,)` to a shape that broadcasts over `(batch, n, vocabulary)`."""
    return of_samples[:, None, None]
