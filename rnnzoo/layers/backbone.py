"""Recurrent layers over the vectors of tokens, as language models have them."""

from typing import Any, NamedTuple

import keras
import tensorflow as tf

from rnnzoo.layers.dropout import (
    EmbeddingDropout,
    StepDropout,
    VariationalDropout,
)
from rnnzoo.layers.recurrent_base import split_states


class Read(NamedTuple):
    """Result of a `RecurrentBackbone`.

    Attributes:
        vectors: `(batch, time, features)`, with dropout in training.
        raw: The same without the dropout of the output.
        states: List of the final states of all layers, `(batch, units)`.
    """

    vectors: Any
    raw: Any
    states: Any


@keras.saving.register_keras_serializable(package="rnnzoo")
class RecurrentBackbone(keras.layers.Layer):
    """Reads tokens from left to right, and knows all that came before each.

    The recurrent network of Zaremba et al. 2014, figure 2, and of Merity et al.
    2018, section 4: dropout of word types, of the inputs of the first layer, of
    those of the layers above, and of the output, but none of the states unless
    a layer has it itself.

    Args:
        embedding: `rnnzoo.layers.Embedding` of the tokens.
        layers: List of recurrent layers of `rnnzoo.layers`.
        word_dropout: Rate at which token types are dropped.
        input_dropout: Rate at the inputs of the first layer.
        dropout: Rate at the inputs of the others.
        output_dropout: Rate at the output.
        variational: Whether a mask serves all steps (Gal & Ghahramani 2016),
            or each step has its own (Zaremba et al. 2014).
        seed: Optional integer that makes the masks of these dropouts
            reproducible.

    Call arguments:
        ids: int32 `(batch, time)`.
        initial_state: List of the states of all layers, `(batch, units)`, the
            first layer's first; by default zeros.
        training: Whether to draw dropout masks.

    Returns:
        `Read`. Padding after a text does not change what is read of it, except
        for the final states.

    Raises:
        ValueError: If there is no layer, if one reads from the end, or if
            there are more or fewer states than layers have.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import layers
        >>> backbone = layers.RecurrentBackbone(
        ...     layers.Embedding(10, 4), [layers.LSTM(8), layers.LSTM(6)]
        ... )
        >>> read = backbone(np.array([[3, 1, 4, 1]]))
        >>> tuple(read.vectors.shape), len(read.states)
        ((1, 4, 6), 4)
        >>> half = backbone(np.array([[3, 1]]))
        >>> rest = backbone(np.array([[4, 1]]), initial_state=half.states)
        >>> bool(np.allclose(rest.vectors, read.vectors[:, 2:], atol=1e-6))
        True
    """

    def __init__(
        self,
        embedding,
        layers,
        *,
        word_dropout=0.0,
        input_dropout=0.0,
        dropout=0.0,
        output_dropout=0.0,
        variational=True,
        seed=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        layers = list(layers)
        if not layers or any(each.go_backwards for each in layers):
            raise ValueError(
                "Invalid value for argument `layers`. Expected recurrent "
                "layers that read from the start. Received: "
                f"layers={layers}"
            )
        self.embedding = embedding
        self.layers = layers
        self.variational = variational
        self.seed = seed
        self.word_dropout = EmbeddingDropout(
            word_dropout, seed, dtype=self.dtype_policy
        )
        kind = VariationalDropout if variational else StepDropout
        rates = [input_dropout, *[dropout] * (len(layers) - 1), output_dropout]
        self.dropouts = [
            kind(
                rate,
                None if seed is None else seed + i + 1,
                dtype=self.dtype_policy,
            )
            for i, rate in enumerate(rates)
        ]

    @property
    def output_dim(self):
        """Number of features of the vectors."""
        return self.layers[-1].units

    @property
    def output_shape(self):
        """Shape of the vectors, for a model's summary."""
        return (None, None, self.output_dim)

    def build(self, ids_shape, initial_state_shape=None):
        if not self.embedding.built:  # by loading
            self.embedding.build(ids_shape)
        features = self.embedding.output_dim
        for layer in self.layers:
            if not layer.built:
                layer.build((None, None, features))
            features = layer.units

    def groups(self):
        """The layers, from the input to the output; see `rnnzoo.Task`."""
        layers = {f"layer_{i}": [each] for i, each in enumerate(self.layers)}
        return {"embedding": [self.embedding], **layers}

    def prepare(self):
        """The layers' `rnnzoo.layers.recurrent_base.Weights`, for steps."""
        return [each.prepare_steps() for each in self.layers]

    def start(self, rows):
        """The states before the first token: list of zeros `(rows, units)`."""
        return [
            tf.zeros([rows, layer.units], self.compute_dtype)
            for layer in self.layers
            for _ in layer.state_size
        ]

    def step(self, ids, states, weights):
        """Reads one more token of each row, at inference.

        Args:
            ids: int32 `(rows,)`.
            states: List of the states of all layers.
            weights: What `prepare` returned.

        Returns:
            Tuple of vectors `(rows, features)` and the new states.
        """
        vectors, final = self.embedding(ids), []
        states = split_states(states, self.layers)
        for layer, own, prepared in zip(
            self.layers, states, weights, strict=True
        ):
            new = layer.advance(vectors, own, prepared)
            vectors = new[0]
            final += new
        return vectors, final

    def call(self, ids, initial_state=None, training=False):
        states = initial_state
        if states is None:
            states = self.start(tf.shape(ids)[0])
        states = split_states(states, self.layers)
        vectors = self.embedding(ids)
        vectors = self.word_dropout(vectors, ids, training=training)
        final = []
        for layer, own, drop in zip(
            self.layers, states, self.dropouts[:-1], strict=True
        ):
            vectors = drop(vectors, training=training)
            vectors, new = layer.run(vectors, own, training)
            final += new
        dropped = self.dropouts[-1](vectors, training=training)
        return Read(dropped, vectors, final)

    def get_config(self):
        serialize = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            "embedding": serialize(self.embedding),
            "layers": [serialize(each) for each in self.layers],
            "word_dropout": self.word_dropout.rate,
            "input_dropout": self.dropouts[0].rate,
            "dropout": self.dropouts[1].rate if len(self.layers) > 1 else 0.0,
            "output_dropout": self.dropouts[-1].rate,
            "variational": self.variational,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config):
        deserialize = keras.saving.deserialize_keras_object
        parts = {
            "embedding": deserialize(config["embedding"]),
            "layers": [deserialize(each) for each in config["layers"]],
        }
        return cls(**{**config, **parts})
