"""Steps of a task on several replicas, inside of Keras's `fit` and `evaluate`.

Keras's own steps under `tf.distribute` average ids to build a model, fail with
several batches an execution, and fail on several machines.
"""

import keras
import tensorflow as tf

from rnnzoo import replicas


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

    def run_next(iterator):
        run(next(iterator))

    if not model.run_eagerly:
        options = {"reduce_retracing": True, "jit_compile": model.jit_compile}
        run_next = tf.function(run_next, autograph=False, **options)

    def function(iterator):
        if not isinstance(iterator, tf.data.Iterator):  # of one batch
            run([next(iterator)] * len(strategy.extended.worker_devices))
            return model.get_metrics_result()
        for done in range(model.steps_per_execution):
            try:
                run_next(iterator)
            except (StopIteration, tf.errors.OutOfRangeError):
                if not done:
                    raise StopIteration from None
                break
        return model.get_metrics_result()

    return function


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
        ValueError: If the context has another strategy than the model, or if
            a replica would never have an example.
    """
    if tf.distribute.has_strategy() and (
        tf.distribute.get_strategy() is not model.distribute_strategy
    ):
        raise ValueError(
            f"`{type(model).__name__}` was made outside of the scope of the "
            "strategy. Expected `with strategy.scope():` around `build` or "
            "`load`, too."
        )
    number = replicas.count(model.distribute_strategy)
    if batch_size is not None and batch_size < number:
        raise ValueError(
            "Invalid value for argument `batch_size`. Expected at least an "
            f"example for each of {number} replicas. Received: "
            f"batch_size={batch_size}"
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
        for variable in getattr(each, "variables", ()):
            owner = getattr(variable.value, "distribute_strategy", None)
            if owner is not strategy:
                raise ValueError(
                    f"`{each.name}` was made outside of the scope of the "
                    "strategy. Expected `with strategy.scope():` around it."
                )
