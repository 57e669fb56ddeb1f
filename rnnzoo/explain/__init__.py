"""What models looked at, as pages and pictures.

Attention to the words of a text (`Explanation`), entities in their text
(`Marking`), the words of a translation beside those of its source
(`Alignment`), and the parts of an image beside the words of its caption
(`Look`).
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
