"""Tags of tokens, and the spans that they mean.

A tag is `"O"`, outside all spans, or a letter and a label, such as `"B-PER"`.
B begins a span and I continues it; in schemes with more letters, E ends a span
and S is a span of a single token. BILOU calls these L and U, and BMEWO has M
and W for I and S. Plain labels, such as `"PER"`, are those of IO, where
neighbours of the same label are one span. Tags of every scheme are read as the
CoNLL scorer reads them, so that any list of tags means some spans.
"""

import functools
from typing import NamedTuple

import numpy as np

from rnnzoo.checks import check_choice

OUTSIDE = "O"
# The letters of the first token of a span, of others, of the last one, and of
# a span of one token.
SCHEMES = {
    "bio": "BIIB",
    "bioes": "BIES",
    "bilou": "BILU",
    "bmewo": "BMEW",
    "io": "IIII",
}
_IN_BIOES = dict(zip("BIESLUMW", "BIESESIS", strict=True))
_MISSING = ("nan", "None")  # what pandas makes of missing strings


class Span(NamedTuple):
    """Neighbouring tokens, `tokens[first:last]`, and their label."""

    label: str
    first: int
    last: int


class Constraints(NamedTuple):
    """Tags that may begin, follow each other and end, as lists of booleans.

    Attributes:
        start: For each tag, whether a sequence may begin with it.
        between: For each tag a list: for each tag, whether it may follow.
        end: For each tag, whether a sequence may end with it.
    """

    start: list
    between: list
    end: list


@functools.lru_cache
def split(tag):
    """Splits a tag into `(letter, label)`; the label of `"O"` is empty.

    The letter is that of BIOES with the same meaning, I for a plain label.

    Raises:
        ValueError: If the string is no tag.

    Examples:

    >>> from rnnzoo.text import tagging
    >>> tagging.split("B-PER"), tagging.split("O")
    (('B', 'PER'), ('O', ''))
    >>> tagging.split("U-PER"), tagging.split("PER")
    (('S', 'PER'), ('I', 'PER'))
    """
    if tag == OUTSIDE:
        return OUTSIDE, ""
    letter, dash, label = tag.partition("-")
    if letter in _IN_BIOES and dash and label:
        return _IN_BIOES[letter], label
    if is_plain(tag):
        return "I", tag
    raise ValueError(
        "Invalid value for argument `tags`. Expected 'O'; or a letter of "
        f"{', '.join(_IN_BIOES)} and a label, as in 'B-PER'; or a plain label, "
        f"as 'PER'. Received: {tag!r}"
    )


def labels_of(tags):
    """List of the labels of tags, each once, in the order of the tags.

    Examples:

    >>> from rnnzoo.text import tagging
    >>> tagging.labels_of(["O", "B-PER", "I-PER", "LOC"])
    ['PER', 'LOC']
    """
    labels = dict.fromkeys(split(tag)[1] for tag in tags)
    return [label for label in labels if label]


def is_plain(tag):
    """Whether a string is a label without a letter.

    Nothing that looks like a letter, with or without a label, is one.

    Examples:

    >>> from rnnzoo.text import tagging
    >>> [tagging.is_plain(tag) for tag in ("PER", "B-PER", "b-PER", "B", "")]
    [True, False, False, False, False]
    """
    letter, dash, _ = tag.partition("-")
    is_letter = len(letter) == 1 and (
        dash or letter.upper() in (*_IN_BIOES, OUTSIDE)
    )
    return bool(tag) and not is_letter and tag not in _MISSING


def continues(before, tag):
    """Tells whether a tag continues the span of the tag before it.

    Nothing else is needed to read tags as the CoNLL scorer does: a tag other
    than "O" that does not continue a span begins one.

    Examples:

    >>> from rnnzoo.text import tagging
    >>> tagging.continues("B-PER", "I-PER"), tagging.continues("O", "I-PER")
    (True, False)
    """
    (letter_before, label_before), (letter, label) = split(before), split(tag)
    return (
        letter in ("I", "E")
        and letter_before in ("B", "I")
        and label == label_before
    )


