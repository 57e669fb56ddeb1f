"""Attention of a decoder: which places of a source matter at this step.

What is attended to is projected once a sequence:

```python
attention = rnnzoo.layers.BahdanauAttention(256)
contexts = attention(queries, encoded, memory_mask=mask)  # all steps at once

memory = attention.prepare(encoded, mask)  # or one after the other
state = attention.start(memory)
attended, state = attention.step(query, memory, state)
```

A query is a state of the decoder. At a step there may be several for each
sample, as many rows behind each other as a beam has hypotheses: the memory is
never copied for them.
"""

from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from rnnzoo.checks import check_choice, check_positive
from rnnzoo.layers.dropout import next_seed
from rnnzoo.layers.pooling import masked_softmax

SCORES = ("dot", "general", "concat", "location")
WINDOWS = ("global", "monotonic", "predictive")
_TINY = 1e-30


class Memory(NamedTuple):
    """A source as attention reads it, the same at all steps.

    Attributes:
        values: `(batch, places, features)`, the vectors that contexts are
            made of.
        keys: `(batch, places, units)`, the vectors that queries are compared
            with.
        mask: Boolean `(batch, places)`.
    """

    values: Any
    keys: Any
    mask: Any


class AttentionState(NamedTuple):
    """What attention keeps from step to step.

    Attributes:
        position: int32 `(rows,)`, number of the steps before.
        coverage: float32 `(rows, places)`, sum of the weights so far; `()`
            unless asked for.
    """

    position: Any
    coverage: Any = ()


class Attended(NamedTuple):
    """What attention found.

    Attributes:
        context: `(..., features)`, the weighted sum of the values.
        weights: float32 `(..., places)`.
        log_probs: float32 `(...,)`, of the places that hard attention chose;
            otherwise 0.
    """

    context: Any
    weights: Any
    log_probs: Any


