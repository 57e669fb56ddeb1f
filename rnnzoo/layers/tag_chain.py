"""A chain of tags: the scores of sequences, and the steps of rows.

Steps may be masked anywhere in a row. The chain leaves them out: it has the
other steps first, in their order, and padding after them.
"""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from rnnzoo.layers.steps import with_a_step

NEVER = -1e9  # Below all sums of scores, yet a number that can be added.


class TagChain(NamedTuple):
    """The scores of sequences of tags, float64 and time-major.

    Attributes:
        potentials: `(time, batch, tags)`.
        transitions: `(tags, tags)`.
        start: `(tags,)`.
        end: `(tags,)`.
        mask: Boolean `(batch, time)`, false for the padding at the end.
        lengths: int32 `(batch,)`.
        order: int32 `(batch, time)`, the step of the row that each step of the
            chain is; `None` if each step is itself.
    """

    potentials: Any
    transitions: Any
    start: Any
    end: Any
    mask: Any
    lengths: Any
    order: Any

    def pack(self, rows):
        """Puts steps `(batch, time, ...)` in the order of the chain."""
        return _gather(rows, self.order)

    def unpack(self, steps):
        """Puts steps `(batch, time, ...)` back where `pack` took them from."""
        back = None if self.order is None else tf.argsort(self.order)
        return _gather(steps, back)


def make_chain(potentials, mask, transitions, start, end):
    """Checks and converts the arguments of `rnnzoo.layers.crf`."""
    potentials = tf.convert_to_tensor(potentials)
    if potentials.shape.rank != 3 or potentials.shape[-1] is None:
        raise ValueError(
            "Invalid value for argument `potentials`. Expected scores of "
            "shape (batch, time, tags), with a known number of tags. "
            f"Received: shape {potentials.shape}"
        )
    tags = potentials.shape[-1]
    scores = [
        _scores(name, value, shape)
        for name, value, shape in (
            ("transitions", transitions, (tags, tags)),
            ("start", start, (tags,)),
            ("end", end, (tags,)),
        )
    ]
    order = None
    if mask is None:
        mask = with_a_step(tf.ones(tf.shape(potentials)[:2], tf.bool))
    else:
        mask = with_a_step(_checked_mask(mask, potentials.shape[:2]))
        order = _order(mask)
    potentials = _gather(with_a_step(potentials), order)
    return TagChain(
        tf.transpose(_at_least_never(potentials), [1, 0, 2]),
        *scores,
        _gather(mask, order),
        tf.reduce_sum(tf.cast(mask, tf.int32), axis=1),
        order,
    )


def _checked_mask(mask, shape):
    mask = tf.cast(mask, tf.bool)
    if not mask.shape.is_compatible_with(shape):
        raise ValueError(
            "Invalid value for argument `mask`. Expected booleans of shape "
            f"(batch, time), {shape}. Received: shape {mask.shape}"
        )
    return tf.ensure_shape(mask, shape)  # A graph may not know the rank.


def _order(mask):
    """The steps of each row, those that are masked last, `(batch, time)`."""
    time = tf.shape(mask)[1]
    steps = tf.range(time)
    return tf.argsort(tf.where(mask, steps, steps + time))


def _gather(rows, order):
    return rows if order is None else tf.gather(rows, order, batch_dims=1)


def checked_tags(tags, potentials, chain):
    """The tags in the order of the chain, and NaN where they do not exist.

    Returns:
        Tuple of int32 `(batch, time)`, all in range, and float64 `(batch,)`,
        NaN for rows with a tag out of range and 0 for others.
    """
    tags = tf.convert_to_tensor(tags)
    shape = tf.convert_to_tensor(potentials).shape[:2]
    fits = tags.shape.is_compatible_with(shape)
    if not (tags.dtype.is_integer and fits):
        raise ValueError(
            "Invalid value for argument `tags`. Expected integers of shape "
            f"(batch, time), {shape}. Received: {tags.dtype.name}, shape "
            f"{tags.shape}. (Keras makes floats of the labels that it gives to "
            "a loss; `rnnzoo.layers.CRFModel` trains with `fit`.)"
        )
    tags = tf.ensure_shape(tags, shape)  # A graph may not know the rank.
    count = chain.potentials.shape[2]
    tags = tf.cast(chain.pack(with_a_step(tags)), tf.int64)
    is_tag = (tags >= 0) & (tags < count)
    is_known = tf.reduce_all(is_tag | ~chain.mask, axis=1)
    require(
        tf.reduce_all(is_known),
        "Invalid value for argument `tags`. Expected integers from 0 to "
        f"{count - 1} at steps that are not masked. Received: tags=",
        tags,
    )
    # A program of XLA cannot raise an error, and continues.
    unknown = tf.where(is_known, np.float64(0), np.nan)
    return tf.cast(tf.where(is_tag, tags, 0), tf.int32), unknown


def require(condition, *message):
    """Raises `tf.errors.InvalidArgumentError`; in a graph, when it runs.

    Args:
        condition: Boolean scalar that must be true.
        *message: Strings and tensors.
    """
    tf.debugging.Assert(condition, message)


def _scores(name, value, shape):
    if value is None:
        return tf.zeros(shape, tf.float64)
    value = tf.convert_to_tensor(value)
    if not value.shape.is_compatible_with(shape):
        raise ValueError(
            f"Invalid value for argument `{name}`. Expected scores of shape "
            f"{shape}. Received: shape {value.shape}"
        )
    return _at_least_never(value)


def _at_least_never(scores):
    return tf.maximum(as_float(scores), tf.constant(NEVER, tf.float64))


def as_float(tensor):
    return tf.cast(tensor, tf.float64)


def score(chain, tags):
    """s(y), `(batch,)`."""
    shape = tf.shape(chain.potentials)
    chosen = tf.one_hot(tf.transpose(tags), shape[2], dtype=tf.float64)
    chosen *= as_float(tf.transpose(chain.mask))[..., None]
    before = tf.tensordot(chosen[:-1], chain.transitions, 1)
    start = tf.broadcast_to(chain.start, [1, shape[1], shape[2]])
    scores = chain.potentials + tf.concat([start, before], axis=0)
    last = at_last(chosen, chain.lengths)
    return tf.reduce_sum(scores * chosen, axis=[0, 2]) + tf.linalg.matvec(
        last, chain.end
    )


def at_last(steps, lengths):
    """The last step of each row, from `(time, batch, ...)` `(batch, ...)`."""
    last = tf.maximum(lengths - 1, 0)
    return tf.gather_nd(
        steps, tf.stack([last, tf.range(tf.size(last))], axis=1)
    )


def flip(steps, lengths):
    """Reverses the steps of rows; the padding stays at their ends."""
    return tf.reverse_sequence(steps, lengths, seq_axis=0, batch_axis=1)
