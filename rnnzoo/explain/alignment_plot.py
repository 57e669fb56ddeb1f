"""Pictures of texts aligned with others, token by token."""

import unicodedata

from rnnzoo.explain.sheet import LEFT, NOTE, RIGHT

AXIS = 110  # most room for the words beside and above a matrix
GAP = 1.5  # between the cells
NARROWEST, WIDEST = 10, 16  # columns, with the gap


def draw(sheet, texts, tokens, source_tokens, weights):
    """Texts, and a matrix of the weights.

    Args:
        sheet: `rnnzoo.explain.sheet.Sheet`.
        texts: Strings.
        tokens, source_tokens: Strings, what rows and columns are.
        weights: `(tokens, source_tokens)`.
    """
    for text in texts:
        sheet.paragraph(text)
    if weights.any():
        _draw_matrix(sheet, tokens, source_tokens, weights)
    else:
        sheet.note("There is nothing to align.")


def _draw_matrix(sheet, tokens, source_tokens, weights):
    """A row for each token, a column for each token of the source.

    As many columns as fit stand beside each other, the others below.
    """
    heads, tokens = (
        [sheet.small.shorten(token, AXIS - 8) for token in each]
        for each in (source_tokens, tokens)
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
        _draw_rows(sheet, left, size, tokens, weights[:, part])
        sheet.top += WIDEST


def _draw_heads(sheet, left, size, heads):
    """The tokens of the source, each above the middle of its column."""
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
