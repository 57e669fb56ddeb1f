"""Recurrent models for Keras 3: build, fine-tune, explain, export."""

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rnnzoo import data, models
from rnnzoo.cards import ModelCard
from rnnzoo.recipe import Recipe
from rnnzoo.registry import build, describe, list_models, register


def _is_command():
    """Whether this process is `rnnzoo ...` or `python -m rnnzoo ...`.

    It answers `--help` and `list` before Keras could be imported.
    """
    program, *rest = sys.argv or [""]
    if program == "-m":  # so far; later, the path of `__main__.py`
        return sys.orig_argv[-len(rest) - 1] == __name__
    return Path(program).stem == __name__


# Keras finds the layers and tasks that are imported. The command imports what
# it uses.
if TYPE_CHECKING or not _is_command():
    from rnnzoo import layers, search, tasks, text
    from rnnzoo.tasks import (
        EntityTagger,
        ImageCaptioner,
        LanguageModel,
        MultiLabelClassifier,
        PairClassifier,
        PairScorer,
        QuatrainGenerator,
        StoryAnswerer,
        Summarizer,
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
    "LanguageModel",
    "ModelCard",
    "MultiLabelClassifier",
    "PairClassifier",
    "PairScorer",
    "QuatrainGenerator",
    "Recipe",
    "StoryAnswerer",
    "Summarizer",
    "Task",
    "TextClassifier",
    "Translator",
    "build",
    "data",
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


def __getattr__(name):
    """Public names that the command has not imported so far."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in ("layers", "search", "tasks", "text"):
        return importlib.import_module(f"{__name__}.{name}")
    home = "training" if name == "finetune" else "tasks"
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)
