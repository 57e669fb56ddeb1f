"""Pages and pictures that show what models looked at.

`Explanation` shows attention to the words of a text, `Marking` the entities of
a text, `Alignment` the words of a translation beside the words of its source,
and `Look` the parts of an image beside the words of its caption.
"""

from rnnzoo.explain.alignment import Alignment, Alignments
from rnnzoo.explain.explanation import Explanation, Explanations
from rnnzoo.explain.look import Look, Looks
from rnnzoo.explain.marking import Marking, Markings

__all__ = [
    "Alignment",
    "Alignments",
    "Explanation",
    "Explanations",
    "Look",
    "Looks",
    "Marking",
    "Markings",
]
