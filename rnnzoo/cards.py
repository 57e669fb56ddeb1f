"""Facts about a model, as data and as a page to read."""

import dataclasses
import inspect
import itertools
import pkgutil
import re
import textwrap
from collections.abc import Callable, Iterable
from typing import NamedTuple

from rnnzoo.checks import nearest
from rnnzoo.recipe import Recipe

WIDTH = 80
MEANING = 68  # columns, beside the margin


@dataclasses.dataclass(frozen=True)
class Demo:
    """Dataset and settings with which `rnnzoo demo` shows a model.

    Attributes:
        dataset: Name of a dataset that rnnzoo makes itself.
        settings: Dict of arguments of `rnnzoo.finetune`.
        report: Function of the trained task and of the test data that returns
            a line to print, or `None`.
    """

    dataset: str
    settings: dict = dataclasses.field(default_factory=dict)
    report: Callable | None = None


class LateTask(NamedTuple):
    """A kind of task whose class is imported when it is asked for.

    Those of the zoo: its models can be listed before Keras is there.

    Attributes:
        kind: As of the class, such as `"text_classification"`.
        source: Its module and name, such as `"rnnzoo.tasks:TextClassifier"`.
    """

    kind: str
    source: str

    def load(self):
        """The class."""
        return pkgutil.resolve_name(self.source)


@dataclasses.dataclass(frozen=True)
class ModelCard:
    """Facts about a model; prints as a small table.

    Attributes:
        name: Its name, for `build`.
        task: Its kind of task, such as `"text_classification"`.
        source: The class that the factory returns, or where to find it.
        summary: One line.
        paper: The paper it is from.
        dataset: The TFDS dataset it was measured on.
        recipe: Its training defaults; `None` if the factory gives them.
        demo: How it is shown; `None` if there is no demo.
        results: What was measured: rows of a table, dictionaries of a column's
            name to its entry; for the zoo's own models what
            `benchmarks/quality.py` wrote.
        weights: Dict of a name to `rnnzoo.presets.Weights`, which `build` takes
            by that name. The command takes the first.
        factory: The function that builds it.

    Examples:

    >>> import rnnzoo
    >>> card = rnnzoo.describe("han_classifier")
    >>> card.task, card.dataset
    ('text_classification', 'imdb_reviews')
    >>> card.defaults["max_words"], card.meanings["dropout"]
    (60, 'Rate at the inputs of both levels and before the output.')
    """

    name: str
    task: str
    source: type | LateTask = dataclasses.field(repr=False)
    summary: str
    paper: str
    dataset: str
    recipe: Recipe | None
    demo: Demo | None
    results: list
    weights: dict
    factory: Callable = dataclasses.field(repr=False)

    @property
    def task_class(self):
        """The class that the factory returns."""
        is_late = isinstance(self.source, LateTask)
        return self.source.load() if is_late else self.source

    @property
    def defaults(self):
        """Dict of the factory's keyword arguments to their defaults."""
        parameters = inspect.signature(self.factory).parameters.values()
        return {each.name: each.default for each in parameters}

    @property
    def meanings(self):
        """Dict of the factory's keyword arguments to what they mean."""
        return {
            name: meaning
            for name, meaning in _meanings(self.factory).items()
            if name in self.defaults
        }

    def override_default(self, key):
        """The default of a keyword argument of the factory.

        Raises:
            ValueError: If there is no such argument; it lists the nearest.
        """
        if key not in self.defaults:
            raise ValueError(
                f"Unknown override for {self.name!r}: {key!r}. "
                f"{one_like(key, self.defaults)} "
                f"`rnnzoo.describe({self.name!r})` lists all."
            )
        return self.defaults[key]

    def __str__(self):
        rows = {
            "task": self.task,
            "summary": self.summary,
            "paper": self.paper,
            "dataset": self.dataset,
            "arguments": _described(self.defaults, self.meanings),
            "recipe": _listed(dataclasses.asdict(self.recipe))
            if self.recipe
            else "that of the task",
            "weights": "\n".join(map(_trained, self.weights.values()))
            or "none",
            "results": "" if self.results else "not measured",
        }
        width = max(map(len, rows))
        lines = [self.name, "-" * len(self.name)]
        for key, value in rows.items():
            first, *rest = value.split("\n")
            lines.append(f"{key:<{width}}  {first}".rstrip())
            lines += [" " * (width + 2) + line for line in rest]
        return "\n".join([*lines, *_results(self.results)])


def one_like(word: str, known: Iterable[str]) -> str:
    """A sentence that lists the names most like a word."""
    near = nearest(word, known)
    return f"Expected one like {', '.join(near or sorted(known))}."


def _trained(weights):
    """Lines about weights: their name and score, then where they come from."""
    scores = ", ".join(f"{k} {v}" for k, v in weights.scores.items())
    about = textwrap.wrap(
        f"{weights.size / 1e6:.1f} MB. {weights.training} {weights.terms}",
        MEANING,
        initial_indent=" " * 4,
        subsequent_indent=" " * 4,
    )
    return "\n".join([f"{weights.name}: {scores} on the test split", *about])


def _listed(mapping):
    return "\n".join(f"{key} = {value!r}" for key, value in mapping.items())


def _described(defaults, meanings):
    """Lines of arguments with their defaults and their meanings."""
    lines = []
    for name, default in defaults.items():
        lines.append(f"{name} = {default!r}")
        if name in meanings:
            lines += textwrap.wrap(
                meanings[name],
                MEANING,
                initial_indent=" " * 4,
                subsequent_indent=" " * 4,
            )
    return "\n".join(lines)


def _meanings(factory):
    """Dict of arguments to what the docstrings of a factory say of them."""
    inherited = {}
    if hasattr(factory, "variant_of"):
        inherited = _meanings(factory.variant_of)
    found = {}
    section = (inspect.getdoc(factory) or "").partition("Args:\n")[2]
    for line in section.split("\n"):
        if line.strip() and not line.startswith(" "):
            break  # another section
        if start := re.fullmatch(r" {4}(\w+): (.*)", line):
            name, meaning = start.groups()
            found[name] = meaning
        elif line.strip() and found:
            found[name] += " " + line.strip()
    return inherited | found


def _results(rows):
    """Lines of a table of results, then the signatures of its metrics."""
    shown, signatures = [], {}
    for row in rows:
        metric, _, signature = str(row.get("metric", "")).partition(" ")
        if signature:
            row = {**row, "metric": metric}
            signatures[f"{metric} is {signature}"] = None
        shown.append(row)
    return [*_table(shown), *signatures]


def _table(rows):
    """Lines of aligned columns, at most `WIDTH` wide.

    Args:
        rows: List of dictionaries of the head of a column to an entry.
    """
    heads = list(dict.fromkeys(head for row in rows for head in row))
    cells = [[str(row.get(head, "")) for head in heads] for row in rows]
    cells = [heads, *cells] if rows else []
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    while sum(widths) > WIDTH - 2 * (len(widths) - 1):
        widths[widths.index(max(widths))] -= 1
    lines = []
    for row in cells:
        wrapped = [
            textwrap.wrap(cell, width, break_on_hyphens=False)
            for cell, width in zip(row, widths, strict=True)
        ]
        for parts in itertools.zip_longest(*wrapped, fillvalue=""):
            lines.append("  ".join(map(str.ljust, parts, widths)).rstrip())
    return lines
