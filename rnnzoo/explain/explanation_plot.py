"""Pictures of texts, with the weights of their words and sentences."""

import itertools

from rnnzoo.explain import typesetting
from rnnzoo.explain.drawing import LIGHT, percent, shown_classes
from rnnzoo.explain.sheet import LEADING, LEFT, RIGHT, WIDTH

NUMBER, BAR = 26, 46  # columns left of a sentence
ROW_GAP = 5


def draw(sheet, explanation, heading):
    """A heading, the verdict and the shaded text."""
    _draw_header(sheet, explanation, heading)
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
        lines = lines[: sheet.room]
        _draw_lines(sheet, lines, left, row, explanation.shades)
        sheet.top += 0 if is_flat else ROW_GAP
        if sheet.is_full:
            sheet.note("Too long for a picture; a page, .html, has all.", left)
            break
    _draw_legend(sheet, is_flat)


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
