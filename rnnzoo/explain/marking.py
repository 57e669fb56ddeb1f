"""Names that a model found in a text, and how sure it is at each word."""

import dataclasses

import numpy as np

from rnnzoo.explain import marking_html
from rnnzoo.explain.drawing import MAX_CLASSES, percent
from rnnzoo.explain.items import Item, Items


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Marking(Item):
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

    @property
    def weights(self):
        """The marginals, under the name that all explanations have."""
        return self.marginals

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

    def _alone(self):
        return Markings([self])

    def __repr__(self):
        lines = [f"Marking of {len(self.tokens)} words"]
        lines += [
            f"  {percent(each.score, 1):>6}  {each.label:<8}  {each.text!r}"
            for each in self.entities
        ]
        return "\n".join(lines)


class Markings(Items):
    """Markings of several texts: a list that can be saved and shown."""

    _title = "What the model found"
    _style = marking_html.STYLE

    def _article(self, place):
        return marking_html.article(self[place])

    def _draw(self, sheet, place):
        from rnnzoo.explain import marking_plot  # matplotlib, an extra

        marking_plot.draw(sheet, self[place])

    def _strings(self):
        for each in self:
            yield from (each.text, *each.labels)
