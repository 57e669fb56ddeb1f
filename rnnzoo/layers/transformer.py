"""The encoder and the decoder of a Transformer."""

from typing import Any, NamedTuple

import keras
import tensorflow as tf

from rnnzoo.checks import check_positive
from rnnzoo.layers.multi_head import Projected
from rnnzoo.layers.parallel_decoder import ParallelDecoder
from rnnzoo.layers.positions import sinusoids
from rnnzoo.layers.transformer_block import TransformerBlock


class TransformerState(NamedTuple):
    """The state of a decoder between two steps.

    Attributes:
        position: int32 `(rows,)`, number of the steps so far.
        read: Tuple of the `rnnzoo.layers.multi_head.Projected` of each block,
            what the steps so far have read; zeros after them.
    """

    position: Any
    read: Any


class TransformerMemory(NamedTuple):
    """All that is the same at all steps of a decoder.

    Attributes:
        sources: Tuple of the `rnnzoo.layers.multi_head.Projected` of each
            block.
        mask: Boolean `(batch, places)`.
        output: `rnnzoo.layers.decoder_output.OutputWeights`.
    """

    sources: Any
    mask: Any
    output: Any


class _Transformer(keras.layers.Layer):
    """Base of the encoder and the decoder: their blocks."""

    def set_blocks(
        self, depth, num_heads, hidden_units, pre_norm, dropout, attends
    ):
        check_positive("depth", depth)
        self.depth = depth
        self.num_heads = num_heads
        self.hidden_units = hidden_units
        self.pre_norm = pre_norm
        self.dropout = dropout
        self.blocks = [
            TransformerBlock(
                num_heads,
                hidden_units,
                attends,
                pre_norm,
                dropout,
                name=f"block_{i}",
                dtype=self.dtype_policy,
            )
            for i in range(depth)
        ]
        self.norm = None
        if pre_norm:
            self.norm = keras.layers.LayerNormalization(
                epsilon=1e-5, name="norm", dtype=self.dtype_policy
            )
        self.inputs_dropout = keras.layers.Dropout(
            dropout, dtype=self.dtype_policy
        )

    def build_blocks(self, *shapes):
        for block in self.blocks:
            if not block.built:  # by loading
                block.build(*shapes)
        if self.norm is not None and not self.norm.built:
            self.norm.build(shapes[0])

    def placed(self, vectors, positions, training):
        """Vectors of tokens with their places.

        Args:
            vectors: `(rows, steps, features)`.
            positions: Integers, of a shape that broadcasts to `(rows, steps)`.
            training: Whether to draw dropout masks.
        """
        features = vectors.shape[-1]
        places = tf.cast(sinusoids(positions, features), vectors.dtype)
        vectors = vectors * features**0.5 + places
        return self.inputs_dropout(vectors, training=training)

    def normalized(self, x):
        return x if self.norm is None else self.norm(x)

    def get_config(self):
        return {
            **super().get_config(),
            "depth": self.depth,
            "num_heads": self.num_heads,
            "hidden_units": self.hidden_units,
            "pre_norm": self.pre_norm,
            "dropout": self.dropout,
        }


