"""The zoo: importing this registers its factories."""

from rnnzoo.models import captioners, classifiers, taggers, translators

__all__ = ["captioners", "classifiers", "taggers", "translators"]
