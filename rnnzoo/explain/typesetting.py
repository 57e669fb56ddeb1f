"""Lines of words, measured by the renderer that draws them.

All lengths are in points, 72 to the inch.
"""

import bisect
import dataclasses
import functools
import re
import unicodedata
from typing import Any, NamedTuple

from matplotlib import font_manager
from matplotlib.backends.backend_agg import RendererAgg

DPI = 144
READ = 500  # Characters read of a text to shorten; more never fit on a sheet.
_FAMILY = "DejaVu Sans"  # comes with matplotlib
_UNKNOWN = "□"
_MIRRORED = str.maketrans("()[]{}<>«»", ")(][}{><»«")

# Lines break at spaces and, in scripts without spaces, around characters.
_IDEOGRAPH = r"\u2e80-\u9fff\uac00-\ud7a3\uff00-\uffef"
_UNITS = re.compile(
    rf"(?P<space>\s+)|(?P<ideograph>[{_IDEOGRAPH}])"
    rf"|(?P<run>[^\s{_IDEOGRAPH}]+)"
)


class Word(NamedTuple):
    """Text that stays on one line, its width, and a tag of the caller's."""

    text: str
    width: float
    tag: Any = None


@dataclasses.dataclass
class Line:
    """Words on a line, and the number of line breaks before it in the text."""

    words: list
    breaks: int = 0

    @property
    def width(self):
        return sum(word.width for word in self.words)


class Font:
    """A size and weight, and the font families that a text needs.

    Args:
        text: All that will be drawn. Characters that no font of this machine
            has are drawn as boxes.
        size: Size in points.
        bold: Whether the font is bold.
    """

    def __init__(self, text, size, bold=False):
        weight = "bold" if bold else "normal"
        families = _families(frozenset(text))
        self.properties = font_manager.FontProperties(
            family=families, size=size, weight=weight
        )
        faces = [_face(family, weight) for family in families]
        self._known = {c for c in text if _has(faces, c)}
        self._renderer = RendererAgg(1, 1, DPI)
        self._widths = {}

    def drawable(self, text):
        """The text in visible characters that the font has."""
        return "".join(map(self._drawable, unicodedata.normalize("NFC", text)))

    def _drawable(self, character):
        if character.isspace():
            return " "
        if unicodedata.category(character) in ("Cc", "Cf", "Mn", "Me"):
            # Invisible alone: joiners, marks, selectors, controls.
            return character if character in self._known else ""
        return character if character in self._known else _UNKNOWN

    def width(self, text):
        """The distance that drawing this drawable text moves the pen."""
        if text not in self._widths:
            # Between bars, spaces at the ends count, too.
            self._widths[text] = self._ink(f"|{text}|") - self._ink("||")
        return self._widths[text]

    def _ink(self, text):
        pixels, _, _ = self._renderer.get_text_width_height_descent(
            text, self.properties, False
        )
        return pixels * 72 / DPI

    def shorten(self, text, width):
        """The text, or its beginning and an ellipsis, within the width."""
        start = self.drawable(text[:READ])
        if len(text) <= READ and self.width(start) <= width:
            return start
        kept = bisect.bisect_right(
            range(1, len(start) + 1),
            width,
            key=lambda length: self.width(start[:length] + "…"),
        )
        return start[:kept].rstrip() + "…"

    def wrap(self, pieces, width):
        """Lines of at most that width.

        Args:
            pieces: Sequence of (text, tag, whether it is a line break).
            width: Width of the lines.

        Returns:
            A list of `Line`s in logical order; see `in_visual_order`.
        """
        lines = [Line([])]
        for unit in self._units(pieces):
            if unit is None:
                if lines[-1].words or lines[-1].breaks:
                    lines.append(Line([]))
                lines[-1].breaks += 1
                continue
            fits = sum(word.width for word in unit) <= width
            for part in [unit] if fits else self._characters(unit):
                needed = sum(word.width for word in part)
                is_space = not part[0].text.strip()
                if lines[-1].words and lines[-1].width + needed > width:
                    if is_space:
                        continue
                    lines.append(Line([]))
                lines[-1].words += part
        return lines

    def _units(self, pieces):
        """Yields lists of words that stay together; `None` for a line break."""
        unit = []
        for text, tag, is_break in pieces:
            parts = [] if is_break else _UNITS.finditer(text)
            for match in parts:
                part = self.drawable(match[0])
                word = Word(part, self.width(part), tag)
                if match.lastgroup == "run":
                    unit.append(word)
                    continue
                if unit:
                    yield unit
                yield [word]
                unit = []
            if is_break:
                if unit:
                    yield unit
                yield None
                unit = []
        if unit:
            yield unit

    def _characters(self, unit):
        for word in unit:
            for character in word.text:
                yield [Word(character, self.width(character), word.tag)]


def in_visual_order(words, right_to_left):
    """Words of a line from left to right, in the order in which they are seen.

    Orders whole words only: one level of the Unicode bidirectional algorithm,
    which is enough for a text with some words of the other direction.
    """
    against = "".join(
        "-" if direction is None else "x" if direction != right_to_left else "."
        for direction in (is_right_to_left(word.text) for word in words)
    )
    turned, place = [], 0
    # A word without direction runs with the words around it if both run
    # against the line.
    for run in re.finditer("x(?:-*x)*", against):
        turned += _shown(words[place : run.start()], right_to_left)
        turned += _shown(words[slice(*run.span())], not right_to_left)[::-1]
        place = run.end()
    turned += _shown(words[place:], right_to_left)
    return turned[::-1] if right_to_left else turned


def _shown(words, right_to_left):
    if not right_to_left:
        return words
    return [w._replace(text=w.text.translate(_MIRRORED)) for w in words]


def is_right_to_left(text):
    """Whether a text's first letter is; `None` if it has no letter."""
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind in ("L", "R", "AL"):
            return kind != "L"
    return None


@functools.lru_cache
def _families(characters):
    """Font families of this machine that together have all the characters."""
    families = [_FAMILY]
    missing = {
        character
        for character in characters
        if not character.isspace()
        and not _has([_face(_FAMILY, "normal")], character)
    }
    for entry in font_manager.fontManager.ttflist:
        if not missing:
            break
        usual = entry.style == "normal" and entry.weight == 400
        # The last resort has a box for everything, and colours are not drawn.
        if not usual or re.search("Last Resort|Color", entry.name):
            continue
        face = font_manager.get_font(entry.fname)
        found = {character for character in missing if _has([face], character)}
        if found:
            families.append(entry.name)
            missing -= found
    return families


def _face(family, weight):
    properties = font_manager.FontProperties(family=family, weight=weight)
    return font_manager.get_font(font_manager.findfont(properties))


def _has(faces, character):
    return any(face.get_char_index(ord(character)) for face in faces)
