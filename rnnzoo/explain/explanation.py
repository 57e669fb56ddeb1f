"""Weights on the words and sentences of a text that a model read."""

import dataclasses
from typing import NamedTuple

import numpy as np

from rnnzoo.explain import explanation_html
from rnnzoo.explain.drawing import percent
from rnnzoo.explain.items import Item, Items
from rnnzoo.explain.pieces import LINE_BREAK, SPACE, between, pieces_of


class Row(NamedTuple):
    """A sentence of the text, or a whole text that has no sentences.

    Attributes:
        pieces: List of `Piece`; joined over all rows, they make the text.
        weight: The sentence's weight, or `None`.
        is_read: Whether the model read the row, or its limit of words came
            before.
    """

    pieces: list
    weight: float | None = None
    is_read: bool = True


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Explanation(Item):
    """A model's decision about one text, and the weights behind it.

    In a hierarchical model (Yang et al. 2016) the weights of the words sum to
    one within each sentence, and the weights of the sentences sum to one over
    the text. A flat model has no sentences, and the weights of its words sum to
    one over the text.

    A notebook displays it as a page.

    Args:
        text: The original text.
        labels: The name of each class.
        probabilities: The probability of each class.
        tokens: Strings, the tokens as the model read them.
        spans: A pair `(start, end)` for each token, in order:
            `text[start:end]` is the token in the original text.
        weights: A weight for each token.
        sentences: A pair `(first, last)` for each sentence, in order; its
            tokens are `tokens[first:last]`. `None` for a flat model.
        sentence_weights: A weight for each sentence.
        row_weights: `(rows, tokens)`, the weights of several attentions, whose
            mean the `weights` are. `None` for a single one.

    Examples:

    >>> import numpy as np
    >>> from rnnzoo.explain import Explanation
    >>> explanation = Explanation(
    ...     text="So dull! I left.",
    ...     labels=["neg", "pos"],
    ...     probabilities=np.array([0.75, 0.25]),
    ...     tokens=["so", "dull", "!", "i", "left", "."],
    ...     spans=[(0, 2), (3, 7), (7, 8), (9, 10), (11, 15), (15, 16)],
    ...     weights=np.array([0.1, 0.8, 0.1, 0.2, 0.7, 0.1]),
    ...     sentences=[(0, 3), (3, 6)],
    ...     sentence_weights=np.array([0.75, 0.25]),
    ... )
    >>> explanation.label, explanation.score
    ('neg', 0.75)
    >>> explanation.text_weights.round(3).tolist()
    [0.075, 0.6, 0.075, 0.05, 0.175, 0.025]
    >>> [[piece.text for piece in row.pieces] for row in explanation.rows()]
    [['So', ' ', 'dull', '!', ' '], ['I', ' ', 'left', '.']]
    """

    text: str
    labels: list
    probabilities: np.ndarray
    tokens: list
    spans: list
    weights: np.ndarray
    sentences: list | None = None
    sentence_weights: np.ndarray | None = None
    row_weights: np.ndarray | None = None

    @property
    def label(self):
        """The predicted class."""
        return self.labels[np.argmax(self.probabilities)]

    @property
    def score(self):
        """The probability of the predicted class."""
        return float(np.max(self.probabilities))

    @property
    def text_weights(self):
        """The weight of each token in the whole text; all sum to one."""
        return self._sentence_weight_of_tokens() * self.weights

    @property
    def shades(self):
        """The darkness of each token as drawn, from 0 to 1.

        As in Yang et al. 2016, the weight of a token within its sentence is
        multiplied by the square root of the sentence's weight. Important words
        stand out in important sentences and can still be seen in the others.
        The darkest token has 1, unless it is less than twice the mean: even
        attention should look even, not as if every word were important.
        """
        return _shades(
            np.sqrt(self._sentence_weight_of_tokens()) * self.weights
        )

    @property
    def row_shades(self):
        """The darkness of each token in each row of `row_weights`."""
        return [_shades(weights) for weights in self._row_weights()]

    def heaviest(self, count):
        """The heaviest words of each row of `row_weights`, as a line."""
        return [
            _heaviest(self.tokens, weights, count)
            for weights in self._row_weights()
        ]

    def _row_weights(self):
        return () if self.row_weights is None else self.row_weights

    def rows(self):
        """Splits the text as it is drawn, into a list of `Row`."""
        rows, place = [], 0
        for (first, last), weight in self._sentences():
            # The text between two sentences belongs to the first.
            end = len(self.text)
            if last < len(self.tokens):
                end = self.spans[last][0]
            elif self.tokens:
                end = self.spans[-1][1]
            rows.append(
                Row(
                    pieces_of(
                        self.text, self.spans, (first, last), (place, end)
                    ),
                    weight,
                )
            )
            place = end
        # Visible text after the last token was beyond the model's limit.
        visible = SPACE.match(self.text, place).end()
        if visible > place:
            rows = rows or [Row([])]
            rows[-1].pieces.extend(between(self.text[place:visible]))
        if visible < len(self.text):
            rows.append(Row(between(self.text[visible:]), is_read=False))
        return rows

    def _sentence_weight_of_tokens(self):
        if self.sentences is None:
            return np.ones_like(self.weights)
        lengths = [last - first for first, last in self.sentences]
        return np.repeat(self.sentence_weights, lengths)

    def _sentences(self):
        if self.sentences is not None:
            return zip(self.sentences, self.sentence_weights, strict=True)
        return [((0, len(self.tokens)), None)] if self.tokens else []

    def _alone(self):
        return Explanations([self])

    def __repr__(self):
        return _for_terminal(self)


