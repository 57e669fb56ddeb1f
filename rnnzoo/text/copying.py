"""Words of a source as ids that a decoder may copy, and ids as strings.

The ids are those of `rnnzoo.layers.pointer`: of the vocabulary, and behind them
one for each place of the source that is copied.
"""

from typing import Any, NamedTuple

import tensorflow as tf

from rnnzoo.ids import UNKNOWN, pad


class Source(NamedTuple):
    """What may be copied of `n` sources.

    Attributes:
        words: string `(n, places)`.
        ids: int32 `(n, places)`, what each is copied as.
    """

    words: Any
    ids: Any


def point(words, vocabulary, source, count):
    """The ids of words; unknown ones point to their first place in a source.

    Args:
        words: Ragged strings `(n, None)`.
        vocabulary: `rnnzoo.text.Vocabulary`.
        source: Ragged strings `(n, None)`.
        count: Number of the ids before those of places.

    Returns:
        Ragged int32 of the shape of `words`: of an unknown word `count +` its
        place, or `UNKNOWN` if it is not in the source.
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
    """The strings of ids.

    Args:
        ids: int32 `(n, n_best, time)`.
        strings: string `(count,)`, of the ids before those of places.
        source: string `(n, places)`.
    """
    count = tf.size(strings)
    source = tf.pad(source, [[0, 0], [0, 1]], constant_values="")  # no place
    copied = tf.gather(source, tf.maximum(ids - count, 0), batch_dims=1)
    known = tf.gather(strings, tf.minimum(ids, count - 1))
    return tf.where(ids < count, known, copied)
