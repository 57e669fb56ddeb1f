"""Replicas of a model, on one machine or on several: what they share.

`tf.distribute` runs a step on each replica, on its part of the batch. Here are
sums over all parts, in a step, and values that all workers have, between steps.
"""

import concurrent.futures

import numpy as np
import tensorflow as tf


def count(strategy=None):
    """Number of replicas.

    Args:
        strategy: `tf.distribute.Strategy`; by default that of the context.

    Examples:

    >>> from rnnzoo import replicas
    >>> replicas.count()
    1
    """
    strategy = strategy or tf.distribute.get_strategy()
    return strategy.num_replicas_in_sync


def total(values):
    """The sum of a tensor over the replicas, in the step of a replica.

    Args:
        values: Tensor of the same shape on all replicas, or a number.

    Returns:
        Tensor of that shape; itself where there is one replica.

    Examples:

    >>> from rnnzoo import replicas
    >>> replicas.total(2)
    2
    """
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return values
    return context.all_reduce(tf.distribute.ReduceOp.SUM, values)


def mean(values, number):
    """The part of a replica in a mean over all of them.

    Args:
        values: Tensor of what is summed; it may be empty.
        number: How many values are averaged, of this replica.

    Returns:
        Scalar; the sum of it over the replicas is the mean.

    Examples:

    >>> from rnnzoo import replicas
    >>> float(replicas.mean([1.0, 2.0, 0.0], 2)), float(replicas.mean([], 0))
    (1.5, 0.0)
    """
    values = tf.cast(values, tf.float32)
    number = tf.maximum(total(tf.cast(number, tf.float32)), 1)
    return tf.reduce_sum(values) / number


def loss(part, whole=()):
    """The loss of a replica as Keras expects it.

    Keras takes it for a share of the loss, sums the gradients over the
    replicas, and averages the losses that it reports by rows.

    Args:
        part: Scalar, part of this replica in the loss of the data.
        whole: Scalars that are the same on each replica, such as penalties of
            weights.

    Returns:
        Scalar whose value is the loss of all replicas divided by their number,
        and whose gradient is that of this replica's part.
    """
    replicas = count()
    others = tf.add_n([tf.zeros(()), *whole]) / replicas
    if replicas > 1:
        part += tf.stop_gradient(total(part) / replicas - part)
    return part + others


def with_a_row(gradient, index):
    """A gradient that TensorFlow can sum over replicas.

    It crashes where it gathers the rows of an embedding and a replica has none.

    Args:
        gradient: Tensor, `tf.IndexedSlices` or `None`.
        index: That of a row of zeros which indexed slices get.

    Returns:
        The same kind of gradient.
    """
    if not isinstance(gradient, tf.IndexedSlices):
        return gradient
    paddings = [[0, 1]] + [[0, 0]] * (gradient.values.shape.rank - 1)
    return tf.IndexedSlices(
        tf.pad(gradient.values, paddings),
        tf.pad(gradient.indices, [[0, 1]], constant_values=index),
        gradient.dense_shape,
    )


def places(strategy):
    """Places of this process's replicas among all: a list of integers.

    The process that has the first one writes files and shows progress.

    Examples:

    >>> import tensorflow as tf
    >>> from rnnzoo import replicas
    >>> replicas.places(tf.distribute.get_strategy())
    [0]
    """
    own = []
    strategy.experimental_distribute_values_from_function(
        lambda context: own.append(context.replica_id_in_sync_group)
    )
    return own


def is_spread(strategy):
    """Whether several processes train together."""
    return count(strategy) > 1 and count(strategy) > len(places(strategy))


def outside(function, *args, **kwargs):
    """Calls a function in the scope of no strategy.

    In the scope of one, a new variable is sent from the first worker to the
    others, which must make it, too. A single worker can save and load outside
    of it, where Keras makes some. Scopes belong to threads.

    Args:
        function: What to call.
        *args, **kwargs: Its arguments.
    """
    if not tf.distribute.has_strategy():
        return function(*args, **kwargs)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        return pool.submit(function, *args, **kwargs).result()


def agree(strategy, values):
    """Numbers of the first replica, on all workers.

    All workers must call it, with arrays of the same shape and dtype.

    Args:
        strategy: `tf.distribute.Strategy`.
        values: Array.

    Returns:
        Array.
    """
    if not is_spread(strategy):
        return values
    is_first = places(strategy)[0] == 0
    return _sum(strategy, values if is_first else np.zeros_like(values))


def gather(strategy, value):
    """An integer of each worker.

    Args:
        strategy: `tf.distribute.Strategy`.
        value: Integer of this worker.

    Returns:
        int64 array `(replicas,)`, 0 for all but the first one of a worker.
    """
    values = np.zeros(count(strategy), "int64")
    values[places(strategy)[0]] = value
    return _sum(strategy, values) if is_spread(strategy) else values


def _sum(strategy, values):
    """The sum of arrays of the workers."""
    parts = iter([values])
    nothing = np.zeros_like(values)
    distributed = strategy.experimental_distribute_values_from_function(
        lambda context: tf.constant(next(parts, nothing))
    )
    reduced = strategy.reduce(tf.distribute.ReduceOp.SUM, distributed, None)
    return reduced.numpy()
