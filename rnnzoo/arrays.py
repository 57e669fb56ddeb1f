"""NumPy arrays of whatever holds columns and rows."""

import numpy as np


def without_index(column):
    """Columns of pandas as arrays, where a place is a place."""
    return column.to_numpy() if hasattr(column, "to_numpy") else column


def as_objects(rows):
    """An array of lists, of which NumPy would try to make a matrix."""
    objects = np.empty(len(rows), object)
    for place, row in enumerate(rows):
        objects[place] = row
    return objects
