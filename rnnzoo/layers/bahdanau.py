"""Additive attention."""

import keras
import tensorflow as tf

from rnnzoo.checks import check_positive
from rnnzoo.layers.attention import Attention


class AdditiveAttention(Attention):
    """Base of attention by a hidden layer, `v . tanh(W q + U m + w c)`.

    The energy of the query `q` and the memory `m`; `c` is the coverage.
    """

    def _build_hidden(self, units, query_dim, memory_dim):
        self.query_kernel = self._weight("query_kernel", query_dim, units)
        self.memory_kernel = self._weight("memory_kernel", memory_dim, units)
        self.vector = self._weight("vector", units, 1)
        if self.coverage:
            self.coverage_kernel = self._weight("coverage_kernel", 1, units)
        if self.switch:
            self.covers = self.add_weight(
                shape=(),
                initializer="ones",
                trainable=False,
                autocast=False,
                name="covers",
            )

    def _hidden_energies(self, queries, memory, coverage):
        hidden = self._product(queries, self.query_kernel)
        # Not by indexing, whose gradient is a copy.
        hidden = tf.expand_dims(hidden, 2) + tf.expand_dims(memory.keys, 1)
        if self.coverage:
            coverage = tf.cast(coverage, hidden.dtype)[..., None]
            hidden += coverage * self._cast(self.coverage_kernel)
        # (batch, n, places, units) to (batch, n, places)
        energies = self._product(tf.tanh(hidden), self.vector)
        return tf.squeeze(energies, axis=-1)


@keras.saving.register_keras_serializable(package="rnnzoo")
class BahdanauAttention(AdditiveAttention):
    """Additive attention (Bahdanau et al. 2015, appendix A.1.2).

        e_tj = v . tanh(W s_t + U h_j + b)
        a_t  = softmax_j(e_tj)
        c_t  = sum_j a_tj h_j

    where the query is `s_t` and the memory `h`. With `coverage`, the term
    `w sum_{k<t} a_kj` is added inside the tanh.

    Masked places get a weight of exactly zero, and a fully masked source gives
    a zero context.

    Args:
        units: Size of the hidden layer.
        hard, coverage, switch, seed: See `Attention`.

    Call arguments:
        queries: `(batch, steps, units)`.
        memory: `(batch, places, features)`.
        memory_mask: Boolean `(batch, places)`; `False` places are ignored.
        training: Whether hard attention draws its places.
        return_attention_scores: Whether to return the weights as well.

    Returns:
        The contexts, `(batch, steps, features)`. With
        `return_attention_scores`, a tuple of the contexts and the weights,
        float32 `(batch, steps, places)`.

    Raises:
        ValueError: If `units` is not a positive integer.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import layers
        >>> attention = layers.BahdanauAttention(8)
        >>> queries, memory = np.ones((1, 2, 3)), np.ones((1, 4, 5))
        >>> contexts, weights = attention(
        ...     queries,
        ...     memory,
        ...     memory_mask=np.array([[True, True, False, False]]),
        ...     return_attention_scores=True,
        ... )
        >>> tuple(contexts.shape)
        (1, 2, 5)
        >>> weights.numpy().round(1).tolist()
        [[[0.5, 0.5, 0.0, 0.0], [0.5, 0.5, 0.0, 0.0]]]
    """

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        check_positive("units", units)
        self.units = units

    def build(self, queries_shape, memory_shape):
        self._build_hidden(self.units, queries_shape[-1], memory_shape[-1])
        self.bias = self._weight("bias", self.units, initializer="zeros")

    def keys(self, values):
        keys = self._product(values, self.memory_kernel)
        return keys + self._cast(self.bias)

    def energies(self, queries, memory, coverage):
        return self._hidden_energies(queries, memory, coverage)

    def get_config(self):
        return {**super().get_config(), "units": self.units}
