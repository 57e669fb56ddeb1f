"""Pages of texts whose entities are marked."""

from rnnzoo.explain.drawing import KINDS, percent
from rnnzoo.explain.page import escaped

# A word's column has a cell for each kind; columns wrap as text does.
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
.rnnzoo .steps {
  display: flex; flex-wrap: wrap; gap: .75rem 2px; margin-top: 1.75rem;
}
.rnnzoo .step {
  display: flex; flex-direction: column; gap: 2px; min-width: 1.25rem;
  font-size: .75rem; line-height: 1.4; white-space: pre; max-width: 100%;
}
.rnnzoo .step span {
  padding-inline: .3em; overflow: hidden; text-overflow: ellipsis;
}
.rnnzoo .step i {
  display: block; height: .5rem;
  background: color-mix(in srgb, var(--kind) var(--p), var(--track));
}
.rnnzoo .swatch {
  display: inline-block; width: 1rem; height: .7em; border-radius: .2em;
  margin-inline-end: .5em; background: var(--kind);
}
"""


def article(marking):
    """The text with its entities, and a column for each word."""
    if not marking.text.strip():
        return '<article><p class="note">The text is empty.</p></article>'
    text = "".join(
        escaped(piece) if entity is None else _mark(piece, entity, marking)
        for piece, entity in marking.pieces()
    )
    kinds = marking.kinds()
    steps = "".join(
        _step(token, marginals, kinds, marking.labels)
        for token, marginals in zip(
            marking.tokens, marking.marginals, strict=True
        )
    )
    return (
        f'<article>\n<p class="text marked" dir="auto">{text}</p>\n'
        f'<div class="steps" dir="auto">{steps}</div>\n'
        f"{_legend(marking, kinds)}</article>"
    )


def _mark(piece, entity, marking):
    kind = marking.labels.index(entity.label)
    return (
        f'<mark class="entity" title="{escaped(entity.label)}: '
        f'{entity.score:.4f}" data-score="{entity.score:.9g}" '
        f'style="{_kind(kind)}">{escaped(piece)}'
        f"<b>{escaped(entity.label)}</b></mark>"
    )


def _step(token, marginals, kinds, labels):
    title = ", ".join(f"{labels[kind]} {marginals[kind]:.4f}" for kind in kinds)
    cells = "".join(
        f'<i style="{_kind(kind)};--p:{100 * marginals[kind]:.1f}%"></i>'
        for kind in kinds
    )
    return (
        f'<div class="step" title="{escaped(f"{token}: {title}")}">'
        f"<span>{escaped(token)}</span>{cells}</div>"
    )


def _legend(marking, kinds):
    names = "".join(
        f'<p class="note"><i class="swatch" style="{_kind(kind)}"></i>'
        f"{escaped(marking.labels[kind])}</p>"
        for kind in kinds
    )
    note = "under each word, how probable each kind is"
    if marking.entities:
        least = min(entity.score for entity in marking.entities)
        note += f"; the least sure name: {percent(least, 1)}"
    return f'<footer>{names}<p class="note">{note}</p></footer>\n'


def _kind(kind):
    return f"--kind:{KINDS[kind % len(KINDS)]}"
