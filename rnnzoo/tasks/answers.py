"""Answers as text, and as data."""

import dataclasses
import math

import numpy as np


def as_line(answer):
    """An answer on a line: the fields of a dataclass, the items of a list."""
    if dataclasses.is_dataclass(answer):
        return "\t".join(map(as_line, dataclasses.astuple(answer)))
    if isinstance(answer, (list, tuple)):
        return "; ".join(as_line(item).replace("\t", " ") for item in answer)
    return f"{answer:.4f}" if isinstance(answer, float) else str(answer)


def as_record(answer):
    """An answer as a dictionary of what JSON has.

    Args:
        answer: Any answer of a verb; `None` if there is none.
    """
    return {"answer": as_plain(answer)}


def fields_of(kind, answer):
    """Dict of the fields of an answer; of `None`s, if there is none.

    Args:
        kind: A dataclass. Fields that its `repr` leaves out are left out.
        answer: One of it, or `None`.
    """
    return {
        field.name: as_plain(getattr(answer, field.name, None))
        for field in dataclasses.fields(kind)
        if field.repr
    }


def as_plain(value):
    """A value as JSON has it: a number that is not finite is `None`.

    Examples:

    >>> from rnnzoo.tasks import Classification
    >>> from rnnzoo.tasks.answers import as_plain
    >>> as_plain([Classification("pos", 0.75), float("inf")])
    [{'label': 'pos', 'score': 0.75}, None]
    """
    if dataclasses.is_dataclass(value):
        return fields_of(type(value), value)
    if isinstance(value, dict):
        return {str(name): as_plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_plain(each) for each in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return as_plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
