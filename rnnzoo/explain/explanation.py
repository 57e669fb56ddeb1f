"""What a model looked at in a text: weights on its words and sentences."""

import dataclasses
import re
from typing import NamedTuple

import numpy as np

from rnnzoo.explain import explanation_html
from rnnzoo.explain.drawing import percent
from rnnzoo.explain.items import Item, Items

# What separates lines in a text: HTML as people paste it, and Unicode's own.
_BREAK = r"<\s*br\s*/?\s*>|</?p>|\r\n|[\n\r\v\f\x85\u2028\u2029]"
_LINE_BREAK = re.compile(f"({_BREAK})", re.IGNORECASE)
_BLANKS = re.compile(rf"(?:{_BREAK}|\s)*", re.IGNORECASE)


class Piece(NamedTuple):
    """A stretch of the text: a token, a line break or what stands between.

    Attributes:
        text: The stretch as the text has it.
        token: Index of the token, or `None`.
        is_break: Whether it is to be shown as a line break.
    """

    text: str
    token: int | None = None
    is_break: bool = False


class Row(NamedTuple):
    """A sentence of the text, or all of a text without sentences.

    Attributes:
        pieces: Its `Piece`s; those of all rows, joined, are the text.
        weight: The sentence's weight, or `None`.
        is_read: Whether the model saw it: it stops after its limit of words.
    """

    pieces: list
    weight: float | None = None
    is_read: bool = True


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Explanation(Item):
    """What a model decided about one text, and what it looked at.

    In a hierarchical model (Yang et al. 2016) the weights of the words sum to
    one within each sentence, and those of the sentences to one over the text.
    In a flat model there are no sentences, and the words' sum to one.

    In a notebook it shows itself.

    Args:
        text: The original text.
        labels: The name of each class.
        probabilities: The probability of each class.
        tokens: Strings, the tokens as the model read them.
        spans: A pair `(start, end)` for each token, in order:
            `text[start:end]` is the token as the text has it.
        weights: A weight for each token.
        sentences: A pair `(first, last)` for each sentence, in order: it has
            the tokens from `first` up to, without, `last`. `None` for a flat
            model.
        sentence_weights: A weight for each sentence.
    """

    text: str
    labels: list
    probabilities: np.ndarray
    tokens: list
    spans: list
    weights: np.ndarray
    sentences: list | None = None
    sentence_weights: np.ndarray | None = None

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
        """Weight of each token in the whole text; they sum to one."""
        return self._sentence_weight_of_tokens() * self.weights

    @property
    def shades(self):
        """How dark each token is drawn, from 0 to 1.

        As in Yang et al. 2016: by its weight in the sentence times the root of
        the sentence's weight, so that what matters stands out in the sentences
        that matter, and is still seen in the others. The darkest has 1, unless
        it is less than twice the mean: even attention looks even, not as if
        every word were important.
        """
        shades = np.sqrt(self._sentence_weight_of_tokens()) * self.weights
        if not shades.any():
            return shades
        return shades / max(shades.max(), 2 * shades.mean())

    def rows(self):
        """The text as it is drawn: a list of `Row`."""
        rows, place = [], 0
        for (first, last), weight in self._sentences():
            # What stands between two sentences belongs to the first.
            end = len(self.text)
            if last < len(self.tokens):
                end = self.spans[last][0]
            elif self.tokens:
                end = self.spans[-1][1]
            rows.append(Row(self._pieces(first, last, place, end), weight))
            place = end
        # Whatever is visible after the last token was beyond the model's limit.
        blank = _BLANKS.match(self.text, place).end()
        if blank > place:
            rows = rows or [Row([])]
            rows[-1].pieces.extend(_between(self.text[place:blank]))
        if blank < len(self.text):
            rows.append(Row(_between(self.text[blank:]), is_read=False))
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

    def _pieces(self, first, last, place, end):
        pieces = []
        for token in range(first, last):
            start, stop = self.spans[token]
            pieces += _between(self.text[place:start])
            pieces.append(Piece(self.text[start:stop], token))
            place = stop
        return pieces + _between(self.text[place:end])

    def _alone(self):
        return Explanations([self])

    def __repr__(self):
        return _for_terminal(self)


class Explanations(Items):
    """Explanations of several texts: a list that can be saved and shown."""

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
        """What stands above the verdict on the text at that place."""
        if len(self) == 1:
            return "Predicted"
        return f"Text {place + 1} of {len(self)} · predicted"

    def __repr__(self):
        lines = [f"Explanations of {len(self)} texts"]
        for explanation in self[:_MOST_LINES]:
            text = _shorten(explanation.text, 55)
            lines.append(f"  {_verdict(explanation):<20}  {text}".rstrip())
        return "\n".join(lines + ["  ..."] * (len(self) > _MOST_LINES))


def _between(text):
    """Pieces of what stands between two tokens."""
    return [
        Piece(part, is_break=place % 2 == 1)
        for place, part in enumerate(_LINE_BREAK.split(text))
        if part
    ]


# In a terminal.

_MOST_LINES = 8


def _for_terminal(explanation):
    """The heaviest sentences, in the order of the text, and their words."""
    count = len(explanation.tokens)
    lines = [f"Explanation of {count} words: {_verdict(explanation)}"]
    sentences, weights = explanation.sentences, explanation.sentence_weights
    if sentences is None:
        sentences, weights = [(0, count)] * bool(count), np.ones(1)
    order = np.argsort(-weights, kind="stable")[:_MOST_LINES]
    for place in sorted(order[: len(sentences)]):
        first, last = sentences[place]
        start, end = explanation.spans[first][0], explanation.spans[last - 1][1]
        lines.append(
            f"  {percent(weights[place]):>4}"
            f"  {_shorten(explanation.text[start:end], 41):<41}"
            f"  {_heaviest(explanation, first, last, 2)}"
        )
    if len(sentences) > _MOST_LINES:
        left = len(sentences) - _MOST_LINES
        lines.append(f"        ... and {left} sentences of less weight")
    return "\n".join(lines)


def _verdict(explanation):
    return f"{explanation.label} ({percent(explanation.score, 1)})"


def _heaviest(explanation, first, last, count):
    order = np.argsort(-explanation.weights[first:last], kind="stable")
    return ", ".join(
        f"{_shorten(explanation.tokens[first + i], 16)} "
        f"{percent(explanation.weights[first + i])}"
        for i in order[:count]
    )


def _shorten(text, width):
    """One line, without what a terminal would obey."""
    text = "".join(c if c.isprintable() else " " for c in text[: 4 * width])
    text = " ".join(_LINE_BREAK.sub(" ", text).split())
    return text if len(text) <= width else text[: width - 3].rstrip() + "..."
