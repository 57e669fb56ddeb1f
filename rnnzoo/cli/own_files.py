"""A user's own files: their columns by options, and their classes."""

import os

from rnnzoo import data
from rnnzoo.cli.arguments import COLUMNS
from rnnzoo.cli.lines import Line
from rnnzoo.data.contents import suffix_of
from rnnzoo.data.files import DELIMITED
from rnnzoo.pipeline.captioned import Image
from rnnzoo.pipeline.schema import Ambiguous, Label, kind_of_value

SPLITS = ("train", "validation", "test")
OF_DATASETS = ("download", "data_dir", "split")


def read_examples(path, args, schema, with_targets=True):
    """The `rnnzoo.data.Table` in a file, with the names of a schema.

    Args:
        path: See `rnnzoo.data.read`.
        args: Parsed arguments, which may name columns.
        schema: `rnnzoo.pipeline.schema.Schema`.
        with_targets: Whether the targets are needed, too.

    Raises:
        ValueError: If the file, or an option, does not fit the schema; it says
            what to type.
        OSError: If there is no such file.
    """
    features = schema.features if with_targets else schema.inputs
    table = data.read(
        path,
        header=args.header,
        encoding=args.encoding,
        images=args.images,
        **_columns_of(args, features),
    )
    kinds = {
        name: kind_of_value(next((v for v in column if v is not None), None))
        for name, column in table.items()
    }
    try:
        picked = schema.pick(kinds, with_targets)
        missing = [each.name for each in features if each.name not in picked]
    except Ambiguous as error:
        missing = [error.name]
    if not missing:
        return table.named(picked)
    hint = ""
    if args.header and suffix_of(table.path) in DELIMITED:
        hint = " If the first row is an example, add --no-header."
    raise ValueError(
        f"{table.path}: cannot tell which column is the {missing[0]}. Expected "
        f"--{missing[0]} and one of {', '.join(map(repr, table))}.{hint}"
    )


def read_splits(args, schema):
    """Dict of `SPLITS` to their tables, `None` if no file is named."""
    paths = {name: getattr(args, name) for name in SPLITS}
    return {
        name: None if path is None else read_examples(path, args, schema)
        for name, path in paths.items()
    }


def classes_of(tables, schema):
    """The classes in the training data.

    Args:
        tables: What `read_splits` returned.
        schema: `rnnzoo.pipeline.schema.Schema`.

    Returns:
        Set of strings; `None` if there are none, or only numbers.

    Raises:
        ValueError: If there are fewer than two where an example has one, or if
            other data has more; it says where.
    """
    train = tables["train"]
    feature = _target(schema)
    known = {name for _, name in _classes(train, feature)}
    if not known or not all(isinstance(name, str) for name in known):
        return None
    if isinstance(feature, Label) and len(known) < 2:
        raise ValueError(
            f"{train.path}: expected at least two classes. Received only "
            f"{min(known)!r}"
        )
    for table in (tables["validation"], tables["test"]):
        if table is not None:
            _require(table, feature, known, f"in {train.path}")
    return known


def require_known(table, task):
    """Raises `ValueError` if a table has classes that a model does not know."""
    known = task.class_names
    if known is not None:
        _require(table, _target(task.schema), known, "in the model")


def read_inputs(arguments, args, task):
    """Yields the inputs that arguments give, themselves or as files.

    A file or, for a model that reads images, a folder is read; see
    `rnnzoo.data.read`. All else is an example itself.

    Args:
        arguments: Iterator of `rnnzoo.cli.lines.Line`s.
        args: Parsed arguments, which may name columns.
        task: `rnnzoo.Task`.

    Raises:
        ValueError: If a file is of an unknown kind.
        OSError: If a file is not there.
    """
    features = task.schema.inputs
    for line in arguments:
        if not _is_data(isinstance(features[0], Image), line.text):
            yield line
            continue
        table = read_examples(line.text, args, task.schema, with_targets=False)
        columns = [table[feature.name] for feature in features]
        for row, values in enumerate(zip(*columns, strict=True)):
            text = values if len(values) > 1 else values[0]
            yield Line(table.place(row), text, None)


def require_no_file(name, option):
    """Raises `ValueError` if the name of a dataset is that of a file."""
    if os.path.isfile(name) or suffix_of(name) in data.SUFFIXES:
        raise ValueError(
            f"{name} is a file. Expected the name of a dataset in TFDS, or "
            f"`{option} {name}`."
        )


def refuse_options_of_datasets(args, option):
    """Raises `ValueError` if there are options that files do not have."""
    _refuse(args, OF_DATASETS, option, "--dataset")


def refuse_options_of_files(args, option):
    """Raises `ValueError` if there are options that datasets do not have."""
    names = {*SPLITS, *COLUMNS, "images"} - {"train"}
    _refuse(args, sorted(names), "--dataset", option)


def _refuse(args, names, given, needed):
    found = [args.options[name] for name in names if getattr(args, name, None)]
    if found:
        raise ValueError(
            f"Expected {needed} beside {', '.join(found)}. Received: {given}"
        )


def _columns_of(args, features):
    """Dict of what columns are to their names, as options give them."""
    given = {
        name: getattr(args, name)
        for name in COLUMNS
        if getattr(args, name, None) is not None
    }
    fitting = [each.name for each in features]
    if unknown := [f"--{name}" for name in given if name not in fitting]:
        raise ValueError(
            f"Expected {' and '.join(f'--{name}' for name in fitting)}, the "
            f"columns that the model reads. Received: {', '.join(unknown)}"
        )
    return given


def _target(schema):
    return schema.targets[0] if schema.targets else None


def _classes(table, feature):
    """Yields the rows of a table and each class in them."""
    for row, value in enumerate(table[feature.name] if feature else ()):
        try:
            found = feature.classes_in(value)
        except ValueError as error:
            raise ValueError(f"{table.place(row)}: {error}") from None
        for name in found:
            if name == "":
                raise ValueError(
                    f"{table.place(row)}: expected a class. Received none."
                )
            yield row, name


def _require(table, feature, known, where):
    for row, name in _classes(table, feature):
        if isinstance(name, str) and name not in known:
            raise ValueError(
                f"{table.place(row)}: expected a class that is {where}, "
                f"{', '.join(sorted(known)[:10])}. Received: {name!r}"
            )


def _is_data(reads_images, argument):
    """Whether an argument is a file or folder to be read."""
    suffix = suffix_of(argument)
    if os.path.isdir(argument):
        return reads_images
    if suffix in data.SUFFIXES:
        return os.path.isfile(argument) or not argument.split()[1:]
    if suffix and os.path.isfile(argument) and not reads_images:
        raise ValueError(
            f"{argument} is a file. Expected texts, or files that end with "
            f"{', '.join(data.SUFFIXES)}; `< {argument}` gives its lines."
        )
    return False
