"""Surprise at the tokens of a text, and tokens that were likelier."""

import dataclasses
import math

import numpy as np

from rnnzoo.explain import surprise_html
from rnnzoo.explain.drawing import percent
from rnnzoo.explain.items import Item, Items
from rnnzoo.explain.pieces import pieces_of, visible

MOST_SHOWN = 8  # tokens with what was likelier


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Surprise(Item):
    """Surprise of a language model at a text, token by token.

    A notebook displays it as a page.

    Args:
        text: The original text.
        tokens: Strings, the tokens, and "" for the end of the text.
        spans: A pair `(start, end)` for each of them, in characters; that of
            the end is empty.
        bits: The surprise of each, `-log2 p`. Their sum times `log 2` is the
            negative natural log probability of the text.
        entropies: The surprise that the model expected there, in bits.
        alternatives: For each, pairs of a token and its probability: the five
            likeliest there.

    Examples:

    >>> import numpy as np
    >>> from rnnzoo.explain import Surprise
    >>> surprise = Surprise(
    ...     text="So so.",
    ...     tokens=["So", "so", ".", ""],
    ...     spans=[(0, 2), (3, 5), (5, 6), (6, 6)],
    ...     bits=np.array([3.0, 2.0, 1.0, 0.0]),
    ...     entropies=np.array([3.0, 2.5, 1.0, 0.0]),
    ...     alternatives=[
    ...         [("It", 0.25)], [("what", 0.5)], [(".", 0.5)], [("", 1.0)]
    ...     ],
    ... )
    >>> surprise.perplexity, round(surprise.log_prob, 3)
    (2.828..., -4.159)
    >>> surprise
    Surprise of 3 tokens: perplexity 2.83
         3.0 bits  So                It 25%
         2.0 bits  so                what 50%
         1.0 bits  .                 . 50%
         0.0 bits  (end)             (end) 100%
    """

    text: str
    tokens: list
    spans: list
    bits: np.ndarray
    entropies: np.ndarray
    alternatives: list

    @property
    def weights(self):
        """The bits, under the name that all kinds of explanations use."""
        return self.bits

    @property
    def log_prob(self):
        """Natural log probability of the text."""
        return -float(np.sum(self.bits)) * math.log(2)

    @property
    def perplexity(self):
        """Perplexity of a token, the end included."""
        return float(2 ** np.mean(self.bits))

    @property
    def shades(self):
        """The darkness of each token as drawn, from 0 to 1.

        The darkest token has 1, unless it is less than twice the mean.
        """
        if not self.bits.any():
            return self.bits
        return self.bits / max(self.bits.max(), 2 * self.bits.mean())

    def pieces(self):
        """The text as it is drawn: list of `rnnzoo.explain.pieces.Piece`."""
        tokens, places = (0, len(self.tokens) - 1), (0, len(self.text))
        return pieces_of(self.text, self.spans, tokens, places)

    def most_surprising(self):
        """Places of the most surprising tokens, in the order of the text."""
        order = np.argsort(-self.bits, kind="stable")[:MOST_SHOWN]
        return sorted(order.tolist())

    def likelier(self, place):
        """The likeliest tokens there, and their probabilities, as a line."""
        return ", ".join(
            f"{visible(token)} {percent(probability)}"
            for token, probability in self.alternatives[place]
        )

    def _alone(self):
        return Surprises([self])

    def __repr__(self):
        count = len(self.tokens) - 1
        lines = [f"Surprise of {count} tokens: {_perplexity(self)}"]
        lines += [
            f"  {self.bits[place]:6.1f} bits  "
            f"{visible(self.tokens[place])[:16]:<16}  {self.likelier(place)}"
            for place in self.most_surprising()
        ]
        return "\n".join(lines)


class Surprises(Items):
    """A list of the surprises of several texts, to be saved and shown.

    Examples:

    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> from rnnzoo.explain import Surprise, Surprises
    >>> surprises = Surprises(
    ...     Surprise(text, [""], [(0, 0)], np.ones(1), np.ones(1), [[]])
    ...     for text in ("", "")
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = pathlib.Path(folder, "surprise.html")
    ...     surprises.save(page)
    ...     page.read_text("utf-8").count("perplexity 2.00")
    2
    """

    _title = "What surprised the model"
    _style = surprise_html.STYLE

    def _article(self, place):
        return surprise_html.article(self[place], *_heading(self[place]))

    def _draw(self, sheet, place):
        from rnnzoo.explain import surprise_plot  # matplotlib, an extra

        surprise_plot.draw(sheet, self[place], *_heading(self[place]))

    def _strings(self):
        for each in self:
            yield from (each.text, *map(visible, each.tokens))
            for pairs in each.alternatives:
                yield from (visible(token) for token, _ in pairs)


def _perplexity(surprise):
    return f"perplexity {surprise.perplexity:,.2f}"


def _heading(surprise):
    """The heading of a text, and the smaller line above it."""
    count = len(surprise.tokens) - 1
    note = (
        f"log probability {surprise.log_prob:,.1f}, of {count:,} tokens and "
        "the end"
    )
    return _perplexity(surprise), note
