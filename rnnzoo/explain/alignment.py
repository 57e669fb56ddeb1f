"""What a translator looked at while it wrote each word."""

import dataclasses

import numpy as np

from rnnzoo.explain.drawing import percent
from rnnzoo.explain.explanation import Explanations


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Alignment:
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

    def save(self, path):
        """Writes a page or a picture of the alignment.

        Args:
            path: Ends with `.html`, for a page that needs nothing else and
                shows exact weights under the pointer; or with `.png`, for a
                picture (needs matplotlib: `pip install rnnzoo[plots]`).
        """
        Alignments([self]).save(path)

    def _repr_html_(self):
        return Alignments([self])._repr_html_()

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


class Alignments(Explanations):
    """Alignments of several texts: a list that can be saved and shown."""

    def _page(self):
        from rnnzoo.explain import alignment_html

        return alignment_html.page(self)

    def _draw(self, path):
        from rnnzoo.explain import alignment_plot  # matplotlib, an extra

        alignment_plot.save(self, path)

    def _repr_html_(self):
        from rnnzoo.explain import alignment_html

        return alignment_html.fragment(self)

    def __repr__(self):
        return "\n".join(map(repr, self))
