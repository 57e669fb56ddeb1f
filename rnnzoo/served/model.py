"""Exported SavedModels, asked a list of rows at a time."""

import base64
import math
from typing import Any, NamedTuple

import tensorflow as tf


class Answer(NamedTuple):
    """The answer of a model to a row.

    Attributes:
        record: Dict of the name of an output to its value, as JSON has it;
            `None` if there is a problem.
        problem: Why there is no answer, or `None`.
    """

    record: dict[str, Any] | None
    problem: str | None


class Served:
    """An exported SavedModel that answers rows, as TensorFlow Serving does.

    It needs TensorFlow and the export, not the task that was exported.

    Args:
        export: Directory that `task.export` wrote.
        signature: Name of one of its signatures.

    Attributes:
        inputs: Dict of the name of an input to its `tf.TensorSpec`.
        outputs: Sorted names of the outputs.

    Raises:
        ValueError: If there is no SavedModel, or no such signature in it.

    Examples:

    >>> import tempfile
    >>> import tensorflow as tf
    >>> from rnnzoo.served import Served
    >>> @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "text")])
    ... def measure(text):
    ...     return {"length": tf.strings.length(text)}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tf.saved_model.save(tf.Module(), folder, measure)
    ...     served = Served(folder)
    >>> [answer.record for answer in served([{"text": b"ab"}, {"text": b""}])]
    [{'length': 2}, {'length': 0}]
    """

    def __init__(self, export, signature="serving_default"):
        self._model = _load(export)  # A signature does not keep it alive.
        signatures = self._model.signatures
        if signature not in signatures:
            known = ", ".join(map(repr, sorted(signatures))) or "none"
            raise ValueError(
                "Invalid value for argument `signature`. Expected one of the "
                f"export's: {known}. Received: signature={signature!r}"
            )
        self._ask = signatures[signature]
        self.inputs = self._ask.structured_input_signature[1]
        self.outputs = sorted(self._ask.structured_outputs)

    def __call__(self, rows, values=()):
        """The answers to rows, all at once.

        A row that makes the whole call fail is found by asking each by itself,
        and the others are answered.

        Args:
            rows: List of dicts of the name of an input to the value of a row:
                bytes, a number, or lists of them. Those of rank one are filled
                up to the length of the longest, with "" or 0.
            values: Dict of the name of an input to its value for all rows.

        Returns:
            List of `Answer`s.

        Raises:
            ValueError: If the signature does not answer each row.
        """
        if not rows:
            return []
        try:
            outputs = self._outputs(rows, dict(values))
        except (
            *(TypeError, ValueError),  # of values that make no tensor
            tf.errors.InvalidArgumentError,
        ) as error:
            if len(rows) == 1:
                return [Answer(None, _reason(error))]
            return [answer for row in rows for answer in self([row], values)]
        return self._answers(outputs, len(rows))

    def _outputs(self, rows, values):
        inputs = {
            name: tf.constant(values[name], spec.dtype)
            if name in values
            else _column(spec, [row[name] for row in rows])
            for name, spec in self.inputs.items()
        }
        return self._ask(**inputs)

    def _answers(self, outputs, count):
        columns = []
        for name in self.outputs:
            if outputs[name].shape[:1] != [count]:
                raise ValueError(
                    "Expected a signature that answers each row. Received "
                    f"{name!r} of shape {tuple(outputs[name].shape)}, for "
                    f"{count} rows."
                )
            columns.append(map(_plain, outputs[name].numpy().tolist()))
        return [
            Answer(dict(zip(self.outputs, row, strict=True)), None)
            for row in zip(*columns, strict=True)
        ]


def _load(export):
    if not tf.saved_model.contains_saved_model(export):
        raise ValueError(
            "Invalid value for argument `export`. Expected the directory of a "
            f"SavedModel, as `export` writes it. Received: export={export!r}"
        )
    try:
        return tf.saved_model.load(export)
    except (OSError, ValueError, tf.errors.OpError) as error:
        raise ValueError(
            f"{export}: expected a whole SavedModel. TensorFlow says: "
            f"{_reason(error)}"
        ) from error


def _column(spec, column):
    if spec.shape.rank == 2:
        longest = max(map(len, column))
        nothing = b"" if spec.dtype == tf.string else 0
        column = [[*row, *[nothing] * (longest - len(row))] for row in column]
    return tf.constant(column, spec.dtype)


def _plain(value):
    """A value as JSON has it, where TensorFlow Serving's may be none."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return {"b64": base64.b64encode(value).decode()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _reason(error):
    """The first line of an error that says something."""
    message = getattr(error, "message", None) or str(error)
    lines = filter(None, map(str.strip, message.splitlines()))
    return next(lines, type(error).__name__)
