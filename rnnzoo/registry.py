"""The zoo's register: names, factories, and facts about each model."""

import csv
import fnmatch
import functools
import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnzoo import presets
from rnnzoo.cards import Demo, LateTask, ModelCard, one_like
from rnnzoo.recipe import Recipe

if TYPE_CHECKING:  # a task imports Keras
    from rnnzoo.tasks import Task

QUALITY = Path(__file__).parent / "models" / "quality.csv"

_CARDS = {}


def register(
    task: type | LateTask,
    *,
    paper: str = "",
    dataset: str = "",
    recipe: Recipe | None = None,
    demo: Demo | None = None,
    results: list[dict] | None = None,
    override: bool = False,
) -> Callable[[Callable], Callable]:
    """Decorator that adds a factory to the zoo, a user's own too.

    The function's name is the model's name, its keyword arguments are the
    overrides that `build` takes, and the first line of its docstring is the
    summary. It returns an object of the class `task`.

    Args:
        task: The kind of task: a class, such as `rnnzoo.TextClassifier`; or
            where to find it, a `rnnzoo.cards.LateTask`.
        paper: The paper it is from.
        dataset: The TFDS dataset it was measured on.
        recipe: `rnnzoo.Recipe`, its training defaults; by default those of the
            task that the factory returns.
        demo: `rnnzoo.cards.Demo`, how the command `demo` shows it.
        results: What was measured: rows of a table, each a dictionary of a
            column's name to its entry, such as
            `{"dataset": "mine", "metric": "accuracy", "test": "0.9"}`.
        override: Whether another factory of that name is replaced.

    Raises:
        ValueError: If the name is taken, or an argument has no default or one
            of the names that `build` needs.
        TypeError: If `task` is no kind of task.

    Examples:

    >>> import rnnzoo
    >>> @rnnzoo.register(rnnzoo.TextClassifier, override=True)
    ... def small_classifier(num_classes=2, units=8):
    ...     \"\"\"A small bidirectional LSTM.\"\"\"
    ...     return rnnzoo.build(
    ...         "bilstm_classifier", num_classes=num_classes, units=units
    ...     )
    >>> rnnzoo.describe("small_classifier").summary
    'A small bidirectional LSTM.'
    """
    kind = getattr(task, "kind", None)
    if not isinstance(task, (type, LateTask)) or kind is None:
        raise TypeError(
            "Invalid value for argument `task`. Expected a class with a "
            "`kind`, such as `rnnzoo.TextClassifier`. Received: "
            f"task={task!r}"
        )

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
            task=kind,
            source=task,
            summary=summary.split("\n")[0],
            paper=paper,
            dataset=dataset,
            recipe=recipe,
            demo=demo,
            results=results or _measured(name),
            weights=presets.weights_of(name),
            factory=factory,
        )
        return factory

    return decorate


def variant(base: Callable, **defaults: Any) -> Callable:
    """Decorator for a factory that builds on another one.

    The `**shared` of the function stand for all arguments of `base` that have
    a default and that the function does not name itself.

    Args:
        base: A function.
        **defaults: Other defaults of some of those arguments.

    Raises:
        TypeError: If `base` has no such argument, or no default for it.

    Examples:

    >>> from rnnzoo.registry import variant
    >>> def base(kind, units=8, depth=1):
    ...     return kind, units, depth
    >>> @variant(base, depth=3)
    ... def deep(**shared):
    ...     return base("deep", **shared)
    >>> deep(), deep(units=2)
    (('deep', 8, 3), ('deep', 2, 3))
    >>> import inspect
    >>> str(inspect.signature(deep))
    '(*, units=8, depth=3)'
    """

    def decorate(factory):
        own = [
            each
            for each in inspect.signature(factory).parameters.values()
            if each.kind is not each.VAR_KEYWORD
        ]
        named = {each.name for each in own}
        shared = {
            each.name: each.replace(
                kind=each.KEYWORD_ONLY,
                default=defaults.get(each.name, each.default),
            )
            for each in inspect.signature(base).parameters.values()
            if each.default is not each.empty and each.name not in named
        }
        if unknown := set(defaults) - set(shared):
            raise TypeError(
                f"`{base.__name__}` has no arguments with defaults named "
                f"{', '.join(sorted(unknown))}, or `{factory.__name__}` names "
                "them itself."
            )

        @functools.wraps(factory)
        def build(*args, **overrides):
            values = {name: each.default for name, each in shared.items()}
            return factory(*args, **{**values, **overrides})

        build.__signature__ = inspect.Signature([*own, *shared.values()])
        build.variant_of = base
        return build

    return decorate


