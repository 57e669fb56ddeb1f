"""A story that a model was asked about, and what each hop looked at."""

import dataclasses

import numpy as np

from rnnzoo.explain import recall_html
from rnnzoo.explain.drawing import percent
from rnnzoo.explain.items import Item, Items


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Recall(Item):
    """A story, a question, the answer, and the weights of the sentences.

    A notebook displays it as a page.

    Args:
        story: Strings, the sentences.
        question: The question.
        answer: The model's answer.
        score: Its probability.
        weights: `(sentences, hops)`: the attention of each hop.
        is_read: Boolean `(sentences,)`, whether the model read a sentence: it
            reads the last ones, as many as its memory holds, if they have
            words.
        supporting: Places of the sentences that an answer follows from, as the
            data says; `None` if it does not.

    Examples:

    >>> import numpy as np
    >>> from rnnzoo.explain import Recall
    >>> recall = Recall(
    ...     story=["Ann sat.", "Mary took it.", "Mary left."],
    ...     question="Where is it?",
    ...     answer="garden",
    ...     score=0.75,
    ...     weights=np.array([[0, 0], [0.75, 0], [0.25, 1]]),
    ...     is_read=np.array([False, True, True]),
    ...     supporting=[1],
    ... )
    >>> recall
    'Where is it?' -> 'garden' (75%), of 2 sentences
      hop 1  75% 'Mary took it.' *
      hop 2  100% 'Mary left.'
    >>> recall.dropped, recall.strongest
    (1, [1, 2])
    """

    story: list
    question: str
    answer: str
    score: float
    weights: np.ndarray
    is_read: np.ndarray
    supporting: list | None = None

    @property
    def dropped(self):
        """Number of sentences at the beginning that were not read."""
        return int(np.argmax(self.is_read)) if self.is_read.any() else 0

    @property
    def strongest(self):
        """Places of the sentences that each hop looked at most."""
        if not self.is_read.any():
            return []
        return self.weights.argmax(axis=0).tolist()

    def rows(self):
        """Yields the sentences read: place, text, weights, if supporting."""
        facts = set(self.supporting or ())
        for place in np.flatnonzero(self.is_read).tolist():
            yield (
                place,
                self.story[place],
                self.weights[place],
                place in facts,
            )

    def limit(self):
        """The line about what was not read; empty if all was."""
        if not self.dropped:
            return ""
        return f"Not read, beyond the model's limit: {self.dropped:,} sentences"

    def _alone(self):
        return Recalls([self])

    def __repr__(self):
        lines = [
            f"{self.question!r} -> {self.answer!r} ({percent(self.score)}), "
            f"of {int(self.is_read.sum())} sentences"
        ]
        for hop, place in enumerate(self.strongest):
            mark = " *" if place in (self.supporting or ()) else ""
            lines.append(
                f"  hop {hop + 1}  {percent(self.weights[place, hop])} "
                f"{self.story[place]!r}{mark}"
            )
        return "\n".join(lines)


class Recalls(Items):
    """A list of the recalls of several questions, to be saved and shown.

    Examples:

    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> from rnnzoo.explain import Recall, Recalls
    >>> nothing = np.zeros((0, 3)), np.zeros(0, bool)
    >>> recalls = Recalls(
    ...     Recall([], question, "yes", 0.5, *nothing)
    ...     for question in ("Is it?", "Was it?")
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = pathlib.Path(folder, "recalls.html")
    ...     recalls.save(page)
    ...     page.read_text("utf-8").count("There is no sentence to look at.")
    2
    """

    _style = recall_html.STYLE
    _kind = "questions"

    def _article(self, place):
        return recall_html.article(self[place])

    def _draw(self, sheet, place):
        from rnnzoo.explain import recall_plot  # matplotlib, an extra

        recall_plot.draw(sheet, self[place])

    def _strings(self):
        for each in self:
            yield from (each.question, each.answer, *each.story)
