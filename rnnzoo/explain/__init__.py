"""Pages and pictures that show what models looked at.

`Explanation` shows attention to the words of a text, `Marking` the entities of
a text, `Surprise` how likely its tokens were, `Alignment` the words of a
translation beside the words of its source, `Comparison` the words of a pair of
texts, `Digest` a text beside its summary, `Recall` the sentences of a story
that a question was answered by, and `Look` the parts of an image beside the
words of its caption.
"""

from rnnzoo.explain.alignment import Alignment, Alignments
from rnnzoo.explain.comparison import Comparison, Comparisons
from rnnzoo.explain.digest import Digest, Digests
from rnnzoo.explain.explanation import Explanation, Explanations
from rnnzoo.explain.look import Look, Looks
from rnnzoo.explain.marking import Marking, Markings
from rnnzoo.explain.recall import Recall, Recalls
from rnnzoo.explain.surprise import Surprise, Surprises

__all__ = [
    "Alignment",
    "Alignments",
    "Comparison",
    "Comparisons",
    "Digest",
    "Digests",
    "Explanation",
    "Explanations",
    "Look",
    "Looks",
    "Marking",
    "Markings",
    "Recall",
    "Recalls",
    "Surprise",
    "Surprises",
]
