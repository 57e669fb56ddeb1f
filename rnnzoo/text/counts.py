"""Counts of tokens, of parts that can be added up.

Counts of a vocabulary may be larger than memory. With a limit, rare tokens are
left out while counting, as by SRILM and fastText: whenever there are more types
than the limit, those that occur `n` times or less are dropped, where `n` is the
least number that halves them. A dropped token that comes again begins at 0, so
its count is too low by at most the sum of all `n`, the `error` (lossy counting,
Manku & Motwani 2002).
"""

import json
import os
from collections import Counter

import numpy as np
import tensorflow as tf

from rnnzoo.checks import check_positive
from rnnzoo.files import atomic_path

VERSION = 1


class TokenCounter:
    """Counts tokens, a batch at a time.

    Args:
        limit: Most types to keep, at the end of a batch; `None` for all. Each
            takes about 150 bytes of memory.

    Attributes:
        counts: `collections.Counter` of strings.
        error: By how much each count is too low, at most. Each token that
            occurs more often is there.

    Examples:

    >>> from rnnzoo.text import TokenCounter
    >>> counter = TokenCounter()
    >>> counter.update([["a", "good", ""], ["a", "", ""]])
    >>> counter.update(["good", "a"])
    >>> dict(counter.counts)
    {'a': 3, 'good': 2}
    >>> small = TokenCounter(limit=3)
    >>> small.update(["a", "a", "a", "b", "c", "d"])
    >>> dict(small.counts), small.error
    ({'a': 3}, 1)
    """

    def __init__(self, limit=None):
        check_positive("limit", limit, optional=True)
        self.limit = limit
        self.counts = Counter()
        self.error = 0

    def update(self, tokens):
        """Adds the tokens of a ragged or dense string tensor, except ""."""
        if isinstance(tokens, tf.RaggedTensor):
            tokens = tokens.flat_values
        tokens = tf.reshape(tf.convert_to_tensor(tokens, tf.string), [-1])
        distinct, _, counts = tf.unique_with_counts(tokens)
        for token, count in zip(
            distinct.numpy(), counts.numpy().tolist(), strict=True
        ):
            if token:
                self.counts[token.decode()] += count
        self._prune()

    def merge(self, other):
        """Adds what another `TokenCounter` counted."""
        self.counts.update(other.counts)
        self.error += other.error
        self._prune()

    def _prune(self):
        size = len(self.counts)
        if self.limit is None or size <= self.limit:
            return
        numbers = np.fromiter(self.counts.values(), "int64", size)
        place = size - self.limit // 2 - 1
        most = int(np.partition(numbers, place)[place])
        self.counts = Counter(
            {token: n for token, n in self.counts.items() if n > most}
        )
        self.error += most


