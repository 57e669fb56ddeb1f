"""The state of a recurrent network, carried from batch to batch."""

import tensorflow as tf


class Carried:
    """The final states of a batch, which the next one begins with.

    They belong to training and evaluation: they are neither saved nor served.
    Each replica has its own.

    Args:
        sizes: List of the numbers of features of the states.
        dtype: Their type.

    Examples:

    >>> import tensorflow as tf
    >>> from rnnzoo.tasks.carried import Carried
    >>> carried = Carried([2], "float32")
    >>> carried.keep([tf.ones([3, 2])])
    >>> carried.start(tf.constant([True, True, False]))[0].numpy().tolist()
    [[1.0, 1.0], [1.0, 1.0], [0.0, 0.0]]
    """

    def __init__(self, sizes, dtype):
        self._states = [
            tf.Variable(
                tf.zeros([0, size], dtype),
                shape=[None, size],
                trainable=False,
                synchronization=tf.VariableSynchronization.ON_READ,
                aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
            )
            for size in sizes
        ]

    def start(self, continues):
        """List of the states `(rows, size)` that rows begin with.

        Args:
            continues: Boolean `(rows,)`: whether a row continues that of the
                batch before, and so begins with its final states. Others
                begin with zeros.
        """
        rows = tf.shape(continues)[0]
        # A branch would not know the replica.
        kept = [each.read_value() for each in self._states]

        def states():
            return [
                tf.where(continues[:, None], each, tf.zeros_like(each))
                for each in kept
            ]

        def zeros():
            return [
                tf.zeros([rows, each.shape[1]], each.dtype) for each in kept
            ]

        return tf.cond(tf.reduce_any(continues), states, zeros)

    def keep(self, states):
        """Keeps the final states, a list of `(rows, size)`."""
        for variable, state in zip(self._states, states, strict=True):
            variable.assign(state)
