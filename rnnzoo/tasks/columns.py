"""A chunk of examples as numbers."""

from typing import Any, NamedTuple


class Columns(NamedTuple):
    """A chunk as numbers.

    Attributes:
        inputs: What `call` takes, before padding: a ragged or dense tensor
            `(n, ...)`, or a structure of them.
        labels: The same for the targets; `None` if the chunk has none.
        several: Whether each example has several targets, and so one more
            axis in what is made of them.
        weights: Sample weights that are not those of the chunk: a ragged
            tensor with one for each part of a target.
        kept: Dict of a name to a list of what `score` needs of each example,
            beside the raw values that the task's `keeps` names.
    """

    inputs: Any
    labels: Any = None
    several: bool = False
    weights: Any = None
    kept: Any = None
