"""Training of a task on several replicas, inside of Keras's own `fit`.

Keras's steps under `tf.distribute` average ids to build a model, weigh rows by
replicas, fail with several batches an execution, and fail on several machines.
"""

import json
import threading
import weakref
import zlib

import keras
import numpy as np
import tensorflow as tf

from rnnzoo import replicas
from rnnzoo.optimizers import LazyAdam

# Replicas run in threads of their own, but share the layers, which keep what
# they add to the losses: the losses of the model that a thread called last.
_OWN = threading.local()


class Replicated(keras.Model):
    """A Keras model that trains on replicas what it would on one device.

    It belongs to the strategy in whose scope its weights are made.
    """

    def compile(self, optimizer, loss, metrics, **kwargs):
        """Configures training as Keras does.

        Raises:
            ValueError: If the replicas would not share the weights, or what a
                metric or the optimizer counts, or if they cannot share a loss.
        """
        super().compile(optimizer, loss, metrics=metrics, **kwargs)
        if self.replicas == 1:
            return
        self._check_weights()
        if self.loss is not None:
            _is_mean(self.loss)
        given = (metrics, kwargs.get("weighted_metrics"))
        for each in (*keras.tree.flatten(given), self.optimizer):
            if not self._are_shared(getattr(each, "variables", ())):
                raise ValueError(
                    f"`{each.name}` was made outside of the scope of the "
                    "strategy. Expected `with strategy.scope():` around it."
                )

    @property
    def replicas(self):
        """Number of replicas."""
        return replicas.count(self.distribute_strategy)

    def batches(self, examples, *args):
        """Batches of examples as `fit` and `evaluate` of Keras run them.

        Args:
            examples: `rnnzoo.pipeline.examples.Examples`.
            *args: Of its `batches`.
        """
        if self.replicas == 1:
            return examples.batches(*args)
        parts = (replicas.places(self.distribute_strategy), self.replicas)
        return Batches(examples.batches(*args, parts=parts))

    def common_seed(self, seed=None):
        """A seed that all workers have, by default a random one."""
        seed = np.random.randint(2**31) if seed is None else seed
        return int(replicas.agree(self.distribute_strategy, np.int64(seed)))

    def check_replicas(self, examples, batch_size):
        """Checks that replicas can be trained on examples.

        Args:
            examples: `rnnzoo.pipeline.examples.Examples`.
            batch_size: Examples in a batch; `None` if batches differ.

        Raises:
            ValueError: If a replica would never have an example, or if workers
                have other data, vocabularies or versions than the first one.
        """
        if self.replicas == 1:
            return
        if batch_size is not None and batch_size < self.replicas:
            raise ValueError(
                "Invalid value for argument `batch_size`. Expected at least an "
                f"example for each of {self.replicas} replicas. Received: "
                f"batch_size={batch_size}"
            )
        if replicas.is_spread(self.distribute_strategy):
            self._check_workers(examples)

    # The steps of Keras.

    def make_train_function(self, force=False):
        # Keras traces a step that makes variables a second time.
        self.build_optimizer()
        if self.replicas == 1:
            super().make_train_function(force)
        elif self.train_function is None or force:
            self.train_function = _make_function(self, self.train_step)

    def make_test_function(self, force=False):
        if self.replicas == 1:
            super().make_test_function(force)
        elif self.test_function is None or force:
            self.test_function = _make_function(self, self.test_step)

    def build_optimizer(self):
        """Makes the variables of the optimizer, if there are none."""
        with self.distribute_strategy.scope():
            if self.optimizer is not None and not self.optimizer.built:
                self.optimizer.build(self.trainable_variables)

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        # Keras begins each of its methods here. This makes what metrics lack;
        # Keras would take the mean over replicas of ids for a batch.
        if self.replicas == 1:
            return
        self._check_weights()
        if iterator is not None:
            _, _, parts = next(iter(iterator))
            data_batch = next(parts)[0]
        with self.distribute_strategy.scope():
            self._symbolic_build(data_batch=data_batch)

    def __call__(self, *args, **kwargs):
        outputs = super().__call__(*args, **kwargs)
        if replicas.count() > 1:
            _OWN.model, _OWN.losses = weakref.ref(self), super().losses
        return outputs

    @property
    def losses(self):
        """Losses that layers added; of a replica, in the last call.

        Means over its rows are vectors, of each row's share in the mean.
        """
        of = getattr(_OWN, "model", lambda: None)
        if replicas.count() > 1 and of() is self:
            return _OWN.losses
        return super().losses

    def train_step(self, data):
        if self.replicas == 1:
            return super().train_step(data)
        # As Keras does, but for gradients that have no rows.
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self._compute_loss(x, y, y_pred, sample_weight, True)
            scaled = self.optimizer.scale_loss(loss)
        rows = tf.shape(keras.tree.flatten(x)[0])[0]
        self._loss_tracker.update_state(loss * self.replicas, rows)
        weights = self.trainable_weights
        gradients = tape.gradient(scaled, weights)
        optimizer = getattr(self.optimizer, "inner_optimizer", self.optimizer)
        if not isinstance(optimizer, LazyAdam):  # which takes care of them
            gradients = [replicas.with_a_row(each, 0) for each in gradients]
        self.optimizer.apply_gradients(zip(gradients, weights, strict=True))
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        """The loss of Keras, of the rows of all replicas."""
        number = replicas.count()
        if number == 1:
            return super().compute_loss(x, y, y_pred, sample_weight, training)
        # Keras takes the mean of each replica, and of these means.
        rows = tf.cast(tf.shape(y_pred)[:1], tf.float32)
        share = rows * number / replicas.total(rows)
        _OWN.losses = [
            each * share if each.shape.rank else each for each in self.losses
        ]
        if _is_mean(self.loss):
            weights = 1.0 if sample_weight is None else sample_weight
            sample_weight = weights * tf.repeat(share, tf.shape(y_pred)[0])
        loss = super().compute_loss(x, y, y_pred, sample_weight, training)
        return replicas.loss(loss)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        """The metrics of Keras; of a replica without rows, nothing."""
        if replicas.count() == 1:
            return super().compute_metrics(x, y, y_pred, sample_weight)
        compute = super().compute_metrics

        def update():
            compute(x, y, y_pred, sample_weight)

        # Few metrics can be updated with nothing.
        tf.cond(tf.size(y) > 0, update, lambda: None)
        return {}  # read between steps, of all replicas

    # Details.

    def _are_shared(self, variables):
        return all(
            getattr(each.value, "distribute_strategy", None)
            is self.distribute_strategy
            for each in variables
        )

    def _check_weights(self):
        if not self._are_shared(self.weights):
            raise ValueError(
                f"`{type(self).__name__}` was made outside of the scope of the "
                "strategy. Expected `with strategy.scope():` around `build` or "
                "`load`, too."
            )

    def _check_workers(self, examples):
        lengths = np.ascontiguousarray(examples.lengths)
        facts = {
            "versions": (tf.__version__, keras.__version__),
            "vocabularies": self.learned,
            "examples": (len(examples), zlib.crc32(lengths)),
        }
        for name, fact in facts.items():
            digest = zlib.crc32(json.dumps(fact, default=str).encode()) + 1
            digests = replicas.gather(self.distribute_strategy, digest)
            differing = np.flatnonzero((digests != digests[0]) & (digests != 0))
            if differing.size:
                raise ValueError(
                    f"The workers have different {name}. Expected the same "
                    "data, in the same order, and the same versions of "
                    "software on all of them. Other than those of replica 0 "
                    f"are those of {differing.tolist()}"
                )


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


def _make_function(model, step):
    """Makes what Keras calls in `fit` or `evaluate`, on the next few batches.

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


def _is_mean(loss):
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
