"""Pictures of texts whose entities are marked."""

from rnnzoo.explain.drawing import KINDS
from rnnzoo.explain.reading_order import is_right_to_left
from rnnzoo.explain.sheet import LEADING, LEFT, RIGHT, WIDTH

CELL, GAP = 5.5, 1.5  # height of a kind's cell under a word, and the gap below
TINT = 0.32  # opacity of an entity's background


def draw(sheet, marking):
    """The text with its entities, and a column for each word."""
    if not marking.text.strip():
        sheet.note("The text is empty.")
        return
    pieces = [
        (text, entity, False) for text, entity in marking.pieces() if text
    ]
    right_to_left = is_right_to_left(marking.text)
    for line in sheet.font.wrap(pieces, RIGHT - LEFT, sheet.room):
        _draw_entities(sheet, line, marking.labels, right_to_left)
    sheet.top += 16
    if not sheet.is_full:
        _draw_steps(sheet, marking)
    if sheet.is_full:
        sheet.note("Too long for a picture; a page, .html, has all.")
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


def _draw_entities(sheet, line, labels, right_to_left):
    """One line, with the label above each entity's background."""
    places = sheet.line(line, 20.5, right_to_left=right_to_left)
    for entity, start, end in places:
        kind = labels.index(entity.label)
        box = (start - 1.5, sheet.top + 9, end - start + 3, LEADING - 2)
        sheet.box(*box, _color(kind), TINT, radius=3)
        name = sheet.tiny.shorten(entity.label, max(end - start, 24))
        sheet.text(start, sheet.top + 6.5, name, sheet.tiny, "muted")
    sheet.top += LEADING + 9
    sheet.lines += 1


def _draw_steps(sheet, marking):
    """A column for each word, with a cell for each kind; columns wrap.

    On each line the names of the kinds stand before their cells.
    """
    kinds = marking.kinds()
    names = [
        sheet.tiny.shorten(marking.labels[kind], 0.15 * WIDTH) for kind in kinds
    ]
    left = LEFT + 6 + max(map(sheet.tiny.width, names), default=0)
    height = 16 + len(kinds) * (CELL + GAP) + 8
    x = RIGHT
    sheet.top -= height
    for token, marginals in zip(marking.tokens, marking.marginals, strict=True):
        token = sheet.small.shorten(token, 0.4 * WIDTH)
        width = max(sheet.small.width(token) + 7, 16)
        if x + width > RIGHT:
            if sheet.is_full:
                break
            x = left
            sheet.top += height
            sheet.lines += 1
            _draw_names(sheet, left - 6, names)
        sheet.text(x + 3.5, sheet.top + 9, token, sheet.small)
        for row, kind in enumerate(kinds):
            top = _top_of_row(sheet, row)
            sheet.box(x, top, width - GAP, CELL, "track")
            share = float(marginals[kind])
            sheet.box(x, top, width - GAP, CELL, _color(kind), share)
        x += width
    sheet.top += height


def _draw_names(sheet, right, names):
    for row, name in enumerate(names):
        base = _top_of_row(sheet, row) + CELL
        sheet.text(right, base, name, sheet.tiny, "muted", "right")


def _top_of_row(sheet, row):
    return sheet.top + 14 + row * (CELL + GAP)


def _color(kind):
    return KINDS[kind % len(KINDS)]
