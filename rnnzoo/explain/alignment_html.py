"""Pages of texts aligned with their translations."""

from rnnzoo.explain.page import escaped

STYLE = """
.rnnzoo .scroll { overflow-x: auto; margin-top: 1.5rem; }
.rnnzoo table.aligned { border-collapse: separate; border-spacing: 2px; }
.rnnzoo table.aligned th {
  font-weight: 400; font-size: .8125rem; white-space: pre; padding: 0 .3em;
}
.rnnzoo table.aligned thead th {
  writing-mode: vertical-rl; vertical-align: bottom; text-align: end;
  padding: .3em 0;
}
.rnnzoo table.aligned tbody th { text-align: end; }
.rnnzoo table.aligned td {
  min-width: 1.25rem; height: 1.25rem;
  background: color-mix(in srgb, rgb(var(--word)) var(--p), var(--track));
}
"""


def article(alignment):
    """Both texts, and a table of the weights."""
    return (
        f'<article>\n<p class="text" dir="auto">{escaped(alignment.text)}</p>\n'
        f'<p class="text" dir="auto"><b>{escaped(alignment.translation)}</b>'
        f"</p>\n{_matrix(alignment)}</article>"
    )


def _matrix(alignment):
    if not alignment.weights.any():
        return '<p class="note">There is nothing to align.</p>\n'
    heads = "".join(
        f'<th scope="col">{escaped(token)}</th>'
        for token in alignment.source_tokens
    )
    rows = "".join(
        f'<tr><th scope="row">{escaped(token)}</th>'
        f"{_cells(token, weights, alignment.source_tokens)}</tr>\n"
        for token, weights in zip(
            alignment.tokens, alignment.weights, strict=True
        )
    )
    return (
        '<div class="scroll"><table class="aligned">\n'
        f"<thead><tr><td></td>{heads}</tr></thead>\n"
        f"<tbody>{rows}</tbody></table></div>\n"
    )


def _cells(token, weights, source_tokens):
    return "".join(
        f'<td title="{escaped(token)} / {escaped(source)}: {weight:.4f}" '
        f'style="--p:{100 * weight:.1f}%"></td>'
        for source, weight in zip(source_tokens, weights, strict=True)
    )
