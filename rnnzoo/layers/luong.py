"""Multiplicative attention, and attention to a window of the source."""

import keras
import tensorflow as tf

from rnnzoo.checks import check_choice, check_positive
from rnnzoo.layers.attention import softmax_over_places
from rnnzoo.layers.bahdanau import AdditiveAttention

SCORES = ("dot", "general", "concat", "location")
WINDOWS = ("global", "monotonic", "predictive")


@keras.saving.register_keras_serializable(package="rnnzoo")
class LuongAttention(AdditiveAttention):
    """Multiplicative and local attention (Luong et al. 2015, section 3).

    The score gives the energy of the query `q_t` and the memory `h_j`:

    - `"dot"`: `q_t . h_j`
    - `"general"`: `q_t . W h_j`
    - `"concat"`: `v . tanh(W [q_t; h_j])`
    - `"location"`: row `j` of `W q_t`. Places from `max_places` on are never
      attended to.

    The window says which places are attended to:

    - `"global"`: all places.
    - `"monotonic"`, local-m: places within `width` of `p_t = t`, or of the
      last place if the source is shorter.
    - `"predictive"`, local-p: places within `width` of
      `p_t = S sigmoid(v_p . tanh(W_p q_t))`, where `S` is the length of the
      source. The weights are multiplied by
      `exp(-(j - p_t)^2 / (2 (width / 2)^2))`.

    Masked places and places outside the window get a weight of exactly zero,
    and a fully masked source gives a zero context.

    Args:
        score: `"dot"`, `"general"`, `"concat"` or `"location"`.
        window: `"global"`, `"monotonic"` or `"predictive"`.
        width: Number of places on each side of the centre of a window.
        units: Size of the hidden layers of `"concat"` and `"predictive"`.
            Defaults to the size of the query.
        max_places: Number of places that `"location"` knows.
        hard, seed: See `Attention`.
        coverage, switch: See `Attention`; only with `score="concat"`.

    Call arguments and returns are those of `BahdanauAttention`.

    Raises:
        ValueError: If an option is out of its range, or if queries and memory
            differ in size with `score="dot"`.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import layers
        >>> attention = layers.LuongAttention("dot", "monotonic", width=1)
        >>> contexts, weights = attention(
        ...     np.ones((1, 3, 2)),
        ...     np.ones((1, 4, 2)),
        ...     return_attention_scores=True,
        ... )
        >>> tuple(contexts.shape)
        (1, 3, 2)
        >>> (weights[0].numpy() > 0).astype(int).tolist()
        [[1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 1, 1]]
    """

    def __init__(
        self,
        score="general",
        window="global",
        width=10,
        units=None,
        max_places=200,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_choice("score", score, SCORES)
        check_choice("window", window, WINDOWS)
        check_positive("units", units, optional=True)
        check_positive("width", width)
        check_positive("max_places", max_places)
        if self.coverage and score != "concat":
            raise ValueError(
                "Invalid value for argument `coverage`. Expected False unless "
                f"score='concat'. Received: coverage=True, score={score!r}"
            )
        self.score = score
        self.window = window
        self.width = width
        self.units = units
        self.max_places = max_places

    def build(self, queries_shape, memory_shape):
        queries, memory = queries_shape[-1], memory_shape[-1]
        units = self.units or queries
        if self.score == "dot" and queries != memory:
            raise ValueError(
                "Invalid value for argument `score`. Expected 'general' for "
                "queries and a memory of different sizes. Received: "
                f"score='dot', queries of {queries} and a memory of {memory} "
                "features"
            )
        if self.score == "general":
            self.kernel = self._weight("kernel", memory, queries)
        elif self.score == "concat":
            self._build_hidden(units, queries, memory)
        elif self.score == "location":
            self.kernel = self._weight("kernel", queries, self.max_places)
        if self.window == "predictive":
            self.window_kernel = self._weight("window_kernel", queries, units)
            self.window_vector = self._weight("window_vector", units, 1)

    def keys(self, values):
        if self.score == "general":
            return self._product(values, self.kernel)
        if self.score == "concat":
            return self._product(values, self.memory_kernel)
        return values

    def energies(self, queries, memory, coverage):
        if self.score == "concat":
            return self._hidden_energies(queries, memory, coverage)
        if self.score == "location":
            energies = self._product(queries, self.kernel)
            missing = tf.shape(memory.mask)[1] - self.max_places
            energies = tf.pad(
                energies, [[0, 0], [0, 0], [0, tf.maximum(missing, 0)]]
            )
            return energies[:, :, : tf.shape(memory.mask)[1]]
        return tf.matmul(queries, memory.keys, transpose_b=True)

    def weigh(self, queries, memory, positions, coverage):
        energies = self.energies(queries, memory, coverage)
        mask = memory.mask[:, None, :]
        places = tf.range(tf.shape(memory.mask)[1])
        if self.score == "location":
            mask &= places < self.max_places
        if self.window == "global":
            return softmax_over_places(energies, mask)
        centres = self._centres(queries, memory, positions)
        distances = tf.cast(places, tf.float32) - centres[..., None]
        mask &= tf.abs(distances) <= self.width
        weights = softmax_over_places(energies, mask)
        if self.window == "predictive":
            weights *= tf.exp(-2 * tf.square(distances / self.width))
        return weights

    def _centres(self, queries, memory, positions):
        """Centres of the windows, float32 `(batch, n)`."""
        lengths = tf.reduce_sum(tf.cast(memory.mask, tf.float32), axis=1)
        lengths = lengths[:, None]
        if self.window == "monotonic":
            last = tf.maximum(lengths - 1, 0)
            return tf.minimum(tf.cast(positions, tf.float32), last)
        hidden = tf.tanh(self._product(queries, self.window_kernel))
        share = self._product(hidden, self.window_vector)[..., 0]
        return lengths * tf.sigmoid(tf.cast(share, tf.float32))

    def get_config(self):
        return {
            **super().get_config(),
            "score": self.score,
            "window": self.window,
            "width": self.width,
            "units": self.units,
            "max_places": self.max_places,
        }
