"""Pictures of texts, with the weights of their words and sentences."""

from rnnzoo.explain.drawing import LIGHT, percent, shown_classes
from rnnzoo.explain.reading_order import is_right_to_left
from rnnzoo.explain.sheet import LEADING, LEFT, RIGHT, WIDTH

NUMBER, BAR = 26, 46  # columns left of a sentence
ROW_GAP = 5
UNDERLINE = 1.25
HEAVIEST = 6  # words of each of several attentions
UNREAD = 4  # most lines of what the model did not read


def draw(sheet, explanation, heading):
    """A heading, the verdict and the shaded text."""
    _draw_header(sheet, explanation, heading)
    rows = explanation.rows()
    if not rows:
        sheet.note("The text is empty.")
        return
    is_flat = explanation.sentences is None
    left = LEFT if is_flat else LEFT + NUMBER + 8 + BAR + 16
    shades = explanation.shades
    for row in rows:
        if row.weight is not None:
            _draw_share(sheet, row.weight)
        if row.is_read:
            lines = sheet.font.wrap(row.pieces, RIGHT - left, sheet.room)
            draw_lines(sheet, lines, left, shades, _is_right_to_left(row))
        else:
            _draw_unread(sheet, left, row, shades)
        sheet.top += 0 if is_flat else ROW_GAP
        if sheet.is_full:
            sheet.note("Too long for a picture; a page, .html, has all.", left)
            break
    _draw_legends(sheet, is_flat)
    _draw_attentions(sheet, explanation)


def _draw_attentions(sheet, explanation):
    """The heaviest words of each of several attentions."""
    lines = explanation.heaviest(HEAVIEST)
    if not lines:
        return
    sheet.top += 8
    sheet.note("Each attention alone; a page, .html, shades the text by each:")
    for number, line in enumerate(lines, 1):
        if sheet.is_full:
            break
        sheet.note(sheet.small.shorten(f"{number}: {line}", RIGHT - LEFT))


def _draw_header(sheet, explanation, heading):
    shown, left_out = shown_classes(explanation)
    classes = 14 * (len(shown) + bool(left_out))
    height = max(40, classes)
    top = sheet.top + (height - 40) / 2
    sheet.text(LEFT, top + 9, heading, sheet.small, "muted")
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


def _draw_share(sheet, weight):
    base, right = sheet.top + 12, LEFT + NUMBER
    sheet.text(right, base, percent(weight), sheet.small, "muted", "right")
    sheet.bar(right + 8, base - 6, BAR, weight, "sentence")


def _draw_unread(sheet, left, row, shades):
    """The beginning of a text that was beyond the model's limit."""
    sheet.top += 8
    sheet.note("Beyond the limit of the model, not read:", left)
    most = min(UNREAD, sheet.room)
    lines = sheet.font.wrap(row.pieces, RIGHT - left, most + 1)
    right_to_left = _is_right_to_left(row)
    draw_lines(sheet, lines[:most], left, shades, right_to_left, "muted")
    if len(lines) > most and not sheet.is_full:
        sheet.note("… and more, which a page, .html, has.", left)


def draw_lines(
    sheet, lines, left, shades, right_to_left, color="ink", underlined=()
):
    """Lines of text, whose tokens are shaded.

    Args:
        sheet: `rnnzoo.explain.sheet.Sheet`.
        lines: List of `rnnzoo.explain.typesetting.Line`.
        left: Where they begin.
        shades: The darkness of each token, from 0 to 1.
        right_to_left: Whether they begin at the right.
        color: Name of the colour of the text.
        underlined: Set of the places of tokens that are also underlined.
    """
    for line in lines:
        sheet.top += 0.5 * LEADING * line.breaks
        places = sheet.line(line, 12.5, left, color, right_to_left)
        for token, start, end in places:
            alpha = LIGHT["shade"] * float(shades[token])
            box = (start, sheet.top + 1, end - start, LEADING - 2)
            sheet.box(*box, "word", alpha, radius=2.5)
            if token in underlined:
                below = (start, sheet.top + 15, end - start, UNDERLINE)
                sheet.box(*below, "sentence")
        if line.words:
            sheet.top += LEADING
            sheet.lines += 1


def _is_right_to_left(row):
    return is_right_to_left("".join(each.text for each in row.pieces))


def _draw_legends(sheet, is_flat):
    x = LEFT
    if not is_flat:
        base = sheet.top + 22
        sheet.box(x, base - 6, 16, 6.5, "sentence", radius=1.5)
        note = "attention to a sentence"
        sheet.text(x + 22, base, note, sheet.small, "muted")
        x += 22 + sheet.small.width(note) + 22
    draw_legend(sheet, "attention to a word, from none to most", x)


def draw_legend(sheet, note, x=LEFT):
    """The meaning of the shades, on a new line or further to the right."""
    sheet.top += 14
    base = sheet.top + 8
    for step in range(10):
        alpha = LIGHT["shade"] * step / 9
        sheet.box(x + 4 * step, base - 6, 4, 6.5, "word", alpha)
    sheet.text(x + 46, base, note, sheet.small, "muted")
    sheet.top += 14
