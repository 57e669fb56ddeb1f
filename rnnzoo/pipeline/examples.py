"""Examples as ids, in memory, and batches of similar length from them."""

import dataclasses
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from rnnzoo.ids import pad
from rnnzoo.pipeline.passes import Passes

BATCHES_PER_POOL = 50
NOISE = 0.1  # of lengths, so that each pass puts other examples together
MOST_STEPS = 2**15  # of an unshuffled batch of several examples, with padding
SECOND = 4096  # a step of the first length counts more than all of the second


@dataclasses.dataclass(frozen=True, eq=False)
class Lookup:
    """A column whose values are made for a batch: read from files, or decoded.

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
    """The examples of a dataset as compact ragged tensors of ids.

    Ids are small: those of 25,000 reviews take 24 MB. In memory, texts are
    tokenized once, all examples are shuffled, and lengths and the number of
    batches are known.

    Examples:
        >>> import tensorflow as tf
        >>> from rnnzoo.pipeline.examples import Examples
        >>> ids = tf.ragged.constant([[5], [2, 3, 4], [7, 8]])
        >>> examples = Examples.of(ids)
        >>> [batch[0].numpy().tolist() for batch in examples.batches(2)]
        [[[2, 3, 4], [7, 8, 0]], [[5]]]
        >>> sums = examples.run(lambda ids: tf.reduce_sum(ids, axis=1), 2)
        >>> [int(each) for each in sums]
        [5, 9, 15]

    Attributes:
        inputs: A ragged or dense tensor `(n, ...)` or a `Lookup`, or a
            structure of them.
        labels: The same for the targets, or `None`.
        weights: float32 array `(n,)` of sample weights, a ragged tensor with
            one for each part of the labels, or `None`.
        lengths: int array `(n,)`; batches have examples of similar length.
        groups: int array `(n,)` or `None`: a shuffled pass draws one example
            of each group.
        raw: Dict of a feature to an array `(n,)` of its raw values, which
            answers are compared with; never in batches.
    """

    inputs: Any
    labels: Any
    weights: Any
    lengths: np.ndarray
    groups: np.ndarray | None = None
    raw: Any = dataclasses.field(default_factory=dict)

    @classmethod
    def of(cls, inputs, labels=None, weights=None, raw=None):
        """Examples whose lengths are those of their ragged columns.

        The lengths are those of the labels or, where labels have none, of the
        inputs; examples with labels of the same length are put together by
        their inputs.

        Args:
            inputs, labels, weights, raw: See the class.
        """
        first, second = _row_lengths(labels), _row_lengths(inputs)
        lengths = second if first is None else first
        if lengths is None:
            lengths = np.zeros(_count(inputs), "int64")
        both = first is not None and second is not None
        if both and not np.array_equal(first, second):
            lengths = first * SECOND + np.minimum(second, SECOND - 1)
        return cls(inputs, labels, weights, lengths, raw=raw or {})

    @staticmethod
    def join(parts):
        """One `Examples` of several, in their order.

        Args:
            parts: List of at least one, all of one class and with the same
                columns.
        """
        if len(parts) == 1:
            return parts[0]
        joined = {
            each.name: [getattr(part, each.name) for part in parts]
            for each in dataclasses.fields(parts[0])
        }
        return type(parts[0])(
            **{
                name: None if columns[0] is None else _join(columns)
                for name, columns in joined.items()
            }
        )

    def __len__(self):
        return len(self.lengths)

    def run(self, function, batch_size, verbose=0):
        """Results of a function for each example, in their order.

        Args:
            function: Takes the inputs of a right padded batch; returns a
                structure of tensors whose first axis is the batch.
            batch_size: Examples in a batch.
            verbose: Whether to show progress.

        Returns:
            List of structures of arrays, one for each example, padded as its
            batch was.
        """
        rows, places = [None] * len(self), iter(self.order())
        bar = keras.utils.Progbar(len(self), verbose=verbose)
        plain = dataclasses.replace(self, labels=None, weights=None)
        for (inputs,) in plain.batches(batch_size):
            outputs = tf.nest.map_structure(np.asarray, function(inputs))
            count = len(tf.nest.flatten(outputs)[0])
            for row in range(count):
                rows[next(places)] = tf.nest.map_structure(
                    lambda column, row=row: column[row], outputs
                )
            bar.add(count)
        return rows

    def flat(self):
        """Examples of one target each."""
        return self

    def unflat(self, values):
        """Values of the examples of `flat`, by the examples here.

        Args:
            values: Array `(n, ...)`.
        """
        return values

    @property
    def columns(self):
        """`(inputs,)`, `(inputs, labels)` or `(inputs, labels, weights)`."""
        if self.labels is None:
            return (self.inputs,)
        if self.weights is None:
            return (self.inputs, self.labels)
        return (self.inputs, self.labels, self.weights)

    def take(self, places):
        """The examples at some places, in the order of the places."""
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

    def weigh(self, weights):
        """The same examples, their weights multiplied with others.

        Args:
            weights: See the class.
        """
        if self.weights is not None:
            weights = weights * self.weights
        return dataclasses.replace(self, weights=weights)

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
        """int array `(n,)`: labels of an example; its length, if it has one."""
        counts = self.lengths
        if isinstance(self.labels, tf.RaggedTensor):
            counts = self.labels.row_lengths().numpy()
        return np.maximum(counts, 1)

    def batches(self, batch_size, shuffle=False, batch_tokens=None, parts=None):
        """Right padded batches of examples of similar length.

        Shuffled, each pass draws a new order: random pools of 50 batches are
        sorted by length, cut into batches, and these shuffled again. Otherwise
        the batches run from the longest examples to the shortest, and
        `order()` says which is where; long examples come in smaller batches,
        so that a single one does not make a large batch of padding.

        Args:
            batch_size: Examples in a batch, at most.
            shuffle: Whether each pass has a new random order; or the
                `rnnzoo.pipeline.passes.Passes` that say which.
            batch_tokens: `tokens` in a batch, give or take an example; then
                `batch_size` is not used. All examples are sorted by their
                lengths, give or take a tenth, and cut.
            parts: `(places, number)`, for replicas: each batch is cut into so
                many parts, and those at some places are a tuple. Only these
                are gathered, and each has its own padding; the last ones may
                be empty.

        Returns:
            A `tf.data.Dataset` of known cardinality.

        Raises:
            ValueError: If an example has more than `batch_tokens`.
        """
        columns = self.columns
        passes = Passes() if shuffle is True else shuffle or None
        if batch_tokens is not None:
            places = self._by_tokens(batch_tokens, passes)
        elif passes is not None:
            places = self._shuffled(batch_size, passes)
        else:
            places = self._sorted(batch_size)

        def gather(p):
            if parts is None:
                return _pad_all(_gather(columns, p))
            own, number = parts
            return tuple(_pad_all(_gather(columns, p[i::number])) for i in own)

        return (
            places.map(gather, num_parallel_calls=2)
            .prefetch(4)
            .with_options(_options())
        )

    def order(self):
        """The example that is each row of the unshuffled batches."""
        return np.argsort(-self.lengths, kind="stable")

    def at_once(self):
        """The columns of all examples, right padded, as a single batch."""
        flat = self.flat()
        return _pad_all(_gather(flat.columns, tf.range(len(flat))))

    @property
    def steps(self):
        """int array `(n,)`: the length of an example's longest column."""
        columns = [
            column.merge_dims(1, column.ragged_rank).row_lengths().numpy()
            for column in tf.nest.flatten((self.inputs, self.labels))
            if isinstance(column, tf.RaggedTensor)
        ]
        return np.max(columns, axis=0) if columns else self.lengths

    def _sorted(self, batch_size):
        order = self.order()
        steps, ends = self.steps[order], [0]
        while ends[-1] < len(order):
            longest = np.maximum.accumulate(steps[ends[-1] :][:batch_size])
            padded = longest * np.arange(1, len(longest) + 1)
            fitting = np.searchsorted(padded, MOST_STEPS, side="right")
            ends.append(ends[-1] + max(int(fitting), 1))
        bounds = np.stack([ends[:-1], ends[1:]], axis=1)
        return _cut(tf.constant(order), tf.constant(bounds))

    def _shuffled(self, batch_size, passes):
        count = len(self)
        if self.groups is not None:
            count = len(np.unique(self.groups))
        batches = -(-count // batch_size)
        lengths = tf.constant(self.lengths)
        pools = tf.range(count) // (batch_size * BATCHES_PER_POOL)
        starts = tf.range(0, count, batch_size)
        bounds = tf.stack([starts, tf.minimum(starts + batch_size, count)], 1)

        def one_pass(seed):
            order = _shuffle(tf.range(len(self), dtype=tf.int64), seed)
            if self.groups is not None:
                order = self._one_of_each(order)
            # By length, then by pool, which keeps the order of equal ones.
            by_length = tf.argsort(tf.gather(lengths, order), stable=True)
            by_pool = tf.argsort(tf.gather(pools, by_length), stable=True)
            order = tf.gather(order, tf.gather(by_length, by_pool))
            return _cut(order, _shuffle(bounds, seed + 1))

        return passes.over(one_pass, batches)

    def _by_tokens(self, budget, passes):
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

        def bounds(order):
            ends = tf.cumsum(tf.gather(tf.constant(counts), order))
            batch = (ends - 1) // budget
            found = tf.searchsorted(
                batch, tf.range(batches + 1, dtype=batch.dtype)
            )
            return tf.stack([found[:-1], found[1:]], axis=1)

        def one_pass(seed):
            noise = tf.random.stateless_uniform(
                [len(self)], seed, 1 - NOISE, 1 + NOISE
            )
            order = tf.argsort(lengths * noise)
            return _cut(order, _shuffle(bounds(order), seed + 1))

        if passes is None:
            order = tf.constant(self.order())
            return _cut(order, bounds(order))
        return passes.over(one_pass, batches)

    def _one_of_each(self, places):
        """The first place of each group."""
        groups, number = tf.unique(tf.gather(self.groups, places))
        firsts = tf.math.unsorted_segment_min(
            tf.range(tf.size(places)), number, tf.size(groups)
        )
        return tf.gather(places, firsts)


class SeveralTargets(Examples):
    """Examples with several targets each, as images have captions.

    The labels, and the inputs that are made of targets, are ragged tensors
    `(n, targets, ...)`. A shuffled pass draws one target of each example;
    otherwise each target is a row of its own.
    """

    def run(self, function, batch_size, verbose=0):
        """As of `Examples`, without the inputs that are made of targets."""
        inputs = {
            name: column
            for name, column in self.inputs.items()
            if not _is_of_targets(column)
        }
        return Examples.of(inputs).run(function, batch_size, verbose)

    def batches(self, *args, **kwargs):
        return self.flat().batches(*args, **kwargs)

    def flat(self):
        """`Examples` of one target each; an example's targets are a group."""
        rows = np.repeat(np.arange(len(self)), self.labels.row_lengths())

        def flatten(column):
            of_targets = _is_of_targets(column)
            return column.values if of_targets else _take(column, rows)

        labels = self.labels.values
        return Examples(
            tf.nest.map_structure(flatten, self.inputs),
            labels,
            None if self.weights is None else self.weights[rows],
            labels.row_lengths().numpy(),
            rows,
        )

    def unflat(self, values):
        """List of arrays `(targets, ...)`, one for each example."""
        return np.split(values, np.cumsum(self.labels.row_lengths())[:-1])


def _is_of_targets(column):
    return getattr(column, "ragged_rank", 1) > 1


def _row_lengths(structure):
    """Lengths of the rows of the first ragged tensor, or `None`."""
    for column in tf.nest.flatten(structure):
        if isinstance(column, tf.RaggedTensor):
            return column.row_lengths().numpy()
    return None


def _count(structure):
    column = tf.nest.flatten(structure)[0]
    return len(column.rows if isinstance(column, Lookup) else column)


def _join(columns):
    def join(*parts):
        if isinstance(parts[0], np.ndarray):
            return np.concatenate(parts)
        return tf.concat(parts, axis=0)

    return tf.nest.map_structure(join, *columns)


def _take(structure, places):
    """Some rows; those of a lookup are not looked up."""
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


def _shuffle(rows, seed):
    return tf.random.experimental.stateless_shuffle(rows, seed)


def _cut(order, bounds):
    """A dataset of the parts of an order between some bounds, `(n, 2)`."""
    return tf.data.Dataset.from_tensor_slices(bounds).map(
        lambda bound: order[bound[0] : bound[1]]
    )


def _pad_all(structure):
    return tf.nest.map_structure(
        lambda x: pad(x) if isinstance(x, tf.RaggedTensor) else x, structure
    )
