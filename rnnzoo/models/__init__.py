"""The zoo: importing this registers its factories."""

from rnnzoo.models import classifiers, taggers, translators

__all__ = ["classifiers", "taggers", "translators"]