def to_spans(tags):
    """Reads the spans that tags mean.

    Args:
        tags: List of strings, in any scheme, well formed or not.

    Returns:
        List of `Span`, in order.

    Examples:

    >>> from rnnzoo.text import tagging
    >>> tagging.to_spans(["B-PER", "I-PER", "O", "I-LOC"])
    [Span(label='PER', first=0, last=2), Span(label='LOC', first=3, last=4)]
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
    """Writes spans as tags.

    Args:
        spans: `Span`s that do not overlap, in any order.
        length: Number of tokens.
        scheme: One of `SCHEMES`. Neighbours of the same label are one span in
            `"io"`.

    Returns:
        List of `length` strings.

    Raises:
        ValueError: If spans overlap, are empty or end after the last token.

    Examples:

    >>> from rnnzoo.text import tagging
    >>> tagging.to_tags([("PER", 0, 2), ("LOC", 3, 4)], 4, "bioes")
    ['B-PER', 'E-PER', 'O', 'S-LOC']
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
        begin, inside, end, single = SCHEMES[scheme]
        letters = [begin, *inside * (last - first - 2), end]
        if last - first == 1:
            letters = [single]
        tags[first:last] = [f"{letter}-{label}" for letter in letters]
    return tags


def from_offsets(spans, starts, ends):
    """Turns spans of characters into spans of tokens.

    A token belongs to a span if the two share a character.

    Args:
        spans: Tuples `(start, end, label)`, in characters of the text.
        starts, ends: Where each token starts and ends, in characters too.

    Returns:
        List of `Span`.

    Raises:
        ValueError: If a span has no token.

    Examples:

    >>> from rnnzoo.text import tagging  # "Ann is here"
    >>> tagging.from_offsets([(0, 3, "PER")], [0, 4, 7], [3, 6, 11])
    [Span(label='PER', first=0, last=1)]
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
    """All tags of some labels in a scheme; the id of a tag is its place.

    Args:
        labels: Strings, each once.
        scheme: One of `SCHEMES`.

    Attributes:
        labels: Tuple of the labels.
        scheme: The scheme.
        names: Tuple of the tags, `"O"` first.

    Examples:

    >>> from rnnzoo.text.tagging import TagSet
    >>> tag_set = TagSet(["PER", "LOC"])
    >>> tag_set.names
    ('O', 'B-PER', 'I-PER', 'B-LOC', 'I-LOC')
    >>> tag_set.encode(["I-LOC", "E-LOC", "O"])
    [3, 4, 0]
    >>> tag_set.constraints.start
    [True, True, False, True, False]
    """

    def __init__(self, labels, scheme="bio"):
        check_choice("scheme", scheme, SCHEMES)
        self.labels = tuple(labels)
        self.scheme = scheme
        letters = dict.fromkeys(SCHEMES[scheme])
        self.names = (
            OUTSIDE,
            *(f"{letter}-{label}" for label in labels for letter in letters),
        )
        self._ids = {name: place for place, name in enumerate(self.names)}

    def __len__(self):
        return len(self.names)

    def encode(self, tags):
        """Ids of tags, which may be in any scheme.

        Args:
            tags: List of strings.

        Returns:
            List of integers, the ids of tags of this set with the same spans.

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
        """Whether a tag continues the one before: `[before, tag]`, booleans."""
        return continuation(self.names)

    @property
    def constraints(self):
        """`Constraints` that well-formed sequences keep, and no others do."""
        letters = [split(name)[0] for name in self.names]
        first, middle, last, _ = SCHEMES[self.scheme]
        inside = np.array([letter in "IE" for letter in letters])
        inside &= first != middle  # else any tag may begin a span
        # With an end, a span that has begun must continue until it ends.
        must = np.array([letter in "BI" for letter in letters])
        must &= last != middle
        between = self.continues | ~(inside[None] | must[:, None])
        return Constraints(
            (~inside).tolist(), between.tolist(), (~must).tolist()
        )


def continuation(names):
    """Tells which tags continue which.

    Args:
        names: Strings, the tags.

    Returns:
        Boolean array `(tags, tags)`: whether the second tag continues a span
        of the first.

    Examples:

    >>> from rnnzoo.text.tagging import continuation
    >>> continuation(["O", "B-PER", "I-PER"]).astype(int).tolist()
    [[0, 0, 0], [0, 0, 1], [0, 0, 1]]
    """
    return np.array([[continues(a, b) for b in names] for a in names])
