"""Pages of texts whose entities are marked."""

from rnnzoo.explain.drawing import KINDS, percent
from rnnzoo.explain.page import escaped

LINE = 64  # characters of the words in a strip, about; pages are wider

STYLE = """
.rnnzoo .marked { line-height: 2.1; font-size: 1.0625rem; }
.rnnzoo mark.entity {
  padding: .2em .35em; border-radius: .3em;
  background: color-mix(in srgb, var(--kind) 32%, transparent);
  box-decoration-break: clone; -webkit-box-decoration-break: clone;
}
.rnnzoo mark.entity b {
  margin-inline-start: .5em; font-size: .6875rem; font-weight: 650;
  letter-spacing: .03em; color: var(--muted);
}
.rnnzoo .strip { overflow-x: auto; margin-top: 1.25rem; }
.rnnzoo table.steps { border-collapse: separate; border-spacing: 2px; }
.rnnzoo table.steps th {
  font-weight: 400; font-size: .75rem; line-height: 1.4; text-align: start;
  white-space: pre; padding: 0 .3em; max-width: 20rem; overflow: hidden;
  text-overflow: ellipsis;
}
.rnnzoo table.steps tbody th {
  font-size: .625rem; line-height: 1; color: var(--muted); text-align: end;
}
.rnnzoo table.steps tbody td {
  min-width: 1.25rem; height: .5rem; padding: 0;
  background: color-mix(in srgb, var(--kind) var(--p), var(--track));
}
.rnnzoo .swatch {
  display: inline-block; width: 1rem; height: .7em; border-radius: .2em;
  margin-inline-end: .5em; background: var(--kind);
}
"""


def article(marking):
    """The text with its entities, and a column of cells for each word."""
    if not marking.text.strip():
        return '<article><p class="note">The text is empty.</p></article>'
    text = "".join(
        escaped(piece) if entity is None else _mark(piece, entity, marking)
        for piece, entity in marking.pieces()
    )
    kinds = marking.kinds()
    strips = "".join(
        _strip(marking, kinds, part) for part in _parts(marking.tokens)
    )
    return (
        f'<article>\n<p class="text marked" dir="auto">{text}</p>\n'
        f"{strips}{_legend(marking, kinds)}</article>"
    )


def _mark(piece, entity, marking):
    kind = marking.labels.index(entity.label)
    return (
        f'<mark class="entity" title="{escaped(entity.label)}: '
        f'{entity.score:.4f}" data-score="{entity.score:.9g}" '
        f'style="{_kind(kind)}">{escaped(piece)}'
        f"<b>{escaped(entity.label)}</b></mark>"
    )


def _parts(tokens):
    """Yields slices of the words, each about a line long."""
    first, width = 0, 0
    for place, token in enumerate(tokens):
        width += len(token) + 2
        if width > LINE and place > first:
            yield slice(first, place)
            first, width = place, len(token) + 2
    if tokens:
        yield slice(first, len(tokens))


def _strip(marking, kinds, part):
    """A table of some words, with a row for each kind."""
    tokens, marginals = marking.tokens[part], marking.marginals[part]
    heads = "".join(
        f'<th scope="col">{escaped(token)}</th>' for token in tokens
    )
    rows = "".join(
        f'<tr style="{_kind(kind)}">'
        f'<th scope="row">{escaped(marking.labels[kind])}</th>'
        f"{_cells(marking.labels[kind], tokens, marginals[:, kind])}</tr>\n"
        for kind in kinds
    )
    return (
        '<div class="strip" dir="auto"><table class="steps">\n'
        f"<thead><tr><td></td>{heads}</tr></thead>\n"
        f"<tbody>{rows}</tbody></table></div>\n"
    )


def _cells(label, tokens, shares):
    return "".join(
        f'<td title="{escaped(f"{token}: {label} {share:.4f}")}" '
        f'style="--p:{100 * share:.1f}%"></td>'
        for token, share in zip(tokens, shares, strict=True)
    )


def _legend(marking, kinds):
    names = "".join(
        f'<p class="note"><i class="swatch" style="{_kind(kind)}"></i>'
        f"{escaped(marking.labels[kind])}</p>"
        for kind in kinds
    )
    note = "how probable each kind is at each word"
    if marking.entities:
        least = min(entity.score for entity in marking.entities)
        note += f"; the least sure name: {percent(least, 1)}"
    return f'<footer>{names}<p class="note">{note}</p></footer>\n'


def _kind(kind):
    return f"--kind:{KINDS[kind % len(KINDS)]}"
