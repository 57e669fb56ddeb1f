"""Columns of a file that know where each of their rows was written."""

import os


class Table(dict):
    """The columns of a file: a dictionary of lists.

    Wherever a task takes a dictionary of columns, it takes a `Table`.

    Args:
        columns: Dict of a column's name to a list of its values.
        path: Where the file is.
        numbers: List with the number of each row in the file.
        unit: What is numbered.

    Examples:

    >>> from rnnzoo.data import Table
    >>> table = Table({"text": ["a", "b"]}, "notes.csv", [2, 5])
    >>> table["text"], table.place(1)
    (['a', 'b'], 'notes.csv, line 5')
    """

    def __init__(self, columns, path, numbers, unit="line"):
        super().__init__(columns)
        self.path = os.fspath(path)
        self._numbers = numbers
        self._unit = unit

    @property
    def height(self):
        """Number of rows."""
        return len(self._numbers)

    def place(self, row):
        """Where a row is, in words."""
        return f"{self.path}, {self._unit} {self._numbers[row]}"

    def named(self, names):
        """The same table, with some columns under other names.

        Args:
            names: Dict of a new name to the name in the file.

        Returns:
            `Table`; first the columns with new names, then the others.

        Raises:
            ValueError: If there is no such column, or if a row has no value in
                it; it says where.
        """
        names = {new: str(old) for new, old in names.items()}
        for new, old in names.items():
            if old not in self:
                raise ValueError(
                    f"{self.path}: expected a column {old!r}, the {new}. "
                    f"Received columns: {', '.join(map(repr, self))}"
                )
            if None in self[old]:
                place = self.place(self[old].index(None))
                raise ValueError(
                    f"{place}, column {old!r}: expected the {new}. Received no "
                    "value."
                )
        columns = {new: self[old] for new, old in names.items()}
        for name, column in self.items():
            if name not in names.values():
                columns.setdefault(name, column)
        return Table(columns, self.path, self._numbers, self._unit)

    def of_rows(self, columns, rows):
        """A table of other columns, made of some of these rows.

        Args:
            columns: Dict of lists.
            rows: The row of this table that each of theirs comes from.
        """
        numbers = [self._numbers[row] for row in rows]
        return Table(columns, self.path, numbers, self._unit)
