"""One layer of a Transformer."""

import keras
import tensorflow as tf

from rnnzoo.checks import check_positive, check_rate
from rnnzoo.layers.multi_head import MultiHeadAttention


@keras.saving.register_keras_serializable(package="rnnzoo")
class TransformerBlock(keras.layers.Layer):
    """One layer of a Transformer: self-attention, attention, feed-forward.

    Vaswani et al. 2017, section 3.1. Around each part `f` there is a residual
    connection, with the normalisation after it, as in the paper, or before:

        x <- norm(x + dropout(f(x)))        x <- x + dropout(f(norm(x)))

    Args:
        num_heads: Number of heads.
        hidden_units: Size of the hidden layer of the feed-forward part.
        attends: Whether it is a block of a decoder: a step sees only those
            before it, and there is a part that attends to a memory.
        pre_norm: Whether each part reads normalised vectors (Xiong et al.
            2020), which trains without a warm-up.
        dropout: Rate of the dropout of what each part adds, of the weights of
            attention, and of the hidden layer.

    Call arguments:
        sequences: `(batch, time, features)`.
        memory: `(batch, places, features)`, of a block that attends.
        mask: Boolean `(batch, time)`; not needed by a block that attends, to
            which padding is the future.
        memory_mask: Boolean `(batch, places)`.
        training: Whether to draw dropout masks.

    Returns:
        `(batch, time, features)`.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import layers
        >>> block = layers.TransformerBlock(num_heads=2, hidden_units=16)
        >>> tuple(block(np.ones((1, 3, 8))).shape)
        (1, 3, 8)
    """

    def __init__(
        self,
        num_heads,
        hidden_units,
        attends=False,
        pre_norm=True,
        dropout=0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_positive("num_heads", num_heads)
        check_positive("hidden_units", hidden_units)
        check_rate("dropout", dropout)
        self.supports_masking = True
        self.num_heads = num_heads
        self.hidden_units = hidden_units
        self.attends = attends
        self.pre_norm = pre_norm
        self.rate = dropout

    def build(self, sequences_shape, memory_shape=None):
        features = sequences_shape[-1]
        key_dim = check_heads(features, self.num_heads)
        shared = {"dtype": self.dtype_policy}

        def attention(name, values_shape):
            layer = MultiHeadAttention(
                self.num_heads, key_dim, self.rate, name=name, **shared
            )
            layer.build(sequences_shape, values_shape)
            return layer

        self.self_attention = attention("self_attention", sequences_shape)
        if self.attends:
            self.attention = attention("attention", memory_shape)
        self.hidden = keras.layers.Dense(
            self.hidden_units, "relu", name="hidden", **shared
        )
        self.hidden.build((None, features))
        self.output_layer = keras.layers.Dense(
            features, name="output", **shared
        )
        self.output_layer.build((None, self.hidden_units))
        self.norms = [
            keras.layers.LayerNormalization(epsilon=1e-5, **shared)
            for _ in range(2 + self.attends)
        ]
        for norm in self.norms:
            norm.build(sequences_shape)
        self.dropout = keras.layers.Dropout(self.rate, **shared)

    def call(
        self,
        sequences,
        memory=None,
        mask=None,
        memory_mask=None,
        training=None,
    ):
        if self.attends:
            if memory_mask is None:
                memory_mask = tf.ones(tf.shape(memory)[:2], tf.bool)
            steps = tf.range(tf.shape(sequences)[1])
            return self.steps(
                sequences,
                lambda new: new,
                steps <= steps[:, None],
                self.attention.project(memory),
                memory_mask,
                training,
            )[0]
        if mask is not None:
            mask = mask[:, None, None, :]

        def attend(x):
            read = self.self_attention.project(x)
            return self.self_attention.attend(x, read, mask, training)[0]

        x = self._part(0, attend, sequences, training)
        return self._part(1, self._feed_forward(training), x, training)

    def steps(self, x, keep, seen, source, mask, training=False):
        """Reads some steps, each after those before, and a source.

        Args:
            x: `(rows, steps, features)`.
            keep: Function that adds what the steps give to what is kept: from
                a `rnnzoo.layers.multi_head.Projected` to another.
            seen: Boolean, of a shape that broadcasts to `(rows, heads, steps,
                kept)`: what of it each step sees.
            source: `Projected`, the source of all rows.
            mask: Boolean `(batch, places)`.
            training: Whether to draw dropout masks.

        Returns:
            Tuple of the outputs, `(rows, steps, features)`, what is kept, and
            the weights of the source's places, float32 `(rows, heads, steps,
            places)`.
        """
        found = {}

        def attend_back(x):
            found["kept"] = keep(self.self_attention.project(x))
            return self.self_attention.attend(x, found["kept"], seen, training)[
                0
            ]

        def attend(x):
            outputs, found["weights"] = self.attention.attend(
                x, source, mask[:, None, None, :], training
            )
            return outputs

        x = self._part(0, attend_back, x, training)
        x = self._part(1, attend, x, training)
        x = self._part(2, self._feed_forward(training), x, training)
        return x, found["kept"], found["weights"]

    def _part(self, i, function, x, training):
        norm = self.norms[i]
        if self.pre_norm:
            return x + self.dropout(function(norm(x)), training=training)
        return norm(x + self.dropout(function(x), training=training))

    def _feed_forward(self, training):
        def apply(x):
            flat = tf.reshape(x, [-1, x.shape[-1]])
            hidden = self.dropout(self.hidden(flat), training=training)
            return tf.reshape(self.output_layer(hidden), tf.shape(x))

        return apply

    def compute_output_shape(self, sequences_shape, memory_shape=None):
        return sequences_shape

    def get_config(self):
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "hidden_units": self.hidden_units,
            "attends": self.attends,
            "pre_norm": self.pre_norm,
            "dropout": self.rate,
        }


def check_heads(features, num_heads):
    """Features of a head; raises a `ValueError` unless they are a number."""
    if features % num_heads:
        raise ValueError(
            "Invalid value for argument `num_heads`. Expected a divisor of "
            f"the number of features, {features}. Received: "
            f"num_heads={num_heads}"
        )
    return features // num_heads
