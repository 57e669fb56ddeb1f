"""The way of a task from raw examples to counts, vocabularies and numbers."""

import dataclasses
import os
from typing import Any

from rnnzoo.arrays import as_objects
from rnnzoo.pipeline import raw
from rnnzoo.pipeline.examples import Examples, SeveralTargets
from rnnzoo.tasks import encoding, meaning
from rnnzoo.tasks.transfer import Borrower
from rnnzoo.text import Counts


class Reader(Borrower):
    """A task that learns vocabularies of raw examples, and encodes them.

    `rnnzoo.tasks.Task` says what a kind of task defines, and the attributes of
    its class.
    """

    keeps = ()
    counts_by = ()
    reads_by = ()

    def read(self, x, y=None, sample_weight=None):
        """Yields raw examples; see `rnnzoo.pipeline.raw.read`."""
        return raw.read(self.schema, x, y, sample_weight)

    def read_inputs(self, x):
        """Yields raw examples without targets, if there are any."""
        return raw.read_inputs(self.schema, x)

    # Learning.

    def adapt(
        self,
        x: Any = None,
        y: Any = None,
        labels: Any = None,
        verbose: int = 1,
        counts: Any = None,
    ) -> None:
        """Learns vocabularies and labels, in one pass over raw examples.

        Args:
            x: Raw examples; see `rnnzoo.pipeline.raw.read`.
            y: Targets, if `x` has none.
            labels: Names of the classes, where there are any: a sequence, or
                what TFDS has, its `ClassLabel` or `DatasetInfo`. By default
                those of the model or, if the labels are strings, the labels.
            verbose: Whether to show progress.
            counts: Instead of examples, what `count_all` of a task with the
                same tokenizers found in them: `rnnzoo.text.Counts`, the path
                of a file that their `save` wrote, or a list of these, which
                are added.

        Raises:
            ValueError: If the task has a vocabulary, if an example is wrong,
                or if the counts are those of another kind of task.
        """
        self._require_new()
        if counts is None:
            counts = self.count_all(x, y, labels, verbose)
            labels = counts.labels
        else:
            counts = meaning.counts_for(self, counts, x)
            labels = counts.labels if labels is None else self.labels_of(labels)
        self.begin(self.learn(counts, labels), counts, verbose)

    def count_all(
        self,
        x: Any,
        y: Any = None,
        labels: Any = None,
        verbose: int = 1,
        limit: int | None = None,
    ) -> Counts:
        """Counts what `adapt` needs to know, in one pass over raw examples.

        Processes may count parts of the data, each with a task of its own and
        the same `labels`, and `adapt(counts=[...])` adds them up. Unless there
        is a limit, it learns what one pass over all parts would teach it.

        Args:
            x, y, labels, verbose: See `adapt`.
            limit: Most types of tokens to keep in memory. Beyond it, rare ones
                are left out, and counts are too low by at most their `error`;
                see `rnnzoo.text.TokenCounter`.

        Returns:
            `rnnzoo.text.Counts`.

        Examples:

        >>> import rnnzoo
        >>> task = rnnzoo.build("bilstm_classifier", units=4, min_count=1)
        >>> parts = [(["good"], ["pos"]), (["bad", "good"], ["neg", "pos"])]
        >>> counts = [task.count_all(x, y, verbose=0) for x, y in parts]
        >>> task.adapt(counts=counts, verbose=0)
        >>> task.vocabulary.tokens, task.labels
        (('good', 'bad'), ('neg', 'pos'))
        """
        if labels is not None:
            labels = self.labels_of(labels)
        chunks, total = self.read(x, y), raw.count(self.schema, x)
        chunks = raw.show_progress(chunks, total, self.unit_name, verbose)
        return self.count_chunks(chunks, labels, limit)

    def count_chunks(self, chunks, labels=None, limit=None):
        """Counts examples that were read; see `count_all`.

        Args:
            chunks: Iterable of `rnnzoo.pipeline.raw.Chunk`.
            labels: Names of the classes, as `labels_of` returns them.
            limit: See `count_all`.
        """
        counts = Counts(meaning.of_counts(self), labels, limit)
        for chunk in chunks:
            self.count(chunk, counts, labels)
            counts.examples += len(chunk)
        return counts

    def begin(self, learned, counts, verbose=1):
        """Takes what was learned, with pretrained vectors if there are any.

        Args:
            learned: What `learn` returned.
            counts: Its counts.
            verbose: Whether to show progress and what was found.

        Returns:
            Dict of the name of a vocabulary to the set of its tokens that have
            pretrained vectors.
        """
        with self.distribute_strategy.scope():
            self.take(**learned)
        return {}

    # Encoding.

    def encode(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        keep_raw: bool = True,
        out: str | os.PathLike | None = None,
        verbose: int = 1,
    ) -> Examples:
        """Raw examples as numbers, in memory or on disk.

        Args:
            x, y, sample_weight: Raw examples; see the class.
            keep_raw: Whether raw values that `score` compares answers with
                are kept. Data that is only trained on does not need them.
            out: Directory to write the numbers to, in parts; they are read
                from there when a batch is made. If writing was interrupted,
                even by a kill, the same call continues after the last whole
                part. `rnnzoo.pipeline.examples.Examples.open` opens it again.
            verbose: Whether to show progress, if they are written.

        Returns:
            `rnnzoo.pipeline.examples.Examples`.

        Raises:
            FileExistsError: If `out` holds whole ids.
            OSError: If `out` cannot be written, or is full.
            ValueError: If an example is wrong, or if `out` holds ids of
                another task or of other examples.
        """
        self._require_adapted("encode")
        chunks = self.read(x, y, sample_weight)
        if out is None:
            return encoding.in_memory(self, chunks, keep_raw)
        total = raw.count(self.schema, x)
        return encoding.on_disk(self, chunks, keep_raw, out, total, verbose)

    def encode_inputs(self, x):
        """Raw examples as numbers, without targets; see `encode`."""
        if isinstance(x, Examples):
            return self.attach(x)
        return encoding.in_memory(self, self.read_inputs(x), keep_raw=False)

    def encode_in(self, folder, name, data, keep_raw=True):
        """Raw examples as numbers, on disk if they are too many for memory.

        Args:
            folder: `rnnzoo.tasks.encoding.Folder`.
            name: What the examples are called there.
            data: Tuple of arguments of `encode`.
            keep_raw: See `encode`.
        """
        self._require_adapted("encode")
        return encoding.where_they_fit(
            self, lambda: self.read(*data), keep_raw, folder, name
        )

    def encoded(self, chunks, keep_raw):
        """Yields chunks as numbers, as `rnnzoo.pipeline.disk` writes them.

        Args:
            chunks: Iterable of `rnnzoo.pipeline.raw.Chunk`.
            keep_raw: See `encode`.

        Yields:
            Tuples of the number of raw examples up to the end of a chunk, and
            of its `rnnzoo.pipeline.examples.Examples`.
        """
        for chunk in chunks:
            yield chunk.end, self._as_examples(chunk, keep_raw)

    def fingerprint(self):
        """A string that says what ids mean: equal, if they mean the same."""
        return meaning.of_ids(self)

    def attach(self, examples):
        """Encoded examples as this task takes them.

        Args:
            examples: `rnnzoo.pipeline.examples.Examples`.

        Raises:
            ValueError: If they are on disk, and another task's.
        """
        if examples.fingerprint is not None:
            meaning.require(self, examples)
        inputs = self.prepare(examples.inputs)
        return dataclasses.replace(examples, inputs=inputs)

    # Details.

    def _as_examples(self, chunk, keep_raw):
        columns = self.encode_chunk(chunk)
        kind = SeveralTargets if columns.several else Examples
        kept = {}
        if keep_raw:
            kept = {
                name: as_objects(chunk[name])
                for name in self.keeps
                if name in chunk
            }
            for name, values in (columns.kept or {}).items():
                kept[name] = as_objects(values)
        weights = chunk.weights if columns.weights is None else columns.weights
        return kind.of(columns.inputs, columns.labels, weights, kept)

    def _require_adapted(self, method):
        if not self.adapted:
            raise ValueError(
                f"`{type(self).__name__}.{method}()` needs a vocabulary. "
                "Expected `adapt(data)` to be called first, on the raw "
                "training examples."
            )

    def _require_new(self):
        if self.adapted:
            raise ValueError(
                f"`{type(self).__name__}` has a vocabulary, and weights that "
                "belong to it. Expected a new model for another vocabulary."
            )