class Counts:
    """All that a task counts of raw examples before it learns of them.

    Counts of parts of the data, made by any number of processes, add up to
    those of one pass over all of it.

    Args:
        fingerprint: String, how was counted: `Task.counted_by`.
        labels: Names of the classes, where they were given.
        limit: Most types of each counter; see `TokenCounter`.

    Attributes:
        examples: Number of examples that were counted.

    Examples:

    >>> import tempfile
    >>> from rnnzoo.text import Counts
    >>> first, second = Counts(), Counts()
    >>> first["text"].update(["good", "film"])
    >>> second["text"].update(["good"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     second.save(f"{folder}/second.jsonl")
    ...     both = first.merge(Counts.load(f"{folder}/second.jsonl"))
    >>> dict(both["text"].counts)
    {'good': 2, 'film': 1}
    """

    def __init__(self, fingerprint=None, labels=None, limit=None):
        check_positive("limit", limit, optional=True)
        self.fingerprint = fingerprint
        self.labels = None if labels is None else tuple(labels)
        self.limit = limit
        self.examples = 0
        self._counters = {}

    def __getitem__(self, name):
        """The `TokenCounter` of a name; a new one, if there is none."""
        if name not in self._counters:
            self._counters[name] = TokenCounter(self.limit)
        return self._counters[name]

    @property
    def names(self):
        """The names of the counters, sorted."""
        return sorted(self._counters)

    @property
    def error(self):
        """By how much any count is too low, at most."""
        return max((each.error for each in self._counters.values()), default=0)

    def merge(self, other):
        """Adds other counts to these.

        Args:
            other: `Counts` of other examples.

        Returns:
            These counts.

        Raises:
            ValueError: If the others were counted in another way.
        """
        for name in ("fingerprint", "labels"):
            ours, theirs = getattr(self, name), getattr(other, name)
            if ours != theirs:
                raise ValueError(
                    "Invalid value for argument `counts`. Expected counts with "
                    f"the same {name}, by tasks with the same tokenizers. "
                    f"Received: {ours} and {theirs}"
                )
        for name in other.names:
            self[name].merge(other[name])
        self.examples += other.examples
        return self

    def save(self, path):
        """Writes a text file, which appears under its name when it is whole.

        The first line is a JSON object; each other is a JSON list of a token
        and of how often it occurs, sorted by the token.

        Args:
            path: Where to write.

        Raises:
            OSError: If the place cannot be written.
        """
        header = {
            "version": VERSION,
            "fingerprint": self.fingerprint,
            "labels": self.labels,
            "examples": self.examples,
            "counters": [
                {
                    "name": name,
                    "types": len(self[name].counts),
                    "error": self[name].error,
                }
                for name in self.names
            ],
        }
        with (
            atomic_path(path) as temporary,
            open(temporary, "w", encoding="utf-8") as file,
        ):
            file.write(json.dumps(header) + "\n")
            for name in self.names:
                file.writelines(
                    json.dumps(each) + "\n"
                    for each in sorted(self[name].counts.items())
                )

    @classmethod
    def load(cls, path, limit=None):
        """Reads what `save` wrote.

        Args:
            path: Path of the file.
            limit: See the class.

        Returns:
            `Counts`.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If it is no such file, or a part of one.
        """
        try:
            with open(path, encoding="utf-8") as file:
                return cls._read(file, limit)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(
                f"Cannot read the counts in {os.fspath(path)}. Expected a "
                f"whole file that `Counts.save` wrote, of version {VERSION}. "
                f"Received: {error!s:.100}"
            ) from error

    @classmethod
    def _read(cls, lines, limit):
        header = json.loads(next(lines, ""))
        if header["version"] != VERSION:
            raise ValueError(f"version {header['version']!r}")
        found = cls(header["fingerprint"], header["labels"], limit)
        found.examples = header["examples"]
        for each in header["counters"]:
            counter = found[each["name"]]
            for _ in range(each["types"]):
                token, count = json.loads(next(lines, "0"))
                counter.counts[token] = int(count)
            counter.error = each["error"]
            counter._prune()
        if next(lines, None) is not None:
            raise ValueError("more lines than the first one tells")
        return found

    @classmethod
    def gather(cls, counts, limit=None):
        """The sum of counts and of files of counts.

        Args:
            counts: `Counts`, the path of a file, or a list of both. Files are
                read one after the other.
            limit: See the class.

        Returns:
            `Counts`, new ones.
        """
        parts = counts if isinstance(counts, (list, tuple)) else [counts]
        total = None
        for part in parts:
            if not isinstance(part, (Counts, str, os.PathLike)):
                raise ValueError(
                    "Invalid value for argument `counts`. Expected "
                    "`rnnzoo.text.Counts`, the path of a file of them, or a "
                    f"list of these. Received: {part!r:.80}"
                )
            if not isinstance(part, Counts):
                part = cls.load(part, limit)
            if total is None:
                total = cls(part.fingerprint, part.labels, limit)
            total.merge(part)
        if total is None:
            raise ValueError(
                "Invalid value for argument `counts`. Expected at least one. "
                "Received an empty list."
            )
        return total
