"""Answers as text, and as data."""

import dataclasses
import math

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class WrittenAnswer:
    """A text that was written about another, and how the model arrived at it.

    Attributes:
        text: The text.
        score: What texts are compared by: see `rnnzoo.search.beam`.
        tokens: Strings, the tokens of the text.
        source_tokens: Strings, the tokens that the model read.
        alignment: float32 `(tokens, source_tokens)`, how much it attended to
            each; `None` without attention.
    """

    text: str
    score: float
    tokens: list = dataclasses.field(repr=False)
    source_tokens: list = dataclasses.field(repr=False)
    alignment: np.ndarray | None = dataclasses.field(repr=False)


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


def found_in(row, answer):
    """Answers that were found, from what the graph made of an example.

    Args:
        row: Dict of arrays, as `rnnzoo.tasks.TextWriter.outputs` names
            them.
        answer: Function of a text, its score, its tokens and their attention
            weights (`None` without attention) that makes an answer.

    Returns:
        List of answers, the best first.
    """
    found = []
    for n, score in enumerate(row["scores"]):
        if n and score == -np.inf:
            break
        tokens = without_padding(row["tokens"][n])
        weights = None
        if "weights" in row:
            weights = row["weights"][n, : len(tokens)]
        text = row["texts"][n].decode()
        found.append(answer(text, float(score), tokens, weights))
    return found


def without_padding(tokens):
    """Tokens as strings, from an array of bytes with "" as padding."""
    return [each.decode() for each in tokens[tokens != b""]]


def several(found, n_best, as_texts):
    """Answers as the verbs return them.

    Args:
        found: List of answers about one example, the best first.
        n_best: Number of answers asked for; with 1, no list is returned.
        as_texts: Whether answers are returned as strings.
    """
    found = [each.text for each in found] if as_texts else found
    return found if n_best > 1 else found[0]
