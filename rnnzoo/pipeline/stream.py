"""Texts one after the other, read in windows that continue each other."""

import dataclasses

import numpy as np
import tensorflow as tf

from rnnzoo.pipeline import columns
from rnnzoo.pipeline.examples import Examples, pipeline_options
from rnnzoo.pipeline.passes import Passes

UNSHUFFLED = 1024  # steps of all rows of a batch that is not trained on
SHORT = 0.05  # share of the jittered windows that are half as long
SPREAD = 5.0  # standard deviation of their lengths
LEAST_JITTERED = 16  # steps of a window


@dataclasses.dataclass(frozen=True)
class Stream(Examples):
    """Examples as one sequence of tokens, cut into the rows of all batches.

    The sequence is cut into `batch_size` rows of the same length, and each
    batch has the next window of each row, so that a state that is carried from
    batch to batch has seen all that came before in its row: truncated
    backpropagation through time (Zaremba et al. 2014, section 4.1). The order
    of the texts is never changed.

    Batches have a dict of inputs: beside the columns, which are ragged,
    `continues`, boolean `(batch,)`, whether a row continues from the batch
    before. They are as long as a window, but the last one; padding comes only
    after the end of the sequence.

    Attributes:
        window: Steps of a batch that is trained on. Others have as many as
            give 1,024 tokens a batch.
        jitter: Whether the lengths of windows that are trained on vary, by a
            standard deviation of 5 steps and in one of twenty by a half, as
            in Merity et al. 2018, section 5. Their number stays the same.

    Examples:
        >>> import tensorflow as tf
        >>> from rnnzoo.pipeline.stream import Stream
        >>> ids = tf.ragged.constant([[5, 6, 7], [8, 9]])
        >>> stream = Stream.of({"before": ids}, ids, window=2)
        >>> for inputs, labels in stream.batches(2, shuffle=True):
        ...     print(labels.numpy().tolist(), inputs["continues"].numpy())
        [[5, 6], [8, 9]] [False False]
        [[7], [0]] [ True  True]
    """

    window: int = 35
    jitter: bool = False

    @classmethod
    def of(cls, inputs, labels=None, weights=None, raw=None, **kwargs):
        """As of `Examples`, with the attributes here."""
        plain = Examples.of(inputs, labels, weights, raw)
        return cls.over(plain, **kwargs)

    @classmethod
    def over(cls, examples, **kwargs):
        """The stream of the texts of some `Examples`, in their order."""
        fields = {
            each.name: getattr(examples, each.name)
            for each in dataclasses.fields(Examples)
        }
        return cls(**fields, **kwargs)

    def batches(self, batch_size, shuffle=False, batch_tokens=None, parts=None):
        """The windows, from the first to the last; see the class.

        Args:
            batch_size: Number of rows, at most.
            shuffle: Whether the batches are trained on; or the
                `rnnzoo.pipeline.passes.Passes` that say how windows vary.
            batch_tokens: Must be `None`.
            parts: As of `Examples`.

        Returns:
            A `tf.data.Dataset` of known cardinality.
        """
        if batch_tokens is not None:
            raise ValueError(
                "Invalid value for argument `batch_tokens`. Expected None for "
                "texts that are read as one sequence, whose batches have "
                f"`batch_size` rows. Received: batch_tokens={batch_tokens}"
            )
        total = int(columns.row_lengths(self.labels).sum())
        length = -(-total // batch_size)  # of a row
        rows = -(-total // max(length, 1))
        first_places = np.arange(rows) * length
        bounds = self._bounds(length, rows, shuffle)
        flat = tf.nest.map_structure(lambda each: each.values, self.columns[:2])
        if self.weights is not None:
            counts = columns.row_lengths(self.labels)
            flat += (np.repeat(np.asarray(self.weights), counts),)

        def cut(own, bound):
            starts = tf.constant(first_places)[own:][:: parts and parts[1]]
            steps = tf.range(bound[0], bound[1])
            places = starts[:, None] + steps
            is_real = places < total
            found = columns.gather(
                flat, tf.reshape(tf.minimum(places, total - 1), [-1])
            )
            found = tf.nest.map_structure(
                lambda x: _masked(tf.reshape(x, tf.shape(places)), is_real),
                found,
            )
            continues = tf.fill(tf.shape(starts), bound[0] > 0)
            return ({**found[0], "continues": continues}, *found[1:])

        def gather(bound):
            if parts is None:
                return cut(0, bound)
            return tuple(cut(place, bound) for place in parts[0])

        return (
            bounds.map(gather, num_parallel_calls=2)
            .prefetch(4)
            .with_options(pipeline_options())
        )

    def _bounds(self, length, rows, shuffle):
        """Dataset of the first steps of windows and of those after them."""
        size = self.window if shuffle else max(UNSHUFFLED // max(rows, 1), 1)
        count = -(-length // size)
        passes = Passes() if shuffle is True else shuffle
        if not (passes and self.jitter and size >= LEAST_JITTERED):
            starts = np.arange(count) * size
            ends = np.minimum(starts + size, length)
            return tf.data.Dataset.from_tensor_slices(
                np.stack([starts, ends], axis=1)
            )

        def jittered(seed):
            whole = tf.random.stateless_uniform([count], seed) >= SHORT
            lengths = tf.where(whole, 1.0, 0.5) * size
            lengths += SPREAD * tf.random.stateless_normal([count], seed + 1)
            ends = tf.cumsum(tf.maximum(lengths, SPREAD))
            ends = tf.cast(tf.round(ends / ends[-1] * length), tf.int64)
            starts = tf.concat([[0], ends[:-1]], axis=0)
            return tf.data.Dataset.from_tensor_slices(
                tf.stack([starts, ends], axis=1)
            )

        return passes.over(jittered, count)


def _masked(values, is_real):
    return tf.where(is_real, values, tf.zeros_like(values))
