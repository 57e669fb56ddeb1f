"""The zoo: importing this registers its factories."""

from rnnzoo.models import classifiers

__all__ = ["classifiers"]
