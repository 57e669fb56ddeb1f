"""Pictures of what a model looked at.

Figures are made by themselves, without pyplot: nothing of a notebook's or a
program's own plotting is touched, and no display is needed.
"""

import itertools

from rnnzoo.explain.drawing import KINDS, LIGHT, heading, percent, shown_classes
from rnnzoo.files import atomic_path

try:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import FancyBboxPatch
    from matplotlib.text import Text

    from rnnzoo.explain import typesetting
except ImportError as error:
    raise ImportError(
        "Pictures need matplotlib. Install it with `pip install rnnzoo[plots]`."
    ) from error

# All lengths are in points, and y grows downwards.
WIDTH, MARGIN = 620, 40
TEXT, NOTE, LABEL, TINY = 10.5, 8.5, 19, 6.5  # sizes
LEADING, ROW_GAP = 17.5, 5
NUMBER, BAR = 26, 46  # columns left of a sentence
LEFT, RIGHT = MARGIN, WIDTH - MARGIN

MAX_LINES = 300  # A picture stays one that a viewer opens.


def save_explanations(explanations, path):
    """Draws texts with their weights; see `Explanation.save`.

    A picture ends after 300 lines of text, and says so.

    Words of right-to-left scripts are in their order; with matplotlib before
    3.11 their letters are not joined.

    Args:
        explanations: Sequence of `rnnzoo.explain.explanation.Explanation`.
        path: Ends with `.png`.
    """
    sheet = _Sheet(_characters(explanations))
    count = len(explanations)
    for place, explanation in enumerate(explanations, 1):
        if place > 1:
            sheet.rule()
        if sheet.is_full:
            sheet.note(f"Left out: texts {place} to {count}.")
            break
        _draw(sheet, explanation, heading(place, count))
    if not count:
        sheet.note("No texts.")
    sheet.save(path)


def _characters(explanations):
    ours = map(chr, range(ord(" "), ord("~") + 1))
    texts = (
        text for item in explanations for text in (item.text, *item.labels)
    )
    return frozenset().union("□…·", ours, *texts)


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
        self.tiny = typesetting.Font(characters, TINY, bold=True)
        self.artists = []
        self.pictures = []
        self.top = MARGIN
        self.lines = 0

    @property
    def is_full(self):
        return self.lines >= MAX_LINES

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
                facecolor=LIGHT.get(color, color),
                edgecolor="none",
                alpha=alpha,
            )
        )

    def picture(self, x, y, width, height, pixels):
        self.pictures.append((pixels, (x, x + width, y + height, y)))

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
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        for pixels, extent in self.pictures:
            axes.imshow(pixels, extent=extent, aspect="auto")
        axes.set(xlim=(0, WIDTH), ylim=(height, 0))
        for artist in self.artists:
            axes.add_artist(artist)
        with atomic_path(path) as temporary:
            figure.savefig(temporary, format="png", dpi=figure.dpi)


def _draw(sheet, explanation, place):
    _draw_header(sheet, explanation, place)
    rows = explanation.rows()
    if not rows:
        sheet.note("The text is empty.")
        return
    is_flat = explanation.sentences is None
    left = LEFT if is_flat else LEFT + NUMBER + 8 + BAR + 16
    heaviest = max((row.weight for row in rows if row.weight), default=1)
    for row in rows:
        lines = sheet.font.wrap(row.pieces, RIGHT - left)
        if row.weight is not None:
            _draw_share(sheet, row.weight, row.weight / heaviest)
        if not row.is_read:
            sheet.top += 8
            sheet.note("Beyond the limit of the model, not read:", left)
        lines = lines[: MAX_LINES - sheet.lines]
        _draw_lines(sheet, lines, left, row, explanation.shades)
        sheet.top += 0 if is_flat else ROW_GAP
        if sheet.is_full:
            sheet.note("Too long for a picture; a page, .html, has all.", left)
            break
    _draw_legend(sheet, is_flat)


def _draw_header(sheet, explanation, place):
    shown, left_out = shown_classes(explanation)
    classes = 14 * (len(shown) + bool(left_out))
    height = max(40, classes)
    top = sheet.top + (height - 40) / 2
    sheet.text(LEFT, top + 9, place, sheet.small, "muted")
    label = sheet.large.shorten(explanation.label, 0.38 * WIDTH)
    sheet.text(LEFT, top + 33, label, sheet.large)
    x = LEFT + sheet.large.width(label) + 7
    sheet.text(x, top + 33, percent(explanation.score, 1), color="muted")
    top = sheet.top + (height - classes) / 2
    for name, probability, is_predicted in shown:
        _draw_class(sheet, top + 10, name, probability, is_predicted)
        top += 14
    if left_out:
        note = f"and {left_out} less probable"
        sheet.text(RIGHT, top + 10, note, sheet.small, "muted", "right")
    sheet.top += height + 20


