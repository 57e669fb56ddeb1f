"""The zoo: importing this registers its factories.

A factory imports layers and its task when it is called, so that the command
lists and describes the models before Keras is there.
"""

from rnnzoo.models import (
    answerers,
    captioners,
    classifiers,
    language_models,
    matchers,
    summarizers,
    taggers,
    translators,
)

__all__ = [
    "answerers",
    "captioners",
    "classifiers",
    "language_models",
    "matchers",
    "summarizers",
    "taggers",
    "translators",
]
