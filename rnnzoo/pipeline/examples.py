"""Encoded examples in memory, and batches of similar length from them."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from rnnzoo.ids import pad

BATCHES_PER_POOL = 50
NOISE = 0.1  # Of lengths, so that not the same examples meet in each pass.


@dataclasses.dataclass(frozen=True, eq=False)
class Lookup:
    """A column that is made when a batch is: read from files, or decoded.

    Attributes:
        rows: int array `(n,)`, the row of the table for each example.
        table: Function from rows `(batch,)` to a tensor `(batch, ...)`, called
            in the graph of the input pipeline.
    """

    rows: np.ndarray
    table: Callable

    def take(self, places):
        return Lookup(self.rows[places], self.table)


@dataclasses.dataclass(frozen=True)
class Examples:
    """Encoded examples of one dataset, as compact ragged tensors.

    Numbers are small: the ids of 25,000 reviews take 24 MB. Held in memory
    they are tokenized once, shuffled as a whole, and their lengths and the
    number of batches are known.

    Attributes:
        inputs: A ragged or dense tensor `(n, ...)` or a `Lookup`, or a
            structure of them.
        labels: The same for the targets, or `None`.
        weights: float32 array `(n,)` of sample weights, or `None`.
        lengths: int array `(n,)`, by which examples are put together.
        groups: int array `(n,)` or `None`: of the examples of a group, a
            shuffled pass draws one.
        raw: Arrays `(n,)`, in a structure of the task's: what it keeps of raw
            examples, such as texts to be compared with; never in batches.
    """

    inputs: Any
    labels: Any
    weights: Any
    lengths: np.ndarray
    groups: np.ndarray | None = None
    raw: Any = dataclasses.field(default_factory=dict)

    def __len__(self):
        return len(self.lengths)

    @property
    def columns(self):
        """`(inputs,)`, `(inputs, labels)` or `(inputs, labels, weights)`."""
        if self.labels is None:
            return (self.inputs,)
        if self.weights is None:
            return (self.inputs, self.labels)
        return (self.inputs, self.labels, self.weights)

    def take(self, places):
        """The examples at those places, in that order."""
        columns = {
            each.name: getattr(self, each.name)
            for each in dataclasses.fields(self)
        }
        return type(self)(
            **{
                name: None if column is None else _take(column, places)
                for name, column in columns.items()
            }
        )

    def split(self, validation_split):
        """All but the last examples, and the last ones.

        Args:
            validation_split: Share of the examples that are the last ones.

        Raises:
            ValueError: If one of the two would be empty.
        """
        cut = int(len(self) * (1 - validation_split))
        if not 0 < cut < len(self):
            raise ValueError(
                "Invalid value for argument `validation_split`. Expected a "
                f"number between 0 and 1 that leaves some of {len(self)} "
                "examples on each side. Received: "
                f"validation_split={validation_split}"
            )
        places = np.arange(len(self))
        return self.take(places[:cut]), self.take(places[cut:])

    @property
    def tokens(self):
        """int array `(n,)`: labels of an example or, of one label, lengths."""
        counts = self.lengths
        if isinstance(self.labels, tf.RaggedTensor):
            counts = self.labels.row_lengths().numpy()
        return np.maximum(counts, 1)

    def batches(self, batch_size, shuffle=False, batch_tokens=None):
        """Right padded batches of examples of similar length.

        Shuffled, each pass draws a new order: random pools of 50 batches are
        sorted by length, cut into batches, and these shuffled again. Otherwise
        the batches run from the longest examples to the shortest, and
        `order()` says which is where.

        Args:
            batch_size: Examples in a batch.
            shuffle: Whether each pass has a new random order.
            batch_tokens: `tokens` in a batch, give or take an example; then
                `batch_size` is not used. All examples are sorted by their
                lengths, give or take a tenth, and cut.

        Returns:
            A `tf.data.Dataset` of known cardinality.

        Raises:
            ValueError: If an example has more than `batch_tokens`.
        """
        columns = self.columns
        if batch_tokens is not None:
            places = self._by_tokens(batch_tokens, shuffle)
        elif shuffle:
            places = self._shuffled(batch_size)
        else:
            places = self._sorted(batch_size)
        return (
            places.map(
                lambda p: _pad_all(_gather(columns, p)), num_parallel_calls=2
            )
            .prefetch(4)
            .with_options(_options())
        )

    def order(self):
        """Where each row of the unshuffled batches comes from."""
        return np.argsort(-self.lengths, kind="stable")

    def _sorted(self, batch_size):
        places = tf.data.Dataset.from_tensor_slices(self.order())
        return places.batch(batch_size)

    def _shuffled(self, batch_size):
        # Keras's set_random_seed seeds NumPy's global generator.
        seed = np.random.randint(2**31)
        count = len(self)
        lengths = tf.constant(self.lengths)
        places = tf.data.Dataset.range(count).shuffle(count, seed)
        if self.groups is not None:
            places = places.batch(count).map(self._one_of_each).unbatch()
            count = len(np.unique(self.groups))

        def by_length(pool):
            order = tf.argsort(tf.gather(lengths, pool), stable=True)
            return tf.data.Dataset.from_tensor_slices(tf.gather(pool, order))

        batches = -(-count // batch_size)
        return (
            places.batch(batch_size * BATCHES_PER_POOL)
            .flat_map(by_length)
            .batch(batch_size)
            .apply(tf.data.experimental.assert_cardinality(batches))
            .shuffle(batches, seed)
        )

    def _by_tokens(self, budget, shuffle):
        if self.groups is not None:
            raise ValueError(
                "Invalid value for argument `batch_tokens`. Expected None for "
                "examples of several targets, of which each pass draws others. "
                f"Received: batch_tokens={budget}"
            )
        counts, lengths = self.tokens, self.lengths.astype("float32")
        if counts.max() > budget:
            raise ValueError(
                "Invalid value for argument `batch_tokens`. Expected at least "
                f"as many as the longest example has, {counts.max()}. "
                f"Received: batch_tokens={budget}"
            )
        # No example is longer than a batch, so that the ends of some lie in
        # each, and there are as many batches in whatever order.
        batches = -(-int(counts.sum()) // budget)

        def cut(order):
            ends = tf.cumsum(tf.gather(tf.constant(counts), order))
            batch = (ends - 1) // budget
            bounds = tf.searchsorted(
                batch, tf.range(batches + 1, dtype=batch.dtype)
            )
            return tf.data.Dataset.from_tensor_slices(
                tf.stack([bounds[:-1], bounds[1:]], axis=1)
            ).map(lambda bound: order[bound[0] : bound[1]])

        def by_noisy_length(seed):
            noise = tf.random.stateless_uniform(
                [len(self)], [seed, 0], 1 - NOISE, 1 + NOISE
            )
            return cut(tf.argsort(lengths * noise))

        if not shuffle:
            return cut(tf.constant(self.order()))
        seed = np.random.randint(2**31)
        return (
            tf.data.Dataset.random(seed, rerandomize_each_iteration=True)
            .take(1)
            .flat_map(by_noisy_length)
            .apply(tf.data.experimental.assert_cardinality(batches))
            .shuffle(batches, seed)
        )

    def _one_of_each(self, places):
        """Those of the places that are the first of their group."""
        groups, number = tf.unique(tf.gather(self.groups, places))
        firsts = tf.math.unsorted_segment_min(
            tf.range(tf.size(places)), number, tf.size(groups)
        )
        return tf.gather(places, firsts)


class SeveralTargets(Examples):
    """Examples that have several targets each, as images have captions.

    The labels, and those inputs that are of the targets, are ragged tensors
    `(n, targets, ...)`. A shuffled pass draws one target of each example;
    otherwise each is a row of its own. `raw` is an object array `(n,)` of
    lists, the targets as they came.
    """

    def batches(self, *args, **kwargs):
        return self.flat().batches(*args, **kwargs)

    def flat(self):
        """`Examples` of one target each, those of the same a group."""
        rows = np.repeat(np.arange(len(self)), self.labels.row_lengths())

        def flatten(column):
            of_targets = getattr(column, "ragged_rank", 1) > 1
            return column.values if of_targets else _take(column, rows)

        labels = self.labels.values
        return Examples(
            tf.nest.map_structure(flatten, self.inputs),
            labels,
            None if self.weights is None else self.weights[rows],
            labels.row_lengths().numpy(),
            rows,
        )


def _take(structure, places):
    """Some rows, of a lookup without looking it up."""
    return tf.nest.map_structure(
        lambda x: (
            x.take(places)
            if isinstance(x, Lookup)
            else x[places]
            if isinstance(x, np.ndarray)
            else tf.gather(x, places)
        ),
        structure,
    )


def _gather(structure, places):
    return tf.nest.map_structure(
        lambda x: (
            x.table(tf.gather(x.rows, places))
            if isinstance(x, Lookup)
            else tf.gather(x, places)
        ),
        structure,
    )


def _options():
    """Numbers of threads are given; to tune or rewrite a pipeline, TensorFlow
    copies all that it captures, which may be a gigabyte.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    options.experimental_optimization.apply_default_optimizations = False
    return options


def _pad_all(structure):
    return tf.nest.map_structure(
        lambda x: pad(x) if isinstance(x, tf.RaggedTensor) else x, structure
    )