def _draw_class(sheet, base, name, probability, is_predicted):
    font = sheet.small_bold if is_predicted else sheet.small
    color, alpha = ("ink", 1) if is_predicted else ("muted", 0.55)
    left = RIGHT - 142
    name = font.shorten(name, 0.24 * WIDTH)
    sheet.text(left - 9, base, name, font, align="right")
    sheet.bar(left, base - 5.75, 100, probability, color, alpha)
    share = percent(probability, 1)
    sheet.text(RIGHT, base, share, sheet.small, "muted", "right")


def _draw_share(sheet, weight, length):
    base, right = sheet.top + 12, LEFT + NUMBER
    sheet.text(right, base, percent(weight), sheet.small, "muted", "right")
    sheet.bar(right + 8, base - 6, BAR, length, "sentence")


def _draw_lines(sheet, lines, left, row, shades):
    text = "".join(piece.text for piece in row.pieces)
    right_to_left = bool(typesetting.is_right_to_left(text))
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
        if line.words:
            sheet.top += LEADING
            sheet.lines += 1


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


# Texts with their entities.

CELL, GAP = 5.5, 1.5  # of a kind at a word
TINT = 0.32  # how opaque an entity's ground is


def save_markings(markings, path):
    """Draws texts with their entities; see `Marking.save`.

    A picture ends after 300 lines of text, and says so.

    Args:
        markings: Sequence of `rnnzoo.explain.marking.Marking`.
        path: Ends with `.png`.
    """
    ours = map(chr, range(ord(" "), ord("~") + 1))
    texts = (t for each in markings for t in (each.text, *each.labels))
    sheet = _Sheet(frozenset().union("□…", ours, *texts))
    for place, marking in enumerate(markings):
        if place:
            sheet.rule()
        if sheet.is_full:
            sheet.note(f"Left out: texts {place + 1} to {len(markings)}.")
            break
        if marking.text.strip():
            _draw_marking(sheet, marking)
        else:
            sheet.note("The text is empty.")
    if not markings:
        sheet.note("No texts.")
    sheet.save(path)


def _draw_marking(sheet, marking):
    pieces = [
        (text, entity, False) for text, entity in marking.pieces() if text
    ]
    for line in sheet.font.wrap(pieces, RIGHT - LEFT):
        _draw_entities(sheet, line.words, marking.labels)
    sheet.top += 16
    _draw_steps(sheet, marking)
    sheet.top += 10
    x, base = LEFT, sheet.top + 8
    for kind in marking.kinds():
        sheet.box(x, base - 6, 12, 6.5, _color(kind), radius=1.5)
        name = sheet.small.shorten(marking.labels[kind], 0.2 * WIDTH)
        sheet.text(x + 17, base, name, sheet.small, "muted")
        x += 17 + sheet.small.width(name) + 16
        if x > RIGHT - 0.2 * WIDTH:
            x, base = LEFT, base + 14
    sheet.top = base + 6


def _draw_entities(sheet, words, labels):
    """One line, with a name above each entity's ground."""
    x = LEFT
    for entity, together in itertools.groupby(words, lambda w: w.tag):
        start = x
        for word in together:
            sheet.text(x, sheet.top + 20.5, word.text)
            x += word.width
        if entity is not None:
            kind = labels.index(entity.label)
            box = (start - 1.5, sheet.top + 9, x - start + 3, LEADING - 2)
            sheet.box(*box, _color(kind), TINT, radius=3)
            name = sheet.tiny.shorten(entity.label, max(x - start, 24))
            sheet.text(start, sheet.top + 6.5, name, sheet.tiny, "muted")
    sheet.top += LEADING + 9
    sheet.lines += 1


def _draw_steps(sheet, marking):
    """A column for each word, with a cell for each kind; columns wrap."""
    kinds = marking.kinds()
    height = 16 + len(kinds) * (CELL + GAP) + 8
    x = LEFT
    for token, marginals in zip(marking.tokens, marking.marginals, strict=True):
        token = sheet.small.shorten(token, 0.4 * WIDTH)
        width = max(sheet.small.width(token) + 7, 16)
        if x + width > RIGHT and x > LEFT:
            x = LEFT
            sheet.top += height
            sheet.lines += 1
            if sheet.is_full:
                break
        sheet.text(x + 3.5, sheet.top + 9, token, sheet.small)
        top = sheet.top + 14
        for kind in kinds:
            sheet.box(x, top, width - GAP, CELL, "track")
            share = float(marginals[kind])
            sheet.box(x, top, width - GAP, CELL, _color(kind), share)
            top += CELL + GAP
        x += width
    sheet.top += height


