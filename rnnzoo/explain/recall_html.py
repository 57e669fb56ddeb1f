"""Pages of stories, with the hops of attention beside their sentences."""

from rnnzoo.explain.drawing import percent
from rnnzoo.explain.page import escaped

NOTHING = "There is no sentence to look at."
STYLE = """
.rnnzoo table.hops { border-collapse: separate; border-spacing: 2px; }
.rnnzoo .scroll { overflow-x: auto; margin-top: 1.5rem; }
.rnnzoo table.hops th { font-weight: 400; text-align: start; }
.rnnzoo table.hops thead th { font-size: .8125rem; text-align: center; }
.rnnzoo table.hops tbody th { padding-inline-end: .75em; }
.rnnzoo table.hops tr.fact th {
  border-inline-start: .25rem solid var(--sentence);
  padding-inline-start: .5em;
}
.rnnzoo table.hops tr.plain th { padding-inline-start: .75rem; }
.rnnzoo table.hops td {
  min-width: 3.25rem; height: 1.5rem; text-align: center; font-size: .8125rem;
  background: color-mix(
    in srgb, rgb(var(--word) / var(--shade)) var(--p), var(--track)
  );
}
.rnnzoo i.fact {
  display: inline-block; width: .25rem; height: .9em;
  margin-inline-end: .5em; background: var(--sentence);
}
"""


def article(recall):
    """The question and its answer, and a table of the weights."""
    return (
        f'<article>\n<p class="text" dir="auto">{escaped(recall.question)} '
        f"<b>{escaped(recall.answer)}</b></p>\n"
        f'<p class="note">{percent(recall.score)} probable</p>\n'
        f"{_table(recall)}</article>"
    )


def _table(recall):
    if not recall.is_read.any():
        return f'<p class="note">{NOTHING}</p>\n'
    heads = "".join(
        f'<th scope="col">hop {hop + 1}</th>'
        for hop in range(recall.weights.shape[1])
    )
    rows = "".join(
        f'<tr class="{"fact" if is_fact else "plain"}">'
        f'<th scope="row" dir="auto">{escaped(sentence)}</th>'
        f"{_cells(place, weights)}</tr>\n"
        for place, sentence, weights, is_fact in recall.rows()
    )
    note = f'<p class="note">{recall.limit()}</p>\n' if recall.dropped else ""
    return (
        f'{note}<div class="scroll"><table class="hops">\n'
        f"<thead><tr><td></td>{heads}</tr></thead>\n"
        f"<tbody>{rows}</tbody></table></div>\n{_legend(recall)}"
    )


def _cells(place, weights):
    return "".join(
        f'<td title="sentence {place + 1}, hop {hop}: {weight:.4f}" '
        f'style="--p:{100 * weight:.1f}%">'
        f"{percent(weight) if weight >= 0.005 else ''}</td>"
        for hop, weight in enumerate(weights.tolist(), 1)
    )


def _legend(recall):
    if recall.supporting is None:
        return ""
    return (
        '<footer><p class="note"><i class="fact"></i>'
        "the answer follows from it, as the data says</p></footer>\n"
    )
