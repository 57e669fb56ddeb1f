"""Raw examples, a chunk at a time, from whatever holds them."""

import dataclasses
import itertools
from collections.abc import Mapping
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from rnnzoo.arrays import as_column
from rnnzoo.pipeline.schema import (
    WEIGHT,
    Feature,
    kind_of_spec,
    kind_of_value,
)
from rnnzoo.pipeline.tables import as_table


@dataclasses.dataclass(frozen=True, eq=False)
class Chunk:
    """Some raw examples.

    Attributes:
        columns: Dict of a feature's name to its values, as `Feature.check`
            returns them; without targets, if the data has none.
        weights: Sample weights as `Number.check` returns them, or `None`.
        first: Number of the examples before them.
        read: Number of examples that were read to make it; by default as many
            as it has.
    """

    columns: dict
    weights: Any
    first: int
    read: int | None = None

    def __len__(self):
        return len(next(iter(self.columns.values())))

    def __getitem__(self, name):
        return self.columns[name]

    def __contains__(self, name):
        return name in self.columns

    @property
    def end(self):
        """Number of the examples that were read up to its last one."""
        return self.first + (len(self) if self.read is None else self.read)

    def where(self, kept):
        """The chunk of some of its examples.

        Args:
            kept: Boolean array.
        """
        columns = {
            name: list(itertools.compress(column, kept))
            if isinstance(column, list)
            else column[kept]
            for name, column in self.columns.items()
        }
        weights = None if self.weights is None else self.weights[kept]
        return Chunk(columns, weights, self.first, self.end - self.first)


def read(schema, x, y=None, sample_weight=None):
    """Yields raw examples in chunks, in their order.

    Args:
        schema: `rnnzoo.pipeline.schema.Schema`, what to look for.
        x: One of
            - a `tf.data.Dataset`, batched or not, of dictionaries, as TFDS
              makes them; of inputs; or of tuples `(x, y)` or
              `(x, y, sample_weight)`,
            - a table, with its targets: a dictionary of columns, a list of
              dictionaries, a pandas `DataFrame`, an Arrow table or a Hugging
              Face dataset,
            - a column of inputs: a list, an array, a tensor, a pandas series
              or an Arrow array; of several inputs, a dictionary or a tuple
              of columns,
            - a list of tuples: of inputs, if there are several, and of
              targets, such as `(text, label)` or `(story, question)`.
        y: Column of targets, if `x` has none.
        sample_weight: Column of weights, if `x` is no dataset.

    Yields:
        `Chunk`s with targets, or all of them without.

    Raises:
        ValueError: If there is no example, or no end of them, if columns
            differ in length, or if a value is wrong; it says which.
    """
    if isinstance(x, tf.data.Dataset):
        _require_alone(y, sample_weight)
        chunks = _of_dataset(schema, x, with_targets=True)
    else:
        chunks = _of_columns(
            schema, *_columns(schema, x, y), sample_weight=sample_weight
        )
    empty = True
    for chunk in chunks:
        empty = False
        yield chunk
    if empty:
        raise ValueError(
            "Invalid value for argument `x`. Expected at least one example. "
            "Received none."
        )


def read_inputs(schema, x):
    """Yields raw examples without their targets; see `read`.

    `x` may also be the inputs of one example, and may be empty.
    """
    if isinstance(x, tf.data.Dataset):
        return _of_dataset(schema, x, with_targets=False)
    if schema.is_one(x):
        x = _column_of_one(schema, x)
    columns, argument = _columns(schema, x, None, with_targets=False)
    return _of_columns(schema, columns, argument)


def as_columns(data):
    """`(x, y, sample_weight)` of a dataset, or of a tuple of columns."""
    columns = data if isinstance(data, tuple) else (data,)
    return (*columns, None, None)[:3]


def count(schema, x):
    """Number of examples, or `None` if only reading them tells."""
    if not isinstance(x, tf.data.Dataset):
        table = _as_table(schema, x)
        if table is not None:
            return len(table)
        return len(x) if hasattr(x, "__len__") else None
    known = int(x.cardinality())
    columns = _by_name(schema, x, with_targets=False)
    is_known = known >= 0 and not columns.is_batched
    return known if is_known else None


def show_progress(chunks, total, unit_name, verbose):
    """Yields the same chunks, with a bar of the examples read so far.

    Args:
        chunks: Iterable of `Chunk`s.
        total: Number of examples; `None` if it is not known.
        unit_name: What an example is called.
        verbose: As in Keras.
    """
    bar = keras.utils.Progbar(total, verbose=verbose, unit_name=unit_name)
    done = 0
    for chunk in chunks:
        yield chunk
        done = chunk.end
        bar.update(done)
    if total is None:
        bar.update(done, finalize=True)


# Columns in memory.


