"""Texts as they are drawn: tokens, and what stands between them."""

import re
from typing import NamedTuple

# Line breaks: HTML as people paste it, and Unicode's own characters.
_BREAK = r"<\s*br\s*/?\s*>|</?p>|\r\n|[\n\r\v\f\x85\u2028\u2029]"
LINE_BREAK = re.compile(f"({_BREAK})", re.IGNORECASE)
SPACE = re.compile(rf"(?:{_BREAK}|\s)*", re.IGNORECASE)
END = "(end)"
_VISIBLE = {" ": "␣", "\n": "⏎", "\t": "⇥"}


class Piece(NamedTuple):
    """A stretch of the text: a token, a line break or what stands between.

    Attributes:
        text: The characters, as in the original text.
        token: Index of the token, or `None`.
        is_break: Whether to show the stretch as a line break.
    """

    text: str
    token: int | None = None
    is_break: bool = False


def pieces_of(text, spans, tokens, places):
    """The pieces of a stretch of a text.

    Args:
        text: The text.
        spans: A pair `(start, end)` for each token of the text, in order.
        tokens: `(first, last)`: the stretch has `spans[first:last]`.
        places: `(start, end)` of the stretch.

    Returns:
        List of `Piece`; joined, they make the stretch.
    """
    pieces, (place, end) = [], places
    for token in range(*tokens):
        start, stop = spans[token]
        pieces += between(text[place:start])
        pieces.append(Piece(text[start:stop], token))
        place = stop
    return pieces + between(text[place:end])


def between(text):
    """Pieces of the text between two tokens."""
    return [
        Piece(part, is_break=place % 2 == 1)
        for place, part in enumerate(LINE_BREAK.split(text))
        if part
    ]


def visible(token):
    """A token as people can read it, spaces and the end, too."""
    return "".join(_VISIBLE.get(c, c) for c in token) or END
