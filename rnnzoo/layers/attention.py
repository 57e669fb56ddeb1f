"""Attention of a decoder: which places of a source matter at this step.

The source is projected once for all steps:

```python
attention = rnnzoo.layers.BahdanauAttention(256)
contexts = attention(queries, encoded, memory_mask=mask)  # all steps at once

attention.build(queries.shape, encoded.shape)  # unless it was called
memory = attention.prepare(encoded, mask)  # or one step after the other
state = attention.start(memory)
attended, state = attention.step(query, memory, state)
```

A query is a state of the decoder. At each step there may be several queries
for each sample, side by side, as many as a beam has hypotheses. The memory is
never copied for them.
"""

from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from rnnzoo.layers.dropout import next_seed
from rnnzoo.layers.pooling import masked_softmax
from rnnzoo.layers.steps import with_a_step

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
    """The state of attention between two steps.

    Attributes:
        position: int32 `(rows,)`, number of the steps so far.
        coverage: float32 `(rows, places)`, sum of the weights so far; `()`
            unless the attention uses coverage.
    """

    position: Any
    coverage: Any = ()


class Attended(NamedTuple):
    """The result of attention.

    Attributes:
        context: `(..., features)`, the weighted sum of the values.
        weights: float32 `(..., places)`.
        log_probs: float32 `(...,)`, log probabilities of the places that hard
            attention chose; 0 for soft attention.
    """

    context: Any
    weights: Any
    log_probs: Any