def _color(kind):
    return KINDS[kind % len(KINDS)]


# Texts with their translations.

AXIS = 110  # most room for the words beside and above a matrix


def save_alignments(alignments, path):
    """Draws translations; see `Alignment.save`.

    A picture ends after 300 lines of text, and says so.

    Args:
        alignments: Sequence of `rnnzoo.explain.alignment.Alignment`.
        path: Ends with `.png`.
    """
    ours = map(chr, range(ord(" "), ord("~") + 1))
    texts = (
        text
        for each in alignments
        for text in (each.text, each.translation, *each.source_tokens)
    )
    sheet = _Sheet(frozenset().union("□…", ours, *texts))
    for place, alignment in enumerate(alignments):
        if place:
            sheet.rule()
        if sheet.is_full:
            sheet.note(f"Left out: texts {place + 1} to {len(alignments)}.")
            break
        for text in (alignment.text, alignment.translation):
            for line in sheet.font.wrap([(text, None, False)], RIGHT - LEFT):
                x = LEFT
                for word in line.words:
                    sheet.text(x, sheet.top + 10, word.text)
                    x += word.width
                sheet.top += LEADING
                sheet.lines += 1
        if alignment.weights.any():
            _draw_matrix(sheet, alignment)
        else:
            sheet.note("There is nothing to align.")
    if not alignments:
        sheet.note("No texts.")
    sheet.save(path)


def _draw_matrix(sheet, alignment):
    """A column for each token read, a row for each one written."""
    heads, tokens = (
        [sheet.small.shorten(token, AXIS - 8) for token in tokens]
        for tokens in (alignment.source_tokens, alignment.tokens)
    )
    left = LEFT + 8 + max(map(sheet.small.width, tokens))
    base = sheet.top + 12 + max(map(sheet.small.width, heads))
    size = min(16, (RIGHT - left) / len(heads))
    for column, token in enumerate(heads):
        x = left + (column + 0.5) * size + 2
        sheet.text(x, base - 5, token, sheet.small)
        sheet.artists[-1].set_rotation(90)
    sheet.top = base
    for token, weights in zip(tokens, alignment.weights, strict=True):
        baseline = sheet.top + 0.5 * size + 3
        sheet.text(left - 6, baseline, token, sheet.small, align="right")
        for column, weight in enumerate(weights):
            x, width = left + column * size, max(size - GAP, 1)
            sheet.box(x, sheet.top, width, width, "track")
            sheet.box(x, sheet.top, width, width, "word", float(weight))
        sheet.top += size
        sheet.lines += 1
        if sheet.is_full:
            break


# Images with their captions.

TILES, TILE_GAP = 5, 10  # in a row, and between them


def save_looks(looks, path):
    """Draws images, clear where a word was seen; see `Look.save`.

    A picture ends after 300 lines of text and tiles, and says so.

    Args:
        looks: Sequence of `rnnzoo.explain.look.Look`.
        path: Ends with `.png`.
    """
    ours = map(chr, range(ord(" "), ord("~") + 1))
    texts = (text for each in looks for text in (each.caption, *each.tokens))
    sheet = _Sheet(frozenset().union("□…", ours, *texts))
    for place, look in enumerate(looks):
        if place:
            sheet.rule()
        if sheet.is_full:
            sheet.note(f"Left out: images {place + 1} to {len(looks)}.")
            break
        _draw_look(sheet, look)
    if not looks:
        sheet.note("No images.")
    sheet.save(path)


def _draw_look(sheet, look):
    """The caption, and a grid of tiles with a word above each."""
    for line in sheet.font.wrap([(look.caption, None, False)], RIGHT - LEFT):
        x = LEFT
        for word in line.words:
            sheet.text(x, sheet.top + 10, word.text)
            x += word.width
        sheet.top += LEADING
        sheet.lines += 1
    width = (RIGHT - LEFT - (TILES - 1) * TILE_GAP) / TILES
    height = width * look.image.shape[0] / look.image.shape[1]
    tiles = look.tiles()
    for place, tile in enumerate(tiles):
        x = LEFT + place % TILES * (width + TILE_GAP)
        if place % TILES == 0:
            sheet.top += 18
            sheet.lines += 1
        word, color = "the image", "muted"
        if place:
            word, color = look.tokens[place - 1], "ink"
        word = sheet.small.shorten(word, width)
        sheet.text(x, sheet.top, word, sheet.small, color)
        sheet.picture(x, sheet.top + 5, width, height, tile)
        if place % TILES == TILES - 1 or place == len(tiles) - 1:
            sheet.top += height + 5
