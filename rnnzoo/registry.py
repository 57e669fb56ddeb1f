"""The zoo's register: names, factories, and what is known of each model."""

import csv
import dataclasses
import difflib
import fnmatch
import inspect
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from rnnzoo.recipe import Recipe

QUALITY = Path(__file__).parent / "models" / "quality.csv"

_CARDS = {}


@dataclasses.dataclass(frozen=True)
class ModelCard:
    """What is known of a model; prints as a small table.

    Attributes:
        name: What `build` calls it.
        task: What it does, such as `"text_classification"`.
        summary: One line.
        paper: Where it comes from.
        dataset: The TFDS dataset it was measured on.
        recipe: Its training defaults; `None` if the factory gives them.
        results: Dict of what was measured to the result; for the zoo's own
            models what `benchmarks/quality.py` wrote.
        factory: The function that builds it; its docstring says what its
            arguments mean.
    """

    name: str
    task: str
    summary: str
    paper: str
    dataset: str
    recipe: Recipe
    results: dict
    factory: Callable = dataclasses.field(repr=False)

    @property
    def defaults(self):
        """Dict of the factory's keyword arguments to their defaults."""
        parameters = inspect.signature(self.factory).parameters.values()
        return {each.name: each.default for each in parameters}

    def override_default(self, key):
        """The default of a keyword argument of the factory.

        Raises:
            ValueError: If there is no such argument; it lists the nearest.
        """
        if key not in self.defaults:
            raise ValueError(
                f"Unknown override for {self.name!r}: {key!r}. "
                f"{_nearest(key, self.defaults)} "
                f"`rnnzoo.describe({self.name!r})` lists all."
            )
        return self.defaults[key]

    def __str__(self):
        rows = {
            "task": self.task,
            "summary": self.summary,
            "paper": self.paper,
            "dataset": self.dataset,
            "defaults": _listed(self.defaults),
            "recipe": _listed(dataclasses.asdict(self.recipe))
            if self.recipe
            else "that of the task",
            "results": _listed(self.results) or "see the README",
        }
        width = max(map(len, rows))
        lines = [self.name, "-" * len(self.name)]
        for key, value in rows.items():
            first, *rest = value.split("\n")
            lines.append(f"{key:<{width}}  {first}")
            lines += [" " * (width + 2) + line for line in rest]
        return "\n".join(lines)


def register(
    *, task, paper="", dataset="", recipe=None, results=None, override=False
):
    """Decorator that adds a factory to the zoo, a user's own too.

    The function's name is the model's name, its keyword arguments are the
    overrides that `build` takes, and the first line of its docstring is the
    summary. It returns a `rnnzoo.tasks.Task`.

    Args:
        task: What the model does.
        paper: Where it comes from.
        dataset: The TFDS dataset it was measured on.
        recipe: `rnnzoo.recipe.Recipe`, its training defaults; without, those
            of the task that the factory returns.
        results: Dict of what was measured to the result.
        override: Whether another factory of that name is replaced.

    Raises:
        ValueError: If the name is taken, or an argument has no default or one
            of the names that `build` needs.
    """

    def decorate(factory):
        name = factory.__name__
        _require_defaults(factory)
        if name in _CARDS and not override:
            raise ValueError(
                f"A model named {name!r} is registered. Expected another "
                "name, or `override=True`."
            )
        summary = inspect.getdoc(factory) or ""
        _CARDS[name] = ModelCard(
            name=name,
            task=task,
            summary=summary.split("\n")[0],
            paper=paper,
            dataset=dataset,
            recipe=recipe,
            results=results or _measured(name),
            factory=factory,
        )
        return factory

    return decorate


def list_models(pattern="*", task=None):
    """Sorted names of the models.

    Args:
        pattern: Shell pattern, such as `"*_classifier"`.
        task: Only the models of that task.
    """
    return sorted(
        name
        for name, card in _CARDS.items()
        if fnmatch.fnmatch(name, pattern) and task in (None, card.task)
    )


def describe(name):
    """The `ModelCard` of a model.

    Raises:
        ValueError: If there is no such model; it lists the nearest.
    """
    if name not in _CARDS:
        raise ValueError(
            f"Unknown model: {name!r}. {_nearest(name, _CARDS)} "
            "`rnnzoo.list_models()` lists all."
        )
    return _CARDS[name]


def build(name, weights=None, **overrides):
    """Builds a model of the zoo.

    Args:
        name: One of `list_models()`.
        weights: Path of a task saved from a model of the same shape; it lends
            what it learned: how it reads, its vocabularies, its weights.
        **overrides: Keyword arguments of the factory; `describe(name)` shows
            them with their defaults.

    Returns:
        A `rnnzoo.tasks.Task`.

    Raises:
        ValueError: If there is no such model or no such override; it lists
            the nearest.
    """
    card = describe(name)
    for key, value in overrides.items():
        card.override_default(key)
        if isinstance(value, np.generic):  # computed by NumPy or pandas
            overrides[key] = value.item()
    task = card.factory(**overrides)
    if card.recipe is not None:
        task.recipe = card.recipe
    if weights is not None:
        task.restore(os.fspath(weights))
    return task


def _require_defaults(factory):
    for each in inspect.signature(factory).parameters.values():
        if each.name in ("name", "weights"):
            raise ValueError(
                f"Cannot register {factory.__name__!r}. Expected other "
                "arguments than `name` and `weights`, which are those of "
                f"`build`. Received: `{each}`"
            )
        if each.default is each.empty:
            raise ValueError(
                f"Cannot register {factory.__name__!r}. Expected a function "
                "whose arguments all have names and defaults: those are what "
                f"`build` takes and `describe` shows. Received: `{each}`"
            )


def _measured(name):
    """Results of a model of the zoo."""
    if not QUALITY.exists():
        return {}
    with open(QUALITY, newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["model"] == name]
    return {
        f"{row['dataset']}, {row['metric'].split()[0]}, {row['settings']}": (
            f"test {row['metric']} {row['test']} "
            f"(standard deviation {row['standard deviation'] or 'unknown'}, "
            f"seeds: {row['seeds']})"
        )
        for row in rows
    }


def _nearest(word, known):
    near = difflib.get_close_matches(str(word), known, n=3, cutoff=0.4)
    return f"Expected one like {', '.join(near or sorted(known))}."


def _listed(mapping):
    return "\n".join(f"{key} = {value!r}" for key, value in mapping.items())
