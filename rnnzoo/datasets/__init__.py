"""TFDS builders of our own, and the way to everybody else's.

Importing this package imports TFDS and tells it of the builders, so that
`tfds.load("rnnzoo_reviews")` works. Nothing is downloaded for them.
"""

from rnnzoo.datasets.entities import RnnzooEntities
from rnnzoo.datasets.reviews import RnnzooReviews

__all__ = ["RnnzooEntities", "RnnzooReviews"]
