"""The result of a search."""

from typing import Any, NamedTuple

import tensorflow as tf


class Hypotheses(NamedTuple):
    """The sequences that a search found, the best first.

    Attributes:
        tokens: int32 `(batch, n, time)`, without the end token; places after
            a sequence hold the end token.
        lengths: int32 `(batch, n)`, number of the tokens.
        scores: float32 `(batch, n)`, by which hypotheses are compared. Minus
            infinity, with a length of 0, where fewer than n were found.
        log_probs: float32 `(batch, n)`, log probabilities.

    Examples:
        A model that counts from 2 to 4 and then ends with 1:

        >>> import tensorflow as tf
        >>> from rnnzoo import search
        >>> following = tf.constant([2, 1, 3, 4, 1])
        >>> def step(tokens, state):
        ...     return 9 * tf.one_hot(tf.gather(following, tokens), 5), state
        >>> found = search.greedy(step, (), [0, 3], end=1, max_length=5)
        >>> found.tokens.numpy().tolist()  # after 0, and after 3
        [[[2, 3, 4]], [[4, 1, 1]]]
        >>> found.lengths.numpy().tolist()
        [[3], [1]]
    """

    tokens: Any
    lengths: Any
    scores: Any
    log_probs: Any


def trim(found):
    """Cuts the tokens after the longest sequence."""
    longest = tf.maximum(tf.reduce_max(found.lengths), 0)
    return found._replace(tokens=found.tokens[..., :longest])
