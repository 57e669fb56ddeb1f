"""Columns of examples: in memory, mapped from disk, or made for a batch.

A structure of columns is a column, or a dict or a tuple of structures.
"""

import dataclasses
import itertools
import sys
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from rnnzoo.arrays import compact
from rnnzoo.ids import pad
from rnnzoo.pipeline.mapped import Mapped


@dataclasses.dataclass(frozen=True, eq=False)
class Lookup:
    """A column whose values are made for a batch: read from files, or decoded.

    Attributes:
        rows: int array `(n,)`, the row of the table for each example.
        table: Function from rows `(batch,)` to a tensor `(batch, ...)`, called
            in the graph of the input pipeline.
    """

    rows: np.ndarray
    table: Callable

    def __len__(self):
        return len(self.rows)

    @classmethod
    def of_all(cls, column, table):
        """A lookup of all rows of a column in their order."""
        return cls(np.arange(len(column), dtype="int32"), table)


@dataclasses.dataclass(frozen=True, eq=False)
class Product:
    """A column that is the product of others, made for a batch.

    Attributes:
        factors: Tuple of columns of the same shape.
    """

    factors: tuple

    def __len__(self):
        return len(self.factors[0])


def multiply(first, second):
    """The product of two columns, at once where both are in memory."""
    if any(isinstance(each, (Mapped, Product)) for each in (first, second)):
        return Product((first, second))
    return first * second


def count(structure):
    """Number of examples."""
    return len(tf.nest.flatten(structure)[0])


def size(structure):
    """Bytes that columns in memory take, about."""
    return sum(map(_size, tf.nest.flatten(structure)))


def row_lengths(column):
    """Lengths of the rows of a ragged column, int array `(n,)`."""
    return np.asarray(column.row_lengths())


def to_numpy(column):
    """A dense column as an array."""
    return column.to_numpy() if isinstance(column, Mapped) else column


def flat_lengths(column):
    """The same of its rows as single sequences, whatever its rank."""
    if isinstance(column, Mapped):
        return column.flat_lengths()
    return column.merge_dims(1, column.ragged_rank).row_lengths().numpy()


def ragged(structure):
    """List of the ragged columns of a structure."""
    return [
        column
        for column in tf.nest.flatten(structure)
        if getattr(column, "ragged_rank", 0)
    ]


def value_counts(column, size):
    """Counts of each number below a size as a value, int array `(size,)`.

    Args:
        column: Ragged or dense column of integers.
        size: Integer above all values.
    """
    if isinstance(column, Mapped):
        return column.value_counts(size)
    values = getattr(column, "flat_values", column)
    return np.bincount(np.asarray(values).ravel(), minlength=size)


def looked_up(table, column):
    """A column of what a table has at the places that the values are.

    Args:
        table: Array `(size,)`.
        column: Ragged column of integers.
    """
    if isinstance(column, Mapped):
        return column.looked_up(table)
    return column.with_flat_values(table[column.flat_values])


def join(columns):
    """One structure of several, their rows in order.

    Args:
        columns: List of structures of columns in memory.
    """

    def join(*parts):
        if isinstance(parts[0], np.ndarray):
            return np.concatenate(parts)
        return tf.concat(parts, axis=0)

    return tf.nest.map_structure(join, *columns)


def take(structure, places):
    """The rows at some places, in memory; those on disk are not read.

    Args:
        structure: Structure of columns.
        places: int array `(m,)`.
    """
    taken = {}  # Columns that share their rows shall share those that are left.

    def rows_of(rows):
        if id(rows) not in taken:
            taken[id(rows)] = compact(places) if rows is None else rows[places]
        return taken[id(rows)]

    def take_one(column):
        if isinstance(column, (Lookup, Mapped)):
            return dataclasses.replace(column, rows=rows_of(column.rows))
        if isinstance(column, Product):
            return Product(tuple(map(take_one, column.factors)))
        if isinstance(column, np.ndarray):
            return column[places]
        return tf.gather(column, places)

    return tf.nest.map_structure(take_one, structure)


def gather(structure, places):
    """The rows at some places as tensors, in the graph of an input pipeline.

    Args:
        structure: Structure of columns.
        places: int tensor `(m,)`.

    Returns:
        The same structure, of dense and ragged tensors.
    """
    read = _read_all(structure, places)

    def gather_one(column):
        if isinstance(column, Mapped):
            return column.as_tensor(read[id(column)])
        if isinstance(column, Lookup):
            return column.table(tf.gather(column.rows, places))
        if isinstance(column, Product):
            return _product([gather_one(each) for each in column.factors])
        return tf.gather(column, places)

    return tf.nest.map_structure(gather_one, structure)


def pad_all(structure):
    """A structure of right padded tensors."""
    return tf.nest.map_structure(
        lambda x: pad(x) if isinstance(x, tf.RaggedTensor) else x, structure
    )


def _mapped(column):
    """The columns on disk that a column is made of."""
    if isinstance(column, Product):
        return [each for factor in column.factors for each in _mapped(factor)]
    return [column] if isinstance(column, Mapped) else []


def _read_all(structure, places):
    """Reads the rows of all columns on disk, in one call of Python.

    Returns:
        Dict of the id of a column to the tensors of its arrays.
    """
    columns = [
        each
        for column in tf.nest.flatten(structure)
        for each in _mapped(column)
    ]
    if not columns:
        return {}
    types = [each.read_types for each in columns]
    all_types = list(itertools.chain.from_iterable(types))
    # TensorFlow never frees the function, so it does not have the rows.
    whole = [dataclasses.replace(each, rows=None) for each in columns]

    def read(*rows):
        pairs = zip(whole, rows, strict=True)
        return [array for column, own in pairs for array in column.read(own)]

    # Input pipelines are never exported.
    rows = [_rows_at(each, places) for each in columns]
    arrays = iter(tf.numpy_function(read, rows, all_types))
    return {
        id(column): [next(arrays) for _ in own]
        for column, own in zip(columns, types, strict=True)
    }


def _rows_at(column, places):
    if column.rows is None:
        return places
    with tf.init_scope():  # Inside of a graph, it would be copied with it.
        rows = tf.constant(column.rows)
    return tf.gather(rows, places)


def _product(factors):
    first, *others = factors
    for each in others:
        first = first * each
    return first


def _size(column):
    if isinstance(column, tf.RaggedTensor):
        splits = sum(each.shape[0] * 8 for each in column.nested_row_splits)
        return splits + _size(column.flat_values)
    values = np.asarray(column)
    if values.dtype == object:  # as strings
        return sum(map(sys.getsizeof, values.ravel().tolist()))
    return values.nbytes
