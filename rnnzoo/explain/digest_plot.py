"""Pictures of texts beside their summaries."""

from rnnzoo.explain.digest_html import NOTHING
from rnnzoo.explain.explanation_plot import (
    UNDERLINE,
    UNREAD,
    draw_legend,
    draw_lines,
)
from rnnzoo.explain.reading_order import is_right_to_left
from rnnzoo.explain.sheet import LEFT, RIGHT

GAP, ROW = 9, 34  # between the words of a summary, and between its lines


def draw(sheet, digest):
    """The summary with a bar under each word, and the shaded text."""
    if not digest.tokens:
        sheet.note(NOTHING)
        return
    sheet.note(digest.caption())
    _draw_summary(sheet, digest)
    copied, shades = digest.places_copied(), digest.shades
    lines = sheet.font.wrap(digest.pieces(), RIGHT - LEFT, sheet.room)
    right_to_left = is_right_to_left(digest.text)
    draw_lines(sheet, lines, LEFT, shades, right_to_left, underlined=copied)
    if digest.unread and not sheet.is_full:
        _draw_unread(sheet, digest)
    if sheet.is_full:
        sheet.note("Too long for a picture; a page, .html, has all.")
    _draw_legends(sheet)


def _draw_summary(sheet, digest):
    """Words from left to right, or from right to left, in as many lines."""
    right_to_left, font = is_right_to_left(digest.summary), sheet.font
    x = 0
    for word in digest.words():
        text = font.shorten(word.text, RIGHT - LEFT)
        width = max(font.width(text), 14)
        if x + width > RIGHT - LEFT:
            x = 0
            sheet.top += ROW
            sheet.lines += 1
        left = RIGHT - x - width if right_to_left else LEFT + x
        base = sheet.top + 16
        sheet.text(left, base, text, font)
        if word.is_copied:
            line = (left, base + 3, font.width(text), UNDERLINE)
            sheet.box(*line, "sentence")
        sheet.bar(left, base + 7, width, word.generate, "sentence")
        x += width + GAP
    sheet.top += ROW + 10
    sheet.lines += 1


def _draw_unread(sheet, digest):
    """The beginning of what was beyond the model's limit."""
    sheet.top += 8
    sheet.note(digest.limit())
    most = min(UNREAD, sheet.room)
    pieces = digest.unread_pieces()
    lines = sheet.font.wrap(pieces, RIGHT - LEFT, most + 1)
    right_to_left = is_right_to_left(digest.unread)
    draw_lines(sheet, lines[:most], LEFT, [], right_to_left, "muted")
    if len(lines) > most:
        sheet.note("… and more, which a page, .html, has.")


def _draw_legends(sheet):
    note = "attention to a word, from none to most"
    draw_legend(sheet, note)
    base, x = sheet.top - 6, LEFT + 46 + sheet.small.width(note) + 22
    sheet.box(x, base - 1, 16, UNDERLINE, "sentence")
    sheet.text(x + 22, base, "copied", sheet.small, "muted")
    x += 22 + sheet.small.width("copied") + 22
    sheet.box(x, base - 6, 16, 5.5, "sentence", radius=2.75)
    note = "probability to generate a word, not to copy it"
    sheet.text(x + 22, base, note, sheet.small, "muted")
