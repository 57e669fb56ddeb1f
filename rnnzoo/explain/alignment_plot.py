"""Pictures of texts aligned with their translations."""

import unicodedata

from rnnzoo.explain.sheet import LEFT, NOTE, RIGHT

AXIS = 110  # most room for the words beside and above a matrix
GAP = 1.5  # between the cells
NARROWEST, WIDEST = 10, 16  # columns, with the gap


def draw(sheet, alignment):
    """Both texts, and a matrix of the weights."""
    sheet.paragraph(alignment.text)
    sheet.paragraph(alignment.translation)
    if alignment.weights.any():
        _draw_matrix(sheet, alignment)
    else:
        sheet.note("There is nothing to align.")


def _draw_matrix(sheet, alignment):
    """A row for each token written, a column for each token read.

    As many columns as fit stand beside each other, the others below.
    """
    heads, tokens = (
        [sheet.small.shorten(token, AXIS - 8) for token in tokens]
        for tokens in (alignment.source_tokens, alignment.tokens)
    )
    left = LEFT + 8 + max(map(sheet.small.width, tokens))
    most = int((RIGHT - left) / NARROWEST)
    size = min(WIDEST, (RIGHT - left) / min(len(heads), most))
    for first in range(0, len(heads), most):
        if sheet.is_full:
            sheet.note("Too long for a picture; a page, .html, has all.")
            break
        part = slice(first, first + most)
        _draw_heads(sheet, left, size, heads[part])
        _draw_rows(sheet, left, size, tokens, alignment.weights[:, part])
        sheet.top += WIDEST


def _draw_heads(sheet, left, size, heads):
    """The tokens read, each above the middle of its column."""
    height = max(_height(sheet, head) for head in heads)
    sheet.top += 12 + height
    for column, head in enumerate(heads):
        middle = left + column * size + (size - GAP) / 2
        if _is_upright(head):
            top = sheet.top - 5 - NOTE * (len(head) - 1)
            for place, character in enumerate(head):
                y = top + NOTE * place
                sheet.text(middle, y, character, sheet.small, align="center")
        else:
            x = middle + 0.35 * NOTE  # its letters are as high, about
            sheet.text(x, sheet.top - 5, head, sheet.small, rotation=90)


def _height(sheet, head):
    if _is_upright(head):
        return NOTE * len(head)
    return sheet.small.width(head)


def _is_upright(text):
    """Whether all characters are as wide as high, as in Chinese."""
    return all(unicodedata.east_asian_width(each) in "WF" for each in text)


def _draw_rows(sheet, left, size, tokens, weights):
    for token, row in zip(tokens, weights, strict=True):
        baseline = sheet.top + 0.5 * size + 3
        sheet.text(left - 6, baseline, token, sheet.small, align="right")
        for column, weight in enumerate(row):
            x, width = left + column * size, size - GAP
            sheet.box(x, sheet.top, width, width, "track")
            sheet.box(x, sheet.top, width, width, "word", float(weight))
        sheet.top += size
        sheet.lines += 1
        if sheet.is_full:
            break
