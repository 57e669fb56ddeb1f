"""Pages of texts beside their summaries."""

from rnnzoo.explain import explanation_html
from rnnzoo.explain.drawing import percent
from rnnzoo.explain.explanation_html import piece_with
from rnnzoo.explain.page import escaped

NOTHING = "There is nothing to summarize."
STYLE = (
    explanation_html.STYLE
    + """
.rnnzoo .written {
  display: flex; flex-wrap: wrap; gap: .5rem .4rem; margin: .25rem 0 2rem;
  font-size: 1.375rem; line-height: 1.35; font-weight: 600;
}
.rnnzoo .written > div { overflow-wrap: anywhere; }
.rnnzoo .written .bar { height: .3125rem; margin-top: .3rem; min-width: 1rem; }
.rnnzoo .copied {
  text-decoration: underline; text-decoration-thickness: .125em;
  text-underline-offset: .2em; text-decoration-color: var(--sentence);
}
.rnnzoo .unread { color: var(--muted); margin-top: 1.25rem; }
.rnnzoo i.line {
  display: inline-block; width: 1.5rem; margin-inline-end: .5em;
  border-bottom: .125em solid var(--sentence); vertical-align: .2em;
}
.rnnzoo i.bar {
  display: inline-block; width: 1.5rem; margin-inline-end: .5em;
  background: var(--sentence); height: .3125rem;
}
"""
)


def article(digest):
    """The summary with a bar under each word, and the shaded text."""
    if not digest.tokens:
        return f'<article><p class="note">{NOTHING}</p></article>'
    return (
        "<article>\n"
        f'<p class="note">{digest.caption()}</p>\n'
        f'<div class="written" dir="auto">{_words(digest)}</div>\n'
        f'<p class="text" dir="auto">{_text(digest)}</p>\n'
        f"{_unread(digest)}{_legend()}</article>"
    )


def _words(digest):
    return "".join(
        f'<div title="{escaped(word.text)}: generate '
        f'{word.generate:.4f}, copied {share:.4f}">'
        f"<span{_copied(word.is_copied)}>{escaped(word.text)}</span>"
        f'<div class="bar"><i style="--share:{word.generate:.4f}"></i></div>'
        "</div>\n"
        for word, share in zip(digest.words(), digest.copied, strict=True)
    )


def _text(digest):
    places, marks = digest.places_copied(), []
    for place, (token, weight, shade) in enumerate(
        zip(digest.tokens, digest.weights, digest.shades, strict=True)
    ):
        marks.append(
            f"<mark{_copied(place in places)} "
            f'title="{escaped(token)}: {percent(weight, 1)} of the attention" '
            f'data-weight="{weight:.9g}" style="--s:{shade:.3f}">'
        )
    return "".join(piece_with(marks, each) for each in digest.pieces())


def _copied(is_copied):
    return ' class="copied"' if is_copied else ""


def _unread(digest):
    if not digest.unread:
        return ""
    text = "".join(piece_with([], each) for each in digest.unread_pieces())
    return (
        f'<div class="unread"><p class="note">{digest.limit()}</p>'
        f'<p class="text" dir="auto">{text}</p></div>\n'
    )


def _legend():
    return (
        '<footer><p class="note"><i class="scale"></i>'
        "attention to a word, from none to most</p>"
        '<p class="note"><i class="line"></i>copied</p>'
        '<p class="note"><i class="bar"></i>'
        "probability to generate a word, not to copy it</p></footer>\n"
    )
