"""Pictures of texts aligned with their translations."""

from rnnzoo.explain.sheet import LEFT, RIGHT

AXIS = 110  # most room for the words beside and above a matrix
GAP = 1.5  # between the cells


def draw(sheet, alignment):
    """Both texts, and a matrix of the weights."""
    sheet.paragraph(alignment.text)
    sheet.paragraph(alignment.translation)
    if alignment.weights.any():
        _draw_matrix(sheet, alignment)
    else:
        sheet.note("There is nothing to align.")


def _draw_matrix(sheet, alignment):
    """A column for each token read, a row for each token written."""
    heads, tokens = (
        [sheet.small.shorten(token, AXIS - 8) for token in tokens]
        for tokens in (alignment.source_tokens, alignment.tokens)
    )
    left = LEFT + 8 + max(map(sheet.small.width, tokens))
    base = sheet.top + 12 + max(map(sheet.small.width, heads))
    size = min(16, (RIGHT - left) / len(heads))
    for column, token in enumerate(heads):
        x = left + (column + 0.5) * size + 2
        sheet.text(x, base - 5, token, sheet.small, rotation=90)
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
