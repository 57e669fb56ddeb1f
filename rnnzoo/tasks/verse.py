"""The form of quatrains: what may stand at each of their places.

A place is a character or the line break after a line. All functions take and
return tensors, with a row for each quatrain.

The rules are those of regulated verse (近體詩). The second, the fourth and the
sixth character of a line alternate between level and oblique tones. The first
and the second line have opposite tones there, and so have the third and the
fourth; the second and the third have the same. The second and the fourth line
end level and rhyme, the third ends oblique. The first line rhymes, too, or
ends oblique.
"""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from rnnzoo.search.draw import draw

LINES = 4
LENGTHS = (5, 7)  # of lines, in characters
PLACES = LINES * (max(LENGTHS) + 1) - 1
BREAK = "\n"
# What may stand at a place; from RHYME on, the characters of each rhyme.
ANY, LEVEL, OBLIQUE, RHYME = range(4)
RARELY = 1e-6  # how often patterns are counted that were never seen


class Rules(NamedTuple):
    """The rules that a quatrain must keep.

    Attributes:
        line_length: Characters of a line, 5 or 7; an integer, or int32 `(n,)`.
        tones: Whether the rules of tones are kept; as the next, a boolean, or
            booleans `(n,)`.
        rhymes: Whether lines rhyme.
        start: The tone of the second character, 0 for level and 1 for oblique;
            `None` draws it. As the next, an integer, or an int32 scalar.
        rhyme: Number of the rhyme; `None` draws it.
    """

    line_length: Any = 7
    tones: Any = True
    rhymes: Any = True
    start: int | None = None
    rhyme: int | None = None


class Pattern(NamedTuple):
    """Choices drawn for each quatrain before its characters, int32 `(n,)`.

    Attributes:
        length: Place of the length of its lines in `LENGTHS`.
        start: See `Rules`.
        first: Whether the first line rhymes, 0 or 1.
        rhyme: Number of the rhyme.
    """

    length: Any
    start: Any
    first: Any
    rhyme: Any

    @classmethod
    def every(cls, rhymes):
        """All patterns, as NumPy arrays, in an order that never changes."""
        sizes = (len(LENGTHS), 2, 2, rhymes)
        return cls(*np.indices(sizes, "int32").reshape(len(sizes), -1))

    @classmethod
    def of(cls, poem, table):
        """The pattern of a poem, of integers.

        Args:
            poem: String with line breaks.
            table: `rnnzoo.text.RhymeTable`.

        Returns:
            `Pattern`; `None` of a poem that is no quatrain, or whose second
            and fourth line do not rhyme.
        """
        lines = poem.split(BREAK)
        (size, *others) = {len(line) for line in lines}
        if others or len(lines) != LINES or size not in LENGTHS:
            return None
        ends = [table.rhymes_of(line[-1]) for line in lines]
        shared = [name for name in ends[1] if name in ends[3]]
        # A character with both tones is told by the fourth, which is opposite.
        second, fourth = lines[0][1], lines[0][3]
        starts = [
            start
            for start, tones in enumerate(
                [(table.level, table.oblique), (table.oblique, table.level)]
            )
            if second in tones[0] and fourth in tones[1]
        ]
        if not shared or len(starts) != 1:
            return None
        return cls(
            LENGTHS.index(size),
            starts[0],
            int(shared[0] in ends[0]),
            list(table.rhymes).index(shared[0]),
        )


def draw_patterns(numbers, rules, counts, is_whole):
    """Patterns as frequent as they were in poems.

    Args:
        numbers: float32 `(n,)` in [0, 1), which are drawn.
        rules: `Rules`.
        counts: float32 array, how often each of `Pattern.every` occurred.
        is_whole: Boolean array, which rhymes have enough characters.

    Returns:
        `Pattern`.
    """
    every = Pattern.every(len(is_whole))
    weights = counts + np.float32(RARELY)
    for drawn, given in (
        (every.start, rules.start),
        (every.rhyme, rules.rhyme),
    ):
        if given is not None:
            weights = tf.where(tf.equal(drawn, given), weights, 0.0)
    lengths = np.take(LENGTHS, every.length)
    line_length, rhymes = _rows(numbers, rules.line_length, rules.rhymes)
    fits = lengths == line_length[:, None]
    fits &= is_whole[every.rhyme] | ~rhymes[:, None]
    chosen = draw(tf.where(fits, weights, 0.0), numbers)
    return Pattern(*(tf.gather(each, chosen) for each in every))


def kinds_of(pattern, rules):
    """The kinds of characters that may stand where, int32 `(n, PLACES)`."""
    length, tones, rhymes = (
        each[:, None]
        for each in _rows(
            pattern.start, rules.line_length, rules.tones, rules.rhymes
        )
    )
    start, first, rhyme = (each[:, None] for each in pattern[1:])
    line, column = _lines(length)
    is_outer = (line == 0) | (line == LINES - 1)
    tone = start + tf.cast(~is_outer, tf.int32) + column // 2
    is_ruled = (column % 2 == 1) & (column < length - 1)
    kinds = tf.where(tones & is_ruled, LEVEL + tone % 2, ANY)
    is_rhymed = (line % 2 == 1) | ((line == 0) & (first == 1))
    is_end = column == length - 1
    ends = tf.where(is_rhymed, LEVEL, OBLIQUE)
    kinds = tf.where(tones & is_end, ends, kinds)
    return tf.where(rhymes & is_end & is_rhymed, RHYME + rhyme, kinds)


def given_in(heads, line_length):
    """The tokens that are prescribed, strings `(n, PLACES)`, "" where none is.

    Args:
        heads: Strings `(n, LINES)`, the first of each line, or "".
        line_length: See `Rules`.
    """
    (length,) = _rows(heads, line_length)
    line, column = _lines(length[:, None])
    given = tf.gather(heads, tf.minimum(line, LINES - 1), batch_dims=1)
    given = tf.where(column == 0, given, "")
    given = tf.where(column == length[:, None], BREAK, given)
    return tf.where(tf.range(PLACES) < size_of(length)[:, None], given, "")


def size_of(line_length):
    """Number of the places of a quatrain."""
    return LINES * (line_length + 1) - 1


def allowed_by(kinds, masks, line_length):
    """Which tokens may come next, as `rnnzoo.search.sample` takes it.

    Lines that rhyme end with different characters. Each sample has a single
    sequence.

    Args:
        kinds: See `kinds_of`.
        masks: Boolean array `(kinds, vocabulary)`, the tokens of each kind.
        line_length: See `Rules`.
    """
    (length,) = _rows(kinds, line_length)
    masks = tf.constant(masks)
    ends = (length[:, None] + 1) * (1, 2, 4) - 2  # of lines that may rhyme

    def allowed(history, t):
        kind = kinds[:, tf.minimum(t, PLACES - 1)]
        free = tf.gather(masks, kind)  # (n, vocabulary)
        is_taken = (kind >= RHYME)[:, None] & (ends < t)
        before = tf.gather(history[:, 0], ends, batch_dims=1)
        before = tf.where(is_taken, before, -1)[:, :, None]
        taken = tf.reduce_any(before == tf.range(masks.shape[1]), axis=1)
        return (free & ~taken)[:, None]

    return allowed


def _lines(length):
    """Line and column of each place; the break is after the last column."""
    places = tf.range(PLACES)
    return places // (length + 1), places % (length + 1)


def _rows(like, *values):
    """Values of each row, `(n,)`, from values of each or of all."""
    rows = tf.shape(like)[:1]
    return [tf.broadcast_to(each, rows) for each in values]
