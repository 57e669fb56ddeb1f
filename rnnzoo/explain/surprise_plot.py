"""Pictures of texts whose tokens are shaded by how surprising they are."""

from rnnzoo.explain.explanation_plot import draw_legend, draw_lines
from rnnzoo.explain.pieces import visible
from rnnzoo.explain.reading_order import is_right_to_left
from rnnzoo.explain.sheet import LEADING, LEFT, RIGHT

TOKEN, BITS = 120, 60  # widths of columns


def draw(sheet, surprise, heading, note):
    """A heading, the shaded text and the most surprising tokens."""
    sheet.text(LEFT, sheet.top + 9, note, sheet.small, "muted")
    sheet.text(LEFT, sheet.top + 33, heading, sheet.large)
    sheet.top += 56
    pieces = surprise.pieces()
    if not pieces:
        sheet.note("The text is empty.")
    lines = sheet.font.wrap(pieces, RIGHT - LEFT, sheet.room)
    right_to_left = is_right_to_left(surprise.text)
    draw_lines(sheet, lines, LEFT, surprise.shades, right_to_left)
    if sheet.is_full:
        sheet.note("Too long for a picture; a page, .html, has all.")
    sheet.top += 14
    _draw_row(sheet, "most surprising", "", "likeliest there", "muted")
    for place in surprise.most_surprising():
        _draw_row(
            sheet,
            visible(surprise.tokens[place]),
            f"{surprise.bits[place]:.1f} bits",
            surprise.likelier(place),
        )
    draw_legend(sheet, "surprise at a token, from none to most")


def _draw_row(sheet, token, bits, likelier, color="ink"):
    left, base = LEFT + TOKEN + BITS, sheet.top + 10
    font = sheet.small
    sheet.text(LEFT, base, font.shorten(token, TOKEN - 8), font, color)
    sheet.text(left - 16, base, bits, font, "muted", "right")
    likelier = font.shorten(likelier, RIGHT - left)
    sheet.text(left, base, likelier, font, color)
    sheet.top += LEADING - 2
