"""Decoders that read a whole target at once, and attend in each layer."""

import keras
import tensorflow as tf

from rnnzoo.layers.decoder_output import DecoderOutput
from rnnzoo.layers.decoding import Decoded


class ParallelDecoder(DecoderOutput):
    """Base of decoders without recurrence; see `rnnzoo.layers.decoding`.

    Args:
        embedding: `rnnzoo.layers.Embedding` of the target tokens.
        tied: Whether the output layer is the embedding matrix.
    """

    attends = True
    hard = copy = False

    def __init__(self, embedding, tied=True, **kwargs):
        super().__init__(**kwargs)
        self.embedding = embedding
        self.tied = tied
        self.readout_units = embedding.output_dim

    # Defined by subclasses.

    def begin(self, memory, mask, output, steps):
        """The memory and the state of `start`.

        Args:
            memory: `(batch, places, features)`.
            mask: Boolean `(batch, places)`.
            output: `rnnzoo.layers.decoder_output.OutputWeights`.
            steps: Most steps that `step` will take; `None` for none.
        """
        raise NotImplementedError

    def read(self, tokens, memory, training):
        """Reads whole targets.

        Args:
            tokens: int32 `(rows, steps)`.
            memory: The memory from `start`.
            training: Whether to draw dropout masks.

        Returns:
            Tuple of what logits are made of, `(rows, steps, readout_units)`,
            and a list of the weights of each layer, float32 `(rows, heads,
            steps, places)`.
        """
        raise NotImplementedError

    # Shared, see `rnnzoo.layers.decoding.Decoder`.

    def start(
        self,
        memory=None,
        memory_mask=None,
        initial_state=None,
        memory_tokens=None,
        forbidden=(),
        rows=None,
        steps=None,
    ):
        """See `rnnzoo.layers.decoding.Decoder`."""
        if memory is None:
            raise ValueError(
                f"Missing argument `memory`. A `{type(self).__name__}` attends "
                "to one."
            )
        for name, value in (
            ("initial_state", initial_state),
            ("memory_tokens", memory_tokens),
        ):
            if value is not None:
                raise ValueError(
                    f"Invalid value for argument `{name}`. Expected None: a "
                    f"`{type(self).__name__}` has no use for it. Received: "
                    f"{name}={value!r:.60}"
                )
        memory = tf.cast(memory, self.compute_dtype)
        if not self.built:
            self.build((None, None), memory.shape)
        if memory_mask is None:
            memory_mask = tf.ones(tf.shape(memory)[:2], tf.bool)
        output = self.output_weights(forbidden)
        return self.begin(memory, memory_mask, output, steps)

    def align(self, tokens, state, memory, head=None):
        """See `rnnzoo.layers.decoding.Decoder`."""
        _, weights = self.read(tokens, memory, training=False)
        if head is None:
            return self._mean(weights)
        layer, i = head
        return weights[layer][:, i]

    def call(
        self,
        tokens,
        memory=None,
        memory_mask=None,
        initial_state=None,
        memory_tokens=None,
        training=None,
    ):
        memory, _ = self.start(
            memory, memory_mask, initial_state, memory_tokens
        )
        x, weights = self.read(tokens, memory, training)
        return Decoded(self.logits(x, memory.output), self._mean(weights), ())

    def _mean(self, weights):
        """float32 `(rows, steps, places)`, of all heads of all layers."""
        mean = tf.reduce_mean(tf.add_n(weights), axis=1)
        return mean / len(weights)

    def compute_mask(self, tokens, previous_mask=None):
        return None

    def get_config(self):
        return {
            **super().get_config(),
            "embedding": keras.saving.serialize_keras_object(self.embedding),
            "tied": self.tied,
        }

    @classmethod
    def from_config(cls, config):
        embedding = keras.saving.deserialize_keras_object(config["embedding"])
        return cls(**{**config, "embedding": embedding})
