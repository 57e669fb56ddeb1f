"""Pages of texts, with the weights of their words and sentences."""

from rnnzoo.explain.drawing import percent, shown_classes
from rnnzoo.explain.page import escaped

HEAVIEST = 5  # words that stand above each of several attentions

STYLE = """
.rnnzoo header {
  display: flex; flex-wrap: wrap; gap: 1rem 3rem;
  align-items: center; justify-content: space-between;
  margin-bottom: 2rem;
}
.rnnzoo h2 {
  margin: 0; font-size: 1.75rem; line-height: 1.25; font-weight: 650;
  letter-spacing: -.01em; overflow-wrap: anywhere;
}
.rnnzoo h2 small { font-size: 1.125rem; font-weight: 400; color: var(--muted); }
.rnnzoo .number {
  font-size: .8125rem; color: var(--muted); text-align: right;
  white-space: nowrap; font-variant-numeric: tabular-nums;
}
.rnnzoo .bar {
  height: .5rem; border-radius: .25rem; background: var(--track);
  overflow: hidden;
}
.rnnzoo .bar i {
  display: block; height: 100%; width: calc(var(--share) * 100%);
  min-width: 1px; border-radius: inherit; background: var(--sentence);
}
.rnnzoo .classes {
  display: grid; grid-template-columns: minmax(0, auto) 9rem 3.25rem;
  gap: .25rem .75rem; align-items: center; margin: 0; padding: 0;
  font-size: .875rem; line-height: 1.5;
}
.rnnzoo .classes i { background: var(--muted); opacity: .55; }
.rnnzoo .classes .predicted { font-weight: 650; }
.rnnzoo .classes .predicted + .bar i { background: var(--ink); opacity: 1; }
.rnnzoo .classes .name { overflow-wrap: anywhere; text-align: end; }
.rnnzoo .classes .note { grid-column: 1 / -1; text-align: end; }
.rnnzoo .row { margin: 0 0 .5rem; }
.rnnzoo .sentences .row {
  display: grid; grid-template-columns: 2.125rem 4rem minmax(0, 1fr);
  column-gap: .75rem; break-inside: avoid;
}
.rnnzoo .sentences .number { line-height: 1; margin-top: .425rem; }
.rnnzoo .sentences .bar { margin-top: .575rem; }
.rnnzoo .sentences .text, .rnnzoo .sentences p.note {
  grid-column: 3; padding-left: .5rem;
}
.rnnzoo .row.unread {
  color: var(--muted); margin-top: 1.25rem; row-gap: .25rem;
}
.rnnzoo details { margin: 1.5rem 0 .5rem; }
.rnnzoo summary { cursor: pointer; color: var(--muted); font-size: .875rem; }
.rnnzoo details .row { margin-top: 1rem; break-inside: avoid; }
.rnnzoo mark {
  border-radius: .2em; padding-block: .12em;
  background: rgb(var(--word) / calc(var(--shade) * var(--s)));
}
.rnnzoo .break {
  display: block; height: .5em; overflow: hidden; visibility: hidden;
}
.rnnzoo .break:first-child { height: 0; }
.rnnzoo .scale {
  display: inline-block; width: 4rem; height: .7em; border-radius: .2em;
  margin-inline-end: .5em;
  background: linear-gradient(to right, rgb(var(--word) / 0),
    rgb(var(--word) / var(--shade)));
}
.rnnzoo .scale.blue { background: var(--sentence); width: 1.5rem; }
@media (max-width: 36rem) {
  .rnnzoo .sentences .row {
    grid-template-columns: 2.25rem minmax(0, 1fr); column-gap: .5rem;
    grid-template-rows: auto 1fr;
  }
  .rnnzoo .sentences .bar { grid-row: 2; margin-top: .3rem; }
  .rnnzoo .sentences p.note { grid-column: 2; padding-left: .25rem; }
  .rnnzoo .sentences .text { grid-column: 2; padding-left: .25rem; }
  .rnnzoo .sentences .row:not(.unread) .text { grid-row: 1 / span 2; }
  .rnnzoo .classes { grid-template-columns: minmax(0, auto) 7rem 3.25rem; }
}
"""


def article(explanation, heading):
    """A heading, the verdict and the shaded text."""
    kind = "flat" if explanation.sentences is None else "sentences"
    return (
        "<article>\n"
        f"{_header(explanation, heading)}"
        f'<div class="{kind}">\n{_rows(explanation)}</div>\n'
        f"{_attentions(explanation)}"
        f"{_legend(explanation)}"
        "</article>"
    )


