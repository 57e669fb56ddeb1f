"""Names that a model found in a text, and how sure it is at each word."""

import dataclasses

import numpy as np

from rnnzoo.explain.drawing import MAX_CLASSES, percent
from rnnzoo.explain.explanation import Explanations


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Marking:
    """A text with its entities, and probabilities at each of its words.

    In a notebook it shows itself.

    Args:
        text: The original text.
        entities: `rnnzoo.tasks.Entity`s, in order, in characters.
        tokens: Strings, the words.
        spans: A pair `(start, end)` for each word, in characters.
        labels: Names of the kinds of entities.
        marginals: `(words, labels)`: probability that a word is in an entity
            of each kind.
    """

    text: str
    entities: list
    tokens: list
    spans: list
    labels: list
    marginals: np.ndarray

    def pieces(self):
        """Pairs of a stretch of the text and its entity, or `None`."""
        place = 0
        for entity in self.entities:
            yield self.text[place : entity.start], None
            yield self.text[entity.start : entity.end], entity
            place = entity.end
        yield self.text[place:], None

    def kinds(self):
        """Places of the labels that are drawn, at most 8, in their order."""
        if len(self.labels) <= MAX_CLASSES:
            return list(range(len(self.labels)))
        highest = self.marginals.max(axis=0, initial=0)
        return sorted(np.argsort(-highest, kind="stable")[:MAX_CLASSES])

    def save(self, path):
        """Writes a page or a picture of the text.

        Args:
            path: Ends with `.html`, for a page that needs nothing else and
                shows exact probabilities under the pointer; or with `.png`,
                for a picture (needs matplotlib: `pip install rnnzoo[plots]`).
        """
        Markings([self]).save(path)

    def _repr_html_(self):
        return Markings([self])._repr_html_()

    def __repr__(self):
        lines = [f"Marking of {len(self.tokens)} words"]
        lines += [
            f"  {percent(each.score, 1):>6}  {each.label:<8}  {each.text!r}"
            for each in self.entities
        ]
        return "\n".join(lines)


class Markings(Explanations):
    """Markings of several texts: a list that can be saved and shown."""

    def _page(self):
        from rnnzoo.explain import marking_html

        return marking_html.page(self)

    def _draw(self, path):
        from rnnzoo.explain import marking_plot  # matplotlib, an extra

        marking_plot.save(self, path)

    def _repr_html_(self):
        from rnnzoo.explain import marking_html

        return marking_html.fragment(self)

    def __repr__(self):
        return "\n".join(map(repr, self))
