"""Words cut where a span begins or ends inside of them."""

import collections
import contextlib
import contextvars
import itertools
import warnings
from typing import NamedTuple

import numpy as np

_CUT = contextvars.ContextVar("cut", default=None)


class Cut(NamedTuple):
    """Some texts whose words no span begins or ends inside of.

    Attributes:
        words, starts, ends: Lists of lists, as a tokenizer finds them.
        sources: For each word of a text the number of the word, as the
            tokenizer found it, that it is a part of.
    """

    words: list
    starts: list
    ends: list
    sources: list


def cut_at(spans, texts, words, starts, ends, tokenizer):
    """Cuts words at the borders of spans.

    The parts of a word are tokenized again, each alone. `warning_of_cuts`
    counts the words.

    Args:
        spans: For each text tuples `(start, end, label)` in characters.
        texts: Strings.
        words, starts, ends: What the tokenizer found in them, lists of lists.
        tokenizer: `rnnzoo.text.Tokenizer`.

    Returns:
        `Cut`.

    Examples:

    >>> from rnnzoo import text
    >>> from rnnzoo.pipeline.borders import cut_at
    >>> tokenizer = text.Tokenizer(lowercase=False)
    >>> found = [column.to_list() for column in tokenizer(["10kg left"])]
    >>> cut = cut_at([[(2, 4, "UNIT")]], ["10kg left"], *found, tokenizer)
    >>> cut.words, cut.starts
    ([[b'10', b'kg', b'left']], [[0, 2, 5]])
    """
    parts = [_parts(*row) for row in zip(spans, starts, ends, strict=True)]
    pieces = [
        text[start:end]
        for text, each in zip(texts, parts, strict=True)
        for part in each.values()
        for start, end in part
    ]
    if not pieces:
        sources = [list(range(len(row))) for row in words]
        return Cut(words, starts, ends, sources)
    found = zip(
        *(column.to_list() for column in tokenizer(pieces)), strict=True
    )
    rows = zip(texts, parts, words, starts, ends, strict=True)
    return Cut(
        *map(list, zip(*(_row(*row, found) for row in rows), strict=True))
    )


def _parts(spans, starts, ends):
    """Dict of a word that is cut to the `(start, end)` of its parts."""
    inside = collections.defaultdict(set)
    for border in itertools.chain.from_iterable(span[:2] for span in spans):
        word = int(np.searchsorted(ends, border, side="right"))
        if word < len(starts) and starts[word] < border:
            inside[word].add(border)
    return {
        word: list(
            itertools.pairwise([starts[word], *sorted(borders), ends[word]])
        )
        for word, borders in sorted(inside.items())
    }


def _row(text, parts, words, starts, ends, found):
    """The words of a text and their sources, with the parts of some.

    Args:
        text, parts, words, starts, ends: Of the text; see `_parts`.
        found: Iterator of the words, starts and ends of the next parts.
    """
    columns = [], [], [], []
    for place, word in enumerate(zip(words, starts, ends, strict=True)):
        if place not in parts:
            _append(columns, *word, place)
            continue
        _note(text[starts[place] : ends[place]])
        for first, _ in parts[place]:
            for piece, start, end in zip(*next(found), strict=True):
                _append(columns, piece, first + start, first + end, place)
    return columns


def _append(columns, *values):
    for column, value in zip(columns, values, strict=True):
        column.append(value)


def _note(word):
    noted = _CUT.get()
    if noted is not None:
        noted.append(word)


@contextlib.contextmanager
def warning_of_cuts():
    """Warns, at the end, of the words that were cut in between.

    Answers to raw texts have whole words, so that a span inside of a word
    cannot be found, however well its parts were learned.
    """
    noted = []
    token = _CUT.set(noted)
    try:
        yield
    finally:
        _CUT.reset(token)
    if noted:
        shown = ", ".join(map(repr, dict.fromkeys(noted[:3])))
        warnings.warn(
            f"Spans begin or end inside of {len(noted)} words, such as "
            f"{shown}. They were cut there; in new texts they will not be, so "
            "that scores on this data may be too high. A tokenizer of smaller "
            "units, such as `rnnzoo.text.Tokenizer('character')`, or lists of "
            "words have no such spans.",
            stacklevel=4,
        )