def _columns(schema, x, y, with_targets=True):
    """Whole columns by name, and what errors call each."""
    table = _as_table(schema, x)
    if (rows := _of_rows(schema, x, y is None)) is not None:
        columns, arguments = rows, _arguments(schema)
    elif table is not None:
        kinds = {name: kind_of_value(table.first(name)) for name in table.names}
        inside = y is None and with_targets
        picked = schema.pick(kinds, with_targets=inside)
        columns = {name: table.column(key) for name, key in picked.items()}
        arguments = {name: repr(key) for name, key in picked.items()}
    else:
        columns = _in_order(schema.inputs, x, "x")
        arguments = _arguments(schema)
    if y is not None:
        columns |= _in_order(schema.targets, y, "y")
        arguments = _arguments(schema) | arguments
    if not with_targets:
        columns = {
            each.name: columns[each.name]
            for each in (*schema.inputs, *schema.extras)
            if each.name in columns
        }
    return columns, arguments


def _of_rows(schema, x, with_targets):
    """Columns by name of a list of examples; `None` if it is none."""
    if not isinstance(x, list) or not (x or len(schema.inputs) > 1):
        return None
    if not x:
        return {each.name: [] for each in schema.inputs}
    if with_targets and all(map(schema.is_row, x)):
        features = schema.features
    elif all(map(schema.is_row_of_inputs, x)):
        features = schema.inputs
    else:
        return None
    rows = map(list, zip(*x, strict=True))
    return {
        each.name: column for each, column in zip(features, rows, strict=True)
    }


def _as_table(schema, x):
    """A table, or `None`: an image may be a dictionary itself."""
    is_column = len(schema.inputs) == 1 and isinstance(x, list) and x
    if is_column and schema.is_one(x[0]):
        return None
    return as_table(x)


def _in_order(features, value, argument):
    """Columns of some features, from a column, or a tuple or dict of them."""
    if not features:
        raise ValueError(
            "Invalid value for argument `y`. Expected None: the inputs are "
            f"their own targets. Received: y={value!r:.60}"
        )
    if len(features) == 1:
        return {features[0].name: value}
    if isinstance(value, Mapping):
        value = tuple(value.get(each.name) for each in features)
    if (
        not isinstance(value, tuple)
        or len(value) != len(features)
        or any(column is None for column in value)
    ):
        names = ", ".join(each.name for each in features)
        raise ValueError(
            f"Invalid value for argument `{argument}`. Expected columns "
            f"{names}: a dictionary or a tuple. Received: "
            f"{type(value).__name__}"
        )
    return {
        each.name: column for each, column in zip(features, value, strict=True)
    }


def _arguments(schema):
    """Names of the columns of `x` and `y` in errors."""
    names = {}
    for features, argument in ((schema.inputs, "x"), (schema.targets, "y")):
        for each in features:
            is_only = len(features) == 1
            names[each.name] = argument if is_only else each.name
    return names


def _of_columns(schema, columns, arguments, sample_weight=None):
    columns = {
        name: _checked_column(column, arguments[name])
        for name, column in columns.items()
    }
    if sample_weight is not None:
        columns[WEIGHT] = as_column(sample_weight)
        arguments = arguments | {WEIGHT: WEIGHT}
    total = len(next(iter(columns.values())))
    for name, column in columns.items():
        if len(column) != total:
            raise ValueError(
                f"Invalid value for argument `{arguments[name]}`. Expected as "
                f"many as there are examples, {total}. Received: {len(column)}"
            )
    for first in range(0, total, schema.chunk):
        part = slice(first, first + schema.chunk)
        yield _checked(
            schema,
            {name: column[part] for name, column in columns.items()},
            arguments,
            first,
        )


def _checked_column(column, argument):
    column = as_column(column)
    if isinstance(column, (str, bytes)) or not hasattr(column, "__len__"):
        raise ValueError(
            f"Invalid value for argument `{argument}`. Expected a dataset, or "
            f"a list or array of examples. Received: {column!r:.60}"
        )
    return column


def _column_of_one(schema, x):
    if len(schema.inputs) == 1:
        return [x]
    if isinstance(x, dict):
        return {name: [value] for name, value in x.items()}
    return tuple([value] for value in x)


def _checked(schema, columns, arguments, first):
    weights = columns.pop(WEIGHT, None)
    if weights is not None:
        weights = schema.weight.check(weights, arguments[WEIGHT], first)
    return Chunk(
        {
            feature.name: feature.check(
                columns[feature.name], arguments[feature.name], first
            )
            for feature in schema.all_features
            if feature.name in columns
        },
        weights,
        first,
    )


# Datasets.


class _Named(NamedTuple):
    """A dataset of dictionaries with the names of a schema."""

    dataset: tf.data.Dataset
    is_batched: bool
    is_known: bool  # whether the ranks of its values are


