"""Pages of texts with the weights of their words and sentences."""

from rnnzoo.explain.drawing import percent, shown_classes
from rnnzoo.explain.page import escaped


def article(explanation, heading):
    """A heading, the verdict and the shaded text."""
    kind = "flat" if explanation.sentences is None else "sentences"
    return (
        "<article>\n"
        f"{_header(explanation, heading)}"
        f'<div class="{kind}">\n{_rows(explanation)}</div>\n'
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
    heaviest = max((row.weight for row in rows if row.weight), default=1)
    lines = []
    for number, row in enumerate(rows, 1):
        text = "".join(_piece(piece, marks) for piece in row.pieces)
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
                f"{_bar(row.weight / heaviest)}"
            )
        lines.append(
            f'<div class="row"{data}>{share}'
            f'<p class="text" dir="auto">{text}</p></div>\n'
        )
    return "".join(lines)


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
        marks.append(
            f'<mark title="{escaped(title)}" data-weight="{weight:.9g}" '
            f'style="--s:{shade:.3f}">'
        )
    return marks


def _piece(piece, marks):
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
