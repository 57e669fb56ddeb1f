"""Attention of several heads to the places of a sequence."""

from typing import Any, NamedTuple

import keras
import tensorflow as tf

from rnnzoo.checks import check_positive, check_rate
from rnnzoo.layers.pooling import masked_softmax


class Projected(NamedTuple):
    """A sequence as the heads read it.

    Attributes:
        keys: `(batch, heads, places, key_dim)`, what queries are compared with.
        values: `(batch, heads, places, key_dim)`, what is summed up.
    """

    keys: Any
    values: Any


@keras.saving.register_keras_serializable(package="rnnzoo")
class MultiHeadAttention(keras.layers.Layer):
    """Multi-head attention that projects a sequence once for many queries.

    Vaswani et al. 2017, "Attention Is All You Need", section 3.2.2:

        head_i = softmax(Q W_i^Q (K W_i^K)^T / sqrt(d_k)) V W_i^V
        output = [head_1; ...; head_h] W^O

    with a bias in each product. The weights are those of
    `keras.layers.MultiHeadAttention`, in the same order, and the results are
    equal. A search with that layer would project the whole source again at
    each step, and for each sequence of a beam; this one has `project` and
    `attend`, and several rows of queries may share a source.

    Args:
        num_heads: Number of heads.
        key_dim: Size of the keys and values of a head.
        dropout: Rate at which weights are dropped.
        seed: Optional integer that makes the dropout reproducible.

    Call arguments:
        query: `(batch, steps, features)`.
        value: `(batch, places, features)`, of which keys and values are made.
        mask: Boolean, of a shape that broadcasts to `(batch, steps, places)`.
        training: Whether to drop weights.
        return_attention_scores: Whether to return the weights.

    Returns:
        `(batch, steps, features)`, as many as the query has. With
        `return_attention_scores`, a tuple of it and the weights, float32
        `(batch, heads, steps, places)`. A query without places gets weights of
        zero.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import layers
        >>> attention = layers.MultiHeadAttention(num_heads=2, key_dim=4)
        >>> outputs, weights = attention(
        ...     np.ones((1, 3, 6)),
        ...     np.ones((1, 5, 8)),
        ...     return_attention_scores=True,
        ... )
        >>> tuple(outputs.shape), tuple(weights.shape)
        ((1, 3, 6), (1, 2, 3, 5))
    """

    def __init__(self, num_heads, key_dim, dropout=0.0, seed=None, **kwargs):
        super().__init__(**kwargs)
        check_positive("num_heads", num_heads)
        check_positive("key_dim", key_dim)
        check_rate("dropout", dropout)
        self.num_heads = num_heads
        self.key_dim = key_dim
        self.dropout = keras.layers.Dropout(
            dropout, seed=seed, dtype=self.dtype_policy
        )
        self.seed = seed

    def build(self, query_shape, value_shape):
        heads = (self.num_heads, self.key_dim)
        features = query_shape[-1]
        for name, read in (
            ("query", features),
            ("key", value_shape[-1]),
            ("value", value_shape[-1]),
        ):
            self._add(name, (read, *heads), heads)
        self._add("output", (*heads, features), (features,))

    def _add(self, name, shape, bias):
        kernel = self.add_weight(
            shape=shape, initializer="glorot_uniform", name=f"{name}_kernel"
        )
        bias = self.add_weight(
            shape=bias, initializer="zeros", name=f"{name}_bias"
        )
        setattr(self, f"{name}_kernel", kernel)
        setattr(self, f"{name}_bias", bias)

    def call(
        self,
        query,
        value,
        mask=None,
        training=None,
        return_attention_scores=False,
    ):
        if mask is not None:
            mask = mask[:, None]
        outputs, weights = self.attend(
            query, self.project(value), mask, training
        )
        return (outputs, weights) if return_attention_scores else outputs

    def project(self, value):
        """Projects a sequence `(batch, places, features)`; `Projected`."""
        batch, places = tf.unstack(tf.shape(value)[:2])
        return Projected(
            self._split(value, self.key_kernel, self.key_bias, batch, places),
            self._split(
                value, self.value_kernel, self.value_bias, batch, places
            ),
        )

    def attend(self, query, projected, mask=None, training=False):
        """Attends to a projected sequence.

        Args:
            query: `(rows, steps, features)`. There is one row for each sample
                of the sequence, or the same number of rows for each.
            projected: `Projected`.
            mask: Boolean, of a shape that broadcasts to `(batch, heads, n,
                places)`, with the `n` steps of all rows of a sample.
            training: Whether to drop weights.

        Returns:
            Tuple of the outputs, `(rows, steps, features)`, and the weights,
            float32 `(rows, heads, steps, places)`.
        """
        keys, values = projected
        rows, steps = tf.unstack(tf.shape(query)[:2])
        batch, _, places, _ = tf.unstack(tf.shape(keys))
        several = rows // tf.maximum(batch, 1)
        # The steps of all rows of a sample are queries of its places.
        queries = self._split(
            query, self.query_kernel, self.query_bias, batch, several * steps
        )
        energies = tf.matmul(queries, keys, transpose_b=True)
        energies *= self.key_dim**-0.5
        if mask is not None:
            mask = tf.broadcast_to(mask, tf.shape(energies))
        weights = masked_softmax(energies, mask)
        dropped = self.dropout(weights, training=training)
        contexts = tf.matmul(tf.cast(dropped, self.compute_dtype), values)
        contexts = tf.transpose(contexts, [0, 2, 1, 3])
        outputs = self._product(contexts, self.output_kernel, self.output_bias)
        weights = tf.reshape(
            weights, [batch, self.num_heads, several, steps, places]
        )
        weights = tf.reshape(
            tf.transpose(weights, [0, 2, 1, 3, 4]),
            [rows, self.num_heads, steps, places],
        )
        return tf.reshape(outputs, tf.shape(query)), weights

    def _split(self, x, kernel, bias, batch, count):
        """Products with a kernel, `(batch, heads, count, key_dim)`."""
        split = self._product(x, kernel, bias)
        split = tf.reshape(split, [batch, count, self.num_heads, self.key_dim])
        return tf.transpose(split, [0, 2, 1, 3])

    def _product(self, x, kernel, bias):
        """The product of two matrices: batches of products are slower."""
        kernel, bias = (
            tf.cast(tf.convert_to_tensor(weight), self.compute_dtype)
            for weight in (kernel, bias)
        )
        if bias.shape.rank == 2:  # from features to heads
            kernel = tf.reshape(kernel, [kernel.shape[0], -1])
        else:
            kernel = tf.reshape(kernel, [-1, kernel.shape[-1]])
        x = tf.reshape(tf.cast(x, self.compute_dtype), [-1, kernel.shape[0]])
        return tf.nn.bias_add(tf.matmul(x, kernel), tf.reshape(bias, [-1]))

    def compute_output_shape(self, query_shape, value_shape):
        return query_shape

    def compute_mask(self, query, value, previous_mask=None):
        return None

    def get_config(self):
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "key_dim": self.key_dim,
            "dropout": self.dropout.rate,
            "seed": self.seed,
        }
