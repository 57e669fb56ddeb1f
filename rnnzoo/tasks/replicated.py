"""Steps of a task on several replicas, inside of Keras's `fit` and `evaluate`.

Keras's own steps under `tf.distribute` average ids to build a model, fail with
several batches an execution, and fail on several machines.
"""

import json
import zlib

import keras
import numpy as np
import tensorflow as tf

from rnnzoo import replicas
from rnnzoo.optimizers import LazyAdam


class Batches(tf.data.Dataset, tf.distribute.DistributedDataset):
    """Batches that Keras takes as they are: it would cut up any other dataset.

    Args:
        dataset: `tf.data.Dataset` whose elements are tuples of the parts of a
            batch, one for each replica of this process.
    """

    def __init__(self, dataset):
        self._dataset = dataset
        super().__init__(tf.data.experimental.to_variant(dataset))

    def _inputs(self):
        return [self._dataset]

    @property
    def element_spec(self):
        return self._dataset.element_spec


def batches(strategy, examples, *args):
    """Batches of examples as a task's `fit` and `evaluate` run them.

    Args:
        strategy: `tf.distribute.Strategy` of the task.
        examples: `rnnzoo.pipeline.examples.Examples`.
        *args: Of its `batches`.
    """
    number = replicas.count(strategy)
    if number == 1:
        return examples.batches(*args)
    parts = (replicas.places(strategy), number)
    return Batches(examples.batches(*args, parts=parts))


def first_part(epochs):
    """The part of the first replica here in the first batch.

    Args:
        epochs: Keras's iterator over epochs of `Batches`.
    """
    _, _, iterator = next(iter(epochs))
    return next(iterator)[0]


def make_function(model, step):
    """What Keras calls in `fit` or `evaluate`, on the next few batches.

    Args:
        model: Compiled `keras.Model` of a strategy with several replicas.
        step: Its `train_step` or `test_step`.

    Returns:
        Function from an iterator over `Batches`, or over batches that each
        replica gets as a whole, to the metrics so far. To read them is a
        collective operation of all workers: they are read once a call.
    """
    strategy = model.distribute_strategy
    distribute = strategy.experimental_distribute_values_from_function
    first = replicas.places(strategy)[0]

    def run(parts):
        part = distribute(
            lambda context: parts[context.replica_id_in_sync_group - first]
        )
        strategy.run(lambda data: step(data) and None, args=(part,))

    def run_one(optional):
        run(optional.get_value())

    def run_all(batch):
        run([batch] * len(replicas.places(strategy)))

    if not model.run_eagerly:
        options = {"reduce_retracing": True, "jit_compile": model.jit_compile}
        run_one, run_all = (
            tf.function(each, autograph=False, **options)
            for each in (run_one, run_all)
        )

    def function(iterator):
        if not isinstance(iterator, tf.data.Iterator):  # of one batch
            run_all(next(iterator))
            return model.get_metrics_result()
        for done in range(model.steps_per_execution):
            # A step that fails for want of data would count as a step.
            batch = iterator.get_next_as_optional()
            if not batch.has_value():
                if not done:
                    raise StopIteration
                break
            run_one(batch)
        return model.get_metrics_result()

    return function


def seed(model, value=None):
    """A seed that all workers have.

    Args:
        model: `keras.Model`.
        value: The seed, or `None` for a random one.
    """
    value = np.random.randint(2**31) if value is None else value
    return int(replicas.agree(model.distribute_strategy, np.int64(value)))


