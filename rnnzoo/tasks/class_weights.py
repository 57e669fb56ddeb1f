"""Weights of classes, in whatever a user gives them."""

from collections.abc import Mapping

import numpy as np

from rnnzoo.pipeline.schema import as_numbers

BALANCED = "balanced"
_SHOWN = 10


def weights_of_classes(class_weight, classes, seen):
    """The weight of each class.

    Args:
        class_weight: A dictionary of names to weights, 1 for the others; the
            weights of all classes in order, if their numbers are names; or
            `"balanced"`: the number of examples, divided by those of the
            class and by the number of classes, as in scikit-learn.
        classes: List of tuples, the names of each class. If several of them
            have a weight, the last one's counts.
        seen: Dict of a name to how many examples have it, for `"balanced"`.

    Returns:
        float32 array `(classes,)`.

    Raises:
        ValueError: If there is no such class, or a weight is no weight.

    Examples:

    >>> from rnnzoo.tasks.class_weights import weights_of_classes
    >>> classes = [("neg", 0), ("pos", 1)]
    >>> weights_of_classes({"pos": 3}, classes, {}).tolist()
    [1.0, 3.0]
    >>> balanced = weights_of_classes("balanced", classes, {0: 1, 1: 4})
    >>> balanced.tolist()
    [2.5, 0.625]
    """
    weights = class_weight
    if isinstance(weights, str) and weights == BALANCED:
        counts = {name: count for name, count in seen.items() if count}
        weights = {
            name: sum(counts.values()) / len(counts) / count
            for name, count in counts.items()
        }
    elif np.ndim(weights) == 1 and len(weights) == len(classes):
        weights = dict(enumerate(weights))
    known = dict.fromkeys(name for names in classes for name in names)
    if not isinstance(weights, Mapping) or set(weights) - set(known):
        raise ValueError(
            "Invalid value for argument `class_weight`. Expected a dictionary "
            f"with any of the classes {list(known)[:_SHOWN]}, or "
            f"{BALANCED!r}. Received: class_weight={class_weight!r:.80}"
        )
    table = np.ones(len(classes), "float32")
    for place, names in enumerate(classes):
        for name in names:
            if name in weights:
                table[place] = _checked(weights[name], name)
    return table


def _checked(weight, name):
    argument = f"class_weight[{name!r}]"
    number = as_numbers(weight, argument, "a number of at least 0")
    if number.ndim or not 0 <= number < np.inf:
        raise ValueError(
            f"Invalid value for argument `{argument}`. Expected a number of "
            f"at least 0. Received: {argument}={weight!r:.80}"
        )
    return number
