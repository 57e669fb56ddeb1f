"""The encoder and the decoder of a convolutional translator."""

from typing import Any, NamedTuple

import keras
import tensorflow as tf

from rnnzoo.checks import check_positive, check_rate
from rnnzoo.layers.embedding import Embedding
from rnnzoo.layers.gated_convolution import NormedConvolution, gated
from rnnzoo.layers.parallel_decoder import ParallelDecoder
from rnnzoo.layers.pooling import masked_softmax

_HALF = 0.5**0.5  # keeps the variance of a sum of two


class ConvolutionState(NamedTuple):
    """The state of a decoder between two steps.

    Attributes:
        position: int32 `(rows,)`, number of the steps so far.
        before: Tuple of the last inputs of each block, `(rows, kernel_size -
            1, units)`; zeros before the first step.
    """

    position: Any
    before: Any


class ConvolutionMemory(NamedTuple):
    """All that is the same at all steps of a decoder.

    Attributes:
        keys: `(batch, places, features)`, what queries are compared with.
        values: `(batch, places, features)`, what is summed up.
        mask: Boolean `(batch, places)`.
        output: `rnnzoo.layers.decoder_output.OutputWeights`.
    """

    keys: Any
    values: Any
    mask: Any
    output: Any


class _Convolutional(keras.layers.Layer):
    """Base of the encoder and the decoder: their options and blocks."""

    def set_options(self, units, depth, kernel_size, max_length, dropout):
        check_positive("units", units)
        check_positive("depth", depth)
        check_positive("kernel_size", kernel_size)
        check_positive("max_length", max_length)
        check_rate("dropout", dropout)
        self.units = units
        self.depth = depth
        self.kernel_size = kernel_size
        self.max_length = max_length
        self.rate = dropout
        self.dropout = keras.layers.Dropout(dropout, dtype=self.dtype_policy)

    def build_blocks(self, features):
        """Adds the layers that both have, for vectors of `features`."""
        kept = 1 - self.rate
        self.places = Embedding(
            self.max_length,
            features,
            keras.initializers.RandomNormal(stddev=features**-0.5),
            name="places",
            dtype=self.dtype_policy,
        )
        self.places.build((None,))
        self.first = self.convolution("first", features, self.units, gain=kept)
        self.blocks = [
            self.convolution(
                f"block_{i}",
                self.units,
                2 * self.units,
                self.kernel_size,
                4 * kept,
            )
            for i in range(self.depth)
        ]
        self.last = self.convolution("last", self.units, features)

    def convolution(self, name, read, units, kernel_size=1, gain=1.0):
        """A `NormedConvolution` that is built."""
        layer = NormedConvolution(
            units, kernel_size, gain, name=name, dtype=self.dtype_policy
        )
        layer.build((None, None, read))
        return layer

    def placed(self, vectors, positions, training):
        """Vectors of tokens with their places.

        Places from `max_length` on have the vector of the last.

        Args:
            vectors: `(rows, steps, features)`.
            positions: Integers, of a shape that broadcasts to `(rows, steps)`.
            training: Whether to draw dropout masks.
        """
        places = self.places(tf.minimum(positions, self.max_length - 1))
        return self.dropout(vectors + places, training=training)

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "depth": self.depth,
            "kernel_size": self.kernel_size,
            "max_length": self.max_length,
            "dropout": self.rate,
        }


