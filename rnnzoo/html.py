"""Explanations as a self-contained page."""

import html
import re

_STYLE = """
.rnnzoo { --ink: #1d2530; --soft: #66707e; --line: #e3e6ea; --paper: #fff;
  --shade: 214, 96, 20; --bar: #2b6ca3; --track: #eef1f4;
  color: var(--ink); background: var(--paper); max-width: 56rem;
  font: 17px/1.75 Georgia, "Noto Serif", serif; margin: 0 auto; }
@media (prefers-color-scheme: dark) {
  .rnnzoo { --ink: #e4e7eb; --soft: #98a2af; --line: #333b45;
    --paper: #15191e; --shade: 232, 128, 48; --bar: #6fb1e4;
    --track: #262d35; } }
.rnnzoo article { padding: 1.75rem 1.5rem 2rem; break-inside: avoid-page; }
.rnnzoo article + article { border-top: 1px solid var(--line); }
.rnnzoo header, .rnnzoo footer, .rnnzoo .weight {
  font-family: system-ui, -apple-system, "Segoe UI", sans-serif; }
.rnnzoo h2 { font-size: 1.35rem; line-height: 1.2; margin: 0 0 .7rem; }
.rnnzoo h2 small { color: var(--soft); font-weight: 400; }
.rnnzoo dl { display: grid; margin: 0 0 1.4rem; font-size: .8rem;
  grid-template-columns: max-content minmax(4rem, 16rem) max-content;
  gap: .3rem .75rem; align-items: center; }
.rnnzoo dt, .rnnzoo dd { margin: 0; }
.rnnzoo dd.number { font-variant-numeric: tabular-nums; color: var(--soft); }
.rnnzoo .track { background: var(--track); border-radius: 3px; height: 8px;
  display: block; overflow: hidden; }
.rnnzoo .track i { background: var(--bar); display: block; height: 100%;
  border-radius: 3px; }
.rnnzoo .sentence { display: grid; grid-template-columns: 6.5rem 1fr;
  gap: 0 1.1rem; padding: .16rem 0; }
.rnnzoo .weight { display: flex; align-items: center; gap: .45rem;
  height: 1.75em; font-size: .72rem; color: var(--soft); }
.rnnzoo .weight .track { flex: 1; }
.rnnzoo .weight b { font-weight: 400; width: 2.4em; text-align: right;
  font-variant-numeric: tabular-nums; }
.rnnzoo .words { white-space: pre-wrap; overflow-wrap: anywhere; }
.rnnzoo mark { color: inherit; border-radius: 3px; padding: .12em 0;
  -webkit-print-color-adjust: exact; print-color-adjust: exact; }
.rnnzoo .break { color: var(--soft); opacity: .45; font-size: .7em; }
.rnnzoo footer { color: var(--soft); font-size: .75rem; line-height: 1.5;
  padding: 0 1.5rem 2rem; }
@media (max-width: 34rem) {
  .rnnzoo .sentence { grid-template-columns: 3.2rem 1fr; }
  .rnnzoo .weight b { display: none; } }
""".strip()

_KEY = (
    "Shade: attention to the word. Bar: attention to the sentence; the bars "
    "of a text add up to 100%. Point at a word for its weight."
)


def page(explanations):
    """A page of its own, which loads nothing from anywhere."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        '<meta name="color-scheme" content="light dark">\n'
        "<title>What the model attended to</title>\n"
        "<style>body { margin: 0; background: Canvas; }</style>\n"
        f"</head>\n<body>\n{fragment(explanations)}\n</body>\n</html>\n"
    )


def fragment(explanations):
    """The same as a piece of a page, for notebooks."""
    articles = "\n".join(map(_article, explanations))
    return (
        f'<div class="rnnzoo"><style>{_STYLE}</style>\n{articles}\n'
        f"<footer>{_KEY}</footer></div>"
    )


def _article(explanation):
    classes = sorted(
        explanation.probabilities.items(), key=lambda item: -item[1]
    )
    bars = "".join(
        f"<dt>{html.escape(name)}</dt><dd>{_bar(share)}</dd>"
        f'<dd class="number">{share:.1%}</dd>'
        for name, share in classes[:5]
    )
    return (
        f"<article><header><h2>{html.escape(explanation.label)} "
        f"<small>{explanation.score:.1%}</small></h2><dl>{bars}</dl></header>"
        f"{_body(explanation)}</article>"
    )


def _body(explanation):
    if not explanation.tokens:
        text = _plain(explanation.text) or "<em>empty text</em>"
        return f'<div class="words" dir="auto">{text}</div>'
    count = len(explanation.tokens)
    shades = explanation.shades()
    if explanation.sentences is None:
        words = _words(explanation, shades, 0, count)
        return f'<div class="words" dir="auto">{words}</div>'
    strongest = max(explanation.sentence_weights)
    rows = []
    for (first, last), weight in zip(
        explanation.sentences, explanation.sentence_weights, strict=True
    ):
        words = _words(explanation, shades, first, last)
        rows.append(
            f'<div class="sentence"><div class="weight" '
            f'title="sentence weight {weight:.4f}">{_bar(weight / strongest)}'
            f"<b>{weight:.0%}</b></div>"
            f'<div class="words" dir="auto">{words}</div></div>'
        )
    return "".join(rows)


def _words(explanation, shades, first, last):
    """Tokens first to last, and what of the text stands around them."""
    text, spans = explanation.text, explanation.spans
    position = spans[first - 1][1] if first else 0
    parts = []
    for i in range(first, last):
        start, end = spans[i]
        parts.append(_plain(text[position:start]))
        parts.append(
            f'<mark title="{explanation.weights[i]:.4f}" style="background:'
            f'rgba(var(--shade),{0.85 * shades[i]:.3f})">'
            f"{html.escape(text[start:end])}</mark>"
        )
        position = end
    if last == len(spans):
        parts.append(_plain(text[position:]))
    return "".join(parts)


def _plain(text):
    """What lies between words: HTML breaks small, line ends not repeated."""
    text = re.sub(r"\s+", lambda m: " " if "\n" in m[0] else m[0], text)
    return re.sub(
        r"(&lt;/?(?:br|p) ?/?&gt;)+",
        lambda m: f'<span class="break">{m[0]}</span>',
        html.escape(text),
        flags=re.IGNORECASE,
    )


def _bar(share):
    return (
        '<span class="track"><i style="width:'
        f'{100 * share:.1f}%"></i></span>'
    )