def _shades(weights):
    if not weights.any():
        return weights
    return weights / max(weights.max(), 2 * weights.mean())


class Explanations(Items):
    """A list of the explanations of several texts, to be saved and shown.

    Examples:

    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> from rnnzoo.explain import Explanation, Explanations
    >>> explanations = Explanations(
    ...     Explanation(
    ...         text=text,
    ...         labels=["neg", "pos"],
    ...         probabilities=np.array([0.25, 0.75]),
    ...         tokens=["fine"],
    ...         spans=[(0, 4)],
    ...         weights=np.ones(1),
    ...     )
    ...     for text in ("Fine.", "Fine!")
    ... )
    >>> explanations
    Explanations of 2 texts
      pos (75.0%)           Fine.
      pos (75.0%)           Fine!
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     explanations.save(pathlib.Path(folder, "why.html"))
    ...     [path.name for path in pathlib.Path(folder).iterdir()]
    ['why.html']
    """

    _style = explanation_html.STYLE

    @property
    def _title(self):
        title = super()._title
        if len(self) == 1:
            return f"{self[0].label}: {title.lower()}"
        return title

    def _article(self, place):
        return explanation_html.article(self[place], self._heading(place))

    def _draw(self, sheet, place):
        from rnnzoo.explain import explanation_plot  # matplotlib, an extra

        explanation_plot.draw(sheet, self[place], self._heading(place))

    def _strings(self):
        for each in self:
            yield from (each.text, *each.labels)

    def _heading(self, place):
        """The line above the verdict on the text at that place."""
        if len(self) == 1:
            return "Predicted"
        return f"Text {place + 1} of {len(self)} · predicted"

    def __repr__(self):
        lines = [f"Explanations of {len(self)} texts"]
        for explanation in self[:_MOST_LINES]:
            text = _shorten(explanation.text, 55)
            lines.append(f"  {_verdict(explanation):<20}  {text}".rstrip())
        return "\n".join(lines + ["  ..."] * (len(self) > _MOST_LINES))


# In a terminal.

_MOST_LINES = 8


def _for_terminal(explanation):
    """The heaviest sentences, in the order of the text, and their words."""
    count = len(explanation.tokens)
    lines = [f"Explanation of {count} words: {_verdict(explanation)}"]
    sentences, weights = explanation.sentences, explanation.sentence_weights
    if sentences is None:
        sentences, weights = [(0, count)] * bool(count), np.ones(1)
    words = explanation.tokens, explanation.weights
    order = np.argsort(-weights, kind="stable")[:_MOST_LINES]
    for place in sorted(order[: len(sentences)]):
        first, last = sentences[place]
        start, end = explanation.spans[first][0], explanation.spans[last - 1][1]
        lines.append(
            f"  {percent(weights[place]):>4}"
            f"  {_shorten(explanation.text[start:end], 41):<41}"
            f"  {_heaviest(*(each[first:last] for each in words), 2)}"
        )
    if len(sentences) > _MOST_LINES:
        left = len(sentences) - _MOST_LINES
        lines.append(f"        ... and {left} more, of less weight")
    return "\n".join(lines)


def _verdict(explanation):
    return f"{explanation.label} ({percent(explanation.score, 1)})"


def _heaviest(tokens, weights, count):
    order = np.argsort(-weights, kind="stable")
    return " · ".join(
        f"{_shorten(tokens[i], 16)} {percent(weights[i])}"
        for i in order[:count]
    )


def _shorten(text, width):
    """Text on one line, without characters that control a terminal."""
    text = "".join(c if c.isprintable() else " " for c in text[: 4 * width])
    text = " ".join(LINE_BREAK.sub(" ", text).split())
    return text if len(text) <= width else text[: width - 3].rstrip() + "..."
