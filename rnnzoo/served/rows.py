"""Rows of files as values of a signature's inputs."""

import base64
import binascii
import json

import tensorflow as tf

from rnnzoo.formats import JSONL, LINES

BYTES = "_bytes"  # ends the names of what is no text, by TensorFlow Serving


class MissingColumn(ValueError):
    """The error of a row without a value for an input."""


class Reader:
    """A reader of rows, whose errors say what is wrong with one.

    Args:
        kind: One of `rnnzoo.formats.ROWS`:
            - `"lines"`, a text each, for the only input,
            - `"jsonl"`, a JSON object each, as an instance for TensorFlow
              Serving: `{"text": "A film."}`, `{"image_bytes": {"b64": "..."}}`,
            - `"tfrecord"`, a `tf.train.Example` each.
        inputs: Dict of the name of an input to its `tf.TensorSpec`.
        columns: Dict of the name of an input to that of its column, if it has
            another name.
        values: Dict of the name of an input to its value for all rows, as JSON
            has it; such as the seed of samples.

    Attributes:
        values: The same, as they are for TensorFlow.

    Raises:
        ValueError: If the rows cannot have what the signature takes.

    Examples:

    >>> import tensorflow as tf
    >>> from rnnzoo.served.rows import Reader
    >>> inputs = {"text": tf.TensorSpec([None], tf.string)}
    >>> reader = Reader("jsonl", inputs, columns={"text": "body"})
    >>> reader(b'{"body": "A film.", "stars": 4}')
    {'text': b'A film.'}
    """

    def __init__(self, kind, inputs, columns=None, values=None):
        columns, values = dict(columns or {}), dict(values or {})
        for argument, given in (("columns", columns), ("values", values)):
            if given.keys() - inputs.keys():
                raise ValueError(
                    f"Invalid value for argument `{argument}`. Expected names "
                    f"of the signature's inputs, {_listed(inputs)}. Received: "
                    f"{argument}={given!r}"
                )
        self.values = {
            name: _of_all(name, inputs[name], value)
            for name, value in values.items()
        }
        self._inputs = {
            name: spec for name, spec in inputs.items() if name not in values
        }
        self._columns = {
            name: str(columns.get(name, name)) for name in self._inputs
        }
        self._parse = {LINES: self._of_line, JSONL: self._of_object}.get(
            kind, self._of_example
        )
        self._require_rows(values)
        if kind == LINES:
            self._require_text()

    def __call__(self, row):
        """The values of a row.

        Args:
            row: Bytes.

        Returns:
            Dict of the name of an input to its value.

        Raises:
            ValueError: If the row is bad; it says why.
        """
        return self._parse(row)

    def _require_rows(self, values):
        for name, spec in self._inputs.items():
            if spec.shape.rank == 0:
                raise ValueError(
                    "Invalid value for argument `values`. Expected a value "
                    f"for {name!r}, which is one for all rows. Received: "
                    f"values={values!r}"
                )
        if not self._inputs:
            raise ValueError(
                "Invalid value for argument `values`. Expected an input that "
                f"each row has. Received: values={values!r}"
            )

    def _require_text(self):
        (name, spec), *others = self._inputs.items()
        is_text = spec.dtype == tf.string and spec.shape.rank == 1
        if others or not is_text or name.endswith(BYTES):
            raise ValueError(
                "Invalid value for argument `rows`. Expected 'jsonl' or "
                "'tfrecord': lines are texts, and the signature takes "
                f"{_listed(self._inputs)}. Received: rows='lines'"
            )

    def _of_line(self, line):
        (name,) = self._inputs
        return {name: _text(name, line)}

    def _of_object(self, line):
        try:
            row = json.loads(_text("", line).decode())
        except json.JSONDecodeError as error:
            raise ValueError(
                f"expected JSON. Python says: {error.msg}, in column "
                f"{error.colno}"
            ) from None
        except RecursionError:
            raise ValueError("expected JSON that is less nested") from None
        if not isinstance(row, dict):
            raise ValueError(f"expected an object. Received: {row!r:.60}")
        found = {}
        for name, spec in self._inputs.items():
            value = self._of_column(row, name)
            depth = max((spec.shape.rank or 1) - 1, 0)
            try:
                found[name] = _of_json(spec, value, depth)
            except ValueError as error:
                raise ValueError(f"{self._columns[name]!r}: {error}") from None
        return found

    def _of_example(self, record):
        example = tf.train.Example()
        try:
            example.ParseFromString(record)
        except Exception:  # DecodeError, of whatever protobuf there is
            raise ValueError("expected a tf.train.Example") from None
        row, found = dict(example.features.feature), {}
        for name, spec in self._inputs.items():
            feature = self._of_column(row, name)
            kind = feature.WhichOneof("kind")
            values = list(getattr(feature, kind).value) if kind else []
            if kind == "bytes_list":
                values = [_text(name, value) for value in values]
            if spec.shape.rank == 2:
                found[name] = values
                continue
            if len(values) != 1:
                raise ValueError(
                    f"{self._columns[name]!r}: expected one value. Received: "
                    f"{len(values)}"
                )
            (found[name],) = values
        return found

    def _of_column(self, row, name):
        column = self._columns[name]
        if column not in row:
            raise MissingColumn(
                f"expected a value of {column!r}, the {name}. Received: "
                f"{_listed(row)}"
            )
        return row[column]


def _of_all(name, spec, value):
    try:
        return _of_json(spec, value, spec.shape.rank or 0)
    except ValueError as error:
        raise ValueError(
            f"Invalid value for argument `values`, of {name!r}: {error}"
        ) from None


def _of_json(spec, value, depth):
    """A value for an input, from one of JSON that is as many lists deep."""
    if depth:
        if not isinstance(value, list):
            raise ValueError(f"expected a list. Received: {value!r:.60}")
        return [_of_json(spec, each, depth - 1) for each in value]
    if spec.dtype == tf.string:
        return _bytes(value)
    kinds, name = (int, float), "a number"
    if spec.dtype.is_integer:
        kinds, name = int, "an integer"
    elif spec.dtype.is_bool:
        kinds, name = bool, "true or false"
    if not isinstance(value, kinds) or isinstance(value, bool) != (
        kinds is bool
    ):
        raise ValueError(f"expected {name}. Received: {value!r:.60}")
    return value


def _bytes(value):
    try:
        if isinstance(value, dict) and value.keys() == {"b64"}:
            return base64.b64decode(value["b64"], validate=True)
        if isinstance(value, str):
            return value.encode()
    except (TypeError, ValueError, binascii.Error) as error:
        raise ValueError(
            f"expected text, or Base64. Python says: {error}"
        ) from None
    raise ValueError(f"expected a text. Received: {value!r:.60}")


def _text(name, value):
    """Bytes, checked to be a text unless the name says that they are none."""
    if not name.endswith(BYTES):
        try:
            value.decode()
        except UnicodeDecodeError as error:
            part = value[error.start : error.start + 20]
            raise ValueError(
                f"expected text in UTF-8. Received: {part!r}"
            ) from None
    return value


def _listed(names):
    return ", ".join(map(repr, sorted(names))) or "none"