@keras.saving.register_keras_serializable(package="rnnzoo")
class TransformerEncoder(_Transformer):
    """Transformer encoder: each place sees all others (Vaswani et al. 2017).

    The vectors of tokens are multiplied by the square root of their size, and
    `rnnzoo.layers.positions.sinusoids` are added.

    Args:
        depth: Number of blocks.
        num_heads: Number of heads; the number of features is a multiple of it.
        hidden_units: Size of the hidden layers of the feed-forward parts.
        pre_norm, dropout: See `rnnzoo.layers.TransformerBlock`.

    Call arguments:
        sequences: `(batch, time, features)`.
        mask: Boolean `(batch, time)`.
        training: Whether to draw dropout masks.

    Returns:
        `(batch, time, features)`.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import layers
        >>> encoder = layers.TransformerEncoder(2, num_heads=2, hidden_units=16)
        >>> tuple(encoder(np.ones((1, 3, 8))).shape)
        (1, 3, 8)
    """

    def __init__(
        self,
        depth,
        num_heads,
        hidden_units,
        *,
        pre_norm=True,
        dropout=0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.set_blocks(
            depth, num_heads, hidden_units, pre_norm, dropout, attends=False
        )

    def build(self, sequences_shape):
        self.build_blocks(sequences_shape)

    def call(self, sequences, mask=None, training=None):
        x = self.placed(sequences, tf.range(tf.shape(sequences)[1]), training)
        for block in self.blocks:
            x = block(x, mask=mask, training=training)
        return self.normalized(x)

    def compute_output_shape(self, sequences_shape):
        return sequences_shape


@keras.saving.register_keras_serializable(package="rnnzoo")
class TransformerDecoder(_Transformer, ParallelDecoder):
    """Transformer decoder: each step sees those before it, and a memory.

    Vaswani et al. 2017. A step costs a step: the keys and values of those
    before it are kept, in tensors of a fixed shape. The layer keeps the
    protocol of `rnnzoo.layers.decoding.Decoder`.

    Args:
        embedding: `rnnzoo.layers.Embedding` of the target tokens. Its
            `input_dim` is the number of tokens; its vectors are those of the
            whole decoder.
        depth: Number of blocks.
        num_heads: Number of heads; the size of the vectors is a multiple of it.
        hidden_units: Size of the hidden layers of the feed-forward parts.
        pre_norm, dropout: See `rnnzoo.layers.TransformerBlock`.
        tied: Whether the output layer is the embedding matrix.

    Call arguments:
        tokens: int32 `(batch, steps)`: the start token and the target without
            its last token.
        memory: `(batch, places, features)`.
        memory_mask: Boolean `(batch, places)`.
        initial_state, memory_tokens: Must be `None`; of other decoders.
        training: Whether to draw dropout masks.

    Returns:
        `rnnzoo.layers.decoding.Decoded`, with the mean weights of all heads of
        all blocks.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import layers
        >>> decoder = layers.TransformerDecoder(
        ...     layers.Embedding(20, 8), depth=2, num_heads=2, hidden_units=16
        ... )
        >>> tokens, encoded = np.array([[1, 5, 9]]), np.ones((1, 4, 8))
        >>> tuple(decoder(tokens, encoded).logits.shape)
        (1, 3, 20)
        >>> memory, state = decoder.start(encoded, steps=3)
        >>> logits, state = decoder.step(np.array([1]), state, memory)
        >>> tuple(decoder.align(tokens, state, memory, head=(1, 0)).shape)
        (1, 3, 4)
    """

    def __init__(
        self,
        embedding,
        depth,
        num_heads,
        hidden_units,
        *,
        pre_norm=True,
        dropout=0.0,
        tied=True,
        **kwargs,
    ):
        super().__init__(embedding, tied, **kwargs)
        self.set_blocks(
            depth, num_heads, hidden_units, pre_norm, dropout, attends=True
        )

    @property
    def heads(self):
        """Tuple of the numbers of blocks and of the heads of each."""
        return self.depth, self.num_heads

    def build(self, tokens_shape, memory_shape):
        if not self.embedding.built:
            self.embedding.build(tokens_shape)
        self.build_blocks((*tokens_shape, self.readout_units), memory_shape)
        self.build_output()

    def begin(self, memory, mask, output, steps):
        rows = tf.shape(memory)[0]
        key_dim = self.readout_units // self.num_heads
        nothing = tf.zeros(
            [rows, self.num_heads, 0 if steps is None else steps, key_dim],
            self.compute_dtype,
        )
        state = TransformerState(
            tf.zeros([rows], tf.int32),
            (Projected(nothing, nothing),) * self.depth,
        )
        sources = tuple(
            block.attention.project(memory) for block in self.blocks
        )
        return TransformerMemory(sources, mask, output), state

    def step(self, tokens, state, memory):
        """See `rnnzoo.layers.decoding.Decoder`."""
        vectors = self.embedding(tokens[:, None])
        x = self.placed(vectors, state.position[:, None], training=False)
        places = tf.range(tf.shape(state.read[0].keys)[2])
        position = state.position[:, None, None, None]
        is_now = (places == position[..., 0])[..., None]

        def keeping(kept):
            return lambda new: Projected(
                tf.where(is_now, new.keys, kept.keys),
                tf.where(is_now, new.values, kept.values),
            )

        x, read, _ = self._run(
            x,
            [keeping(each) for each in state.read],
            places <= position,
            memory,
        )
        logits = self.logits(x, memory.output)[:, 0]
        return logits, TransformerState(state.position + 1, read)

    def read(self, tokens, memory, training):
        steps = tf.range(tf.shape(tokens)[1])
        x = self.placed(self.embedding(tokens), steps, training)
        x, _, weights = self._run(
            x,
            [lambda new: new] * self.depth,
            steps <= steps[:, None],
            memory,
            training,
        )
        return x, weights

    def _run(self, x, keep, seen, memory, training=False):
        """All blocks: outputs, what each keeps, and the weights of each."""
        kept, weights = [], []
        for block, keeping, source in zip(
            self.blocks, keep, memory.sources, strict=True
        ):
            x, new, attended = block.steps(
                x, keeping, seen, source, memory.mask, training
            )
            kept.append(new)
            weights.append(attended)
        return self.normalized(x), tuple(kept), weights
