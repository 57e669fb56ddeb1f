"""TFDS builders of rnnzoo's own, and `sources`, which loads any TFDS dataset.

Importing this package imports TFDS and registers the builders, so that
`tfds.load("rnnzoo_reviews")` works. Datasets whose names start with `rnnzoo_`
are generated and need no download.
"""

from rnnzoo.datasets.babi_qa import BabiQa
from rnnzoo.datasets.dates import RnnzooDates
from rnnzoo.datasets.entities import RnnzooEntities
from rnnzoo.datasets.flickr8k import Flickr8k
from rnnzoo.datasets.long_memory import RnnzooAdding, RnnzooCopying
from rnnzoo.datasets.multi30k import Multi30k, Multi30kFr
from rnnzoo.datasets.notices import RnnzooNotices
from rnnzoo.datasets.paraphrases import RnnzooParaphrases
from rnnzoo.datasets.reviews import RnnzooReviews
from rnnzoo.datasets.shapes import RnnzooShapes
from rnnzoo.datasets.stories import RnnzooStories

__all__ = [
    "BabiQa",
    "Flickr8k",
    "Multi30k",
    "Multi30kFr",
    "RnnzooAdding",
    "RnnzooCopying",
    "RnnzooDates",
    "RnnzooEntities",
    "RnnzooNotices",
    "RnnzooParaphrases",
    "RnnzooReviews",
    "RnnzooShapes",
    "RnnzooStories",
]
