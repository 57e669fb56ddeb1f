"""Tables of named columns, one after another or one row after another."""

from collections.abc import Mapping

from rnnzoo.arrays import as_column


def as_table(x):
    """A table of what has named columns, or `None` if it has none.

    Args:
        x: A dictionary of columns, a list of dictionaries, a pandas
            `DataFrame`, an Arrow table or a Hugging Face dataset. A library
            is known by its interface, so that none is imported.
    """
    if isinstance(x, Mapping):
        return _Columns(dict(x))
    if isinstance(x, (list, tuple)) and x and isinstance(x[0], Mapping):
        return _Rows(x)
    if hasattr(x, "iloc") and hasattr(x, "columns"):  # pandas
        return _Columns({name: x[name] for name in x.columns})
    if hasattr(x, "column_names") and hasattr(x, "to_pylist"):  # Arrow
        return _Columns({name: x.column(name) for name in x.column_names})
    if hasattr(x, "column_names") and hasattr(x, "__getitem__"):
        return _HuggingFace(x)
    return None


class _Columns:
    """A table of whole columns.

    Attributes:
        names: The names of its columns.
    """

    def __init__(self, columns):
        self._columns = {
            name: as_column(column) for name, column in columns.items()
        }
        self.names = list(columns)

    def __len__(self):
        columns = list(self._columns.values())
        return len(columns[0]) if columns else 0

    def column(self, name):
        """The values of a column, to be cut in slices."""
        return self._columns[name]

    def first(self, name):
        """The first value of a column that is not missing, or `None`."""
        column = self.column(name)
        if not hasattr(column, "__len__"):
            return None
        return next((each for each in column if each is not None), None)


class _Rows(_Columns):
    """A table of a list of dictionaries."""

    def __init__(self, rows):
        for place, row in enumerate(rows):
            if not isinstance(row, Mapping) or row.keys() != rows[0].keys():
                received = sorted(row) if isinstance(row, Mapping) else row
                raise ValueError(
                    "Invalid value for argument `x`. Expected dictionaries "
                    f"with the same keys, {sorted(rows[0])}. Received: "
                    f"x[{place}]={received!r:.60}"
                )
        super().__init__(
            {name: [row[name] for row in rows] for name in rows[0]}
        )


class _HuggingFace:
    """A table whose columns are read when they are cut."""

    def __init__(self, dataset):
        self._dataset = dataset
        self.names = list(dataset.column_names)

    def __len__(self):
        return len(self._dataset)

    def column(self, name):
        return _Lazy(self._dataset, name)

    def first(self, name):
        return self._dataset[0][name] if len(self) else None


class _Lazy:
    """A column of a Hugging Face dataset."""

    def __init__(self, dataset, name):
        self._dataset = dataset
        self._name = name

    def __len__(self):
        return len(self._dataset)

    def __getitem__(self, part):
        return self._dataset[part][self._name]
