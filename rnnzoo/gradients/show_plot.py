"""Pictures of maps of gradients."""

import numpy as np

from rnnzoo.explain.sheet import LEADING, LEFT, NOTE, RIGHT
from rnnzoo.gradients.maps import LEGEND, pixels, scale, ticks

COLUMNS, GAP = 2, 32  # maps beside each other, and points between them
AXIS, ERRORS = 30, 66  # left and right of a map
HEIGHT = 90
ZOOM = 8  # pixels of a cell, so that its borders stay sharp
SCALE = 240
COLUMN = 128  # of a table


def draw(sheet, chapter):
    """A title, paragraphs, maps and a table."""
    sheet.text(LEFT, sheet.top + 15, chapter.title, sheet.large)
    sheet.top += 30
    for text in chapter.text:
        sheet.paragraph(text)
        sheet.top += 4
    for first in range(0, len(chapter.maps), COLUMNS):
        sheet.top += 14
        width = (RIGHT - LEFT - (COLUMNS - 1) * GAP) / COLUMNS
        row = chapter.maps[first : first + COLUMNS]
        for column, each in enumerate(row):
            _draw_map(sheet, LEFT + column * (width + GAP), width, each)
        sheet.top += HEIGHT + 46
    if chapter.maps:
        _draw_legend(sheet)
    if chapter.table:
        _draw_table(sheet, chapter.table)


def _draw_map(sheet, x, width, each):
    columns = each.ratios.shape[1]
    base, top = sheet.top + 8, sheet.top + 14
    sheet.text(x, base, each.title, sheet.small_bold)
    end = x + sheet.small_bold.width(each.title) + 7
    sheet.text(end, base, each.verdict, sheet.small, "muted")
    left, right = x + AXIS, x + width - ERRORS - 8
    sheet.picture(left, top, right - left, HEIGHT, _zoomed(each.ratios))
    _frame(sheet, left, top, right - left, HEIGHT)
    _label(sheet, left - 4, top + 7, 0, "right")
    _label(sheet, left - 4, top + HEIGHT, each.training.updates[-1], "right")
    middle = top + HEIGHT / 2 + sheet.small.width("updates") / 2
    sheet.text(left - 6, middle, "updates", sheet.small, "muted", rotation=90)
    _draw_errors(sheet, right + 8, top, each.rows)
    below = top + HEIGHT + 10
    _labels_along(sheet, left, right, below, 1, each.axis, columns)
    _labels_along(sheet, right + 8, x + width, below, 0, "error", "1/6")
    sheet.text(x, below + 15, each.note, sheet.small, "muted")


def _draw_errors(sheet, x, top, rows):
    height = HEIGHT / len(rows)
    sheet.box(x, top, ERRORS, HEIGHT, "track")
    for place, (_, share) in enumerate(rows):
        y = top + (place + 0.1) * height
        sheet.box(x, y, share * ERRORS, 0.8 * height, "muted")


def _frame(sheet, x, y, width, height):
    for box in (
        (x, y, width, 0.5),
        (x, y + height, width, 0.5),
        (x, y, 0.5, height),
        (x + width, y, 0.5, height),
    ):
        sheet.box(*box, "muted", 0.5)


def _labels_along(sheet, left, right, y, first, name, last):
    _label(sheet, left, y, first, "left")
    _label(sheet, (left + right) / 2, y, name, "center")
    _label(sheet, right, y, last, "right")


def _label(sheet, x, y, text, align):
    sheet.text(x, y, str(text), sheet.small, "muted", align)


def _draw_legend(sheet):
    sheet.top += 8
    sheet.picture(LEFT, sheet.top, SCALE, 9, _zoomed(scale(90)[None]))
    _frame(sheet, LEFT, sheet.top, SCALE, 9)
    sides = ["left", *["center"] * (len(ticks()) - 2), "right"]
    for (place, label), side in zip(ticks(), sides, strict=True):
        _label(sheet, LEFT + place * SCALE, sheet.top + 19, label, side)
    _label(sheet, LEFT + SCALE + 12, sheet.top + 0.9 * NOTE, LEGEND, "left")
    sheet.top += 24


def _draw_table(sheet, rows):
    sheet.top += 10
    columns = len(rows[0])
    for place, row in enumerate(rows):
        for column, cell in enumerate(row):
            x = RIGHT - (columns - column) * COLUMN if column else LEFT
            color = "muted" if place == 0 else "ink"
            sheet.text(x, sheet.top + 11, cell, sheet.small, color)
        sheet.top += LEADING
        sheet.lines += 1
        sheet.box(LEFT, sheet.top - 1, RIGHT - LEFT, 0.5, "track")


def _zoomed(ratios):
    return np.kron(pixels(ratios), np.ones((ZOOM, ZOOM, 1), "uint8"))
