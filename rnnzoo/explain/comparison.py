"""Two texts, and which words of them a model compares."""

import dataclasses

import numpy as np

from rnnzoo.explain import alignment_html
from rnnzoo.explain.drawing import percent
from rnnzoo.explain.items import Item, Items


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Comparison(Item):
    """A pair of texts, the answer, and the weights between their tokens.

    A notebook displays it as a page.

    Args:
        first, second: The original texts.
        answer: The answer and its score, as text.
        first_tokens, second_tokens: Strings, the tokens that the model read.
        weights: `(first_tokens, second_tokens)`: how much each token of the
            second text counts for a token of the first.

    Examples:

    >>> import numpy as np
    >>> from rnnzoo.explain import Comparison
    >>> Comparison(
    ...     first="A dog runs.",
    ...     second="A dog sleeps.",
    ...     answer="contradiction 0.9000",
    ...     first_tokens=["dog", "runs"],
    ...     second_tokens=["dog", "sleeps"],
    ...     weights=np.array([[0.9, 0.1], [0.2, 0.8]]),
    ... )
    'A dog runs.' / 'A dog sleeps.' (contradiction 0.9000)
      'dog'  'dog' 90%
      'runs'  'sleeps' 80%
    """

    first: str
    second: str
    answer: str
    first_tokens: list
    second_tokens: list
    weights: np.ndarray

    def _alone(self):
        return Comparisons([self])

    def __repr__(self):
        lines = [f"{self.first!r} / {self.second!r} ({self.answer})"]
        for token, row in zip(self.first_tokens, self.weights, strict=True):
            if row.any():
                place = int(row.argmax())
                lines.append(
                    f"  {token!r}  {self.second_tokens[place]!r} "
                    f"{percent(row[place])}"
                )
        return "\n".join(lines)


class Comparisons(Items):
    """A list of the comparisons of several pairs, to be saved and shown.

    Examples:

    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> from rnnzoo.explain import Comparison, Comparisons
    >>> pair = Comparison("Hi", "Bye", "no 0.9", ["hi"], ["bye"], np.eye(1))
    >>> comparisons = Comparisons([pair])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = pathlib.Path(folder, "pairs.html")
    ...     comparisons.save(page)
    ...     "no 0.9" in page.read_text("utf-8")
    True
    """

    _title = "What the model compared"
    _kind = "pairs"
    _style = alignment_html.STYLE

    def _article(self, place):
        each = self[place]
        texts = [each.first, each.second]
        matrix = each.first_tokens, each.second_tokens, each.weights
        return alignment_html.article(texts, each.answer, *matrix)

    def _draw(self, sheet, place):
        from rnnzoo.explain import alignment_plot  # matplotlib, an extra

        each = self[place]
        lines = [each.first, each.second, each.answer]
        matrix = each.first_tokens, each.second_tokens, each.weights
        alignment_plot.draw(sheet, lines, *matrix)

    def _strings(self):
        for each in self:
            yield from (each.first, each.second, each.answer)
            yield from (*each.first_tokens, *each.second_tokens)