def check_equal(model, examples):
    """Checks that all workers have the same data, vocabularies and versions.

    Args:
        model: Task.
        examples: `rnnzoo.pipeline.examples.Examples`.

    Raises:
        ValueError: On all workers, if one of them differs from the first one.
    """
    if not replicas.is_spread(model.distribute_strategy):
        return
    facts = {
        "versions": (tf.__version__, keras.__version__),
        "vocabularies": model.learned,
        "examples": (len(examples), examples.lengths.tolist()),
    }
    for name, fact in facts.items():
        digest = zlib.crc32(json.dumps(fact, default=str).encode()) + 1
        digests = replicas.gather(model.distribute_strategy, digest)
        differing = np.flatnonzero((digests != digests[0]) & (digests != 0))
        if differing.size:
            raise ValueError(
                f"The workers have different {name}. Expected the same data, "
                "in the same order, and the same versions of software on all "
                "of them. Other than those of replica 0 are those of "
                f"{differing.tolist()}"
            )


def is_mean(loss):
    """Whether Keras averages a loss over the rows of a replica, or sums it.

    Args:
        loss: What `compile` takes.

    Raises:
        ValueError: If it does neither.
    """
    reductions = {
        getattr(each, "reduction", "sum_over_batch_size")
        for each in keras.tree.flatten(loss)
    }
    if reductions <= {"sum_over_batch_size", "mean"}:
        return True
    if reductions == {"sum"}:
        return False
    raise ValueError(
        "Invalid value for argument `loss`. Expected the reduction "
        "'sum_over_batch_size' or 'sum' over replicas. Received: reduction="
        f"{sorted(map(str, reductions))}"
    )


def check(model, batch_size=None):
    """Checks that a task can be trained or evaluated where it is.

    Args:
        model: `keras.Model`.
        batch_size: Examples in a batch, or `None`.

    Raises:
        ValueError: If the weights were made in the scope of no strategy or of
            another one, or if a replica would never have an example.
    """
    number = replicas.count(model.distribute_strategy)
    if number > 1 and not _is_shared(model, model.weights):
        raise ValueError(
            f"`{type(model).__name__}` was made outside of the scope of the "
            "strategy. Expected `with strategy.scope():` around `build` or "
            "`load`, too."
        )
    if batch_size is not None and batch_size < number:
        raise ValueError(
            "Invalid value for argument `batch_size`. Expected at least an "
            f"example for each of {number} replicas. Received: "
            f"batch_size={batch_size}"
        )


def check_rows(model, count, batch_size):
    """Checks that an optimizer of Keras gets the rows that it needs.

    Args:
        model: Compiled `keras.Model`.
        count: Number of examples.
        batch_size: Examples in a batch; `None` if batches differ.

    Raises:
        ValueError: If a replica may get no row, where TensorFlow crashes
            unless the optimizer is `LazyAdam`.
    """
    number = replicas.count(model.distribute_strategy)
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    if number == 1 or isinstance(optimizer, LazyAdam):
        return
    if batch_size is None or 0 < count % batch_size < number:
        raise ValueError(
            "Invalid value for argument `optimizer`. Expected "
            "`rnnzoo.optimizers.LazyAdam` where a batch may have fewer "
            f"examples than there are replicas, {number}; or another number "
            f"of examples. Received: {type(optimizer).__name__} for "
            f"{count} examples with batch_size={batch_size}"
        )


def check_compiled(model, metrics):
    """Checks a task that was just compiled; see `check`.

    Args:
        model: `keras.Model`.
        metrics: Structure of the metrics that a user made.

    Raises:
        ValueError: If the strategy is another one, or if its replicas would
            not share what a metric or the optimizer counts.
    """
    check(model)
    strategy = model.distribute_strategy
    if replicas.count(strategy) == 1:
        return
    if model.loss is not None:
        is_mean(model.loss)
    for each in (*keras.tree.flatten(metrics), model.optimizer):
        if not _is_shared(model, getattr(each, "variables", ())):
            raise ValueError(
                f"`{each.name}` was made outside of the scope of the "
                "strategy. Expected `with strategy.scope():` around it."
            )


def _is_shared(model, variables):
    return all(
        getattr(each.value, "distribute_strategy", None)
        is model.distribute_strategy
        for each in variables
    )
