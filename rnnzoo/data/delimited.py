"""Tables of values between commas, semicolons or tabs."""

import csv
import io

from rnnzoo.data.contents import lines_of
from rnnzoo.data.table import Table

LONGEST = 2**31 - 1  # characters of a field


def read_delimited(path, text, header, wanted):
    """The table in a CSV or TSV file; all values are strings.

    The first row names the columns. Columns without a name are left out, as
    the numbers of rows that pandas writes. A file whose first line has no
    comma, but semicolons or tabs, is split at these.

    Args:
        path: Where the text was read.
        text: String.
        header: Whether the first row names the columns; if not, their names
            are "1", "2" and so on.
        wanted: Names of columns that are sure to be names.

    Returns:
        `Table`.

    Raises:
        ValueError: If rows differ in their number of fields, if a quote is
            not closed, or if the first row seems to be an example.
    """
    first = text.lstrip().partition("\n")[0]
    delimiter = next((each for each in ",;\t" if each in first), ",")
    if path.lower().removesuffix(".gz").endswith(".tsv"):
        delimiter = "\t"
    rows = _tab_rows(path, text) if delimiter == "\t" else None
    rows = rows or _quoted_rows(path, text, delimiter)
    width = len(rows[0][1])
    if header:
        _, names = rows.pop(0)
        names = [name.strip() for name in names]
        if not set(names) & set(wanted):
            _require_names(path, names)
    else:
        names = [str(i) for i in range(1, width + 1)]
    if not rows:
        raise ValueError(f"{path}: expected rows after the names of columns.")
    for line, fields in rows:
        if len(fields) != width:
            raise ValueError(
                f"{path}, line {line}: expected {width} fields, as in the "
                f"first row. Received {len(fields)}: {fields!r:.80}"
            )
    columns = {
        name: [fields[i] for _, fields in rows]
        for i, name in enumerate(names)
        if name
    }
    return Table(columns, path, [line for line, _ in rows])


def _quoted_rows(path, text, delimiter):
    """The line and the fields of each row that is not blank."""
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=delimiter,
        skipinitialspace=delimiter != "\t",
        strict=True,
    )
    rows, line = [], 1
    before = csv.field_size_limit(LONGEST)
    try:
        for fields in reader:
            if fields:
                rows.append((line, fields))
            line = reader.line_num + 1
    except csv.Error as error:
        raise ValueError(
            f"{path}, line {line}: expected fields whose quotes are closed, "
            f'and doubled inside of them, as in "a ""b"" c". Python says: '
            f"{error}"
        ) from None
    finally:
        csv.field_size_limit(before)
    return rows


def _tab_rows(path, text):
    """The rows of a file with tabs, whose quotes may be mere characters.

    They are, unless all of them enclose fields without tabs: a quote that is
    closed in another row has a tab before the next one.
    """
    try:
        rows = _quoted_rows(path, text, "\t")
        if not any("\t" in field for _, fields in rows for field in fields):
            return rows
    except ValueError:
        pass
    return [
        (number, line.split("\t"))
        for number, line in enumerate(lines_of(text), start=1)
        if line
    ]


def _require_names(path, names):
    """Raises if the first row of a table seems to be an example."""
    reason = ""
    filled = [name for name in names if name]
    if len(set(filled)) < len(filled):
        reason = "the same twice"
    elif any(map(_is_number, filled)):
        reason = "a number"
    elif any(_is_sentence(name, len(names)) for name in filled):
        reason = "a sentence"
    if reason:
        raise ValueError(
            f"{path}, line 1: expected names of columns. Received {reason}, "
            f"{names!r:.80}. If it is an example, `header=False` reads it, and "
            "calls the columns '1', '2' and so on; if not, name one of the "
            "columns."
        )


def _is_number(name):
    try:
        return float(name) is not None
    except ValueError:
        return False


def _is_sentence(name, width):
    is_long = len(name) > 60 or (width == 1 and len(name.split()) > 3)
    return is_long or name.endswith((".", "!"))
