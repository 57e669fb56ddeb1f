"""Pages of texts aligned with others, token by token."""

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


def article(texts, answer, tokens, source_tokens, weights):
    """Texts, the answer about them, and a table of the weights.

    Args:
        texts: Strings.
        answer: String.
        tokens, source_tokens: Strings, what rows and columns are.
        weights: `(tokens, source_tokens)`.
    """
    lines = [*map(escaped, texts), f"<b>{escaped(answer)}</b>"]
    lines = "".join(
        f'<p class="text" dir="auto">{line}</p>\n' for line in lines
    )
    table = _matrix(tokens, source_tokens, weights)
    return f"<article>\n{lines}{table}</article>"


def _matrix(tokens, source_tokens, weights):
    if not weights.any():
        return '<p class="note">There is nothing to align.</p>\n'
    heads = "".join(
        f'<th scope="col">{escaped(token)}</th>' for token in source_tokens
    )
    rows = "".join(
        f'<tr><th scope="row">{escaped(token)}</th>'
        f"{_cells(token, row, source_tokens)}</tr>\n"
        for token, row in zip(tokens, weights, strict=True)
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
