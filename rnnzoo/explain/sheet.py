"""Sheets of paper, on which pictures of what a model looked at are drawn.

Figures are made without pyplot: they leave a notebook's or a program's own
plots alone and need no display.
"""

import itertools
import unicodedata

from rnnzoo.explain.drawing import LIGHT
from rnnzoo.files import atomic_path

try:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import FancyBboxPatch
    from matplotlib.text import Text

    from rnnzoo.explain import typesetting
    from rnnzoo.explain.reading_order import (
        as_drawn,
        has_right_to_left,
        is_right_to_left,
    )
except ImportError as error:
    raise ImportError(
        "Pictures need matplotlib and python-bidi. Install them with "
        "`pip install rnnzoo[plots]`."
    ) from error

# All lengths are in points, and y grows downwards.
WIDTH, MARGIN = 620, 40
TEXT, NOTE, LABEL, TINY = 10.5, 8.5, 19, 6.5  # sizes
LEADING = 17.5
LEFT, RIGHT = MARGIN, WIDTH - MARGIN

MAX_LINES = 300  # so that viewers can open the picture


def save_sheet(path, count, draw, texts, kind):
    """Draws items below each other; after 300 lines it stops, and says so.

    Before matplotlib 3.11 the letters of Arabic are not joined.

    Args:
        path: Name that ends with `.png`.
        count: Number of items.
        draw: Function of the `Sheet` and the place of an item.
        texts: Strings, all that may be written.
        kind: Name for the items, such as `"texts"`.
    """
    ours = map(chr, range(ord(" "), ord("~") + 1))
    composed = (unicodedata.normalize("NFC", each) for each in texts)
    sheet = Sheet(frozenset().union("□…·", ours, *composed))
    for place in range(count):
        if place:
            sheet.rule()
        if sheet.is_full:
            sheet.note(f"Left out: {kind} {place + 1} to {count}.")
            break
        draw(sheet, place)
    if not count:
        sheet.note(f"No {kind}.")
    sheet.save(path)


class Sheet:
    """Artists from top to bottom; the figure is as high as they need.

    Attributes:
        top: The y coordinate of what is drawn next.
        lines: Number of lines of text drawn so far.
    """

    def __init__(self, characters):
        self.font = typesetting.Font(characters, TEXT)
        self.small = typesetting.Font(characters, NOTE)
        self.small_bold = typesetting.Font(characters, NOTE, bold=True)
        self.large = typesetting.Font(characters, LABEL, bold=True)
        self.tiny = typesetting.Font(characters, TINY, bold=True)
        self.artists = []
        self.pictures = []
        self.top = MARGIN
        self.lines = 0

    @property
    def room(self):
        """The number of lines that may still be drawn."""
        return max(MAX_LINES - self.lines, 0)

    @property
    def is_full(self):
        return not self.room

    def text(
        self, x, y, text, font=None, color="ink", align="left", rotation=0
    ):
        """Text on a baseline; rotated, in degrees, around `(x, y)`."""
        self.artists.append(
            Text(
                x,
                y,
                as_drawn(text),
                color=LIGHT[color],
                fontproperties=(font or self.font).properties,
                horizontalalignment=align,
                verticalalignment="baseline",
                rotation=rotation,
                rotation_mode="anchor",
                parse_math=False,
            )
        )

    def paragraph(self, text):
        """Lines of plain text, as many as there is room for."""
        pieces = [(text, None, False)]
        for line in self.font.wrap(pieces, RIGHT - LEFT, self.room):
            self.line(line, 10, right_to_left=is_right_to_left(text))
            self.top += LEADING
            self.lines += 1

    def line(self, line, baseline, left=LEFT, color="ink", right_to_left=False):
        """A line of text; returns where each tag of its words is.

        Args:
            line: `typesetting.Line`.
            baseline: Distance of its baseline from `top`.
            left: Where a line from left to right begins.
            color: Name of the colour.
            right_to_left: Whether it begins at the right.

        Returns:
            List of tuples of a tag, its left and its right.
        """
        x, y = (
            RIGHT - line.width if right_to_left else left,
            self.top + baseline,
        )
        words, places = line.words, []
        text = "".join(word.text for word in words).rstrip()
        is_mixed = right_to_left or has_right_to_left(text)
        if is_mixed:
            words = self.font.in_visual_order(words, right_to_left)
        elif text:
            self.text(x, y, text, color=color)  # one is drawn sooner than many
        for tag, together in itertools.groupby(words, lambda w: w.tag):
            start = x
            for word in together:
                if is_mixed and word.text.strip():
                    self.text(x, y, word.text, color=color)
                x += word.width
            if tag is not None:
                places.append((tag, start, x))
        return places

    def box(self, x, y, width, height, color, alpha=1, radius=0):
        """A filled box from its upper left corner; `color`: a name or hex."""
        if width <= 0:
            return
        radius = min(radius, width / 2, height / 2)
        self.artists.append(
            FancyBboxPatch(
                (x, y),
                width,
                height,
                boxstyle=f"round,pad=0,rounding_size={radius}",
                facecolor=LIGHT.get(color, color),
                edgecolor="none",
                alpha=alpha,
            )
        )

    def picture(self, x, y, width, height, pixels):
        """Pixels, stretched into a box."""
        self.pictures.append((pixels, (x, x + width, y + height, y)))

    def bar(self, x, y, width, share, color, alpha=1):
        """A track of that width, filled from the left up to a share of it."""
        self.box(x, y, width, 5.5, "track", radius=2.75)
        self.box(x, y, max(width * share, 1), 5.5, color, alpha, radius=2.75)

    def note(self, text, x=LEFT):
        """A small grey line of text below all that was drawn."""
        self.text(x, self.top + 10, text, self.small, "muted")
        self.top += 18

    def rule(self):
        """A thin line between items."""
        self.top += 10
        self.box(LEFT, self.top, RIGHT - LEFT, 0.75, "track")
        self.top += 28

    def save(self, path):
        """Writes all that was drawn as a PNG file."""
        height = self.top + MARGIN - 10
        figure = Figure((WIDTH / 72, height / 72), dpi=typesetting.DPI)
        FigureCanvasAgg(figure)
        figure.set_facecolor(LIGHT["paper"])
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        for pixels, extent in self.pictures:
            axes.imshow(pixels, extent=extent, aspect="auto")
        axes.set(xlim=(0, WIDTH), ylim=(height, 0))
        for artist in self.artists:
            axes.add_artist(artist)
        with atomic_path(path) as temporary:
            figure.savefig(temporary, format="png", dpi=figure.dpi)
