"""Pretrained word vectors, of files in GloVe's text format or of arrays."""

import contextlib
import gzip
import io
import os
import warnings
import zipfile
import zlib

import keras
import numpy as np

from rnnzoo.ids import PADDING, RESERVED


class PretrainedWords:
    """Pretrained word vectors.

    A file is read when its words or vectors are needed, and not before.

    Args:
        source: Path of a text file in GloVe's format (on each line, a word and
            its numbers), plain or `.gz`; path of a `.zip` with one such file,
            or `"glove.zip:member.txt"`; or a tuple `(words, array)`.

    Raises:
        ValueError: If the source is none of these, or, where it is read, if
            the file is broken or a line does not have as many numbers as the
            first one; the error names the line.

    Examples:

    >>> import numpy as np
    >>> from rnnzoo.text import PretrainedWords
    >>> pretrained = PretrainedWords((["good", "bad"], np.eye(2)))
    >>> pretrained.dimension, pretrained.words()
    (2, ['good', 'bad'])
    >>> matrix = pretrained.load(["good", "film"], {"good": 3, "film": 1})
    Word vectors: found 1 of 2 tokens (50.0%), 75.0% of all occurrences
    >>> matrix.shape, matrix[2].tolist()
    ((4, 2), [1.0, 0.0])
    """

    def __init__(self, source):
        self._source = _Arrays(*source) if _is_pair(source) else _File(source)

    @property
    def dimension(self):
        """Size of the vectors."""
        return self._source.dimension

    def words(self):
        """List of all words, in the order of the source."""
        return self._source.words()

    def load(self, tokens, counts, verbose=1, seed=0):
        """Makes the weights of an embedding.

        A token without a pretrained vector gets a random one, drawn from a
        normal distribution as wide as the vectors found; so does the unknown
        token. Padding gets zeros.

        Args:
            tokens: Tokens, from id 2 on.
            counts: Dict from tokens to how often they occur, for the report.
            verbose: Whether to show progress, and to print how many tokens
                have a pretrained vector.
            seed: Seed of the random vectors.

        Returns:
            float32 array `(len(tokens) + 2, dimension)`.
        """
        size = self.dimension
        place = {token: i for i, token in enumerate(tokens)}
        found = np.zeros(len(tokens), bool)
        vectors = np.zeros((len(tokens), size), "float32")
        for word, vector in self._source.entries(place, verbose):
            i = place[word]
            if not found[i]:
                vectors[i], found[i] = vector, True
        if len(tokens) and not found.any():
            warnings.warn(
                f"None of the {len(tokens):,} tokens has a vector in "
                f"{self._source}. Expected vectors of the same language.",
                stacklevel=2,
            )
        if verbose:
            print(_report(found, [counts.get(token, 0) for token in tokens]))
        rng = np.random.default_rng(seed)
        spread = vectors[found].std() if found.any() else 0.05
        matrix = rng.normal(0, spread, (len(tokens) + RESERVED, size))
        matrix = matrix.astype("float32")
        matrix[PADDING] = 0
        matrix[RESERVED:][found] = vectors[found]
        return matrix


def _report(found, counts):
    """One line on how many tokens have a vector, and how often they occur."""
    number, total = int(found.sum()), len(found)
    occurring = np.dot(found, counts) / max(np.sum(counts), 1)
    return (
        f"Word vectors: found {number:,} of {total:,} tokens "
        f"({number / max(total, 1):.1%}), {occurring:.1%} of all occurrences"
    )


class _Arrays:
    """Words and the rows of an array."""

    def __init__(self, words, vectors):
        self._words = list(words)
        self._vectors = np.asarray(vectors, "float32")
        if self._vectors.ndim != 2 or len(words) != len(self._vectors):
            raise ValueError(
                "Invalid value for argument `embeddings`. Expected as many "
                "words as the array has rows. Received: "
                f"{len(words)} words, an array of shape {self._vectors.shape}"
            )

    def __str__(self):
        return "the array"

    @property
    def dimension(self):
        return self._vectors.shape[1]

    def words(self):
        return list(self._words)

    def entries(self, wanted, verbose):
        """Yields each wanted word and its vector."""
        for word, vector in zip(self._words, self._vectors, strict=True):
            if word in wanted:
                yield word, vector


class _File:
    """Words and numbers on the lines of a file."""

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
        with _open(self._path) as lines:
            return self._first(lines)[0]

    def words(self):
        with _open(self._path) as lines:
            size, _ = self._first(lines)
            return [_split(line, size)[0] for line in lines]

    def entries(self, wanted, verbose):
        """Yields each wanted word and its vector."""
        progress = keras.utils.Progbar(None, verbose=verbose, unit_name="line")
        with _open(self._path) as lines:
            size, header = self._first(lines)
            number = 0
            for number, line in enumerate(lines, start=2 if header else 1):
                # A word may hold spaces, its numbers do not.
                word, *numbers = _split(line, size)
                if len(numbers) != size or not word:
                    raise self._broken(
                        number, f"a word and {size} numbers", line
                    )
                if word in wanted:
                    try:
                        yield word, np.array(numbers, "float32")
                    except ValueError:
                        expected = f"{size} numbers after {word!r}"
                        raise self._broken(number, expected, line) from None
                if number % 20_000 == 0:
                    progress.update(number)
        progress.update(number, finalize=True)

    def _first(self, lines):
        """`(dimension, whether there is a header)`; moves past the header."""
        line = lines.readline()
        parts = line.split()
        header = len(parts) == 2 and all(part.isdecimal() for part in parts)
        if header:  # word2vec: number of words and dimension
            return int(parts[1]), True
        lines.seek(0)
        if len(parts) < 2:
            raise self._broken(1, "a word and its numbers", line)
        return len(parts) - 1, False

    def _broken(self, number, expected, line):
        return ValueError(
            f"{self._path}, line {number}: expected {expected}. Received: "
            f"{line[:60]!r}"
        )


def _is_pair(source):
    return isinstance(source, tuple) and len(source) == 2


def _split(line, size):
    """A word and its numbers; fastText ends lines with a space."""
    return line.rstrip(" \r\n").rsplit(" ", size)


@contextlib.contextmanager
def _open(path):
    """Opens a file of lines, or a member of an archive."""
    path, _, member = path.partition(".zip:")
    # Bytes that are not UTF-8 make words that nobody looks up.
    text = {"encoding": "utf-8", "errors": "replace", "newline": "\n"}
    broken = (zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError)
    try:
        if member or path.endswith(".zip"):
            with (
                zipfile.ZipFile(path + ".zip" * bool(member)) as archive,
                archive.open(_member(archive, member)) as raw,
            ):
                yield io.TextIOWrapper(raw, **text)
        else:
            opener = gzip.open if path.endswith(".gz") else open
            with opener(path, "rt", **text) as lines:
                yield lines
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
