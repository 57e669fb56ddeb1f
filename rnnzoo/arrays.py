"""Columns and rows, in whatever holds them, as arrays or lists."""

import numpy as np


def as_column(column):
    """Turns a column of pandas or Arrow, or a tensor, into an array or a list.

    Other columns are returned as they are. A pandas column cannot be: there, a
    number in brackets is a label of the index, not a place.

    Examples:

    >>> import tensorflow as tf
    >>> from rnnzoo.arrays import as_column
    >>> as_column(tf.constant([1, 2])).tolist(), as_column([3])
    ([1, 2], [3])
    """
    for convert in ("to_pylist", "to_numpy", "numpy"):
        if hasattr(column, convert):
            return getattr(column, convert)()
    return column


def as_objects(rows):
    """Makes a one-dimensional array of rows; `np.array` would try a matrix.

    Examples:

    >>> from rnnzoo.arrays import as_objects
    >>> as_objects([[1, 2], [3, 4]]).shape
    (2,)
    """
    objects = np.empty(len(rows), object)
    for place, row in enumerate(rows):
        objects[place] = row
    return objects


def compact(numbers):
    """The same integers as int32, where they fit.

    Examples:

    >>> import numpy as np
    >>> from rnnzoo.arrays import compact
    >>> compact(np.array([1, 2**31 - 1])).dtype.name
    'int32'
    >>> compact(np.array([1, 2**31])).dtype.name
    'int64'
    """
    fits = numbers.max(initial=0) < 2**31 and numbers.min(initial=0) >= -(2**31)
    return numbers.astype("int32") if fits else numbers
