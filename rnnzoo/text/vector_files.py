"""Files of word vectors: GloVe's text format, and word2vec's two."""

import contextlib
import gzip
import io
import itertools
import os
import re
import zipfile
import zlib

import keras
import numpy as np

FASTTEXT = (793712314).to_bytes(4, "little")  # begins its models
SPACES = " \t\u00a0"  # between numbers; words may hold other white space
_RUN = re.compile(f"[{SPACES}]+")
_ODD = ("  ", "\t", "\u00a0")


class VectorFile:
    """Words and their vectors in a file, opened when they are asked for.

    Args:
        path: See `rnnzoo.text.PretrainedWords`.
    """

    def __init__(self, path):
        if not isinstance(path, (str, os.PathLike)):
            raise ValueError(
                "Invalid value for argument `embeddings`. Expected the path "
                "of a file, or a tuple `(words, array)`. Received: "
                f"{type(path).__name__}"
            )
        self._path = os.fspath(path)

    def __str__(self):
        return self._path

    @property
    def dimension(self):
        """Size of the vectors."""
        with _rows_of(self._path) as rows:
            return rows.dimension

    def words(self):
        """List of all words."""
        with _rows_of(self._path) as rows:
            return [word for word, _ in rows]

    def entries(self, wanted, verbose):
        """Yields each wanted word and its vector.

        Args:
            wanted: Function of a word that returns whether it is wanted.
            verbose: Whether to show progress.
        """
        progress = keras.utils.Progbar(None, verbose=verbose, unit_name="word")
        number = 0
        with _rows_of(self._path) as rows:
            for number, (word, numbers) in enumerate(rows, start=1):
                if wanted(word):
                    yield word, rows.vector(numbers)
                if number % 20_000 == 0:
                    progress.update(number)
        progress.update(number, finalize=True)


class _TextRows:
    """A word and its numbers on each line, maybe after a line of two counts."""

    def __init__(self, stream, path):
        # Bytes that are not UTF-8 make words that nobody looks up.
        lines = io.TextIOWrapper(
            stream, encoding="utf-8-sig", errors="replace", newline="\n"
        )
        self._path = path
        numbered = (
            (number, line)
            for number, line in enumerate(lines, start=1)
            if not line.isspace()
        )
        first = next(numbered, (1, ""))
        fields = _RUN.split(first[1].strip(SPACES + "\r\n"))
        if len(fields) < 2:
            raise self._broken(*first, "a word and its numbers")
        if _is_header(fields):
            self.dimension, self._lines = int(fields[1]), numbered
        else:
            self.dimension = len(fields) - 1
            self._lines = itertools.chain([first], numbered)

    def __iter__(self):
        size = self.dimension
        for number, line in self._lines:
            # A word may hold spaces, its numbers do not.
            word, *numbers = _split(line, size)
            if len(numbers) != size or not word:
                raise self._broken(number, line, f"a word and {size} numbers")
            self._last = number, line, f"{size} numbers after {word!r}"
            yield word, numbers

    def vector(self, numbers):
        """The vector of the word that came last."""
        try:
            with np.errstate(over="ignore"):
                return np.array(numbers, "float32")
        except ValueError:
            raise self._broken(*self._last) from None

    def _broken(self, number, line, expected):
        return ValueError(
            f"{self._path}, line {number}: expected {expected}. Received: "
            f"{line[:60]!r}"
        )


class _BinaryRows:
    """Two counts, then words, each with a space and its floats after it."""

    def __init__(self, stream, path):
        self._stream = stream
        self._path = path
        self._count, self.dimension = map(int, stream.readline().split())

    def __iter__(self):
        size = 4 * self.dimension
        for number in range(1, self._count + 1):
            letters = iter(lambda: self._stream.read(1), b" ")
            word = b"".join(itertools.takewhile(bool, letters)).lstrip(b"\n")
            numbers = self._stream.read(size)
            if len(numbers) != size:
                raise ValueError(
                    f"{self._path}, word {number}: expected {self._count:,} "
                    f"words and {self.dimension} numbers after each. The file "
                    "ends before."
                )
            yield word.decode(errors="replace"), numbers

    def vector(self, numbers):
        return np.frombuffer(numbers, "<f4")


def _split(line, size):
    """A word and its numbers; fastText ends lines with a space."""
    line = line.rstrip(SPACES + "\r\n").lstrip(" \t")
    fields = line.rsplit(" ", size)
    if len(fields) > size and not any(each in line for each in _ODD):
        return fields  # the quick way
    number = rf"[{SPACES}]+[^\s]+"
    found = re.fullmatch(f"(.+?)((?:{number}){{{size}}})", line, re.DOTALL)
    return [found[1], *found[2].split()] if found else [line]


def _is_header(fields):
    """Whether these are word2vec's number of words and dimension."""
    return len(fields) == 2 and all(each.isdecimal() for each in fields)


@contextlib.contextmanager
def _rows_of(path):
    """The rows of a file."""
    with _open(path) as stream:
        begin = stream.readline()
        if begin.startswith(FASTTEXT):
            raise ValueError(
                "Invalid value for argument `embeddings`. Expected vectors. "
                f"Received a model of fastText: {path!r}. Its vectors are in "
                "the `.vec` file beside it; fastText's `print-word-vectors` "
                "writes those of words of your own."
            )
        binary = _is_header(begin.decode(errors="replace").split())
        binary = binary and not _ends_with_number(stream.readline())
        stream.seek(0)
        yield (_BinaryRows if binary else _TextRows)(stream, path)


def _ends_with_number(line):
    """Whether a line, unless it is empty, is text with a number at its end."""
    fields = line.decode(errors="replace").split()
    try:
        return not fields or float(fields[-1]) is not None
    except ValueError:
        return False


@contextlib.contextmanager
def _open(path):
    """Opens the bytes of a file, or of a member of an archive."""
    path, _, member = path.partition(".zip:")
    broken = (zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError)
    try:
        if member or path.endswith(".zip"):
            with (
                zipfile.ZipFile(path + ".zip" * bool(member)) as archive,
                archive.open(_member(archive, member)) as raw,
            ):
                yield io.BufferedReader(raw)
        else:
            opener = gzip.open if path.endswith(".gz") else open
            with opener(path, "rb") as raw:
                yield io.BufferedReader(raw)
    except broken as error:
        raise ValueError(
            "Invalid value for argument `embeddings`. Expected a whole file of "
            f"the kind that its name says. Received: {path!r}; {error}"
        ) from error


def _member(archive, member):
    """The name of the file to read in an archive."""
    names = archive.namelist()
    if not member and len(names) == 1:
        return names[0]
    if member not in names:
        raise ValueError(
            "Invalid value for argument `embeddings`. Expected one of the "
            f"files in {archive.filename}, {names[:10]}, as in "
            f"'{archive.filename}:{(names or ['words.txt'])[0]}'. Received: "
            f"{member!r}"
        )
    return member
