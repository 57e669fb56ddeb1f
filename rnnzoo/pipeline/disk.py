"""Examples as files: parts, and a list of them once they are complete.

A directory of examples holds

- `part-00000.npz` and so on, `numpy.savez`'s format, which anything that reads
  NumPy's files can read: the flat values of each column in the smallest
  unsigned integers that hold them, int64 or floats, for each ragged axis the
  splits of its rows, and `header`, a JSON text: version, fingerprint, number of
  examples, columns, and the raw examples that it was made of.
- `examples.json`, written last: the same of all parts, with the sizes of their
  files. Without it the directory is unfinished.

Each file appears under its name only when it is whole, and the same examples
make the same bytes. So parts may be written in any order, by several processes,
and again after a failure.
"""

import dataclasses
import json
import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import tensorflow as tf

from rnnzoo.files import atomic_path, write_json
from rnnzoo.pipeline.mapped import SPLITS, Mapped, MappedJson, Parts, layout

VERSION = 1
LIST = "examples.json"
PART_BYTES = 2**26  # of ids in memory, before they are written
_FIELDS = ("inputs", "labels", "weights", "raw")


def path_of(directory, number):
    """The path of a part."""
    return Path(directory, f"part-{number:05d}.npz")


def part_paths(directory):
    """The paths of the parts that there are, in their order."""
    return sorted(Path(directory).glob("part-[0-9]*.npz"))


def write_part(examples, directory, number, fingerprint, read=None):
    """Writes some examples as a part of a directory.

    Args:
        examples: `rnnzoo.pipeline.examples.Examples`, in memory.
        directory: Where to write; it is made if there is none.
        number: Number of the part, from 0.
        fingerprint: String, what the ids mean: `Task.fingerprint`.
        read: Number of raw examples up to the end of the part, where it is
            known.

    Returns:
        The path of the part.

    Raises:
        OSError: If the place cannot be written, or is full. The part is not
            there then, or as it was.
        ValueError: If a column is of a kind that no file can hold.

    Examples:

    >>> import tempfile
    >>> import tensorflow as tf
    >>> from rnnzoo.pipeline import disk
    >>> from rnnzoo.pipeline.examples import Examples
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for number, ids in enumerate([[[5], [2, 3]], [[4]]]):
    ...         examples = Examples.of(tf.ragged.constant(ids))
    ...         _ = disk.write_part(examples, folder, number, "ids of mine")
    ...     disk.finish(folder, "ids of mine", count=3)
    ...     batches = list(Examples.open(folder).batches(2))
    >>> [batch.numpy().tolist() for (batch,) in batches]
    [[[2, 3], [5, 0]], [[4]]]
    """
    columns, arrays = _as_arrays(examples)
    header = {
        "version": VERSION,
        "fingerprint": fingerprint,
        "several": examples.several,
        "count": len(examples),
        "read": read,
        "columns": columns,
    }
    arrays["header"] = np.frombuffer(json.dumps(header).encode(), "uint8")
    path = path_of(directory, number)
    try:
        with (
            atomic_path(path) as temporary,
            open(temporary, "wb") as file,
        ):
            np.savez(file, **arrays)
            file.flush()
            os.fsync(file.fileno())  # before it gets its name
    except OSError as error:
        raise OSError(
            error.errno,
            "Invalid value for argument `out`. Expected a directory that can "
            f"be written and has room for the ids ({error.strerror}). "
            f"Received: out={os.fspath(directory)!r}",
        ) from error
    return path


