"""Optimizers for models whose largest weight is an embedding."""

import contextlib
import math

import keras
import tensorflow as tf

from rnnzoo import replicas


@keras.saving.register_keras_serializable(package="rnnzoo")
class LazyAdam(keras.optimizers.Adam):
    """Adam that updates a row of an embedding only when it occurs.

    The gradient of an embedding is zero except in the rows of the batch, and
    arrives as `tf.IndexedSlices`. Adam (Kingma & Ba 2015) still moves every
    row at each step: the moments decay and the rows follow them. Here a row
    that does not occur keeps its value and its moments. A row that occurs, with
    the sum g of its gradients, changes so:

        m <- m + (1 - beta_1) (g - m)
        v <- v + (1 - beta_2) (g^2 - v)
        w <- w - lr sqrt(1 - beta_2^t) / (1 - beta_1^t) m / (sqrt(v) + epsilon)

    where t counts the steps of the optimizer, not the steps of the row. So the
    cost of a step depends only on the rows of its batch, and a rare word keeps
    its momentum until it occurs again. If all rows occur, the optimizer is
    Adam, and also for dense gradients, which arise from a regularizer or from
    an output layer that shares the weight; they are applied in a single pass.
    (Keras's own Adam squares the parts of a row that occurs twice before it
    sums them; here they are summed first, as for a dense gradient.)

    Rows change in place. Afterwards TensorFlow copies the whole table wherever
    it is read as a whole. `keras.layers.Embedding` reads it so,
    `rnnzoo.layers.Embedding` does not.

    Clipping sees the gradient as Adam does, without making it dense. Weight
    decay, moving averages (`use_ema`) and weight constraints visit all rows, as
    in Keras, at their full cost.

    Args:
        rates: Dict from the name of a layer to a factor on the learning rate
            of its weights, but not on their decay. Pretrained layers may need
            a lower rate than randomly initialized ones (Howard & Ruder 2018,
            section 3.2).
        factors: List of further factors, one for each weight that is trained,
            in their order.
        waits: List of numbers of steps, one for each weight that is trained,
            in their order. A weight keeps its value for so many steps, while
            its moments follow the gradient: gradual unfreezing (Howard &
            Ruder 2018, section 3.3).
        *args, **kwargs: As `keras.optimizers.Adam`, without
            `gradient_accumulation_steps`, whose sums are dense, and without
            `loss_scale_factor`. To scale losses, wrap this optimizer in a
            `keras.optimizers.LossScaleOptimizer`.

    Raises:
        ValueError: If an option is not supported, if `rates` names a layer
            that is not trained, or if there are more or fewer weights than
            `factors` or `waits`.

    Examples:
        Only the rows of the words that occur change:

        >>> import keras
        >>> import numpy as np
        >>> import rnnzoo
        >>> from rnnzoo.optimizers import LazyAdam
        >>> words = rnnzoo.layers.Embedding(5, 2)
        >>> model = keras.Sequential([words, keras.layers.Flatten()])
        >>> model.compile(LazyAdam(0.1), "mse")
        >>> model.build((None, 3))
        >>> before = words.get_weights()[0]
        >>> ids, targets = np.array([[1, 3, 3]]), np.ones((1, 6))
        >>> _ = model.fit(ids, targets, verbose=0)
        >>> changed = (words.get_weights()[0] != before).any(axis=1)
        >>> changed.nonzero()[0].tolist()
        [1, 3]
    """

    def __init__(self, *args, rates=None, factors=None, waits=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.rates = dict(rates or {})
        self.factors = None if factors is None else list(factors)
        self.waits = None if waits is None else list(waits)
        for name, given, values in (
            ("rates", rates, self.rates.values()),
            ("factors", factors, self.factors or ()),
        ):
            if not all(factor > 0 for factor in values):
                raise ValueError(
                    f"Invalid value for argument `{name}`. Expected positive "
                    f"factors. Received: {name}={given}"
                )
        for name, instead in (
            ("gradient_accumulation_steps", "Use a larger batch."),
            ("loss_scale_factor", "Wrap it in a `LossScaleOptimizer`."),
        ):
            if (value := getattr(self, name)) is not None:
                raise ValueError(
                    f"Invalid value for argument `{name}`. Expected None. "
                    f"{instead} Received: {name}={value}"
                )

    def build(self, variables):
        layers = [each.path.split("/") for each in variables]
        if unknown := set(self.rates).difference(*layers):
            raise ValueError(
                "Invalid value for argument `rates`. Expected names of layers "
                f"that are trained. Received: rates={self.rates}; no weight "
                f"belongs to {sorted(unknown)}"
            )
        self._factors = [
            factor * math.prod(self.rates.get(name, 1) for name in names)
            for names, factor in zip(
                layers, self._for_each("factors", layers, 1), strict=True
            )
        ]
        self._waits = self._for_each("waits", layers, 0)
        super().build(variables)

    def _for_each(self, name, weights, default):
        """The numbers of an argument, one for each weight."""
        values = getattr(self, name)
        if values is None:
            return [default] * len(weights)
        if len(values) != len(weights):
            raise ValueError(
                f"Invalid value for argument `{name}`. Expected a number for "
                f"each of {len(weights)} weights that are trained. Received: "
                f"{len(values)}"
            )
        return values

    def update_step(self, gradient, variable, learning_rate):
        index = self._get_variable_index(variable)
        learning_rate *= self._factors[index]
        if wait := self._waits[index]:
            is_over = self.iterations >= wait
            learning_rate = tf.where(is_over, learning_rate, 0.0)
        if not isinstance(gradient, tf.IndexedSlices):
            self._update_whole(gradient, variable, learning_rate, index)
            return
        gradient = _sum_duplicates(gradient)
        rows = gradient.indices
        g = tf.cast(gradient.values, variable.dtype)  # (rows, features)
        m = self._follow(self._momentums[index], rows, g, self.beta_1)
        v = self._follow(
            self._velocities[index], rows, tf.square(g), self.beta_2
        )
        if self.amsgrad:
            v_hat = self._velocity_hats[index]
            v = tf.maximum(tf.gather(v_hat.value, rows), v)
            self.assign(v_hat, tf.IndexedSlices(v, rows))
        alpha = self._step_size(learning_rate, variable.dtype)
        change = m * alpha / (tf.sqrt(v) + self.epsilon)
        values = tf.gather(variable, rows) - change
        self.assign(variable, tf.IndexedSlices(values, rows))

    def _update_whole(self, gradient, variable, learning_rate, index):
        """A step of Adam, for a dense gradient."""
        if self.amsgrad:
            super().update_step(gradient, variable, learning_rate)
            return
        # One pass over the weight, where Keras makes ten.
        dtype = variable.dtype
        step = tf.cast(self.iterations + 1, dtype)
        if isinstance(variable, keras.Variable):  # not with a strategy
            variable = variable.value
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=tf.cast(self.beta_1, dtype) ** step,
            beta2_power=tf.cast(self.beta_2, dtype) ** step,
            lr=tf.cast(learning_rate, dtype),
            beta1=tf.cast(self.beta_1, dtype),
            beta2=tf.cast(self.beta_2, dtype),
            epsilon=tf.cast(self.epsilon, dtype),
            grad=tf.cast(gradient, dtype),
        )

    def _follow(self, moment, rows, target, beta):
        """Moves the rows of a moment towards the target; returns them."""
        values = tf.gather(moment.value, rows)
        values += (target - values) * (1 - beta)
        self.assign(moment, tf.IndexedSlices(values, rows))
        return values

    def _step_size(self, learning_rate, dtype):
        step = tf.cast(self.iterations + 1, dtype)
        beta_1_power = tf.cast(self.beta_1, dtype) ** step
        beta_2_power = tf.cast(self.beta_2, dtype) ** step
        scale = tf.sqrt(1 - beta_2_power) / (1 - beta_1_power)
        return tf.cast(learning_rate, dtype) * scale

    def _clip_gradients(self, grads):
        # Keras would clip the gradient of each replica, and sum what is left.
        grads = self._sum_over_replicas(grads)
        # Keras would take norms before equal rows are summed, or make the
        # gradient dense. The summed rows have the norm of the dense gradient.
        if not (self.clipnorm or self.clipvalue or self.global_clipnorm):
            return grads
        grads = [_sum_duplicates(each) for each in grads]
        clipped = super()._clip_gradients([_values(each) for each in grads])
        return [
            tf.IndexedSlices(values, each.indices, each.dense_shape)
            if isinstance(each, tf.IndexedSlices)
            else values
            for values, each in zip(clipped, grads, strict=True)
        ]

    def _sum_over_replicas(self, grads):
        context = tf.distribute.get_replica_context()
        if context is None or context.num_replicas_in_sync == 1:
            return grads
        pairs = [(replicas.with_a_row(each, -1), None) for each in grads]
        return [
            _without_it(each)
            for each, _ in super()._all_reduce_sum_gradients(pairs)
        ]

    def _all_reduce_sum_gradients(self, grads_and_vars):
        return grads_and_vars  # summed before they were clipped

    def get_config(self):
        return {
            **super().get_config(),
            "rates": self.rates,
            "factors": self.factors,
            "waits": self.waits,
        }


