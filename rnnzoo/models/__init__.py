"""The zoo: importing this registers its factories."""

from rnnzoo.models import classifiers, taggers

__all__ = ["classifiers", "taggers"]
