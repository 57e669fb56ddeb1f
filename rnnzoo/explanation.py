"""What a model looked at in a text: weights on its words and sentences."""

import dataclasses
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rnnzoo import html
from rnnzoo.drawing import percent
from rnnzoo.files import atomic_path

# What separates lines in a text: HTML as people paste it, and Unicode's own.
_LINE_BREAK = re.compile(
    r"(<\s*br\s*/?\s*>|</?p>|\r\n|[\n\r\v\f\x85\u2028\u2029])", re.IGNORECASE
)


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
class Explanation:
    """What a model decided about one text, and what it looked at.

    In a hierarchical model (Yang et al. 2016) the weights of the words sum to
    one within each sentence, and those of the sentences to one over the text.
    In a flat model there are no sentences, and the words' sum to one.

    In a notebook it shows itself.

    Args:
        text: The original text.
        tokens: Strings, the tokens as the model read them.
        spans: A pair `(start, end)` for each token, in order:
            `text[start:end]` is the token as the text has it.
        weights: A weight for each token.
        sentences: A pair `(first, last)` for each sentence, in order: it has
            the tokens from `first` up to, without, `last`. `None` for a flat
            model.
        sentence_weights: A weight for each sentence.
        label: The predicted class.
        score: Its probability.
        probabilities: The probability of each class.
        labels: The name of each class.
    """

    text: str
    tokens: list
    spans: list
    weights: np.ndarray
    sentences: list | None = None
    sentence_weights: np.ndarray | None = None
    label: str | None = None
    score: float | None = None
    probabilities: np.ndarray | None = None
    labels: list | None = None

    def __post_init__(self):
        as_pairs = lambda pairs: [(int(a), int(b)) for a, b in pairs]
        as_array = lambda values: np.asarray(values, np.float32)
        for name, convert in [
            ("tokens", list),
            ("spans", as_pairs),
            ("weights", as_array),
            ("sentences", as_pairs),
            ("sentence_weights", as_array),
            ("score", float),
            ("probabilities", as_array),
            ("labels", list),
        ]:
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, convert(value))
        self._check()

    def _check(self):
        def require(condition, name, expected):
            if not condition:
                raise ValueError(
                    f"Invalid value for argument `{name}`. Expected {expected}."
                    f" Received: {name}={getattr(self, name)!r}"
                )

        count = len(self.tokens)
        require(len(self.spans) == count, "spans", f"{count}, one for a token")
        require(
            _are_in_order(self.spans, 0, len(self.text)),
            "spans",
            f"pairs in order, up to {len(self.text)}, the length of the text",
        )
        require(
            _are_weights(self.weights, count),
            "weights",
            f"{count} finite numbers from 0, one for a token",
        )
        if self.sentences is not None:
            bounds = [bound for pair in self.sentences for bound in pair]
            require(
                bounds[:1] + bounds[2::2] == [0] * bool(bounds) + bounds[1:-1:2]
                and bounds == sorted(bounds)
                and (bounds or [0])[-1] == count,
                "sentences",
                f"pairs, each going on where the last one ended, up to {count}",
            )
            require(
                self.sentence_weights is not None
                and _are_weights(self.sentence_weights, len(self.sentences)),
                "sentence_weights",
                f"{len(self.sentences)} finite numbers from 0, one for a "
                "sentence",
            )
        if self.labels is not None and self.probabilities is not None:
            require(
                len(self.labels) == len(self.probabilities),
                "labels",
                f"{len(self.probabilities)}, one for each probability",
            )

    @property
    def importance(self):
        """Weight of each token times the root of its sentence's.

        So Yang et al. 2016 colour words: those that matter stand out in the
        sentences that matter, and are still seen in the others.
        """
        if self.sentences is None:
            return self.weights
        lengths = [last - first for first, last in self.sentences]
        return np.repeat(np.sqrt(self.sentence_weights), lengths) * self.weights

    @property
    def shades(self):
        """How dark each token is drawn, from 0 to 1.

        The most important token has 1, unless it stands out by less than twice
        the mean: even attention looks even, not all important.
        """
        importance = self.importance
        if not importance.any():
            return importance
        return importance / max(importance.max(), 2 * importance.mean())

    def rows(self):
        """The text as it is drawn: a list of `Row`."""
        rows, place = [], 0
        for (first, last), weight in zip(*self._sentences(), strict=True):
            # What stands between two sentences belongs to the first.
            end = len(self.text)
            if last < len(self.tokens):
                end = self.spans[last][0]
            elif self.tokens:
                end = self.spans[-1][1]
            rows.append(Row(self._pieces(first, last, place, end), weight))
            place = end
        rest = self.text[place:]
        if _LINE_BREAK.sub("", rest).strip():
            rows.append(Row(_between(rest), is_read=False))
        elif rest:
            rows = rows or [Row([])]
            rows[-1].pieces.extend(_between(rest))
        return rows

    def _sentences(self):
        if self.sentences is not None:
            return self.sentences, self.sentence_weights
        return [(0, len(self.tokens))] if self.tokens else [], [None]

    def _pieces(self, first, last, place, end):
        pieces = []
        for token in range(first, last):
            start, stop = self.spans[token]
            pieces += _between(self.text[place:start])
            pieces.append(Piece(self.text[start:stop], token))
            place = stop
        return pieces + _between(self.text[place:end])

    def save(self, path):
        """Writes a page or a picture of the text with its weights.

        Args:
            path: Ends with `.html`, for a page that needs nothing else and
                shows exact weights under the pointer; or with `.png`, for a
                picture (needs matplotlib: `pip install rnnzoo[plots]`).
        """
        Explanations([self]).save(path)

    def _repr_html_(self):
        return html.fragment([self])

    def __repr__(self):
        return _for_terminal(self)


class Explanations(list):
    """Explanations of several texts: a list that can be saved and shown."""

    def save(self, path):
        """Writes one page or picture of all texts; see `Explanation.save`.

        Args:
            path: Ends with `.html` or `.png`.
        """
        suffix = Path(path).suffix.lower()
        if suffix == ".html":
            page = html.page(self)
            with atomic_path(path) as temporary:
                temporary.write_bytes(page)
        elif suffix == ".png":
            from rnnzoo import plots  # matplotlib, an extra

            plots.save_explanations(self, path)
        else:
            raise ValueError(
                "Invalid value for argument `path`. Expected a name that ends "
                f"with '.html' or '.png'. Received: path={str(path)!r}"
            )

    def __getitem__(self, place):
        item = super().__getitem__(place)
        return Explanations(item) if isinstance(place, slice) else item

    def _repr_html_(self):
        return html.fragment(self)
