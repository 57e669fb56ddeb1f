"""Decoders that read a whole target at once, and attend in each layer."""

import keras
import tensorflow as tf

from rnnzoo.layers.decoder_output import DecoderOutput


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

    def checked(self, memory, mask, initial_state, memory_tokens):
        """The memory and its mask, as all steps read them.

        Args:
            memory, mask, initial_state, memory_tokens: As of `start`.
        """
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
        if mask is None:
            mask = tf.ones(tf.shape(memory)[:2], tf.bool)
        return memory, mask

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
