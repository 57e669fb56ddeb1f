"""Beam searches of verbs: the limits of the texts that they find."""

from typing import Any, NamedTuple

import tensorflow as tf

from rnnzoo import search
from rnnzoo.checks import check_count, check_not_negative, check_positive

LIMITS = ("max_length", "min_length", "block_ngrams", "length_penalty")
LONGER = 10  # Tokens that a text may have beyond what training showed.


class Beam(NamedTuple):
    """A beam search, and the limits of the texts that it finds.

    It holds all that a verb's graph depends on besides its inputs, so that
    another beam is another graph.

    Attributes:
        width: Number of unfinished texts that are continued; an integer, or
            integers `(n,)`.
        n_best: Number of texts found; an integer, or integers `(n,)`.
        max_length: Most tokens of a text.
        min_length: Fewest tokens of a text about something.
        length_ratio: Most tokens for each token of the source, beside the
            prefix and 10 more; `None` for any number.
        block_ngrams: Size of the n-grams that a text has only once; 0 allows
            all.
        length_penalty: Exponent of the length in scores.
    """

    width: Any
    n_best: Any = 1
    max_length: int = 200
    min_length: int = 0
    length_ratio: float | None = None
    block_ngrams: int = 0
    length_penalty: float = 1.0

    def check(self):
        """Raises `ValueError` if an argument of a verb is out of its range."""
        check_positive("beam_width", self.width)
        check_positive("n_best", self.n_best)
        if self.n_best > self.width:
            raise ValueError(
                "Invalid value for argument `n_best`. Expected at most the "
                "width of the beam. Received: "
                f"n_best={self.n_best}, beam_width={self.width}"
            )
        check_positive("max_length", self.max_length)
        check_count("min_length", self.min_length)
        check_count("block_ngrams", self.block_ngrams)
        check_not_negative("length_penalty", self.length_penalty)

    def asked(self, width, n_best):
        """The beam with a width and a number that a request asks for.

        Args:
            width, n_best: int32 tensors, scalars or `(n,)`; as near as may be
                to what they ask for.
        """
        width = tf.maximum(width, 1)
        return self._replace(
            width=width, n_best=tf.clip_by_value(n_best, 1, width)
        )

    def longest(self, lengths, prefix_lengths=0):
        """The most tokens of each text.

        Args:
            lengths: int32 `(n,)`, numbers of tokens of the sources. A text
                about nothing is empty.
            prefix_lengths: int32 `(n,)`, numbers of the tokens that texts
                begin with, which always have room.

        Returns:
            int32 `(n,)`.
        """
        longest = tf.fill(tf.shape(lengths), self.max_length)
        if self.length_ratio is not None:
            shown = self.length_ratio * tf.cast(lengths, tf.float32)
            shown = tf.cast(tf.math.ceil(shown), tf.int32)
            longest = tf.minimum(longest, prefix_lengths + shown + LONGER)
        longest = tf.maximum(longest, self.min_length)
        return tf.maximum(tf.where(lengths > 0, longest, 0), prefix_lengths)

    def search(self, longest, prefix=None, allowed=None):
        """The search, for `rnnzoo.tasks.text_writer.TextWriter.write`.

        Args:
            longest: int32 `(n,)`; see `longest`.
            prefix, allowed: See `rnnzoo.search.greedy`.
        """

        def run(step, state, start, end):
            return search.beam(
                step,
                state,
                start,
                end,
                max_length=longest,
                min_length=self.min_length,
                block_ngrams=self.block_ngrams,
                prefix=prefix,
                width=self.width,
                n_best=self.n_best,
                length_penalty=self.length_penalty,
                allowed=allowed,
            )

        return run
