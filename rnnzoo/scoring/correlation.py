"""Correlation of answers with what people said."""

import numpy as np


def pearson(found, expected):
    """Pearson's correlation coefficient.

    Args:
        found, expected: Arrays `(n,)`.

    Returns:
        Number from -1 to 1; 0 where either side does not vary.

    Examples:

    >>> from rnnzoo.scoring import pearson
    >>> round(pearson([1.0, 2.0, 3.0], [10.0, 20.0, 20.0]), 4)
    0.866
    """
    found, expected = (
        np.asarray(each, "float64") - np.mean(each)
        for each in (found, expected)
    )
    size = np.sqrt(np.sum(found**2) * np.sum(expected**2))
    return float(np.sum(found * expected) / size) if size else 0.0


def spearman(found, expected):
    """Spearman's rank correlation: `pearson` of the ranks.

    Equal values share the mean of their ranks.

    Args:
        found, expected: Arrays `(n,)`.

    Examples:

    >>> from rnnzoo.scoring import spearman
    >>> spearman([1.0, 2.0, 30.0], [1.0, 4.0, 9.0])
    1.0
    """
    return pearson(_ranks(found), _ranks(expected))


def _ranks(values):
    _, places, counts = np.unique(
        values, return_inverse=True, return_counts=True
    )
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[places]
