"""Answers as text."""

import dataclasses


def as_line(answer):
    """An answer on a line: the fields of a dataclass, the items of a list."""
    if dataclasses.is_dataclass(answer):
        return "\t".join(map(as_line, dataclasses.astuple(answer)))
    if isinstance(answer, (list, tuple)):
        return "; ".join(as_line(item).replace("\t", " ") for item in answer)
    return f"{answer:.4f}" if isinstance(answer, float) else str(answer)
