"""Sources of the commands: trained models, datasets and files."""

import dataclasses
from pathlib import Path
from typing import Any

from rnnzoo import registry, tasks
from rnnzoo.cli import own_files


@dataclasses.dataclass(frozen=True)
class Splits:
    """Examples that a model is trained on, and measured with.

    Attributes:
        name: What it is called.
        train, validation, test: Raw examples; the last two may be `None`.
        labels: Names of the classes; see `Task.adapt`.
        num_classes: Number of the classes, if it is known.
    """

    name: str
    train: Any
    validation: Any
    test: Any
    labels: Any = None
    num_classes: int | None = None


def load_model(model):
    """The task that a command names.

    Args:
        model: A `.keras` file, the directory that `rnnzoo train` made,
            `hf://user/repository`, or the name of a model, of which the first
            weights in the package are meant.
    """
    if model not in registry.list_models() or Path(model).exists():
        return tasks.load(model)
    weights = registry.describe(model).weights
    if not weights:
        raise ValueError(
            f"{model} has no weights in the package. Expected a model that was "
            f"trained, as by `rnnzoo train {model} --out DIRECTORY`, or one of "
            f"{', '.join(registry.list_models(pretrained=True))}."
        )
    return registry.build(model, weights=next(iter(weights)))


def load_splits(args, task):
    """The `Splits` that a command names, of a dataset or of files."""
    if args.train is not None:
        own_files.refuse_options_of_datasets(args, "--train")
        tables = own_files.read_splits(args, task.schema)
        classes = own_files.classes_of(tables, task.schema)
        return Splits(
            name=args.train,
            **tables,
            num_classes=None if classes is None else len(classes),
        )
    own_files.refuse_options_of_files(args, "--train")
    source = _load_dataset(args, task, "--train")
    from rnnzoo.datasets import sources

    train, validation = sources.train_validation(source)
    classes = task.labels_of(source.info)
    return Splits(
        source.name,
        train,
        validation,
        source.splits.get("test"),
        source.info,
        None if classes is None else len(classes),
    )


def load_test(args, task):
    """The name and the examples that a command is to measure."""
    if args.test is not None:
        own_files.refuse_options_of_datasets(args, "--test")
        table = own_files.read_examples(args.test, args, task.schema)
        own_files.require_known(table, task)
        return args.test, table
    own_files.refuse_options_of_files(args, "--test")
    source = _load_dataset(args, task, "--test")
    split = args.split or "test"
    data = source.split(split)
    task.require_labels_of(source.info)
    return f"{source.name}, {split}", data


def _load_dataset(args, task, option):
    own_files.require_no_file(args.dataset, option)
    from rnnzoo.datasets import fitting, sources  # TFDS

    source = sources.load(args.dataset, args.data_dir, args.download)
    fitting.require_fit(task, source)
    return source
