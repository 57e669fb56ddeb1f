"""Columns of examples that stay on disk, mapped into memory.

`rnnzoo.pipeline.disk` writes their files.
"""

import dataclasses
import json
import mmap
import zipfile

import numpy as np
import tensorflow as tf

from rnnzoo.arrays import as_objects

MOST_MAPS = 256  # Each takes a file descriptor.
ROWS = 512  # Pages that were read count as memory until they are released.
SPLITS = ".splits"  # Ends the names of arrays, before a number.


class Parts:
    """The arrays in some files, mapped into memory a few at a time.

    Args:
        paths: Paths of `.npz` files that are not compressed.

    Examples:

    >>> import tempfile
    >>> import numpy as np
    >>> from rnnzoo.pipeline.mapped import Parts
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(f"{folder}/a.npz", ids=np.arange(3), other=np.ones(2))
    ...     parts = Parts([f"{folder}/a.npz"])
    ...     parts[0]["ids"].tolist()
    [0, 1, 2]
    """

    def __init__(self, paths):
        self.paths = list(paths)
        self._layouts = {}
        self._maps = {}  # a part: its file as bytes, and its arrays
        self._rows = 0

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, part):
        """Dict of a name to an array that is read when it is used."""
        found = self._maps.get(part)
        if found is None:
            if len(self._maps) >= MOST_MAPS:
                self._maps.clear()
            found = self._maps[part] = self._map(part)
        return found[1]

    def has_read(self, rows):
        """Counts rows that were read, and releases what grew too large."""
        self._rows += rows
        if self._rows >= ROWS:
            self._rows = 0
            self.release()

    def release(self):
        """Gives memory back; what is used again is read again."""
        if not hasattr(mmap, "MADV_DONTNEED"):  # Windows
            self._maps.clear()
        for whole, _ in list(self._maps.values()):
            whole.madvise(mmap.MADV_DONTNEED)

    def _map(self, part):
        path = self.paths[part]
        if part not in self._layouts:
            self._layouts[part] = layout(path)
        with open(path, "rb") as file:
            whole = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return whole, {
            name: np.frombuffer(whole, dtype, size, first).reshape(shape)
            for name, (first, size, dtype, shape) in self._layouts[part].items()
        }


def layout(path):
    """The places of the arrays in an `.npz` file.

    Returns:
        Dict of a name to its first byte, its size, its dtype and its shape.

    Raises:
        zipfile.BadZipFile: If the file is no such file, or a part of one.
    """
    arrays = {}
    with open(path, "rb") as file, zipfile.ZipFile(file) as archive:
        for each in archive.infolist():
            file.seek(each.header_offset)
            local = file.read(30)  # ends with the sizes of a name and an extra
            sizes = np.frombuffer(local[26:], "<u2")
            file.seek(int(sizes.sum()), 1)
            np.lib.format.read_magic(file)
            shape, _, dtype = np.lib.format.read_array_header_1_0(file)
            size = int(np.prod(shape))
            name = each.filename.removesuffix(".npy")
            arrays[name] = file.tell(), size, dtype, shape
    return arrays


