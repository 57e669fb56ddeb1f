"""Pretrained word vectors, of files or of arrays."""

import collections
import warnings

import numpy as np

from rnnzoo.ids import PADDING, RESERVED
from rnnzoo.text.vector_files import VectorFile

OTHER_CASE, EXACT = 1, 2  # how well a word of the source fits a token


class PretrainedWords:
    """Pretrained word vectors.

    A file is read when its words or vectors are needed, and not before.

    Args:
        source: Path of a text file in GloVe's format (on each line, a word and
            its numbers) or of a file in word2vec's text or binary format,
            plain or `.gz`; path of a `.zip` with one such file, or
            `"glove.zip:member.txt"`; or a tuple `(words, array)`.

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
        self._source = (
            _Arrays(*source) if _is_pair(source) else VectorFile(source)
        )

    @property
    def dimension(self):
        """Size of the vectors."""
        return self._source.dimension

    def words(self):
        """List of all words, in the order of the source."""
        return self._source.words()

    def load(self, tokens, counts, verbose=1, seed=0, return_found=False):
        """Makes the weights of an embedding.

        A token that the source does not have gets the vector of the first
        word that differs from it only in case. A token without a pretrained
        vector gets a random one, drawn from a normal distribution as wide as
        the vectors found; so does the unknown token. Padding gets zeros.
        Vectors that are not finite are left out, with a warning.

        Args:
            tokens: Tokens, from id 2 on.
            counts: Dict from tokens to how often they occur, for the report.
            verbose: Whether to show progress, and to print how many tokens
                have a pretrained vector.
            seed: Seed of the random vectors.
            return_found: Whether to return which tokens have a pretrained
                vector, too.

        Returns:
            float32 array `(len(tokens) + 2, dimension)`; or a tuple of it and
            of booleans `(len(tokens),)`.
        """
        size = self.dimension
        vectors, fits = self._find(tokens, verbose)
        found = fits > 0
        if len(tokens) and not found.any():
            warnings.warn(
                f"None of the {len(tokens):,} tokens has a vector in "
                f"{self._source}. Expected vectors of the same language.",
                stacklevel=2,
            )
        if verbose:
            print(_report(fits, [counts.get(token, 0) for token in tokens]))
        rng = np.random.default_rng(seed)
        spread = vectors[found].std() if found.any() else 0.05
        matrix = rng.normal(0, spread, (len(tokens) + RESERVED, size))
        matrix = matrix.astype("float32")
        matrix[PADDING] = 0
        matrix[RESERVED:][found] = vectors[found]
        return (matrix, found) if return_found else matrix

    def _find(self, tokens, verbose):
        """The vectors of tokens, and how well their words fit, 0 for none."""
        places = collections.defaultdict(list)
        for i, token in enumerate(tokens):
            places[token.lower()].append(i)
        fits = np.zeros(len(tokens), int)
        vectors = np.zeros((len(tokens), self.dimension), "float32")
        unusable = []
        for word, vector in self._source.entries(
            lambda word: word.lower() in places, verbose
        ):
            if not np.isfinite(vector).all():
                unusable.append(word)
                continue
            for i in places[word.lower()]:
                fit = EXACT if tokens[i] == word else OTHER_CASE
                if fit > fits[i]:
                    vectors[i], fits[i] = vector, fit
        if unusable:
            warnings.warn(
                f"Some vectors in {self._source} hold NaN or infinity and are "
                f"left out: {len(unusable):,}, such as that of "
                f"{unusable[0]!r}.",
                stacklevel=3,
            )
        return vectors, fits


def _report(fits, counts):
    """One line on how many tokens have a vector, and how often they occur."""
    found, others = fits > 0, int((fits == OTHER_CASE).sum())
    number, total = int(found.sum()), len(found)
    occurring = np.dot(found, counts) / max(np.sum(counts), 1)
    return (
        f"Word vectors: found {number:,} of {total:,} tokens "
        f"({number / max(total, 1):.1%}), {occurring:.1%} of all occurrences"
        + f"; {others:,} of them in another case"
        * bool(others)
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
            if wanted(word):
                yield word, vector


def _is_pair(source):
    return isinstance(source, tuple) and len(source) == 2