class Attention(keras.layers.Layer):
    """Base of attention layers.

    Subclasses define `keys` and `energies`, and may define `weigh` to look at
    some of the places only.

    Args:
        hard: Whether each query attends to a single place: in training to one
            drawn by the weights, at inference to the one of the largest
            weight. No gradient passes through the choice; its log probability
            enters `rnnzoo.losses.reinforce`. Xu et al. 2015, section 4.1.
        coverage: Whether the energy of a place depends on the weight that it
            has received so far. Tu et al. 2016; See et al. 2017, equation 11.
        switch: Whether coverage can be switched off: by the weight `covers`,
            which is not trained, 1 at first, and 0 without coverage.
        seed: Optional integer that makes the choices in training reproducible.
    """

    def __init__(
        self, hard=False, coverage=False, switch=False, seed=None, **kwargs
    ):
        super().__init__(**kwargs)
        if switch and not coverage:
            raise ValueError(
                "Invalid value for argument `switch`. Expected False without "
                "coverage, which it switches. Received: switch=True"
            )
        self.hard = hard
        self.coverage = coverage
        self.switch = switch
        self.covers = 1.0
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.supports_masking = True

    # Defined by subclasses.

    def keys(self, values):
        """Projects values to keys, `(batch, places, units)`."""
        return values

    def energies(self, queries, memory, coverage):
        """Scores how well each place fits each query.

        Args:
            queries: `(batch, n, units)`.
            memory: `Memory`.
            coverage: float32 `(batch, n, places)`, or `()`.

        Returns:
            `(batch, n, places)`.
        """
        raise NotImplementedError

    def weigh(self, queries, memory, positions, coverage):
        """Weights of the places, float32 `(batch, n, places)`."""
        energies = self.energies(queries, memory, coverage)
        return softmax_over_places(energies, memory.mask[:, None, :])

    # Shared by all attention layers.

    def prepare(self, values, mask=None):
        """Projects a source, once for all steps.

        Args:
            values: `(batch, places, features)`.
            mask: Boolean `(batch, places)`, or `None`.

        Returns:
            `Memory`.

        Raises:
            ValueError: If the layer has neither been called nor built: the
                size of the queries is not known.
        """
        if not self.built:
            raise ValueError(
                f"Layer '{self.name}' has no weights yet. Expected a call, or "
                "`build(queries_shape, memory_shape)`, before its steps."
            )
        values = tf.cast(values, self.compute_dtype)
        if mask is None:
            mask = tf.ones(tf.shape(values)[:2], tf.bool)
        return Memory(values, self.keys(values), tf.cast(mask, tf.bool))

    def start(self, memory):
        """The `AttentionState` before the first step, one row for a sample."""
        batch, places = tf.unstack(tf.shape(memory.mask))
        return AttentionState(
            tf.zeros([batch], tf.int32),
            tf.zeros([batch, places]) if self.coverage else (),
        )

    def step(self, query, memory, state, noise=None):
        """Attends for one step.

        Args:
            query: `(rows, units)`. There is one row for each sample of the
                memory, or the same number of rows for each.
            memory: `Memory`.
            state: `AttentionState`.
            noise: `draw_noise` of `(rows, places)`, in training with hard
                attention.

        Returns:
            Tuple of the `Attended`, of shape `(rows, ...)`, and the new state.
        """
        batch, rows = tf.shape(memory.mask)[0], tf.shape(query)[0]
        n = rows // tf.maximum(batch, 1)

        def fold(x):  # (rows, ...) to (batch, n, ...)
            if x is None or isinstance(x, tuple):
                return x
            x = tf.convert_to_tensor(x)
            return tf.reshape(x, [batch, n, *_shape_from(x, 1)])

        attended = self.attend(
            fold(query),
            memory,
            fold(state.position),
            fold(state.coverage),
            fold(noise),
        )
        attended = Attended(
            *(tf.reshape(x, [rows, *_shape_from(x, 2)]) for x in attended)
        )
        coverage = ()
        if self.coverage:
            coverage = state.coverage + self.covers * attended.weights
        return attended, AttentionState(state.position + 1, coverage)

    def steps(self, queries, memory, state, noise=None):
        """Attends for some steps at once; for attention without coverage.

        Args:
            queries: `(rows, steps, units)`; the rows as in `step`.
            memory: `Memory`.
            state: `AttentionState`.
            noise: `draw_noise` of `(rows, steps, places)`, in training with
                hard attention.

        Returns:
            Tuple of the `Attended`, of shape `(rows, steps, ...)`, and the new
            state.
        """
        batch, places = tf.unstack(tf.shape(memory.mask))
        rows, steps = tf.unstack(tf.shape(queries)[:2])
        positions = state.position[:, None] + tf.range(steps)
        # The steps of all rows of a sample are queries of its memory.
        n = rows * steps // tf.maximum(batch, 1)
        if noise is not None:
            noise = tf.reshape(noise, [batch, n, places])
        attended = self.attend(
            tf.reshape(queries, [batch, n, queries.shape[-1]]),
            memory,
            tf.reshape(positions, [batch, n]),
            noise=noise,
        )
        shape = [rows, steps]
        attended = Attended(
            *(tf.reshape(x, [*shape, *_shape_from(x, 2)]) for x in attended)
        )
        return attended, state._replace(position=state.position + steps)

    def attend(self, queries, memory, positions, coverage=(), noise=None):
        """Attends for queries that do not depend on each other.

        Args:
            queries: `(batch, n, units)`.
            memory: `Memory`.
            positions: int32, of a shape that broadcasts to `(batch, n)`: the
                step of each query.
            coverage: float32 `(batch, n, places)`; `()` without coverage.
            noise: `draw_noise` of `(batch, n, places)`, in training with hard
                attention.

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
        """Draws the noise that makes the choices of hard attention random."""
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
        turn, steps = [1, 0, 2], tf.shape(queries)[1]
        inputs = [queries] if noise is None else [queries, noise]
        inputs = [tf.transpose(with_a_step(x), turn) for x in inputs]
        state = self.start(memory)
        like = self.step(inputs[0][0], memory, state)[0]

        def step(last, inputs):
            return self.step(inputs[0], memory, last[1], *inputs[1:])

        attended, _ = tf.scan(
            step, inputs, (tf.nest.map_structure(tf.zeros_like, like), state)
        )
        return Attended(
            tf.transpose(attended.context, turn)[:, :steps],
            tf.transpose(attended.weights, turn)[:, :steps],
            tf.transpose(attended.log_probs)[:, :steps],
        )

    def compute_mask(self, queries, previous_mask=None):
        return None

    def _weight(self, name, *shape, initializer="glorot_uniform"):
        return self.add_weight(shape=shape, initializer=initializer, name=name)

    def _product(self, x, kernel):
        # As a product of two matrices: batches of products are slower.
        return tf.tensordot(x, self._cast(kernel), 1)

    def _cast(self, weight):
        return tf.cast(tf.convert_to_tensor(weight), self.compute_dtype)

    def get_config(self):
        return {
            **super().get_config(),
            "hard": self.hard,
            "coverage": self.coverage,
            "switch": self.switch,
            "seed": self.seed,
        }


def softmax_over_places(energies, mask):
    """Weights of places, 0 where the mask is false.

    Args:
        energies: `(batch, n, places)`.
        mask: Boolean, of a shape that broadcasts to that of the energies.

    Returns:
        float32 `(batch, n, places)`.
    """
    return masked_softmax(energies, tf.broadcast_to(mask, tf.shape(energies)))


def _choose(weights, noise):
    """Chooses one place for each query; its log probability."""
    log_weights = tf.math.log(tf.maximum(weights, _TINY))
    scores = log_weights if noise is None else log_weights + noise
    # There may be no place at all.
    scores = tf.pad(scores, [[0, 0], [0, 0], [0, 1]], constant_values=-np.inf)
    places = tf.argmax(scores, axis=-1, output_type=tf.int32)
    chosen = tf.one_hot(places, tf.shape(weights)[-1])
    # Where there is no place there is no choice.
    chosen *= tf.cast(weights > 0, tf.float32)
    return chosen, tf.reduce_sum(chosen * log_weights, axis=-1)


def _shape_from(x, axis):
    """The sizes of the axes from `axis` on, integers where they are known."""
    shape = tf.shape(x)
    return [
        shape[i] if size is None else size
        for i, size in enumerate(x.shape)
        if i >= axis
    ]
