"""Entities that a model found in a text, and probabilities at each word."""

import dataclasses

import numpy as np

from rnnzoo.explain import marking_html
from rnnzoo.explain.drawing import MAX_CLASSES, percent
from rnnzoo.explain.items import Item, Items


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Marking(Item):
    """A text with its entities, and probabilities at each of its words.

    A notebook displays it as a page.

    Args:
        text: The original text.
        entities: List of `rnnzoo.tasks.Entity`, in order; their places count
            characters.
        tokens: Strings, the words.
        spans: A pair `(start, end)` for each word, in characters.
        labels: Names of the kinds of entities.
        marginals: `(words, labels)`: the probability that a word belongs to an
            entity of each kind.

    Examples:

    >>> import numpy as np
    >>> from rnnzoo.explain import Marking
    >>> from rnnzoo.tasks import Entity
    >>> marking = Marking(
    ...     text="Ann left Rome.",
    ...     entities=[Entity("Ann", "PER", 0, 3, 0.9)],
    ...     tokens=["Ann", "left", "Rome", "."],
    ...     spans=[(0, 3), (4, 8), (9, 13), (13, 14)],
    ...     labels=["PER", "LOC"],
    ...     marginals=np.array([[0.9, 0.1], [0, 0], [0.3, 0.4], [0, 0]]),
    ... )
    >>> marking
    Marking of 4 words
       90.0%  PER       'Ann'
    >>> [text for text, entity in marking.pieces() if entity]
    ['Ann']
    """

    text: str
    entities: list
    tokens: list
    spans: list
    labels: list
    marginals: np.ndarray

    @property
    def weights(self):
        """The marginals, under the name that all kinds of explanations use."""
        return self.marginals

    def pieces(self):
        """Yields pairs of a stretch of the text and its entity or `None`."""
        place = 0
        for entity in self.entities:
            yield self.text[place : entity.start], None
            yield self.text[entity.start : entity.end], entity
            place = entity.end
        yield self.text[place:], None

    def kinds(self):
        """Indices of the labels to draw: the 8 most probable, in order."""
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
    """A list of the markings of several texts, to be saved and shown.

    Examples:

    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> from rnnzoo.explain import Marking, Markings
    >>> markings = Markings(
    ...     Marking(text, [], [text], [(0, 2)], ["PER"], np.array([[0.25]]))
    ...     for text in ("So", "No")
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = pathlib.Path(folder, "names.html")
    ...     markings.save(page)
    ...     page.read_text("utf-8").count("PER 0.2500")
    2
    """

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
