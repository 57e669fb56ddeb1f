"""Examples as ids, in memory or on disk, and batches of similar length."""

import dataclasses
import functools
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from rnnzoo.arrays import compact
from rnnzoo.pipeline import columns, disk, orders
from rnnzoo.pipeline.passes import Passes

MOST_STEPS = 2**15  # of an unshuffled batch of several examples, with padding
FEW = 16  # batches, for which no input pipeline is made
SECOND = 4096  # a step of the first length counts more than all of the second
ALIKE = 1.5  # ratio of the lengths of long inputs in a batch


@dataclasses.dataclass(frozen=True)
class Examples:
    """The examples of a dataset as compact ragged columns of ids.

    Ids are small: those of 25,000 reviews take 24 MB, half as much on disk.
    Texts are tokenized once, all examples are shuffled, and lengths and the
    number of batches are known. Columns are in memory, or stay on disk, where
    `rnnzoo.Task.encode(data, out=...)` wrote them; the batches are the same.

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
        inputs: A column of `rnnzoo.pipeline.columns`, or a structure of them:
            a ragged or dense tensor `(n, ...)`, or one that is made or read
            when a batch is.
        labels: The same for the targets, or `None`.
        weights: float32 array `(n,)` of sample weights, a ragged tensor with
            one for each part of the labels, or `None`.
        lengths: int array `(n,)`; batches have examples of similar length.
        groups: int array `(n,)` or `None`: a shuffled pass draws one example
            of each group.
        raw: Dict of a feature to an array `(n,)` of its raw values, which
            answers are compared with; never in batches.
        fingerprint: String, what ids on disk mean; else `None`.
    """

    several = False  # whether each example has several targets

    inputs: Any
    labels: Any
    weights: Any
    lengths: np.ndarray
    groups: np.ndarray | None = None
    raw: Any = dataclasses.field(default_factory=dict)
    fingerprint: str | None = None

    @staticmethod
    def open(directory):
        """The examples that `encode(data, out=directory)` wrote.

        They stay on disk; memory holds their lengths, a few bytes an example.

        Args:
            directory: Its path.

        Returns:
            `Examples`; or `SeveralTargets`, as in memory.

        Raises:
            FileNotFoundError: If there are no ids.
            ValueError: If writing them was interrupted, if a file is damaged
                or cut short, or if another version wrote them.
        """
        found, fingerprint, several = disk.open_columns(directory)
        kind = SeveralTargets if several else Examples
        return dataclasses.replace(kind.of(**found), fingerprint=fingerprint)

    @classmethod
    def of(cls, inputs, labels=None, weights=None, raw=None):
        """Examples whose lengths are those of their ragged columns.

        The lengths are those of the labels or, where labels have none, of the
        inputs; examples with labels of the same length are put together by
        their inputs.

        Args:
            inputs, labels, weights, raw: See the class.
        """
        first, second = (
            columns.row_lengths(found[0]) if found else None
            for found in map(columns.ragged, (labels, inputs))
        )
        lengths = second if first is None else first
        if lengths is None:
            lengths = np.zeros(columns.count(inputs), "int64")
        both = first is not None and second is not None
        if both and not np.array_equal(first, second):
            lengths = first.astype("int64") * SECOND
            lengths += np.minimum(second, SECOND - 1)
        return cls(inputs, labels, weights, compact(lengths), raw=raw or {})

    def by_inputs(self):
        """The same, with batches of inputs of similar length.

        For inputs that are much longer than the labels. Inputs are alike up to
        a ratio of 1.5, and examples with such inputs go by the lengths of
        their labels, up and down in turns, so that batches across two ratios
        have little padding, too.

        Examples:
            >>> import tensorflow as tf
            >>> from rnnzoo.pipeline.examples import Examples
            >>> ids = tf.ragged.constant([[2, 3, 4, 5], [6], [7] * 5, [8] * 9])
            >>> labels = tf.ragged.constant([[1], [1, 1], [1, 1, 1], [1]])
            >>> examples = Examples.of(ids, labels)
            >>> examples.order().tolist(), examples.by_inputs().order().tolist()
            ([2, 1, 3, 0], [3, 2, 0, 1])
        """
        found = columns.ragged(self.inputs), columns.ragged([self.labels])
        if not all(found):
            return self
        inputs, labels = (columns.flat_lengths(each[0]) for each in found)
        alike = np.log(np.maximum(inputs, 1)) / np.log(ALIKE)
        alike = np.ceil(alike).astype("int64")
        labels = np.minimum(labels, SECOND - 1)
        labels = np.where(alike % 2, SECOND - 1 - labels, labels)
        return dataclasses.replace(
            self, lengths=compact(alike * SECOND + labels)
        )

    @staticmethod
    def join(parts):
        """One `Examples` of several, in their order.

        Args:
            parts: List of at least one, all of one class and with the same
                columns.
        """
        if len(parts) == 1:
            return parts[0]
        fields = [part.fields() for part in parts]
        return dataclasses.replace(
            parts[0],
            **{
                name: columns.join([each[name] for each in fields])
                for name in fields[0]
            },
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
        order, bounds = self._unshuffled(batch_size)
        if len(bounds) <= FEW:
            # A dataset would take longer than many models.
            batches = (plain.take(order[a:b]).at_once() for a, b in bounds)
        else:
            batches = plain.batches(batch_size)
        for (inputs,) in batches:
            outputs = tf.nest.map_structure(np.asarray, function(inputs))
            count = len(tf.nest.flatten(outputs)[0])
            if isinstance(outputs, np.ndarray):  # no structure to walk
                for row in outputs:
                    rows[next(places)] = row
                bar.add(count)
                continue
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
        return dataclasses.replace(
            self, **columns.take(self.fields(), np.asarray(places))
        )

    def weigh(self, weights):
        """The same examples, their weights multiplied with others.

        Args:
            weights: See the class.
        """
        if self.weights is not None:
            weights = columns.multiply(weights, self.weights)
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
        if columns.ragged([self.labels]):
            counts = columns.row_lengths(self.labels)
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
        batch = self.columns
        passes = Passes() if shuffle is True else shuffle or None
        if batch_tokens is not None:
            places = self._by_tokens(batch_tokens, passes)
        elif passes is not None:
            places = self._shuffled(batch_size, passes)
        else:
            places = self._sorted(batch_size)

        def gather(p):
            if parts is None:
                return columns.pad_all(columns.gather(batch, p))
            own, number = parts
            return tuple(
                columns.pad_all(columns.gather(batch, p[i::number]))
                for i in own
            )

        return (
            places.map(gather, num_parallel_calls=2)
            .prefetch(4)
            .with_options(pipeline_options())
        )

    def order(self):
        """The example that is each row of the unshuffled batches."""
        return np.argsort(-self.lengths, kind="stable")

    def at_once(self):
        """The columns of all examples, right padded, as a single batch."""
        flat = self.flat()
        places = tf.range(len(flat))
        return columns.pad_all(columns.gather(flat.columns, places))

    @property
    def steps(self):
        """int array `(n,)`: the length of an example's longest column."""
        found = columns.ragged((self.inputs, self.labels))
        if not found:
            return self.lengths
        return functools.reduce(np.maximum, map(columns.flat_lengths, found))

    def fields(self):
        """Dict of the fields that have something for each example."""
        names = ("inputs", "labels", "weights", "lengths", "groups", "raw")
        fields = {name: getattr(self, name) for name in names}
        return {key: each for key, each in fields.items() if each is not None}

    def _sorted(self, batch_size):
        return _cut(*map(tf.constant, self._unshuffled(batch_size)))

    def _unshuffled(self, batch_size):
        """The order of all examples, and where batches begin and end there."""
        order = self.order()
        steps, ends = self.steps[order], [0]
        while ends[-1] < len(order):
            longest = np.maximum.accumulate(steps[ends[-1] :][:batch_size])
            padded = longest * np.arange(1, len(longest) + 1)
            fitting = np.searchsorted(padded, MOST_STEPS, side="right")
            ends.append(ends[-1] + max(int(fitting), 1))
        return order, np.stack([ends[:-1], ends[1:]], axis=1)

    def _shuffled(self, batch_size, passes):
        groups = np.zeros(0, "int32") if self.groups is None else self.groups
        count = len(self) if self.groups is None else len(np.unique(groups))
        lengths, groups = tf.constant(self.lengths), tf.constant(groups)

        def order(seed, lengths, groups):
            return orders.in_pools(seed, lengths, groups, batch_size)

        return passes.over(
            lambda seed: _in_order(order, seed, lengths, groups),
            -(-count // batch_size),
        )

    def _by_tokens(self, budget, passes):
        if self.groups is not None:
            raise ValueError(
                "Invalid value for argument `batch_tokens`. Expected None for "
                "examples of several targets, of which each pass draws others. "
                f"Received: batch_tokens={budget}"
            )
        counts = self.tokens
        if counts.max() > budget:
            raise ValueError(
                "Invalid value for argument `batch_tokens`. Expected at least "
                f"as many as the longest example has, {counts.max()}. "
                f"Received: batch_tokens={budget}"
            )
        if passes is None:
            found = self.order()
            bounds = orders.cut_by_tokens(found, counts, budget)
            return _cut(tf.constant(found), tf.constant(bounds))
        batches = orders.batches_of_tokens(counts, budget)
        lengths, counts = tf.constant(self.lengths), tf.constant(counts)

        def order(seed, lengths, counts):
            return orders.by_noisy_length(seed, lengths, counts, budget)

        return passes.over(
            lambda seed: _in_order(order, seed, lengths, counts), batches
        )


class SeveralTargets(Examples):
    """Examples with several targets each, as images have captions.

    The labels, and the inputs that are made of targets, are ragged columns
    `(n, targets, ...)`. A shuffled pass draws one target of each example;
    otherwise each target is a row of its own.
    """

    several = True

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
        counts = columns.row_lengths(self.labels)
        rows = np.repeat(np.arange(len(self)), counts)

        def flatten(column):
            of_targets = _is_of_targets(column)
            return column.values if of_targets else columns.take(column, rows)

        labels = self.labels.values
        return Examples(
            tf.nest.map_structure(flatten, self.inputs),
            labels,
            None if self.weights is None else self.weights[rows],
            columns.row_lengths(labels),
            rows,
        )

    def unflat(self, values):
        """List of arrays `(targets, ...)`, one for each example."""
        counts = columns.row_lengths(self.labels)
        return np.split(values, np.cumsum(counts)[:-1])


def _is_of_targets(column):
    return getattr(column, "ragged_rank", 1) > 1


def pipeline_options():
    """Numbers of threads are given; to tune or rewrite a pipeline, TensorFlow
    copies all that it captures, which may be a gigabyte.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    options.experimental_optimization.apply_default_optimizations = False
    return options


def _in_order(order, *arguments):
    """A dataset of the batches of an order, which a function makes.

    TensorFlow never frees the function. So it has nothing large; tensors are
    its arguments.
    """
    found, bounds = tf.numpy_function(order, arguments, [tf.int32, tf.int64])
    return _cut(
        tf.ensure_shape(found, [None]), tf.ensure_shape(bounds, [None, 2])
    )


def _cut(order, bounds):
    """A dataset of the parts of an order between some bounds, `(n, 2)`."""
    return tf.data.Dataset.from_tensor_slices(bounds).map(
        lambda bound: order[bound[0] : bound[1]]
    )
