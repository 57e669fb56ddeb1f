"""Files of rows, read from any of them on; and files that appear whole."""

import codecs
import contextlib
import gzip
import itertools
import os
import uuid
import zlib
from typing import NamedTuple

import tensorflow as tf

from rnnzoo.checks import check_choice
from rnnzoo.data.contents import suffix_of
from rnnzoo.formats import JSONL, LINES, ROWS, TFRECORD

CHUNK = 1 << 20  # bytes read at once
SUFFIXES = {".txt": LINES, ".jsonl": JSONL, ".ndjson": JSONL}


class Mark(NamedTuple):
    """The place of a row among those of several files.

    Attributes:
        file: Number of its file.
        row: Number of the rows before it in the file.
        offset: Number of the bytes before it, if the file is not packed.
    """

    file: int
    row: int
    offset: int


class Row(NamedTuple):
    """A row of a file.

    Attributes:
        path: The file.
        number: Its number there, from 1.
        data: Bytes.
    """

    path: str
    number: int
    data: bytes


class Files:
    """Files of rows, of one kind, in their order.

    Args:
        source: A path or a pattern, such as `"in/*.jsonl"`, wherever TensorFlow
            reads (also `gs://`); or a list of paths. Files that end with `.gz`
            are unpacked.
        kind: One of `rnnzoo.formats.ROWS`; by default, what the names of the
            files say.

    Raises:
        ValueError: If the kind is not known, or files are of several ones.
        OSError: If there is no such file.

    Examples:

    >>> import pathlib
    >>> from rnnzoo.served.files import Files
    >>> _ = pathlib.Path("texts.txt").write_text("one\\ntwo\\nthree")
    >>> files = Files("texts.txt")
    >>> count, marks = files.index(2)
    >>> count, [row.data for row in files.read(marks[1], 2)]
    (3, [b'three'])
    """

    def __init__(self, source, kind=None):
        if kind is not None:
            check_choice("rows", kind, ROWS)
        self.paths = _paths(source)
        kinds = {kind or _kind_of(path) for path in self.paths}
        if len(kinds) > 1:
            raise ValueError(
                f"{source}: expected files of one kind. Received: "
                f"{', '.join(sorted(kinds))}"
            )
        (self.kind,) = kinds

    def index(self, step):
        """The number of rows, and a `Mark` at each so many rows.

        Args:
            step: Rows from one mark to the next.

        Returns:
            Tuple of the number and the list.

        Raises:
            ValueError: If a file cannot be read to its end.
        """
        marks, count = [], 0
        for file, path in enumerate(self.paths):
            offset = 0
            for row, (size, _) in enumerate(self._rows(path, 0, 0)):
                if count % step == 0:
                    marks.append(Mark(file, row, offset))
                offset += size
                count += 1
        return count, marks

    def read(self, mark, count):
        """Yields rows: at most so many, from a mark on.

        Args:
            mark: `Mark`.
            count: Number of rows.
        """
        return itertools.islice(self._from(mark), count)

    def _from(self, mark):
        for path in self.paths[mark.file :]:
            rows = self._rows(path, mark.row, mark.offset)
            for number, (_, data) in enumerate(rows, start=mark.row + 1):
                if self.kind != TFRECORD:
                    data = data.removesuffix(b"\r")
                    if number == 1:
                        data = data.removeprefix(codecs.BOM_UTF8)
                yield Row(path, number, data)
            mark = Mark(mark.file + 1, 0, 0)

    def _rows(self, path, row, offset):
        """Yields the sizes and the contents of a file's rows."""
        is_packed = path.lower().endswith(".gz")
        try:
            if self.kind == TFRECORD:
                packing = "GZIP" if is_packed else ""
                records = tf.data.TFRecordDataset(path, packing).skip(row)
                for data in records.as_numpy_iterator():
                    yield 0, data
                return
            with tf.io.gfile.GFile(path, "rb") as file:
                if is_packed:
                    with gzip.GzipFile(fileobj=file) as unpacked:
                        lines = itertools.islice(_lines(unpacked), row, None)
                        yield from lines
                    return
                file.seek(offset)
                yield from _lines(file)
        except (
            *(gzip.BadGzipFile, zlib.error, EOFError),
            tf.errors.DataLossError,
        ) as error:
            raise ValueError(
                f"{path}: expected a whole file of {self.kind}. Received: "
                f"{getattr(error, 'message', error)}"
            ) from None
        except tf.errors.OpError as error:
            raise OSError(error.message) from error


def _lines(file):
    """Yields the size of each line, with its end, and the line without it."""
    rest = b""
    while chunk := file.read(CHUNK):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield len(line) + 1, line
    if rest:
        yield len(rest), rest


def _paths(source):
    if isinstance(source, (list, tuple)):
        paths = [os.fspath(path) for path in source]
    else:
        source = os.fspath(source)
        paths = [source]
        if not tf.io.gfile.exists(source):
            paths = sorted(tf.io.gfile.glob(source))
    missing = [path for path in paths if not tf.io.gfile.exists(path)]
    if missing or not paths:
        raise FileNotFoundError(
            f"There is no file {missing[0] if missing else source!r}."
        )
    for path in paths:
        if tf.io.gfile.isdir(path):
            raise IsADirectoryError(
                f"{path!r} is a directory. Expected a file, or a pattern such "
                f"as {os.path.join(path, '*.jsonl')!r}."
            )
    return paths


def _kind_of(path):
    kind = SUFFIXES.get(suffix_of(path))
    if kind is None and ".tfrecord" in os.path.basename(path).lower():
        kind = TFRECORD
    if kind is None:
        raise ValueError(
            f"{path}: cannot tell what its rows are. Expected `rows`, one of "
            f"{', '.join(map(repr, ROWS))}, or a name that ends with "
            f"{', '.join(SUFFIXES)}, maybe before '.gz', or has '.tfrecord'."
        )
    return kind


@contextlib.contextmanager
def appearing(path):
    """Opens a file that appears under its name only when it is whole.

    `rnnzoo.files.atomic_path` does the same for what has a directory. This is
    also for places such as `gs://`, and several writers of the same file: the
    last one's is there.

    Args:
        path: String.

    Returns:
        A context manager of a file of bytes.

    Raises:
        OSError: If it cannot be written.
    """
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f".{name}.{uuid.uuid4().hex}")
    try:
        with tf.io.gfile.GFile(temporary, "wb") as file:
            file.write(b"")  # or there would be none
            yield file
        tf.io.gfile.rename(temporary, path, overwrite=True)
    except BaseException as error:
        if tf.io.gfile.exists(temporary):
            tf.io.gfile.remove(temporary)
        if isinstance(error, tf.errors.OpError):
            raise OSError(error.message) from error
        raise