class Attention(keras.layers.Layer):
    """Base: subclasses define `keys` and `energies`, and may `place` windows.

    Args:
        hard: Whether a single place is attended to: in training one drawn by
            the weights, at inference the one of the largest weight. Nothing
            can be differentiated through the choice; its log probability goes
            into `rnnzoo.losses.reinforce`. Xu et al. 2015, section 4.1.
        coverage: Whether a place's energy depends on the weight that it has
            got so far. Tu et al. 2016; See et al. 2017, equation 11.
        seed: Optional integer that makes the choices of training reproducible.
    """

    def __init__(self, hard=False, coverage=False, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.hard = hard
        self.coverage = coverage
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.supports_masking = True

    # What a subclass defines.

    def keys(self, values):
        """What queries are compared with, `(batch, places, units)`."""
        return values

    def energies(self, queries, memory, coverage):
        """How well places fit.

        Args:
            queries: `(batch, n, units)`.
            memory: `Memory`.
            coverage: float32 `(batch, n, places)`, or `()`.

        Returns:
            `(batch, n, places)`.
        """
        raise NotImplementedError

    def weigh(self, queries, memory, positions, coverage):
        """The weights, float32 `(batch, n, places)`."""
        energies = self.energies(queries, memory, coverage)
        return _softmax(energies, memory.mask[:, None, :])

    # What they share.

    def prepare(self, values, mask=None):
        """Projects what is attended to, once for all steps.

        Args:
            values: `(batch, places, features)`.
            mask: Boolean `(batch, places)`, or `None`.

        Returns:
            `Memory`.
        """
        values = tf.cast(values, self.compute_dtype)
        if mask is None:
            mask = tf.ones(tf.shape(values)[:2], tf.bool)
        return Memory(values, self.keys(values), tf.cast(mask, tf.bool))

    def start(self, memory):
        """The `AttentionState` before the first step, a row a sample."""
        batch, places = tf.unstack(tf.shape(memory.mask))
        return AttentionState(
            tf.zeros([batch], tf.int32),
            tf.zeros([batch, places]) if self.coverage else (),
        )

    def step(self, query, memory, state, noise=None):
        """One step.

        Args:
            query: `(rows, units)`; the rows are as many as there are samples
                in the memory, or, for each sample, several of them.
            memory: `Memory`.
            state: `AttentionState`.
            noise: In training with hard attention `draw_noise`, `(rows,
                places)`.

        Returns:
            Tuple of the `Attended`, of shape `(rows, ...)`, and the new state.
        """
        batch = tf.shape(memory.mask)[0]
        rows = tf.shape(query)[0]
        several = rows // tf.maximum(batch, 1)

        def fold(x):  # (rows, ...) to (batch, n, ...)
            if x is None or isinstance(x, tuple):
                return x
            x = tf.convert_to_tensor(x)
            return tf.reshape(x, [batch, several, *_tail(x)])

        attended = self.attend(
            fold(query),
            memory,
            fold(state.position),
            fold(state.coverage),
            fold(noise),
        )
        attended = Attended(
            *(tf.reshape(x, [rows, *_tail(x, 2)]) for x in attended)
        )
        coverage = ()
        if self.coverage:
            coverage = state.coverage + attended.weights
        return attended, AttentionState(state.position + 1, coverage)

    def attend(self, queries, memory, positions, coverage=(), noise=None):
        """What some queries find that do not depend on each other.

        Args:
            queries: `(batch, n, units)`.
            memory: `Memory`.
            positions: int32, of a shape that goes with `(batch, n)`: the step
                of each query.
            coverage: float32 `(batch, n, places)`; `()` unless asked for.
            noise: As in `step`, `(batch, n, places)`.

        Returns:
            `Attended`, of shape `(batch, n, ...)`.
        """
        queries = tf.cast(queries, self.compute_dtype)
        weights = self.weigh(queries, memory, positions, coverage)
        log_probs = tf.zeros(tf.shape(weights)[:2])
        if self.hard:
            weights, log_probs = _choose(weights, noise)
        context = tf.matmul(tf.cast(weights, self.compute_dtype), memory.values)
        return Attended(context, weights, log_probs)

    def draw_noise(self, *shape):
        """What makes the choices of hard attention random."""
        seed = next_seed(self.seed_generator)
        uniform = tf.random.stateless_uniform(shape, seed, minval=_TINY)
        return -tf.math.log(-tf.math.log(uniform))  # Gumbel's distribution

    def call(
        self,
        queries,
        memory,
        memory_mask=None,
        training=None,
        return_attention_scores=False,
    ):
        prepared = self.prepare(memory, memory_mask)
        batch, steps = tf.unstack(tf.shape(queries)[:2])
        noise = None
        if self.hard and training:
            noise = self.draw_noise(batch, steps, tf.shape(memory)[1])
        if self.coverage:
            attended = self._walk(queries, prepared, noise)
        else:
            attended = self.attend(
                queries, prepared, tf.range(steps)[None, :], noise=noise
            )
        if return_attention_scores:
            return attended.context, attended.weights
        return attended.context

    def _walk(self, queries, memory, noise):
        """All steps, one after the other."""
        turn = [1, 0, 2]
        inputs = [tf.transpose(queries, turn)]
        if noise is not None:
            inputs.append(tf.transpose(noise, turn))
        state = self.start(memory)
        like = self.step(inputs[0][0], memory, state)[0]

        def step(last, inputs):
            return self.step(inputs[0], memory, last[1], *inputs[1:])

        attended, _ = tf.scan(
            step, inputs, (tf.nest.map_structure(tf.zeros_like, like), state)
        )
        return Attended(
            tf.transpose(attended.context, turn),
            tf.transpose(attended.weights, turn),
            tf.transpose(attended.log_probs),
        )

    def compute_mask(self, queries, previous_mask=None):
        return None

    def _weight(self, name, *shape, initializer="glorot_uniform"):
        return self.add_weight(shape=shape, initializer=initializer, name=name)

    def _product(self, x, kernel):
        # As one of two matrices: batches of them are slower.
        return tf.tensordot(x, self._cast(kernel), 1)

    def _cast(self, weight):
        return tf.cast(tf.convert_to_tensor(weight), self.compute_dtype)

    def get_config(self):
        return {
            **super().get_config(),
            "hard": self.hard,
            "coverage": self.coverage,
            "seed": self.seed,
        }


class _Additive(Attention):
    """Energies from a hidden layer: `v . tanh(W q + U m + w c)`."""

    def _build_hidden(self, units, query_dim, memory_dim):
        self.query_kernel = self._weight("query_kernel", query_dim, units)
        self.memory_kernel = self._weight("memory_kernel", memory_dim, units)
        self.vector = self._weight("vector", units, 1)
        if self.coverage:
            self.coverage_kernel = self._weight("coverage_kernel", 1, units)

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
class BahdanauAttention(_Additive):
    """Additive attention (Bahdanau et al. 2015, appendix A.1.2).

        e_tj = v . tanh(W s_t + U h_j + b)
        a_t  = softmax_j(e_tj)
        c_t  = sum_j a_tj h_j

    with the query `s_t` and the memory `h`. With `coverage`, `w sum_{k<t}
    a_kj` is added inside of the tanh.

    Masked places get exactly zero weight; a source that is masked as a whole
    gives a zero context.

    Args:
        units: Size of the hidden layer.
        hard, coverage, seed: See `Attention`.

    Call arguments:
        queries: `(batch, steps, units)`.
        memory: `(batch, places, features)`.
        memory_mask: Boolean `(batch, places)`; `False` places are ignored.
        training: Whether hard attention draws its places.
        return_attention_scores: Whether to return the weights as well.

    Returns:
        The contexts, `(batch, steps, features)`, and with
        `return_attention_scores` also the weights, float32 `(batch, steps,
        places)`.

    Raises:
        ValueError: If `units` is not a positive integer.
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


@keras.saving.register_keras_serializable(package="rnnzoo")
class LuongAttention(_Additive):
    """Multiplicative and local attention (Luong et al. 2015, section 3).

    The energy of the query `q_t` and the memory `h_j`:

    - `"dot"`: `q_t . h_j`
    - `"general"`: `q_t . W h_j`
    - `"concat"`: `v . tanh(W [q_t; h_j])`
    - `"location"`: row `j` of `W q_t`; places from `max_places` on are never
      attended to.

    Where it looks:

    - `"global"`: at all places.
    - `"monotonic"`, local-m: at those not farther than `width` from `p_t = t`,
      or from the last place if the source is shorter.
    - `"predictive"`, local-p: at those not farther than `width` from `p_t = S
      sigmoid(v_p . tanh(W_p q_t))`, with the length `S` of the source; the
      weights are multiplied by `exp(-(j - p_t)^2 / (2 (width / 2)^2))`.

    Masked places and places outside of the window get exactly zero weight; a
    source that is masked as a whole gives a zero context.

    Args:
        score: `"dot"`, `"general"`, `"concat"` or `"location"`.
        window: `"global"`, `"monotonic"` or `"predictive"`.
        width: Places on each side of the centre of a window.
        units: Size of the hidden layers of `"concat"` and `"predictive"`.
            Defaults to the size of the query.
        max_places: Number of the places of `"location"`.
        hard, seed: See `Attention`.
        coverage: See `Attention`; with `score="concat"`.

    Call arguments, returns: as `BahdanauAttention`.

    Raises:
        ValueError: If an option is not one of these, or if queries and memory
            of `"dot"` differ in size.
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
                "queries and memory of different sizes. Received: score='dot' "
                f"for queries of {queries} and memory of {memory} features"
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
            return _softmax(energies, mask)
        centres = self._centres(queries, memory, positions)
        distances = tf.cast(places, tf.float32) - centres[..., None]
        mask &= tf.abs(distances) <= self.width
        weights = _softmax(energies, mask)
        if self.window == "predictive":
            weights *= tf.exp(-2 * tf.square(distances / self.width))
        return weights

    def _centres(self, queries, memory, positions):
        """The middle of each window, float32 `(batch, n)`."""
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


def _softmax(energies, mask):
    return masked_softmax(energies, tf.broadcast_to(mask, tf.shape(energies)))


def _choose(weights, noise):
    """One place for each query, and its log probability."""
    log_weights = tf.math.log(tf.maximum(weights, _TINY))
    scores = log_weights if noise is None else log_weights + noise
    # There may be no place at all.
    scores = tf.pad(scores, [[0, 0], [0, 0], [0, 1]], constant_values=-np.inf)
    places = tf.argmax(scores, axis=-1, output_type=tf.int32)
    chosen = tf.one_hot(places, tf.shape(weights)[-1])
    # Where there is no place there is no choice.
    chosen *= tf.cast(weights > 0, tf.float32)
    return chosen, tf.reduce_sum(chosen * log_weights, axis=-1)


def _tail(x, axis=1):
    """The shape behind some axes, integers where they are known."""
    shape = tf.shape(x)
    return [
        shape[i] if size is None else size
        for i, size in enumerate(x.shape)
        if i >= axis
    ]
