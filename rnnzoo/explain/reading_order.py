"""The order in which characters of both directions are seen on a line.

As in Unicode Standard Annex 9, by python-bidi.
"""

import unicodedata
from typing import NamedTuple

import bidi
import matplotlib
from bidi import algorithm
from bidi.mirror import MIRRORED

_DIGITS, _BASE = 0xE0020, 96  # tags: characters that the algorithm passes over


class Seen(NamedTuple):
    """A character of a line.

    Attributes:
        text: The character; a bracket as it is seen.
        place: Its place in the text.
        is_turned: Whether the text runs from right to left there.
    """

    text: str
    place: int
    is_turned: bool


def is_right_to_left(text):
    """Whether a text begins at the right: whether its first letter does."""
    return algorithm.get_base_level(text) == 1


def has_right_to_left(text):
    """Whether any letter of a text is of a script from right to left."""
    return any(unicodedata.bidirectional(each) in ("R", "AL") for each in text)


def as_drawn(text):
    """A text in the order in which matplotlib wants its characters.

    Before 3.11 it draws them from left to right, as they come, and does not
    join the letters of Arabic.
    """
    is_ordered = matplotlib.__version_info__ >= (3, 11)
    return text if is_ordered else algorithm.get_display(text)


def in_visual_order(text, right_to_left):
    """Characters of a line from left to right, in the order they are seen in.

    Args:
        text: The line.
        right_to_left: Whether it begins at the right.

    Returns:
        List of `Seen`.
    """
    # The library answers with a string. So each character takes its place in
    # the text with it, as two of those that the algorithm passes over; at the
    # end of a line it would not: there a letter stands.
    marked = "".join(
        character + chr(_DIGITS + place // _BASE) + chr(_DIGITS + place % _BASE)
        for place, character in enumerate(text + "aא"[right_to_left])
    )
    shown = bidi.get_display(marked, base_dir="LR"[right_to_left])
    seen = [_seen(*shown[i : i + 3]) for i in range(0, len(shown), 3)]
    return seen[1:] if right_to_left else seen[:-1]


def _seen(first, second, third):
    is_turned = ord(first) >= _DIGITS
    character, high, low = (
        (third, second, first) if is_turned else (first, second, third)
    )
    if is_turned and unicodedata.mirrored(character):
        character = MIRRORED.get(character, character)
    place = (ord(high) - _DIGITS) * _BASE + ord(low) - _DIGITS
    return Seen(character, place, is_turned)