def finish(directory, fingerprint, count=None):
    """Completes a directory, whose parts can be opened from then on.

    Args:
        directory: Where the parts are.
        fingerprint: That of the parts.
        count: Number of examples that there must be, where it is known.

    Raises:
        ValueError: If parts are missing, damaged or of different kinds.
    """
    paths = part_paths(directory)
    headers = [read_header(path) for path in paths]
    numbers = [path_of(directory, number) for number in range(len(paths))]
    if not paths or paths != numbers:
        raise _refusal(
            directory,
            "parts numbered from 0 on, without a gap",
            ", ".join(path.name for path in paths[:10]) or "none",
        )
    first = headers[0]
    for path, header in zip(paths, headers, strict=True):
        require_fingerprint(path, header["fingerprint"], fingerprint)
        for key in ("columns", "several"):
            if header[key] != first[key]:
                raise _refusal(
                    path, f"the same {key} as {paths[0].name}", header[key]
                )
    total = sum(header["count"] for header in headers)
    if count is not None and total != count:
        raise _refusal(directory, f"{count:,} examples", f"{total:,}")
    write_json(
        {
            "version": VERSION,
            "fingerprint": fingerprint,
            "several": first["several"],
            "count": total,
            "columns": first["columns"],
            "parts": [
                {"count": header["count"], "bytes": path.stat().st_size}
                for path, header in zip(paths, headers, strict=True)
            ],
        },
        Path(directory, LIST),
    )


def is_finished(directory):
    """Whether a directory has all its parts."""
    return Path(directory, LIST).exists()


def begins_with(path, examples):
    """Whether the first examples of a part are these.

    Args:
        path: Path of the part.
        examples: `rnnzoo.pipeline.examples.Examples`, in memory.
    """
    there = Parts([path])[0]
    _, here = _as_arrays(examples)
    return all(
        name in there and np.array_equal(there[name][: len(array)], array)
        for name, array in here.items()
    )


def open_columns(directory):
    """The columns of a finished directory; see `Examples.open`.

    Returns:
        Tuple of a dict of the arguments of `Examples.of`, of the fingerprint,
        and of whether each example has several targets.
    """
    directory = Path(directory).resolve()  # whatever becomes of a link
    listed = _read_list(directory)
    paths = [
        path_of(directory, number) for number in range(len(listed["parts"]))
    ]
    for path, part in zip(paths, listed["parts"], strict=True):
        size = path.stat().st_size if path.exists() else 0
        if size != part["bytes"]:
            raise _refusal(path, f"{part['bytes']:,} bytes", f"{size:,}")
        read_header(path)
    parts = Parts(paths)
    counts = [part["count"] for part in listed["parts"]]
    bounds = np.concatenate([[0], np.cumsum(counts, dtype="int64")])
    found = {}
    for column in listed["columns"]:
        _put(found, column["path"], _open(column, parts, bounds))
    columns = {
        field: _structure(found[field]) for field in _FIELDS if field in found
    }
    return columns, listed["fingerprint"], listed["several"]


def _open(column, parts, bounds):
    """A column: mapped, or in memory if it has one number for each example."""
    name = "/".join(map(str, column["path"]))
    kind, dtype = Mapped, column["dtype"]
    if dtype == "json":
        kind, dtype = MappedJson, "string"
    splits = tuple(f"{name}{SPLITS}{i}" for i in range(column["splits"]))
    mapped = kind(parts, name, dtype, splits, bounds)
    if splits or parts[0][name].ndim > 1:
        return mapped
    numbers = np.concatenate(
        [parts[i][name].astype(dtype) for i in range(len(parts))]
    )
    parts.release()
    return numbers


def read_header(path):
    """The header of a part.

    Raises:
        ValueError: If the file is damaged, or of another version.
    """
    try:
        layout(path)
        with np.load(path) as arrays:
            header = json.loads(arrays["header"].tobytes())
        version = header["version"]
    except (zipfile.BadZipFile, ValueError, KeyError, EOFError) as error:
        raise _refusal(path, "a whole part", "a damaged one") from error
    _require_version(path, version)
    return header


def require_fingerprint(place, found, expected):
    """Raises `ValueError` unless ids mean what they should."""
    if found != expected:
        raise _refusal(
            place,
            f"ids of this task, {expected}: of its class, vocabularies, "
            "tokenizers and limits",
            f"those of another, {found}",
        )


def remove_stale(directory):
    """Removes what a killed process had begun to write."""
    for path in Path(directory).glob(".part-*"):
        shutil.rmtree(path)


