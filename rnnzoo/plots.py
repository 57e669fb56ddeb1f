"""Pictures: what a model looked at, and how training went.

Figures are made by themselves, without pyplot: nothing of a notebook's or a
program's own plotting is touched, and no display is needed.
"""

import itertools
from pathlib import Path

import numpy as np

from rnnzoo.drawing import LIGHT, percent, shown_classes
from rnnzoo.files import atomic_path

try:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import FancyBboxPatch
    from matplotlib.text import Text
    from matplotlib.ticker import MaxNLocator

    from rnnzoo import typesetting
except ImportError as error:
    raise ImportError(
        "Pictures need matplotlib. Install it with `pip install rnnzoo[plots]`."
    ) from error

# All lengths are in points, and y grows downwards.
WIDTH, MARGIN = 620, 40
TEXT, NOTE, LABEL = 10.5, 8.5, 19  # sizes
LEADING, ROW_GAP = 17.5, 5
NUMBER, BAR = 26, 46  # columns left of a sentence
LEFT, RIGHT = MARGIN, WIDTH - MARGIN

# A picture stays one that a viewer opens and a reader reads.
MAX_LINES = 90
MAX_LINES_IN_ALL = 300


def save_explanations(explanations, path):
    """Draws texts with their weights; see `Explanation.save`.

    A text is drawn up to 90 lines, and texts up to 300; the picture says what
    it leaves out.

    Words of right-to-left scripts are in their order; with matplotlib before
    3.11 their letters are not joined.

    Args:
        explanations: Sequence of `rnnzoo.explanation.Explanation`.
        path: Ends with `.png`.
    """
    _require_png(path)
    sheet = _Sheet(_characters(explanations))
    count = len(explanations)
    for place, explanation in enumerate(explanations):
        if place:
            sheet.rule()
        if sheet.lines >= MAX_LINES_IN_ALL:
            sheet.note(f"Left out: {_count(count - place, 'more text')}.")
            break
        _draw(sheet, explanation, f"Text {place + 1} of {count}" * (count > 1))
    if not count:
        sheet.note("No texts.")
    sheet.save(path)


def _characters(explanations):
    names = (
        str(name)
        for item in explanations
        for name in [item.label, *(item.labels or [])]
    )
    texts = (item.text for item in explanations)
    ours = map(chr, range(ord(" "), ord("~") + 1))
    return frozenset().union("□…·", ours, *names, *texts)


class _Sheet:
    """Artists from top to bottom; the figure is as high as they turn out.

    Attributes:
        top: Where the next thing goes.
        lines: How many lines of text have been drawn.
    """

    def __init__(self, characters):
        self.font = typesetting.Font(characters, TEXT)
        self.small = typesetting.Font(characters, NOTE)
        self.small_bold = typesetting.Font(characters, NOTE, bold=True)
        self.large = typesetting.Font(characters, LABEL, bold=True)
        self.artists = []
        self.top = MARGIN
        self.lines = 0

    def text(self, x, y, text, font=None, color="ink", align="left"):
        self.artists.append(
            Text(
                x,
                y,
                text,
                color=LIGHT[color],
                fontproperties=(font or self.font).properties,
                horizontalalignment=align,
                verticalalignment="baseline",
                parse_math=False,
            )
        )

    def box(self, x, y, width, height, color, alpha=1, radius=0):
        if width <= 0:
            return
        radius = min(radius, width / 2, height / 2)
        self.artists.append(
            FancyBboxPatch(
                (x, y),
                width,
                height,
                boxstyle=f"round,pad=0,rounding_size={radius}",
                facecolor=LIGHT[color],
                edgecolor="none",
                alpha=alpha,
            )
        )

    def bar(self, x, y, width, share, color, alpha=1):
        self.box(x, y, width, 5.5, "track", radius=2.75)
        self.box(x, y, max(width * share, 1), 5.5, color, alpha, radius=2.75)

    def note(self, text, x=LEFT):
        self.text(x, self.top + 10, text, self.small, "muted")
        self.top += 18

    def rule(self):
        self.top += 10
        self.box(LEFT, self.top, RIGHT - LEFT, 0.75, "track")
        self.top += 28

    def save(self, path):
        height = self.top + MARGIN - 10
        figure = Figure((WIDTH / 72, height / 72), dpi=typesetting.DPI)
        FigureCanvasAgg(figure)
        figure.set_facecolor(LIGHT["paper"])
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(height, 0))
        axes.set_axis_off()
        for artist in self.artists:
            axes.add_artist(artist)
        _save(figure, path)


def _draw(sheet, explanation, place):
    _draw_header(sheet, explanation, place)
    rows = explanation.rows()
    if not rows:
        sheet.note("The text is empty.")
        return
    is_flat = explanation.sentences is None
    left = LEFT if is_flat else LEFT + NUMBER + 8 + BAR + 16
    heaviest = max((row.weight for row in rows if row.weight), default=1)
    first_line, drawn = sheet.lines, 0
    for number, row in enumerate(rows):
        room = MAX_LINES - (sheet.lines - first_line)
        lines = sheet.font.wrap(row.pieces, RIGHT - left)
        if len(lines) > room and number:
            break
        if row.weight is not None:
            _draw_share(sheet, row.weight, row.weight / heaviest)
        if not row.is_read:
            sheet.top += 8
            sheet.note("Beyond the limit of the model, not read:", left)
        drawn += _draw_lines(sheet, lines[:room], left, row, explanation.shades)
        sheet.top += 0 if is_flat else ROW_GAP
    if drawn < len(explanation.tokens):
        sheet.note(_words_left_out(explanation, drawn), left)
    _draw_legend(sheet, is_flat)


