"""What a translator looked at while it wrote each word."""

import dataclasses

import numpy as np

from rnnzoo.explain import alignment_html
from rnnzoo.explain.drawing import percent
from rnnzoo.explain.items import Item, Items


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Alignment(Item):
    """A text, its translation, and the weights between their tokens.

    In a notebook it shows itself.

    Args:
        text: The original text.
        translation: What the model made of it.
        score: How good the model thinks it is; see `rnnzoo.search.beam`.
        source_tokens: Strings, the tokens that the model read.
        tokens: Strings, the tokens that it wrote.
        weights: `(tokens, source_tokens)`: how much it looked at each token
            that it read when it wrote each one.
    """

    text: str
    translation: str
    score: float
    source_tokens: list
    tokens: list
    weights: np.ndarray

    def _alone(self):
        return Alignments([self])

    def __repr__(self):
        lines = [f"{self.text!r} -> {self.translation!r} ({self.score:.3f})"]
        for token, row in zip(self.tokens, self.weights, strict=True):
            if row.any():
                place = int(row.argmax())
                lines.append(
                    f"  {token!r}  {self.source_tokens[place]!r} "
                    f"{percent(row[place])}"
                )
        return "\n".join(lines)


class Alignments(Items):
    """Alignments of several texts: a list that can be saved and shown."""

    _style = alignment_html.STYLE

    def _article(self, place):
        return alignment_html.article(self[place])

    def _draw(self, sheet, place):
        from rnnzoo.explain import alignment_plot  # matplotlib, an extra

        alignment_plot.draw(sheet, self[place])

    def _strings(self):
        for each in self:
            yield from (each.text, each.translation, *each.source_tokens)