@keras.saving.register_keras_serializable(package="rnnzoo")
class ConvolutionalEncoder(_Convolutional):
    """Encoder of gated convolutions (Gehring et al. 2017, section 3).

    With the vectors `e` of tokens and places:

        h^0 = W e
        h^l = (glu(conv(h^(l-1))) + h^(l-1)) / sqrt(2)
        z   = W' h^L

    Args:
        units: Number of features between the blocks.
        depth: Number of blocks.
        kernel_size: Steps that a block sees, an odd number.
        max_length: Number of the places that have vectors of their own.
        dropout: Rate of the dropout of `e` and of the inputs of each block.

    Call arguments:
        sequences: `(batch, time, features)`.
        mask: Boolean `(batch, time)`.
        training: Whether to draw dropout masks.

    Returns:
        `(batch, time, 2 * features)`: `z`, by which a decoder finds places,
        and `(z + e) / sqrt(2)`, what it reads there.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import layers
        >>> encoder = layers.ConvolutionalEncoder(16, depth=2)
        >>> tuple(encoder(np.ones((1, 3, 8))).shape)
        (1, 3, 16)
    """

    def __init__(
        self,
        units,
        depth,
        kernel_size=3,
        *,
        max_length=200,
        dropout=0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.set_options(units, depth, kernel_size, max_length, dropout)
        if kernel_size % 2 == 0:
            raise ValueError(
                "Invalid value for argument `kernel_size`. Expected an odd "
                f"number. Received: kernel_size={kernel_size}"
            )

    def build(self, sequences_shape):
        self.build_blocks(sequences_shape[-1])

    def call(self, sequences, mask=None, training=None):
        steps = tf.range(tf.shape(sequences)[1])
        vectors = self.placed(sequences, steps, training)
        is_read = tf.ones([1, 1, 1], vectors.dtype)
        if mask is not None:
            is_read = tf.cast(mask, vectors.dtype)[..., None]
        x, side = self.first(vectors), self.kernel_size // 2
        for block in self.blocks:
            inputs = self.dropout(x, training=training) * is_read
            inputs = tf.pad(inputs, [[0, 0], [side, side], [0, 0]])
            x = (gated(block(inputs)) + x) * _HALF
        x = self.last(x)
        return tf.concat([x, (x + vectors) * _HALF], axis=2)

    def compute_output_shape(self, sequences_shape):
        return (*sequences_shape[:-1], 2 * sequences_shape[-1])


@keras.saving.register_keras_serializable(package="rnnzoo")
class ConvolutionalDecoder(_Convolutional, ParallelDecoder):
    """Decoder of gated convolutions, each of which attends to a memory.

    Gehring et al. 2017, sections 3.2 and 3.3. With the vectors `g` of tokens
    and places, the block's `y = glu(conv(h^(l-1)))`, which sees no step after
    its own, and the `m` places of a source with keys `z` and values `v`:

        d   = (W_d y + g) / sqrt(2)
        c   = sqrt(m) sum_j softmax_j(d . z_j) v_j
        h^l = ((y + W_c c) / sqrt(2) + h^(l-1)) / sqrt(2)

    The state is the last `kernel_size - 1` inputs of each block. The layer
    keeps the protocol of `rnnzoo.layers.decoding.Decoder`.

    Args:
        embedding: `rnnzoo.layers.Embedding` of the target tokens. Its
            `input_dim` is the number of tokens; its vectors have half as many
            features as the memory.
        units, depth, kernel_size, max_length, dropout: See
            `rnnzoo.layers.ConvolutionalEncoder`; any kernel size.
        tied: Whether the output layer is the embedding matrix.

    Call arguments:
        tokens: int32 `(batch, steps)`: the start token and the target without
            its last token.
        memory: `(batch, places, features)`, keys and values side by side.
        memory_mask: Boolean `(batch, places)`.
        initial_state, memory_tokens: Must be `None`; of other decoders.
        training: Whether to draw dropout masks.

    Returns:
        `rnnzoo.layers.decoding.Decoded`, with the mean weights of all blocks.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import layers
        >>> decoder = layers.ConvolutionalDecoder(
        ...     layers.Embedding(20, 8), units=16, depth=2
        ... )
        >>> tokens, encoded = np.array([[1, 5, 9]]), np.ones((1, 4, 16))
        >>> tuple(decoder(tokens, encoded).logits.shape)
        (1, 3, 20)
        >>> memory, state = decoder.start(encoded)
        >>> logits, state = decoder.step(np.array([1]), state, memory)
        >>> tuple(logits.shape)
        (1, 20)
    """

    def __init__(
        self,
        embedding,
        units,
        depth,
        kernel_size=3,
        *,
        max_length=200,
        dropout=0.0,
        tied=True,
        **kwargs,
    ):
        super().__init__(embedding, tied, **kwargs)
        self.set_options(units, depth, kernel_size, max_length, dropout)

    @property
    def heads(self):
        """Tuple of the number of blocks, and 1."""
        return self.depth, 1

    def build(self, tokens_shape, memory_shape):
        features = self.readout_units
        if memory_shape[-1] != 2 * features:
            raise ValueError(
                "Invalid value for argument `memory`. Expected keys and "
                f"values of {features} features each, those of the token "
                f"vectors. Received: {memory_shape[-1]} features"
            )
        if not self.embedding.built:
            self.embedding.build(tokens_shape)
        self.build_blocks(features)
        self.queries = [
            self.convolution(f"query_{i}", self.units, features)
            for i in range(self.depth)
        ]
        self.contexts = [
            self.convolution(f"context_{i}", features, self.units)
            for i in range(self.depth)
        ]
        self.build_output()

    def begin(self, memory, mask, output, steps):
        keys, values = tf.split(memory, 2, axis=2)
        state = self._first_state(tf.shape(memory)[0])
        return ConvolutionMemory(keys, values, mask, output), state

    def _first_state(self, rows):
        shape = [rows, self.kernel_size - 1, self.units]
        before = tf.zeros(shape, self.compute_dtype)
        return ConvolutionState(
            tf.zeros([rows], tf.int32), (before,) * self.depth
        )

    def step(self, tokens, state, memory):
        """See `rnnzoo.layers.decoding.Decoder`."""
        x, before, _ = self._run(tokens[:, None], state, memory)
        logits = self.logits(x, memory.output)[:, 0]
        return logits, ConvolutionState(state.position + 1, before)

    def read(self, tokens, memory, training):
        state = self._first_state(tf.shape(tokens)[0])
        x, _, weights = self._run(tokens, state, memory, training)
        x = self.dropout(x, training=training)
        return x, [each[:, None] for each in weights]

    def _run(self, tokens, state, memory, training=False):
        """Some steps: outputs, the last inputs, and the weights of each block.

        Args:
            tokens: int32 `(rows, steps)`.
        """
        positions = state.position[:, None] + tf.range(tf.shape(tokens)[1])
        vectors = self.placed(self.embedding(tokens), positions, training)
        x, last, weights = self.first(vectors), [], []
        for i, block in enumerate(self.blocks):
            inputs = tf.concat([state.before[i], x], axis=1)
            last.append(inputs[:, tf.shape(x)[1] :])
            inputs = self.dropout(inputs, training=training)
            y = gated(block(inputs))
            query = (self.queries[i](y) + vectors) * _HALF
            context, attended = _attend(query, memory)
            y = (y + self.contexts[i](context)) * _HALF
            x = (y + x) * _HALF
            weights.append(attended)
        return self.last(x), tuple(last), weights


def _attend(query, memory):
    """Contexts and weights of queries `(rows, steps, features)`."""
    rows, steps, features = tf.unstack(tf.shape(query))
    batch, places = tf.unstack(tf.shape(memory.mask))
    # The steps of all rows of a sample are queries of its memory.
    n = rows // tf.maximum(batch, 1) * steps
    queries = tf.reshape(query, [batch, n, features])
    energies = tf.matmul(queries, memory.keys, transpose_b=True)
    mask = tf.broadcast_to(memory.mask[:, None], tf.shape(energies))
    weights = masked_softmax(energies, mask)
    counts = tf.reduce_sum(tf.cast(memory.mask, query.dtype), axis=1)
    contexts = tf.matmul(tf.cast(weights, query.dtype), memory.values)
    contexts *= tf.sqrt(counts)[:, None, None]
    return (
        tf.reshape(contexts, tf.shape(query)),
        tf.reshape(weights, [rows, steps, places]),
    )
