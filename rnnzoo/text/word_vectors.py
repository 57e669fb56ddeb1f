"""Pretrained word vectors in GloVe's text format."""

import contextlib
import gzip
import io
import os
import warnings
import zipfile
import zlib
from typing import NamedTuple

import keras
import numpy as np

from rnnzoo.ids import RESERVED


class WordVectors(NamedTuple):
    """Vectors of a vocabulary, and which of its tokens have one.

    Attributes:
        matrix: float32 array `(vocabulary size, dimension)`.
        found: bool array `(tokens,)`.
    """

    matrix: np.ndarray
    found: np.ndarray

    def report(self, counts):
        """One line on how much was found.

        Args:
            counts: How often each token occurs.
        """
        found, total = int(self.found.sum()), len(self.found)
        occurring = np.dot(self.found, counts) / max(np.sum(counts), 1)
        return (
            f"Word vectors: found {found:,} of {total:,} tokens "
            f"({found / max(total, 1):.1%}), {occurring:.1%} of what occurs"
        )


def dimension(source):
    """Size of the vectors of a source; see `load_vectors`."""
    if isinstance(source, tuple):
        return _check_arrays(source)[1].shape[1]
    with _open(source) as lines:
        return _first(source, lines)[0]


def words(source):
    """All words of a source, in its order; see `load_vectors`."""
    if isinstance(source, tuple):
        return list(_check_arrays(source)[0])
    with _open(source) as lines:
        size, _ = _first(source, lines)
        return [_split(line, size)[0] for line in lines]


def load_vectors(source, tokens, seed=0, verbose=1):
    """Reads the vectors of a vocabulary's tokens.

    Tokens that have none get normal random vectors as spread as those that
    were found; padding gets zeros.

    Args:
        source: Path of a text file in GloVe's format (a word and its numbers a
            line), plain or `.gz`; of a `.zip` with one such file, or
            `"glove.zip:member.txt"`; or a tuple `(words, array)`.
        tokens: Tokens, from id 2 on.
        seed: Seed of the random vectors.
        verbose: Whether to show progress.

    Returns:
        `WordVectors`.

    Raises:
        ValueError: If a line is not a word and as many numbers as the first
            line has; it names the line.
    """
    place = {token: i for i, token in enumerate(tokens)}
    found = np.zeros(len(tokens), bool)
    size = dimension(source)
    vectors = np.zeros((len(tokens), size), "float32")
    for word, vector in _entries(source, size, place, verbose):
        i = place[word]
        if not found[i]:
            vectors[i], found[i] = vector, True
    if len(tokens) and not found.any():
        warnings.warn(
            f"None of the {len(tokens):,} tokens has a vector in {source}. "
            "Expected a file of vectors of the same language.",
            stacklevel=2,
        )
    rng = np.random.default_rng(seed)
    spread = vectors[found].std() if found.any() else 0.05
    matrix = rng.normal(0, spread, (len(tokens) + RESERVED, size))
    matrix = matrix.astype("float32")
    matrix[0] = 0
    matrix[RESERVED:][found] = vectors[found]
    return WordVectors(matrix, found)


def _entries(source, size, wanted, verbose):
    if isinstance(source, tuple):
        words, vectors = _check_arrays(source)
        yield from (
            (word, vector)
            for word, vector in zip(words, vectors, strict=True)
            if word in wanted
        )
        return
    progress = keras.utils.Progbar(None, verbose=verbose, unit_name="line")
    with _open(source) as lines:
        header = _first(source, lines)[1]
        number = 0
        for number, line in enumerate(lines, start=2 if header else 1):
            # A word may hold blanks, its numbers do not.
            word, *numbers = _split(line, size)
            if len(numbers) != size or not word:
                raise ValueError(
                    f"{source}, line {number}: expected a word and {size} "
                    f"numbers. Received: {line[:60]!r}"
                )
            if word in wanted:
                try:
                    yield word, np.array(numbers, "float32")
                except ValueError:
                    raise ValueError(
                        f"{source}, line {number}: expected {size} numbers "
                        f"after {word!r}. Received: {line[:60]!r}"
                    ) from None
            if number % 20_000 == 0:
                progress.update(number)
    progress.update(number, finalize=True)


def _split(line, size):
    """A word and its numbers; fastText ends lines with a blank."""
    return line.rstrip(" \r\n").rsplit(" ", size)


def _first(source, lines):
    """`(dimension, whether there is a header)`; rewinds past the header."""
    line = lines.readline()
    parts = line.split()
    header = len(parts) == 2 and all(part.isdigit() for part in parts)
    if header:  # word2vec: number of words and dimension
        return int(parts[1]), True
    lines.seek(0)
    if len(parts) < 2:
        raise ValueError(
            f"{source}: expected a word and its numbers on each line. "
            f"Received: {line[:60]!r}"
        )
    return len(parts) - 1, False


@contextlib.contextmanager
def _open(source):
    if not isinstance(source, (str, os.PathLike)):
        raise ValueError(
            "Invalid value for argument `embeddings`. Expected the path of a "
            "file, or a tuple `(words, array)`. Received: "
            f"{type(source).__name__}"
        )
    path, _, member = os.fspath(source).partition(".zip:")
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
            "Invalid value for argument `embeddings`. Expected a file that is "
            f"as its name says and whole. Received: {path!r}; {error}"
        ) from error


def _member(archive, member):
    names = archive.namelist()
    if not member and len(names) == 1:
        return names[0]
    if member not in names:
        raise ValueError(
            f"{archive.filename}: expected the name of a file in it, as "
            f"'{archive.filename}:{(names or ['words.txt'])[0]}'. It holds: "
            f"{names}. "
            f"Received: {member!r}"
        )
    return member


def _check_arrays(source):
    words, vectors = source
    vectors = np.asarray(vectors, "float32")
    if vectors.ndim != 2 or len(words) != len(vectors):
        raise ValueError(
            "Invalid value for argument `embeddings`. Expected as many words "
            "as the array has rows. Received: "
            f"{len(words)} words, an array of shape {vectors.shape}"
        )
    return words, vectors
