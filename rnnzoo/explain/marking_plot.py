"""Pictures of texts whose entities are marked."""

import itertools

from rnnzoo.explain.drawing import KINDS
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
    """One line, with the label above each entity's background."""
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
