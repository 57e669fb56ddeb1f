"""A translator's attention to its source, word by word."""

import dataclasses

import numpy as np

from rnnzoo.explain import alignment_html
from rnnzoo.explain.drawing import percent
from rnnzoo.explain.items import Item, Items


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Alignment(Item):
    """A text, its translation, and the weights between their tokens.

    A notebook displays it as a page.

    Args:
        text: The original text.
        translation: The model's translation.
        score: The model's score of the translation; see `rnnzoo.search.beam`.
        source_tokens: Strings, the tokens that the model read.
        tokens: Strings, the tokens that the model wrote.
        weights: `(tokens, source_tokens)`: attention to each token of the
            source while the model wrote each token of the translation.

    Examples:

    >>> import numpy as np
    >>> from rnnzoo.explain import Alignment
    >>> alignment = Alignment(
    ...     text="ein Hund",
    ...     translation="a dog",
    ...     score=-0.25,
    ...     source_tokens=["ein", "Hund"],
    ...     tokens=["a", "dog"],
    ...     weights=np.array([[0.9, 0.1], [0.2, 0.8]]),
    ... )
    >>> alignment
    'ein Hund' -> 'a dog' (-0.250)
      'a'  'ein' 90%
      'dog'  'Hund' 80%
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
    """A list of the alignments of several texts, to be saved and shown.

    Examples:

    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> from rnnzoo.explain import Alignment, Alignments
    >>> first = Alignment("Hund", "dog", -0.1, ["Hund"], ["dog"], np.eye(1))
    >>> second = Alignment("Katze", "cat", -0.2, ["Katze"], ["cat"], np.eye(1))
    >>> alignments = Alignments([first, second])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = pathlib.Path(folder, "alignments.html")
    ...     alignments.save(page)
    ...     "Katze" in page.read_text("utf-8")
    True
    """

    _style = alignment_html.STYLE

    def _article(self, place):
        each = self[place]
        matrix = each.tokens, each.source_tokens, each.weights
        return alignment_html.article([each.text], each.translation, *matrix)

    def _draw(self, sheet, place):
        from rnnzoo.explain import alignment_plot  # matplotlib, an extra

        each = self[place]
        lines = [each.text, each.translation]
        matrix = each.tokens, each.source_tokens, each.weights
        alignment_plot.draw(sheet, lines, *matrix)

    def _strings(self):
        for each in self:
            yield from (each.text, each.translation, *each.source_tokens)
