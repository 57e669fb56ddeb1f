"""Pooling of a sequence into one vector: by attention, or as it is."""

import keras
import tensorflow as tf
from keras import ops

from rnnzoo.checks import check_choice, check_not_negative, check_positive
from rnnzoo.layers.steps import with_a_step

_ROUNDING = 1e-5


def masked_softmax(scores, mask=None):
    """Softmax over the last axis that gives masked places exactly zero.

    Computed in float32 under any policy. A fully masked row gets zeros, not a
    uniform distribution.

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
    """Base of layers that turn many vectors into one, and may weigh them."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def compute_mask(self, inputs, previous_mask=None):
        return None

    def compute_output_shape(self, input_shape):
        """Shape of the vector alone, for wrappers such as `TimeDistributed`."""
        return (input_shape[0], self.output_dim)

    def compute_output_spec(self, *args, **kwargs):
        # Keras would derive it from the shape, without the weights.
        return keras.Operation.compute_output_spec(self, *args, **kwargs)


class Pooling(Summary):
    """Base of the poolings: `(batch, time, features)` to `(batch, features)`.

    Subclasses define `weigh(inputs, mask)`, the weight of each step.
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

    Masked steps get a weight of exactly zero. A fully masked row gives a zero
    vector and zero weights.

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
        `(batch, features)`. With `return_attention_scores`, a tuple of this
        vector and the weights, float32 `(batch, time)`.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import layers
        >>> pooled, weights = layers.AttentionPooling()(
        ...     np.ones((1, 4, 3)),
        ...     mask=np.array([[True, True, False, False]]),
        ...     return_attention_scores=True,
        ... )
        >>> pooled.numpy().tolist(), weights.numpy().tolist()
        ([[1.0, 1.0, 1.0]], [[0.5, 0.5, 0.0, 0.0]])
    """

    rows = 1

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
            shape=(units, self.rows),
            initializer=self.context_initializer,
            name="context",
        )

    def weigh(self, inputs, mask):
        scores = ops.squeeze(self.scores(inputs), axis=-1)
        return masked_softmax(scores, mask)  # (batch, time)

    def scores(self, inputs):
        """Scores of the steps, `(batch, time, rows)`."""
        hidden = ops.tanh(ops.matmul(inputs, self.kernel) + self.bias)
        return ops.matmul(hidden, self.context)

    def get_config(self):
        serialize = keras.initializers.serialize
        return {
            **super().get_config(),
            "units": self.units,
            "kernel_initializer": serialize(self.kernel_initializer),
            "context_initializer": serialize(self.context_initializer),
        }


@keras.saving.register_keras_serializable(package="rnnzoo")
class SelfAttentionPooling(AttentionPooling):
    """Several attentions over time, each with a context vector of its own.

    Lin et al. 2017, "A Structured Self-attentive Sentence Embedding",
    equations 6 to 8, with a bias:

        A = softmax(W_2 tanh(W_1 H^T + b)),    M = A H

    The rows of `M`, one after the other, are the output. The penalty makes the
    rows of `A` attend to different steps:

        P = penalty |A A^T - I|^2

    Its mean over the batch is added to the losses, as the shares of the
    examples in it. With a single row and no penalty, it is `AttentionPooling`.

    Args:
        rows: Number of attentions.
        penalty: Factor of the penalty.
        *args, **kwargs: See `AttentionPooling`.

    Call arguments are those of `AttentionPooling`.

    Returns:
        `(batch, rows * features)`. With `return_attention_scores`, a tuple of
        this vector and the weights, float32 `(batch, rows, time)`.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import layers
        >>> pooled, weights = layers.SelfAttentionPooling(rows=2)(
        ...     np.ones((1, 4, 3)), return_attention_scores=True
        ... )
        >>> tuple(pooled.shape), tuple(weights.shape)
        ((1, 6), (1, 2, 4))
    """

    def __init__(self, rows=1, penalty=0.0, *args, **kwargs):
        super().__init__(*args, **kwargs)
        check_positive("rows", rows)
        check_not_negative("penalty", penalty)
        self.rows = rows
        self.penalty = penalty

    def weigh(self, inputs, mask):
        scores = ops.transpose(self.scores(inputs), [0, 2, 1])
        if mask is not None:
            mask = ops.broadcast_to(mask[:, None], ops.shape(scores))
        return masked_softmax(scores, mask)  # (batch, rows, time)

    def pool(self, inputs, mask, weights):
        if self.penalty:
            overlaps = ops.matmul(weights, ops.transpose(weights, [0, 2, 1]))
            squares = ops.square(overlaps - ops.eye(self.rows))
            rows = ops.cast(ops.shape(inputs)[0], "float32")
            # Keras adds them up, of no text as well.
            self.add_loss(self.penalty * ops.sum(squares, axis=[1, 2]) / rows)
        pooled = ops.matmul(ops.cast(weights, inputs.dtype), inputs)
        size = self.rows * inputs.shape[-1]
        return ops.reshape(pooled, [ops.shape(pooled)[0], size])

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.rows * input_shape[-1])

    def get_config(self):
        return {
            **super().get_config(),
            "rows": self.rows,
            "penalty": self.penalty,
        }


