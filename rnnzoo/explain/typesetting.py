"""Lines of words, measured by the renderer that draws them.

All lengths are in points, 72 to the inch.
"""

import bisect
import dataclasses
import itertools
import re
import unicodedata
from typing import Any, NamedTuple

from matplotlib import font_manager
from matplotlib.backends.backend_agg import RendererAgg

from rnnzoo.explain import fonts
from rnnzoo.explain.reading_order import in_visual_order, is_right_to_left

DPI = 144
READ = 500  # Characters read of a text to shorten; more never fit on a sheet.
_UNKNOWN = "□"

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
        families = fonts.families(frozenset(text))
        self.properties = font_manager.FontProperties(
            family=families, size=size, weight=weight
        )
        faces = [fonts.face(family, weight) for family in families]
        self._known = {c for c in text if fonts.has(faces, c)}
        self._renderer = RendererAgg(1, 1, DPI)
        self._widths = {}

    def drawable(self, text):
        """The text in visible characters that the font has."""
        return "".join(map(self._drawable, unicodedata.normalize("NFC", text)))

    def _drawable(self, character):
        if character.isspace():
            return " "
        if unicodedata.category(character) in fonts.INVISIBLE:
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

    def wrap(self, pieces, width, most):
        """Lines of at most that width.

        Args:
            pieces: Sequence of (text, tag, whether it is a line break).
            width: Width of the lines.
            most: Number of lines after which it ends.

        Returns:
            A list of `Line`s in logical order; see `in_visual_order`.
        """
        lines = [Line([])]
        for unit in self._units(pieces):
            if len(lines) > most:
                break
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
        return lines[:most]

    def in_visual_order(self, words, right_to_left):
        """Words of a line from left to right, in the order they are seen in.

        A word whose parts run in both directions is split. Parts that run from
        right to left keep their characters in logical order, for matplotlib.

        Args:
            words: List of `Word`s in logical order.
            right_to_left: Whether the line begins at the right.
        """
        text = "".join(word.text for word in words)
        owners = [place for place, word in enumerate(words) for _ in word.text]
        shown = []
        for (owner, is_turned), together in itertools.groupby(
            in_visual_order(text, right_to_left),
            lambda each: (owners[each.place], each.is_turned),
        ):
            together = list(together)
            part = "".join(each.text for each in together)
            if is_turned and is_right_to_left(part):
                places = [each.place for each in together]
                part = text[min(places) : max(places) + 1]
            is_whole = len(part) == len(words[owner].text)
            width = words[owner].width if is_whole else self.width(part)
            shown.append(words[owner]._replace(text=part, width=width))
        return shown

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