def _require_alone(y, sample_weight):
    for name, column in (("y", y), (WEIGHT, sample_weight)):
        if column is not None:
            raise ValueError(
                f"Invalid value for argument `{name}`. Expected None beside a "
                "dataset, which holds targets and weights itself."
            )


def _of_dataset(schema, dataset, with_targets):
    if dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
        raise ValueError(
            "Invalid value for argument `x`. Expected a dataset that ends. "
            "Received one that repeats for ever; `dataset.take(n)` ends."
        )
    named = _by_name(schema, dataset, with_targets)
    dataset, is_batched = named.dataset, named.is_batched
    if any(_converts(feature) for feature in schema.features):
        dataset = dataset.unbatch() if is_batched else dataset
        dataset = dataset.map(
            lambda values: _convert(schema, values), num_parallel_calls=2
        )
        is_batched = False
    if not is_batched:
        dataset = dataset.ragged_batch(schema.chunk)
    arguments = {each.name: each.name for each in schema.all_features}
    arguments |= _arguments(schema) | {WEIGHT: WEIGHT}
    first = 0
    for columns in dataset.prefetch(2).as_numpy_iterator():
        if not named.is_known:
            _require_ranks(schema, columns, dataset)
        chunk = _checked(schema, columns, arguments, first)
        yield chunk
        first += len(chunk)


def _converts(feature):
    return type(feature).convert is not Feature.convert


def _convert(schema, values):
    return values | {
        each.name: each.convert(values[each.name])
        for each in schema.features
        if each.name in values
    }


def _require_ranks(schema, columns, dataset):
    column = tf.nest.flatten(columns[schema.inputs[0].name])[0]
    if np.ndim(column) < 1:
        raise ValueError(
            "Invalid value for argument `x`. Expected a dataset whose "
            "elements have known shapes: `from_generator` takes an "
            f"`output_signature`. Received: {dataset.element_spec}"
        )


def _by_name(schema, dataset, with_targets):
    """A `_Named` of the features of a schema."""
    spec = dataset.element_spec
    parts = spec if isinstance(spec, tuple) else (spec,)
    if not 1 <= len(parts) <= 3:
        raise ValueError(
            "Invalid value for argument `x`. Expected a dataset of `x`, "
            "`(x, y)` or `(x, y, sample_weight)`. Received tuples of "
            f"{len(parts)}"
        )
    paths = _paths(schema, parts, with_targets)

    def select(*element):
        return {name: _at(element, path) for name, path in paths.items()}

    feature = min(schema.inputs, key=lambda each: each.any_rank)
    path = paths[feature.name]
    first = tf.nest.flatten(_at(parts, path))[0]
    rank = first.shape.rank
    own = feature.rank(first, path[-1])
    # Conversion of single values checks their rank itself.
    is_batched = not _converts(feature) if rank is None else rank > own
    return _Named(dataset.map(select), is_batched, rank is not None)


def _at(element, path):
    for place in path:
        element = element[place]
    return element


def _paths(schema, parts, with_targets):
    """Dict of a feature to its place in an element: indices and keys."""
    if len(parts) == 1 and isinstance(parts[0], dict):
        is_batched = _has_batches(schema, parts[0])
        kinds = {
            key: kind_of_spec(each, is_batched)
            for key, each in parts[0].items()
        }
        picked = schema.pick(kinds, with_targets)
        return {name: (0, key) for name, key in picked.items()}
    paths = _paths_in(schema.inputs, parts[0], 0)
    if with_targets and len(parts) > 1:
        paths |= _paths_in(schema.targets, parts[1], 1)
        if len(parts) == 3:
            paths[WEIGHT] = (2,)
    return paths


def _paths_in(features, part, place):
    """The same of inputs, or of targets, that are an element of a tuple."""
    if isinstance(part, dict):
        names = {
            each.name: (place, key)
            for each in features
            for key in reversed(each.keys)
            if key in part
        }
        if len(names) == len(features):
            return names
    if len(features) == 1:
        return {features[0].name: (place,)}
    if not isinstance(part, tuple) or len(part) != len(features):
        names = ", ".join(each.name for each in features)
        raise ValueError(
            "Invalid value for argument `x`. Expected a dataset with "
            f"{names or 'nothing'} in place {place} of its tuples. Received: "
            f"{part}"
        )
    return {each.name: (place, i) for i, each in enumerate(features)}


def _has_batches(schema, spec):
    """Whether a dictionary is a batch of examples."""
    for feature in sorted(schema.features, key=lambda each: each.any_rank):
        for key in feature.keys:
            each = spec.get(key)
            if isinstance(each, (tf.TensorSpec, tf.RaggedTensorSpec)):
                rank = each.shape.rank
                return rank is not None and rank > feature.rank(each, key)
    ranks = [
        each.shape.rank
        for each in tf.nest.flatten(spec)
        if each.shape.rank is not None
    ]
    return min(ranks, default=0) > 0
