"""NumPy arrays of whatever holds columns and rows."""

import numpy as np


def as_column(column):
    """A column of pandas, Arrow or tensors as an array or a list.

    In pandas, a number in brackets is a label of the index, not a place.
    """
    for convert in ("to_pylist", "to_numpy", "numpy"):
        if hasattr(column, convert):
            return getattr(column, convert)()
    return column


def as_objects(rows):
    """An array of lists, of which NumPy would try to make a matrix."""
    objects = np.empty(len(rows), object)
    for place, row in enumerate(rows):
        objects[place] = row
    return objects
