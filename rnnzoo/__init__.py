"""Recurrent models for Keras 3: build, fine-tune, explain, export."""

from rnnzoo import layers, models, search, tasks, text
from rnnzoo.recipe import Recipe
from rnnzoo.registry import ModelCard, build, describe, list_models, register
from rnnzoo.tasks import (
    EntityTagger,
    ImageCaptioner,
    MultiLabelClassifier,
    Task,
    TextClassifier,
    Translator,
    load,
)
from rnnzoo.training import finetune

__version__ = "0.1.0"

__all__ = [
    "EntityTagger",
    "ImageCaptioner",
    "ModelCard",
    "MultiLabelClassifier",
    "Recipe",
    "Task",
    "TextClassifier",
    "Translator",
    "build",
    "describe",
    "finetune",
    "layers",
    "list_models",
    "load",
    "models",
    "register",
    "search",
    "tasks",
    "text",
]
