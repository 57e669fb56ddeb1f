"""Models that take raw examples, one class a task."""

from rnnzoo.tasks.entity_tagger import Entity, EntityTagger
from rnnzoo.tasks.image_captioner import Caption, ImageCaptioner
from rnnzoo.tasks.task import Task, load
from rnnzoo.tasks.text_classifier import Classification, TextClassifier
from rnnzoo.tasks.text_writer import TextWriter
from rnnzoo.tasks.translator import Translation, Translator

__all__ = [
    "Caption",
    "Classification",
    "Entity",
    "EntityTagger",
    "ImageCaptioner",
    "Task",
    "TextClassifier",
    "TextWriter",
    "Translation",
    "Translator",
    "load",
]