@contextlib.contextmanager
def moving_averages(model):
    """Puts the moving averages of the weights into a model for a while.

    Does nothing if the optimizer keeps no averages (`use_ema`), or before its
    first step.

    Args:
        model: Compiled `keras.Model`.

    Examples:
        >>> import keras
        >>> import numpy as np
        >>> from rnnzoo.optimizers import LazyAdam, moving_averages
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        >>> model.compile(LazyAdam(0.1, use_ema=True, ema_momentum=0.5), "mse")
        >>> for _ in range(3):
        ...     _ = model.train_on_batch(np.ones((4, 1)), np.zeros((4, 1)))
        >>> last = model.get_weights()
        >>> with moving_averages(model):
        ...     average = model.get_weights()
        >>> average == last, model.get_weights() == last
        (False, True)
    """
    optimizer = model.optimizer
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    if not (optimizer.use_ema and optimizer.iterations.numpy()):
        yield
        return
    # Not the model's weights: layers may have been frozen since the last step.
    weights = optimizer._trainable_variables
    kept = [weight.numpy() for weight in weights]
    try:
        optimizer.finalize_variable_values(weights)
        yield
    finally:
        for weight, value in zip(weights, kept, strict=True):
            weight.assign(value)


def _sum_duplicates(gradient):
    """Indexed slices with one row for each index; other gradients stay."""
    if not isinstance(gradient, tf.IndexedSlices):
        return gradient
    rows, place = tf.unique(gradient.indices)
    values = tf.math.unsorted_segment_sum(gradient.values, place, tf.size(rows))
    return tf.IndexedSlices(values, rows, gradient.dense_shape)


def _without_it(gradient):
    """Indexed slices without the rows of index -1; other gradients stay."""
    if not isinstance(gradient, tf.IndexedSlices):
        return gradient
    rows = tf.where(gradient.indices >= 0)[:, 0]
    return tf.IndexedSlices(
        tf.gather(gradient.values, rows),
        tf.gather(gradient.indices, rows),
        gradient.dense_shape,
    )


def _values(gradient):
    if isinstance(gradient, tf.IndexedSlices):
        return gradient.values
    return gradient
