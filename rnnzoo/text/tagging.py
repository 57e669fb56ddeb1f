"""Tags of tokens, and the spans that they mean.

A tag is `"O"`, outside of all spans, or a letter and a label, such as
`"B-PER"`. B begins a span and I goes on; where a scheme has them, E ends a
span and S is one of a single token. Tags are read as the CoNLL scorer reads
them, in whatever scheme they are, so that each list of tags means spans.
"""

import functools
from typing import NamedTuple

import numpy as np

from rnnzoo.checks import check_choice

OUTSIDE = "O"
SCHEMES = ("bio", "bioes")


class Span(NamedTuple):
    """Some tokens in a row, `tokens[first:last]`, and what they are."""

    label: str
    first: int
    last: int


class Constraints(NamedTuple):
    """Which tags may follow which, as nested lists of booleans.

    Attributes:
        start: For each tag, whether a sequence may begin with it.
        between: For each tag, for each tag, whether the second may follow.
        end: For each tag, whether a sequence may end with it.
    """

    start: list
    between: list
    end: list


@functools.lru_cache
def split(tag):
    """`(letter, label)` of a tag; those of `"O"` are `("O", "")`.

    Raises:
        ValueError: If it is no tag.
    """
    letter, dash, label = tag.partition("-")
    if tag == OUTSIDE or (letter in ("B", "I", "E", "S") and dash and label):
        return letter, label
    raise ValueError(
        "Invalid value for argument `tags`. Expected 'O', or B, I, E or S and "
        f"a label, as in 'B-PER'. Received: {tag!r}"
    )


def continues(before, tag):
    """Whether a tag continues the span of the tag before it.

    This one question is the whole of the CoNLL scorer's reading: a tag other
    than "O" that does not continue a span begins one.
    """
    (letter_before, label_before), (letter, label) = split(before), split(tag)
    return (
        letter in ("I", "E")
        and letter_before in ("B", "I")
        and label == label_before
    )


def to_spans(tags):
    """The spans that tags mean, in order.

    Args:
        tags: List of strings, in any scheme, well formed or not.

    Returns:
        List of `Span`.
    """
    spans = []
    before = OUTSIDE
    for place, tag in enumerate(tags):
        if tag != OUTSIDE:
            first = place
            if continues(before, tag):
                first = spans.pop().first
            spans.append(Span(split(tag)[1], first, place + 1))
        before = tag
    return spans


def to_tags(spans, length, scheme="bio"):
    """Tags of spans.

    Args:
        spans: `Span`s, in any order, that do not overlap.
        length: Number of tokens.
        scheme: `"bio"` or `"bioes"`.

    Returns:
        List of `length` strings.

    Raises:
        ValueError: If spans overlap, are empty or end after the last token.
    """
    check_choice("scheme", scheme, SCHEMES)
    tags = [OUTSIDE] * length
    for label, first, last in spans:
        if not 0 <= first < last <= length:
            raise ValueError(
                "Invalid value for argument `spans`. Expected "
                f"0 <= first < last <= {length}, the number of tokens. "
                f"Received: {Span(label, first, last)}"
            )
        if any(tag != OUTSIDE for tag in tags[first:last]):
            raise ValueError(
                "Invalid value for argument `spans`. Expected spans that do "
                f"not overlap. Received: {sorted(spans, key=lambda s: s[1:])}"
            )
        letters = ["B"] + ["I"] * (last - first - 1)
        if scheme == "bioes":
            letters[-1] = "S" if len(letters) == 1 else "E"
        tags[first:last] = [f"{letter}-{label}" for letter in letters]
    return tags


def from_offsets(spans, starts, ends):
    """Spans of tokens, from spans of characters.

    A token belongs to a span if they share a character.

    Args:
        spans: Tuples `(start, end, label)` in characters of the text.
        starts, ends: Where each token starts and ends, likewise.

    Returns:
        List of `Span`.

    Raises:
        ValueError: If a span has no token.
    """
    found = []
    for start, end, label in spans:
        first = int(np.searchsorted(ends, start, side="right"))
        last = int(np.searchsorted(starts, end, side="left"))
        if first >= last or start >= end:
            raise ValueError(
                "Invalid value for argument `y`. Expected spans (start, end, "
                "label) in characters, each with a word in it. Received: "
                f"{(start, end, label)}"
            )
        found.append(Span(label, first, last))
    return found


class TagSet:
    """The tags of some labels in a scheme; a tag's id is its place.

    Args:
        labels: Strings, each once.
        scheme: `"bio"` or `"bioes"`.

    Attributes:
        labels: Tuple of the labels.
        scheme: The scheme.
        names: Tuple of the tags, `"O"` first.
    """

    def __init__(self, labels, scheme="bio"):
        check_choice("scheme", scheme, SCHEMES)
        self.labels = tuple(labels)
        self.scheme = scheme
        letters = "BI" if scheme == "bio" else "BIES"
        self.names = (
            OUTSIDE,
            *(f"{letter}-{label}" for label in labels for letter in letters),
        )
        self._ids = {name: place for place, name in enumerate(self.names)}

    def __len__(self):
        return len(self.names)

    def encode(self, tags):
        """Ids of tags that are in any scheme.

        Raises:
            ValueError: If a tag has another label.
        """
        tags = to_tags(to_spans(tags), len(tags), self.scheme)
        for tag in tags:
            if tag not in self._ids:
                raise ValueError(
                    "Invalid value for argument `tags`. Expected labels of "
                    f"{list(self.labels)[:10]}. Received: {split(tag)[1]!r}"
                )
        return [self._ids[tag] for tag in tags]

    @property
    def continues(self):
        """Boolean array `(tags, tags)`: whether the second continues."""
        return continuation(self.names)

    @property
    def constraints(self):
        """`Constraints` that every well-formed sequence keeps, and no other."""
        letters = [split(name)[0] for name in self.names]
        inside = np.array([letter in "IE" for letter in letters])
        # With E and S, a span that was begun must go on until it ends.
        is_open = np.array([letter in "BI" for letter in letters])
        must = is_open if self.scheme == "bioes" else np.zeros_like(is_open)
        between = self.continues | ~(inside[None] | must[:, None])
        return Constraints(
            (~inside).tolist(), between.tolist(), (~must).tolist()
        )


def continuation(names):
    """Boolean array `(tags, tags)`: whether the second continues the first."""
    return np.array([[continues(a, b) for b in names] for a in names])
