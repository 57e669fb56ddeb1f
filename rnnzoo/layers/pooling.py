"""A sequence of vectors into one: attention, maximum or mean over time."""

import keras
import tensorflow as tf
from keras import ops

from rnnzoo.checks import check_choice, check_positive


def masked_softmax(scores, mask=None):
    """Softmax over the last axis that gives masked places exactly zero.

    Computed in float32 under any policy. A row whose places are all masked
    gets zeros, not a uniform distribution.

    Args:
        scores: Tensor `(..., time)`.
        mask: Boolean tensor of the same shape, or `None`.

    Returns:
        float32 tensor `(..., time)`.
    """
    scores = ops.cast(scores, "float32")
    if mask is None:
        return tf.nn.softmax(scores, axis=-1)
    weights = tf.nn.softmax(ops.where(mask, scores, tf.float32.min), axis=-1)
    return ops.where(mask, weights, 0.0)


class Summary(keras.layers.Layer):
    """Base of layers that make one vector of many, and may return weights."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def compute_mask(self, inputs, previous_mask=None):
        return None

    def compute_output_shape(self, input_shape):
        """Of the vector alone, as wrappers such as `TimeDistributed` call."""
        return (input_shape[0], self.output_dim)

    def compute_output_spec(self, *args, **kwargs):
        # Keras would take it from the shape, which knows of no weights.
        return keras.Operation.compute_output_spec(self, *args, **kwargs)


class Pooling(Summary):
    """Base of the poolings: `(batch, time, features)` to `(batch, features)`.

    Subclasses define `weigh(inputs, mask)`: how much each step counts.
    """

    def call(self, inputs, mask=None, return_attention_scores=False):
        weights = self.weigh(inputs, mask)
        pooled = self.pool(inputs, mask, weights)
        return (pooled, weights) if return_attention_scores else pooled

    def pool(self, inputs, mask, weights):
        # (batch, 1, time) x (batch, time, features)
        weights = ops.cast(weights, inputs.dtype)
        return ops.squeeze(ops.matmul(weights[:, None, :], inputs), axis=1)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], input_shape[-1])


@keras.saving.register_keras_serializable(package="rnnzoo")
class AttentionPooling(Pooling):
    """Attention over time with a learned context vector.

    Yang et al. 2016, "Hierarchical Attention Networks for Document
    Classification", equations 5 to 7:

        u_t = tanh(W h_t + b)
        a_t = softmax_t(u_t . c)
        s   = sum_t a_t h_t

    Masked steps get exactly zero weight; a row that is masked as a whole gives
    a zero vector and zero weights.

    Args:
        units: Size of the projection `u`. Defaults to the number of input
            features.
        kernel_initializer: Initializer of `W`.
        context_initializer: Initializer of the context vector `c`.

    Call arguments:
        inputs: `(batch, time, features)`.
        mask: Boolean `(batch, time)`; `False` steps are ignored.
        return_attention_scores: Whether to return the weights as well.

    Returns:
        `(batch, features)`, and with `return_attention_scores` also the
        weights, float32 `(batch, time)`.
    """

    def __init__(
        self,
        units=None,
        kernel_initializer="glorot_uniform",
        context_initializer="glorot_uniform",
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_positive("units", units, optional=True)
        self.units = units
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.context_initializer = keras.initializers.get(context_initializer)

    def build(self, input_shape):
        units = self.units or input_shape[-1]
        self.kernel = self.add_weight(
            shape=(input_shape[-1], units),
            initializer=self.kernel_initializer,
            name="kernel",
        )
        self.bias = self.add_weight(
            shape=(units,), initializer="zeros", name="bias"
        )
        self.context = self.add_weight(
            shape=(units, 1),
            initializer=self.context_initializer,
            name="context",
        )

    def weigh(self, inputs, mask):
        hidden = ops.tanh(ops.matmul(inputs, self.kernel) + self.bias)
        scores = ops.squeeze(ops.matmul(hidden, self.context), axis=-1)
        return masked_softmax(scores, mask)  # (batch, time)

    def get_config(self):
        serialize = keras.initializers.serialize
        return {
            **super().get_config(),
            "units": self.units,
            "kernel_initializer": serialize(self.kernel_initializer),
            "context_initializer": serialize(self.context_initializer),
        }


@keras.saving.register_keras_serializable(package="rnnzoo")
class MeanPooling(Pooling):
    """Mean over the steps that are not masked; zero when there is none."""

    def weigh(self, inputs, mask):
        scores = ops.zeros(ops.shape(inputs)[:2], "float32")
        return masked_softmax(scores, mask)


@keras.saving.register_keras_serializable(package="rnnzoo")
class MaxPooling(Pooling):
    """Maximum over the steps that are not masked; zero when there is none.

    The weight of a step is the share of features whose maximum it holds.
    """

    def weigh(self, inputs, mask):
        values = self._hide(inputs, mask)
        winners = ops.argmax(values, axis=1)  # (batch, features)
        steps = ops.shape(inputs)[1]
        shares = ops.mean(ops.one_hot(winners, steps), axis=1)
        if mask is not None:
            shares = ops.where(mask, shares, 0.0)
        return ops.cast(shares, "float32")

    def pool(self, inputs, mask, weights):
        pooled = tf.reduce_max(self._hide(inputs, mask), axis=1)
        if mask is None:
            return pooled
        return ops.where(ops.any(mask, axis=1)[:, None], pooled, 0.0)

    def _hide(self, inputs, mask):
        if mask is None:
            return inputs
        lowest = ops.cast(tf.as_dtype(inputs.dtype).min, inputs.dtype)
        return ops.where(mask[..., None], inputs, lowest)


POOLINGS = {
    "attention": AttentionPooling,
    "mean": MeanPooling,
    "max": MaxPooling,
}


def get(pooling, **kwargs):
    """The pooling layer of that name, made with those arguments.

    Raises:
        ValueError: If the name is not "attention", "mean" or "max".
    """
    check_choice("pooling", pooling, POOLINGS)
    return POOLINGS[pooling](**kwargs)