def _draw_header(sheet, explanation, place):
    shown, left_out = shown_classes(
        explanation.probabilities, explanation.labels, explanation.label
    )
    if explanation.label is not None:
        place = f"{place} · predicted" if place else "Predicted"
    verdict = 40 if explanation.label is not None else 14 * bool(place)
    height = max(verdict, 14 * (len(shown) + bool(left_out)))
    top = sheet.top + (height - verdict) / 2
    sheet.text(LEFT, top + 9, place, sheet.small, "muted")
    if explanation.label is not None:
        label = sheet.large.shorten(str(explanation.label), 0.38 * WIDTH)
        sheet.text(LEFT, top + 33, label, sheet.large)
        x = LEFT + sheet.large.width(label) + 7
        if explanation.score is not None:
            score = percent(explanation.score, 1)
            sheet.text(x, top + 33, score, color="muted")
    top = sheet.top + (height - 14 * (len(shown) + bool(left_out))) / 2
    for name, probability, is_predicted in shown:
        _draw_class(sheet, top + 10, name, probability, is_predicted)
        top += 14
    if left_out:
        note = f"and {left_out} less probable"
        sheet.text(RIGHT, top + 10, note, sheet.small, "muted", "right")
    sheet.top += height + 20 * bool(height)


def _draw_class(sheet, base, name, probability, is_predicted):
    font = sheet.small_bold if is_predicted else sheet.small
    color, alpha = ("ink", 1) if is_predicted else ("muted", 0.55)
    left = RIGHT - 142
    name = font.shorten(str(name), 0.24 * WIDTH)
    sheet.text(left - 9, base, name, font, align="right")
    sheet.bar(left, base - 5.75, 100, probability, color, alpha)
    share = percent(probability, 1)
    sheet.text(RIGHT, base, share, sheet.small, "muted", "right")


def _draw_share(sheet, weight, length):
    base, right = sheet.top + 12, LEFT + NUMBER
    sheet.text(right, base, percent(weight), sheet.small, "muted", "right")
    sheet.bar(right + 8, base - 6, BAR, length, "sentence")


def _draw_lines(sheet, lines, left, row, shades):
    """Draws lines and returns how many tokens they have."""
    text = "".join(piece.text for piece in row.pieces)
    right_to_left = typesetting.is_right_to_left(text)
    tokens = set()
    for line in lines:
        sheet.top += 0.5 * LEADING * line.breaks
        x = RIGHT - line.width if right_to_left else left
        words = typesetting.in_visual_order(line.words, right_to_left)
        for token, together in itertools.groupby(words, lambda w: w.tag):
            start = x
            for word in together:
                color = "ink" if row.is_read else "muted"
                sheet.text(x, sheet.top + 12.5, word.text, color=color)
                x += word.width
            if token is not None:
                alpha = LIGHT["shade"] * float(shades[token])
                box = (start, sheet.top + 1, x - start, LEADING - 2)
                sheet.box(*box, "word", alpha, radius=2.5)
                tokens.add(token)
        if line.words:
            sheet.top += LEADING
            sheet.lines += 1
    return len(tokens)


def _words_left_out(explanation, drawn):
    left = _count(len(explanation.tokens) - drawn, "more word")
    if explanation.sentences is not None:
        whole = sum(first >= drawn for first, _ in explanation.sentences)
        left = f"{_count(whole, 'more sentence')} ({left})"
    share = percent(explanation.text_weights[drawn:].sum())
    return (
        f"Left out: {left}, with {share} of the attention. See .html for all."
    )


def _count(number, noun):
    return f"{number:,} {noun}{'s' * (number != 1)}"


def _draw_legend(sheet, is_flat):
    sheet.top += 14
    x, base = LEFT, sheet.top + 8
    if not is_flat:
        sheet.box(x, base - 6, 16, 6.5, "sentence", radius=1.5)
        note = "attention to a sentence"
        sheet.text(x + 22, base, note, sheet.small, "muted")
        x += 22 + sheet.small.width(note) + 22
    for step in range(10):
        alpha = LIGHT["shade"] * step / 9
        sheet.box(x + 4 * step, base - 6, 4, 6.5, "word", alpha)
    note = "attention to a word, from none to most"
    sheet.text(x + 46, base, note, sheet.small, "muted")
    sheet.top += 14


def _require_png(path):
    if Path(path).suffix.lower() != ".png":
        raise ValueError(
            "Invalid value for argument `path`. Expected a name that ends with "
            f"'.png'. Received: path={str(path)!r}"
        )


def _save(figure, path):
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=figure.dpi)