def _header(explanation, heading):
    score = percent(explanation.score, 1)
    return (
        "<header>\n"
        f'<div><p class="note">{heading}</p>'
        f'<h2 dir="auto">{escaped(explanation.label)} '
        f'<small dir="ltr">{score}</small></h2></div>\n'
        f"{_classes(explanation)}</header>\n"
    )


def _classes(explanation):
    shown, left_out = shown_classes(explanation)
    lines = []
    for name, probability, is_predicted in shown:
        predicted = " predicted" if is_predicted else ""
        lines.append(
            f'<div class="name{predicted}" dir="auto">{escaped(name)}</div>'
            f"{_bar(probability)}"
            f'<div class="number">{percent(probability, 1)}</div>\n'
        )
    if left_out:
        lines.append(f'<p class="note">and {left_out} less probable</p>\n')
    return f'<div class="classes">\n{"".join(lines)}</div>\n'


def _rows(explanation):
    rows = explanation.rows()
    if not rows:
        return '<div class="note">The text is empty.</div>\n'
    marks = _marks(explanation)
    lines = []
    for number, row in enumerate(rows, 1):
        text = "".join(piece_with(marks, piece) for piece in row.pieces)
        if not row.is_read:
            lines.append(
                '<div class="row unread">'
                '<p class="note">Beyond the limit of the model, not read:</p>'
                f'<p class="text" dir="auto">{text}</p></div>\n'
            )
            continue
        share, data = "", ""
        if row.weight is not None:
            data = f' data-weight="{row.weight:.9g}"'
            share = (
                f'<div class="number" title="Sentence {number}: '
                f'{row.weight:.4f} of the text">{percent(row.weight)}</div>'
                f"{_bar(row.weight)}"
            )
        lines.append(
            f'<div class="row"{data}>{share}'
            f'<p class="text" dir="auto">{text}</p></div>\n'
        )
    return "".join(lines)


def _attentions(explanation):
    """The text as each of several attentions saw it."""
    if explanation.row_weights is None or not explanation.tokens:
        return ""
    pieces = [
        piece
        for row in explanation.rows()
        if row.is_read
        for piece in row.pieces
    ]
    lines = []
    for number, (weights, shades, heaviest) in enumerate(
        zip(
            explanation.row_weights,
            explanation.row_shades,
            explanation.heaviest(HEAVIEST),
            strict=True,
        ),
        1,
    ):
        marks = [
            _mark(f"{token}: {weight:.4f}", weight, shade)
            for token, weight, shade in zip(
                explanation.tokens, weights, shades, strict=True
            )
        ]
        text = "".join(piece_with(marks, piece) for piece in pieces)
        lines.append(
            f'<div class="row"><p class="note">{number}: {escaped(heaviest)}'
            f'</p><p class="text" dir="auto">{text}</p></div>\n'
        )
    return (
        f"<details><summary>Each of the {len(lines)} attentions alone, of "
        f"which this is the mean</summary>\n{''.join(lines)}</details>\n"
    )


def _marks(explanation):
    """The opening tag of each token."""
    marks = []
    for token, weight, share, shade in zip(
        explanation.tokens,
        explanation.weights,
        explanation.text_weights,
        explanation.shades,
        strict=True,
    ):
        title = f"{token}: {share:.4f} of the text"
        if explanation.sentences is not None:
            title += f", {weight:.4f} of its sentence"
        marks.append(_mark(title, weight, shade))
    return marks


def _mark(title, weight, shade):
    return (
        f'<mark title="{escaped(title)}" data-weight="{weight:.9g}" '
        f'style="--s:{shade:.3f}">'
    )


def piece_with(marks, piece):
    """HTML of a `Piece`, with the opening tags of tokens."""
    text = escaped(piece.text)
    if piece.token is not None:
        return f"{marks[piece.token]}{text}</mark>"
    if piece.is_break:
        return f'<span class="break" aria-hidden="true">{text}</span>'
    return text


def _legend(explanation):
    if not explanation.tokens:
        return ""
    sentences = ""
    if explanation.sentences is not None:
        sentences = (
            '<p class="note"><i class="scale blue"></i>'
            "attention to a sentence</p>"
        )
    return (
        f'<footer>{sentences}<p class="note"><i class="scale"></i>'
        "attention to a word, from none to most</p></footer>\n"
    )


def _bar(share):
    return f'<div class="bar"><i style="--share:{share:.4f}"></i></div>'
