"""Pages of texts whose tokens are shaded by how surprising they are."""

from rnnzoo.explain import explanation_html
from rnnzoo.explain.explanation_html import piece_with
from rnnzoo.explain.page import escaped
from rnnzoo.explain.pieces import visible

STYLE = (
    explanation_html.STYLE
    + """
.rnnzoo table {
  margin-top: 1.75rem; border-collapse: collapse; font-size: .875rem;
}
.rnnzoo th { font-weight: 400; color: var(--muted); text-align: start; }
.rnnzoo th, .rnnzoo td { padding: .2rem 1.5rem .2rem 0; vertical-align: top; }
.rnnzoo td.number { font-size: inherit; }
"""
)


def article(surprise, heading, note):
    """A heading, the shaded text and the most surprising tokens."""
    return (
        "<article>\n"
        f'<header><div><p class="note">{note}</p><h2>{heading}</h2></div>'
        "</header>\n"
        f"{_text(surprise)}{_table(surprise)}"
        '<footer><p class="note"><i class="scale"></i>'
        "surprise at a token, from none to most</p></footer>\n"
        "</article>"
    )


def _text(surprise):
    if not surprise.text:
        return '<p class="note">The text is empty.</p>\n'
    marks = []
    for place, token in enumerate(surprise.tokens):
        title = (
            f"{token}: {surprise.bits[place]:.2f} bits, where "
            f"{surprise.entropies[place]:.2f} were expected; likeliest: "
            f"{surprise.likelier(place)}"
        )
        marks.append(
            f'<mark title="{escaped(title)}" '
            f'data-weight="{surprise.bits[place]:.9g}" '
            f'style="--s:{surprise.shades[place]:.3f}">'
        )
    text = "".join(piece_with(marks, each) for each in surprise.pieces())
    return f'<p class="text" dir="auto">{text}</p>\n'


def _table(surprise):
    rows = "".join(
        f'<tr><td dir="auto">{escaped(visible(surprise.tokens[place]))}</td>'
        f'<td class="number">{surprise.bits[place]:.1f} bits</td>'
        f'<td dir="auto">{escaped(surprise.likelier(place))}</td></tr>\n'
        for place in surprise.most_surprising()
    )
    return (
        "<table>\n<tr><th>most surprising</th><th></th><th>likeliest there"
        f"</th></tr>\n{rows}</table>\n"
    )
