"""Tables of JSON objects: one a line, or a list of them."""

import json

from rnnzoo.data.contents import lines_of
from rnnzoo.data.table import Table


def read_json_lines(path, text):
    """The table in a file of JSON objects, one a line.

    A single number becomes a string, as in a CSV file: the name of a class.
    Lists stay as they are. A field that some objects lack is `None` in their
    rows.

    Args:
        path: Where the text was read.
        text: String.

    Returns:
        `Table`.

    Raises:
        ValueError: If a line is no object; it says which.
    """
    numbered = [
        (number, line)
        for number, line in enumerate(lines_of(text), start=1)
        if line.strip()
    ]
    rows = [
        (number, parse(path, line, number - 1)) for number, line in numbered
    ]
    return _table(path, rows, "line")


def read_json_list(path, rows):
    """The same of a list of objects."""
    return _table(path, list(enumerate(rows, start=1)), "example")


def parse(path, text, before=0):
    """The value that a text in JSON stands for.

    Args:
        path: Where the text was read.
        text: String.
        before: Number of the lines before it.

    Raises:
        ValueError: If it is not JSON; it says in which line.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"{path}, line {before + error.lineno}, column {error.colno}: "
            f"expected JSON. Python says: {error.msg}"
        ) from None
    except RecursionError:
        raise ValueError(
            f"{path}, line {before + 1}: expected JSON that is less nested."
        ) from None


def _table(path, rows, unit):
    for number, row in rows:
        if not isinstance(row, dict):
            raise ValueError(
                f"{path}, {unit} {number}: expected an object, as "
                f'{{"text": "...", "label": "..."}}. Received: {row!r:.60}'
            )
    names = dict.fromkeys(name for _, row in rows for name in row)
    columns = {
        name: [_value(row.get(name)) for _, row in rows] for name in names
    }
    return Table(columns, path, [number for number, _ in rows], unit)


def _value(value):
    is_number = isinstance(value, (bool, int, float))
    return json.dumps(value) if is_number else value
