"""Pictures of stories, with the hops of attention beside their sentences."""

from rnnzoo.explain.drawing import percent
from rnnzoo.explain.recall_html import NOTHING
from rnnzoo.explain.sheet import LEFT, RIGHT

CELL, ROW, GAP = 46, 20, 2
MARK, MOST = 3, 6  # the mark of a supporting sentence, and most hops that fit


def draw(sheet, recall):
    """The question and its answer, and a table of the weights."""
    sheet.paragraph(f"{recall.question} {recall.answer}")
    sheet.note(f"{percent(recall.score)} probable")
    if not recall.is_read.any():
        sheet.note(NOTHING)
        return
    if recall.dropped:
        sheet.note(recall.limit())
    _draw_table(sheet, recall)
    if recall.supporting is not None:
        sheet.box(LEFT, sheet.top + 2, MARK, 10, "sentence")
        sheet.note("the answer follows from it, as the data says", LEFT + 12)


def _draw_table(sheet, recall):
    hops = min(recall.weights.shape[1], MOST)
    first = RIGHT - hops * CELL
    for hop in range(hops):
        x = first + hop * CELL + (CELL - GAP) / 2
        name = f"hop {hop + 1}"
        sheet.text(x, sheet.top + 14, name, sheet.small, align="center")
    sheet.top += ROW
    for _, sentence, weights, is_fact in recall.rows():
        if sheet.is_full:
            sheet.note("Too long for a picture; a page, .html, has all.")
            break
        if is_fact:
            sheet.box(LEFT, sheet.top + 2, MARK, ROW - 6, "sentence")
        text = sheet.font.shorten(sentence, first - LEFT - 20)
        sheet.text(LEFT + 10, sheet.top + 13, text)
        for hop, weight in enumerate(weights[:hops].tolist()):
            box = (first + hop * CELL, sheet.top, CELL - GAP, ROW - GAP)
            sheet.box(*box, "track")
            sheet.box(*box, "word", weight)
            if weight >= 0.005:
                x = box[0] + box[2] / 2
                value = percent(weight)
                sheet.text(
                    x, sheet.top + 12, value, sheet.small, align="center"
                )
        sheet.top += ROW
        sheet.lines += 1
    if recall.weights.shape[1] > MOST:
        sheet.note("There are more hops; a page, .html, has all.")
