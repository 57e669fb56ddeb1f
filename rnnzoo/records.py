"""Answers as lines that programs read."""

import csv
import io
import json

FORMATS = ("tsv", "csv", "jsonl")

# Wherever Python, or another reader, may see the end of a line or a column.
_BREAKS = "\t\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
_IN_JSON = {ord(each): json.dumps(each)[1:-1] for each in _BREAKS}
_IN_TEXT = {ord("\\"): r"\\", **_IN_JSON}


class Lines:
    """Answers as lines, one for each, whatever the texts hold.

    `jsonl` has a JSON object on each line. `csv` and `tsv` have columns, and
    `csv` a first line with their names. A dictionary has a column for each of
    its entries, such as `probabilities.pos`; other values that are neither
    text nor number are JSON. In texts, backslashes, tabs and line breaks are
    written as in JSON: `\\\\`, `\\t`, `\\n`, `\\u2028`.

    Args:
        format: One of `FORMATS`.
        empty: Record without an answer. It has all keys, in their order.

    Examples:

    >>> from rnnzoo.records import Lines
    >>> record = {"label": "a", "score": 0.5, "text": "x,\\n"}
    >>> for format in ("csv", "jsonl"):
    ...     print(Lines(format, record).line(record))
    a,0.5,"x,\\n"
    {"label": "a", "score": 0.5, "text": "x,\\n"}
    """

    def __init__(self, format, empty):
        self.format = format
        self.columns = []
        for key, value in empty.items():
            names = value if isinstance(value, dict) else [None]
            self.columns += [(key, name) for name in names]

    def head(self):
        """The first line, or `None`."""
        if self.format != "csv":
            return None
        names = [".".join(filter(None, column)) for column in self.columns]
        return _row(map(_cell, names))

    def line(self, record):
        """The line of a record."""
        if self.format == "jsonl":
            return _json(record)
        values = (
            record[key] if name is None else record[key][name]
            for key, name in self.columns
        )
        cells = map(_cell, values)
        return _row(cells) if self.format == "csv" else "\t".join(cells)


def in_one_line(text):
    """A text whose line breaks, but not its tabs, are as in JSON."""
    return text.translate({**_IN_JSON, ord("\t"): "\t"})


def _json(value):
    return json.dumps(value, ensure_ascii=False).translate(_IN_JSON)


def _cell(value):
    if value is None:
        return ""
    return value.translate(_IN_TEXT) if isinstance(value, str) else _json(value)


def _row(cells):
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    return line.getvalue()