def _read_list(directory):
    path = Path(directory, LIST)
    if not path.exists():
        if part_paths(directory):
            raise ValueError(
                f"{directory} holds ids of which some are missing: writing "
                "them was interrupted. Expected the same `encode` once more, "
                "which continues."
            )
        raise FileNotFoundError(
            f"No ids in {directory}. Expected a directory that "
            "`encode(data, out=...)` made."
        )
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))
        version = listed["version"]
    except (ValueError, KeyError, TypeError) as error:
        raise _refusal(path, "a list of parts", "a damaged one") from error
    _require_version(path, version)
    return listed


def _require_version(path, version):
    if version != VERSION:
        raise _refusal(
            path,
            f"version {VERSION}, that this rnnzoo writes",
            f"version {version!r}; encode the examples again",
        )


def _refusal(place, expected, received):
    return ValueError(
        f"Cannot use the ids of {place}. Expected {expected}. Received: "
        f"{received}"
    )


# Columns as arrays.


def _as_arrays(examples):
    """The columns of examples, and dict of the names of their arrays."""
    columns, arrays = [], {}
    for field in _FIELDS:
        for path, column in _flatten(getattr(examples, field), (field,)):
            made = _Made.of(column, is_raw=field == "raw")
            name = "/".join(map(str, path))
            columns.append(
                {"path": path, "dtype": made.dtype, "splits": len(made.splits)}
            )
            arrays[name] = made.values
            for level, splits in enumerate(made.splits):
                arrays[f"{name}{SPLITS}{level}"] = splits
    return columns, arrays


@dataclasses.dataclass(frozen=True)
class _Made:
    """A column as arrays: its dtype in memory, its values and row splits."""

    dtype: str
    values: np.ndarray
    splits: list

    @classmethod
    def of(cls, column, is_raw=False):
        """The arrays of a column in memory, or of raw values."""
        splits = []
        if not isinstance(column, (np.ndarray, tf.Tensor, tf.RaggedTensor)):
            raise ValueError(
                "Invalid value for argument `examples`. Expected columns in "
                f"memory. Received: {type(column).__name__}"
            )
        if isinstance(column, tf.RaggedTensor):
            splits = [each.numpy() for each in column.nested_row_splits]
            column = column.flat_values
        dtype = "string"
        if is_raw and not all(isinstance(each, bytes) for each in column):
            dtype, column = "json", [_as_json(each) for each in column]
        elif not is_raw:
            column = tf.convert_to_tensor(column)
            dtype = column.dtype.name
            column = column.numpy()
        if dtype in ("string", "json"):
            ends = np.cumsum([0, *map(len, column)], dtype="int64")
            column = np.frombuffer(b"".join(column), "uint8")
            splits.append(ends)
        return cls(dtype, _narrow(column), [_narrow(each) for each in splits])


def _as_json(value):
    try:
        return json.dumps(value).encode()
    except TypeError as error:
        raise ValueError(
            "Invalid value for argument `out`. Expected None for raw values "
            f"that JSON cannot write, or `keep_raw=False`. Received: "
            f"{value!r:.80}"
        ) from error


def _narrow(numbers):
    """The same integers in the smallest unsigned type that holds them."""
    if numbers.dtype.kind not in "iu" or numbers.min(initial=0) < 0:
        return numbers
    most = int(numbers.max(initial=0))
    for dtype in ("uint8", "uint16", "uint32"):
        if most <= np.iinfo(dtype).max:
            return numbers.astype(dtype)
    return numbers


def _flatten(structure, path):
    """Yields the columns of a structure with their paths."""
    if structure is None:
        return
    if isinstance(structure, dict):
        children = sorted(structure.items())
    elif isinstance(structure, (tuple, list)):
        children = enumerate(structure)
    else:
        yield list(path), structure
        return
    for key, child in children:
        yield from _flatten(child, (*path, key))


def _put(found, path, column):
    """Puts a column at a path in nested dicts."""
    *parents, last = path
    for key in parents:
        found = found.setdefault(key, {})
    found[last] = column


def _structure(found):
    """Nested dicts as structures: those with numbers as keys are tuples."""
    if not isinstance(found, dict):
        return found
    children = {key: _structure(child) for key, child in found.items()}
    if all(isinstance(key, int) for key in children):
        return tuple(children[i] for i in range(len(children)))
    return children