@dataclasses.dataclass(frozen=True, eq=False)
class Mapped:
    """A column on disk, dense or ragged.

    Attributes:
        parts: `Parts`, in the order of the rows.
        name: Name of the array of values; beside it are those of the row
            splits, from the outermost, `name.splits0`, on.
        dtype: Name of the dtype in memory, `"string"` of UTF-8 or other bytes;
            on disk, numbers may have a smaller one.
        splits: Names of the arrays of row splits of the rows; those of strings
            have one more, of their bytes.
        bounds: int64 array `(parts + 1,)`, the rows before each part.
        rows: int array `(n,)`, those that are examples; `None` for all.
        table: Array that has what the values are the places of; `None` for the
            values themselves.
    """

    parts: Parts
    name: str
    dtype: str
    splits: tuple
    bounds: np.ndarray
    rows: np.ndarray | None = None
    table: np.ndarray | None = None

    def __len__(self):
        return int(self.bounds[-1]) if self.rows is None else len(self.rows)

    @property
    def ragged_rank(self):
        """Number of axes whose sizes differ, as of ragged tensors."""
        return len(self.splits) - (self.dtype == "string")

    def row_lengths(self):
        """int array `(n,)`."""
        return self._taken(np.diff(each) for each in self._all(self.splits[0]))

    def flat_lengths(self):
        """Lengths of the rows as single sequences, int array `(n,)`."""

        def lengths(part):
            ends = part[self.splits[0]]
            for name in self.splits[1 : self.ragged_rank]:
                ends = part[name][ends]
            return np.diff(ends)

        return self._taken(map(lengths, self._each()))

    @property
    def values(self):
        """The column without its outermost ragged axis."""
        counts = [each[-1] for each in self._all(self.splits[0])]
        bounds = np.concatenate([[0], np.cumsum(counts, dtype="int64")])
        rows = None
        if self.rows is not None:
            firsts = np.concatenate(
                [
                    each[:-1] + before
                    for each, before in zip(
                        self._all(self.splits[0]), bounds[:-1], strict=True
                    )
                ]
            )[self.rows]
            lengths = self.row_lengths()
            before = np.cumsum(lengths) - lengths
            rows = np.repeat(firsts - before, lengths) + np.arange(
                lengths.sum()
            )
        return dataclasses.replace(
            self, splits=self.splits[1:], bounds=bounds, rows=rows
        )

    def value_counts(self, size):
        """Counts of each number below a size as a value, int array `(size,)`.

        Args:
            size: Integer above all values.
        """
        found = np.zeros(size, "int64")
        rows = self._own()
        for first in range(0, len(rows), ROWS):
            values, *_ = self.read(rows[first : first + ROWS])
            found += np.bincount(values.ravel(), minlength=size)
        return found

    def looked_up(self, table):
        """A column of what a table has at the places that the values are."""
        return dataclasses.replace(self, dtype=table.dtype.name, table=table)

    @property
    def read_types(self):
        """The dtypes of what `read` returns."""
        return [tf.as_dtype(self.dtype)] + [tf.int64] * self.ragged_rank

    def read(self, rows):
        """Reads some rows.

        Args:
            rows: int array `(m,)`, rows of the parts.

        Returns:
            List of the array of values and, from the outermost on, of the
            int64 arrays of the lengths of rows.
        """
        owners = np.searchsorted(self.bounds, rows, side="right") - 1
        if not self.splits:
            return [self._read_values(owners, rows - self.bounds[owners])]
        local = (rows - self.bounds[owners]).tolist()
        opened = _Opened(self)
        counts, deeper, pieces = [], [[] for _ in self.splits[1:]], []
        for owner, place in zip(owners.tolist(), local, strict=True):
            values, outer, inner = opened[owner]
            first, last = outer[place], outer[place + 1]
            counts.append(last - first)
            for level, splits in inner:
                cut = splits[first : last + 1]
                deeper[level].append(cut[1:] - cut[:-1])
                first, last = cut.item(0), cut.item(-1)
            pieces.append(values[first:last])
        values = np.concatenate(pieces) if pieces else self._empty()
        lengths = [np.concatenate([_NONE, *each]) for each in deeper]
        lengths.insert(0, np.array(counts, "int64"))
        self.parts.has_read(len(rows))
        if self.dtype == "string":
            values = _strings(values, lengths.pop())
        else:
            values = self._in_memory(values)
        return [values, *lengths]

    def _read_values(self, owners, local):
        """The rows of a column without splits, which has one value each."""
        found = np.empty((len(local), *self._empty().shape[1:]), self.dtype)
        for owner in np.unique(owners):
            own = owners == owner
            values = self.parts[owner][self.name][local[own]]
            found[own] = self._in_memory(values)
        self.parts.has_read(len(local))
        return found

    def _in_memory(self, values):
        if self.table is not None:
            return self.table[values]
        return values.astype(self.dtype)

    def as_tensor(self, arrays):
        """The tensor of what `read` returned, in a graph."""
        values, *lengths = arrays
        inner = () if self.dtype == "string" else self._empty().shape[1:]
        values = tf.ensure_shape(values, (None, *inner))
        if not lengths:
            return values
        for each in lengths:
            each.set_shape([None])
        return tf.RaggedTensor.from_nested_row_lengths(
            values, lengths, validate=False
        )

    def to_numpy(self):
        """All rows of a column that is not ragged, as an array."""
        return self.read(self._own())[0]

    def __iter__(self):
        return iter(self.to_numpy())

    def _own(self):
        return np.arange(len(self)) if self.rows is None else self.rows

    def _empty(self):
        return self.parts[0][self.name][:0]

    def _each(self):
        """Yields the arrays of each part, and unmaps them."""
        for part in range(len(self.parts)):
            yield self.parts[part]
            self.parts.release()

    def _all(self, name):
        return (part[name].astype("int64") for part in self._each())

    def _taken(self, lengths):
        lengths = np.concatenate([each.astype("int32") for each in lengths])
        return lengths if self.rows is None else lengths[self.rows]


class _Opened(dict):
    """Dict of a part to a column's values, outermost and other splits there.

    Of the former, memory views give numbers of Python, in a third of the time.
    """

    def __init__(self, column):
        super().__init__()
        self.column = column

    def __missing__(self, part):
        arrays = self.column.parts[part]
        splits = [arrays[name] for name in self.column.splits]
        # Through bytes, since arrays in the files are not aligned.
        outer = memoryview(splits[0].view("uint8"))
        outer = outer.cast(splits[0].dtype.char)
        self[part] = arrays[self.column.name], outer, [*enumerate(splits[1:])]
        return self[part]


class MappedJson(Mapped):
    """A column of values that JSON can write, each as text."""

    def to_numpy(self):
        return as_objects(list(map(json.loads, super().to_numpy())))


_NONE = np.zeros(0, "int64")


def _strings(characters, lengths):
    """Strings from their bytes, one after the other."""
    ends = np.cumsum(lengths)
    data = characters.tobytes()
    return as_objects(
        [
            data[end - length : end]
            for end, length in zip(ends.tolist(), lengths.tolist(), strict=True)
        ]
    )
