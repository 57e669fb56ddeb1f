"""What models looked at, as pages and pictures.

Attention to the words of a text (`Explanation`), entities in their text
(`Marking`) and the words of a translation beside those of its source
(`Alignment`).
"""

from rnnzoo.explain.alignment import Alignment, Alignments
from rnnzoo.explain.explanation import Explanation, Explanations
from rnnzoo.explain.marking import Marking, Markings

__all__ = [
    "Alignment",
    "Alignments",
    "Explanation",
    "Explanations",
    "Marking",
    "Markings",
]