def list_models(
    pattern: str = "*",
    task: str | None = None,
    pretrained: bool | None = None,
) -> list[str]:
    """Sorted names of the models.

    Args:
        pattern: Shell pattern, such as `"*_classifier"`.
        task: Kind of task, such as `"translation"`; by default all kinds.
        pretrained: Whether weights come with the package; by default both.

    Examples:

    >>> import rnnzoo
    >>> rnnzoo.list_models("han*")
    ['han_classifier']
    """
    return sorted(
        name
        for name, card in _CARDS.items()
        if fnmatch.fnmatch(name, pattern)
        and task in (None, card.task)
        and pretrained in (None, bool(card.weights))
    )


def describe(name: str) -> ModelCard:
    """The `ModelCard` of a model.

    Raises:
        ValueError: If there is no such model; it lists the nearest.

    Examples:

    >>> import rnnzoo
    >>> rnnzoo.describe("luong_translator").task
    'translation'
    """
    if name not in _CARDS:
        raise ValueError(
            f"Unknown model: {name!r}. {one_like(name, _CARDS)} "
            "`rnnzoo.list_models()` lists all."
        )
    return _CARDS[name]


def build(
    name: str, weights: str | os.PathLike | None = None, **overrides: Any
) -> "Task":
    """Builds a model of the zoo.

    Args:
        name: One of `list_models()`.
        weights: Name of weights that come with the package, in
            `describe(name).weights`; the path of a saved task of the same
            shape; or `hf://user/repository`, with `@revision` if not the
            newest. Tokenizer settings, vocabularies and weights are copied.
        **overrides: Keyword arguments of the factory; `describe(name)` shows
            them with their defaults.

    Returns:
        A `rnnzoo.tasks.Task`.

    Raises:
        ValueError: If there are no such model, weights or override; it lists
            the nearest. If weights belong to another model or are damaged.

    Examples:

    >>> import rnnzoo
    >>> model = rnnzoo.build("han_classifier", num_classes=5, max_words=30)
    >>> model.num_classes, model.max_words
    (5, 30)
    >>> model = rnnzoo.build("han_classifier", weights="imdb_reviews")
    >>> model.classify(["A quiet, lovely film."])[0].label
    'pos'
    """
    import numpy as np

    card = describe(name)
    if weights is not None:
        weights, settings = presets.locate(weights, name)
        overrides = settings | overrides
    for key, value in overrides.items():
        card.override_default(key)
        if isinstance(value, np.generic):  # computed by NumPy or pandas
            overrides[key] = value.item()
    task = card.factory(**overrides)
    if card.recipe is not None:
        task.recipe = card.recipe
    if weights is not None:
        task.restore(weights)
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
    """Results of a model of the zoo, as rows of a table."""
    if not QUALITY.exists():
        return []
    with open(QUALITY, newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["model"] == name]
    return [
        {
            "dataset": row["dataset"],
            "settings": row["settings"],
            "metric": row["metric"],
            "test": with_deviation(row),
            "published": row["published"],
        }
        for row in rows
    ]


def with_deviation(row):
    """The score in a row of the quality table, as tables show it."""
    if not row["standard deviation"]:
        return f"{row['test']} (1 run)"
    return f"{row['test']} ± {row['standard deviation']} ({row['seeds']} runs)"
