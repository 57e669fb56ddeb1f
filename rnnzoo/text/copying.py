"""Ids that point to words of a source, and ids as strings again.

The ids are those of `rnnzoo.layers.pointer`: first those of the vocabulary,
then one for each place of the source.
"""

from typing import Any, NamedTuple

import tensorflow as tf

from rnnzoo.ids import UNKNOWN, pad


class Source(NamedTuple):
    """Words of `n` sources that a decoder may copy.

    Attributes:
        words: string `(n, places)`.
        ids: int32 `(n, places)`, the id that each word is copied as.
    """

    words: Any
    ids: Any


def point(words, vocabulary, source, count):
    """Turns words into ids; unknown words point to their place in a source.

    Args:
        words: Ragged strings `(n, None)`.
        vocabulary: `rnnzoo.text.Vocabulary`.
        source: Ragged strings `(n, None)`.
        count: Number of ids before those of places.

    Returns:
        Ragged int32 of the shape of `words`. The id of an unknown word is
        `count` plus the first place of the word in its source, or
        `rnnzoo.ids.UNKNOWN` if the source does not have it.

    Examples:

    >>> import tensorflow as tf
    >>> from rnnzoo.text import Vocabulary, copying
    >>> source = tf.ragged.constant([["call", "Ann", "now"]])
    >>> words = tf.ragged.constant([["call", "Ann", "Bob"]])
    >>> copying.point(words, Vocabulary(["call", "now"]), source, 4).to_list()
    [[2, 5, 1]]
    """
    ids = vocabulary(words)
    places = tf.where(ids.values == UNKNOWN)
    unknown = tf.gather_nd(words.values, places)
    rows = tf.gather_nd(words.value_rowids(), places)
    same = tf.gather(pad(source), rows) == unknown[:, None]
    width = tf.shape(same)[1]
    first = tf.reduce_min(tf.where(same, tf.range(width), width), axis=1)
    pointed = tf.where(first < width, count + first, UNKNOWN)
    return ids.with_values(
        tf.tensor_scatter_nd_update(ids.values, places, pointed)
    )


def spell(ids, strings, source):
    """Turns ids back into strings.

    Args:
        ids: int32 `(n, n_best, time)`.
        strings: string `(count,)`, of the ids before those of places.
        source: string `(n, places)`.

    Returns:
        string `(n, n_best, time)`.

    Examples:

    >>> import tensorflow as tf
    >>> from rnnzoo.text import copying
    >>> strings = tf.constant(["", "<unk>", "call", "now"])
    >>> source = tf.constant([["call", "Ann", "now"]])
    >>> copying.spell([[[2, 5, 1]]], strings, source).numpy().tolist()
    [[[b'call', b'Ann', b'<unk>']]]
    """
    count = tf.size(strings)
    # A source may have no place at all, and each id gathers one.
    source = tf.pad(source, [[0, 0], [0, 1]], constant_values="")
    copied = tf.gather(source, tf.maximum(ids - count, 0), batch_dims=1)
    known = tf.gather(strings, tf.minimum(ids, count - 1))
    return tf.where(ids < count, known, copied)