@keras.saving.register_keras_serializable(package="rnnzoo")
class MeanPooling(Pooling):
    """Mean over the steps that are not masked; zero if there are none.

    Call arguments and returns are those of `AttentionPooling`. All steps that
    are not masked have the same weight.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import layers
        >>> x = np.array([[[1.0], [3.0], [8.0]]])
        >>> layers.MeanPooling()(x).numpy().tolist()
        [[4.0]]
        >>> mask = np.array([[True, True, False]])
        >>> layers.MeanPooling()(x, mask=mask).numpy().tolist()
        [[2.0]]
    """

    def weigh(self, inputs, mask):
        scores = ops.zeros(ops.shape(inputs)[:2], "float32")
        return masked_softmax(scores, mask)


@keras.saving.register_keras_serializable(package="rnnzoo")
class MaxPooling(Pooling):
    """Maximum over the steps that are not masked; zero if there are none.

    Call arguments and returns are those of `AttentionPooling`. The weight of a
    step is the share of the features that are largest there; steps that are
    equal up to rounding share it.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import layers
        >>> pooled, weights = layers.MaxPooling()(
        ...     np.array([[[1.0, 5.0], [3.0, 2.0]]]),
        ...     return_attention_scores=True,
        ... )
        >>> pooled.numpy().tolist(), weights.numpy().tolist()
        ([[3.0, 5.0]], [[0.5, 0.5]])
    """

    def weigh(self, inputs, mask):
        values = ops.cast(self._hide(inputs, mask), "float32")
        highest = ops.max(values, axis=1, keepdims=True)
        wins = ops.cast(values >= highest - _ROUNDING, "float32")
        wins /= ops.sum(wins, axis=1, keepdims=True)
        shares = ops.mean(wins, axis=2)[:, : ops.shape(inputs)[1]]
        return shares if mask is None else ops.where(mask, shares, 0.0)

    def pool(self, inputs, mask, weights):
        pooled = tf.reduce_max(self._hide(inputs, mask), axis=1)
        if mask is None:
            return pooled
        return ops.where(ops.any(mask, axis=1)[:, None], pooled, 0.0)

    def _hide(self, inputs, mask):
        if mask is not None:
            lowest = ops.cast(tf.as_dtype(inputs.dtype).min, inputs.dtype)
            inputs = ops.where(mask[..., None], inputs, lowest)
        return with_a_step(inputs)


@keras.saving.register_keras_serializable(package="rnnzoo")
class LastPooling(Pooling):
    """The last step that is not masked; zero if there is none.

    Call arguments and returns are those of `AttentionPooling`. The step has
    all the weight.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import layers
        >>> x = np.array([[[1.0], [3.0], [8.0]]])
        >>> mask = np.array([[True, True, False]])
        >>> layers.LastPooling()(x, mask=mask).numpy().tolist()
        [[3.0]]
    """

    def weigh(self, inputs, mask):
        if mask is None:
            mask = ops.ones(ops.shape(inputs)[:2], "bool")
        steps = ops.cast(mask, "int32")
        after = tf.cumsum(steps, axis=1, exclusive=True, reverse=True)
        return ops.cast(mask & (after == 0), "float32")


@keras.saving.register_keras_serializable(package="rnnzoo")
class ConcatPooling(Pooling):
    """The last step, the maximum and the mean, one after the other.

    Howard & Ruder 2018, "Universal Language Model Fine-tuning for Text
    Classification", section 3.3:

        h_c = [h_T, maxpool(H), meanpool(H)]

    Call arguments are those of `AttentionPooling`. The weight of a step is its
    mean weight in `LastPooling`, `MaxPooling` and `MeanPooling`.

    Returns:
        `(batch, 3 * features)`. With `return_attention_scores`, a tuple of
        this vector and the weights, float32 `(batch, time)`.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import layers
        >>> x = np.array([[[1.0], [9.0], [2.0]]])
        >>> layers.ConcatPooling()(x).numpy().tolist()
        [[2.0, 9.0, 4.0]]
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.parts = [
            each(dtype=self.dtype_policy)
            for each in (LastPooling, MaxPooling, MeanPooling)
        ]

    def build(self, input_shape):
        for part in self.parts:
            part.build(input_shape)

    def weigh(self, inputs, mask):
        weights = [part.weigh(inputs, mask) for part in self.parts]
        return sum(weights) / len(weights)

    def pool(self, inputs, mask, weights):
        return ops.concatenate(
            [part(inputs, mask=mask) for part in self.parts], axis=-1
        )

    def compute_output_shape(self, input_shape):
        return (input_shape[0], len(self.parts) * input_shape[-1])


POOLINGS = {
    "attention": AttentionPooling,
    "concat": ConcatPooling,
    "last": LastPooling,
    "max": MaxPooling,
    "mean": MeanPooling,
}


def get(pooling, **kwargs):
    """Makes the pooling layer of a name.

    Args:
        pooling: A key of `POOLINGS`, or a layer.
        **kwargs: Arguments of the layer of a name.

    Raises:
        ValueError: If the name is another one.
    """
    if isinstance(pooling, keras.layers.Layer):
        return pooling
    check_choice("pooling", pooling, POOLINGS)
    return POOLINGS[pooling](**kwargs)


def to_config(pooling):
    """A name or a layer, as configurations have it."""
    if isinstance(pooling, keras.layers.Layer):
        return keras.saving.serialize_keras_object(pooling)
    return pooling


def of_config(config):
    """The name or the layer of a configuration; see `to_config`."""
    if isinstance(config, dict):
        return keras.saving.deserialize_keras_object(config)
    return config
