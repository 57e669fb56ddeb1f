"""Encoding of a sequence as one vector: embed, run both ways, pool."""

import keras
from keras import ops

from rnnzoo.checks import check_positive, check_rate
from rnnzoo.layers import pooling as poolings
from rnnzoo.layers.bidirectional import Bidirectional
from rnnzoo.layers.dropout import EmbeddingDropout
from rnnzoo.layers.recurrent import recurrent_layer
from rnnzoo.layers.stack import Stack


@keras.saving.register_keras_serializable(package="rnnzoo")
class SequenceEncoder(poolings.Summary):
    """Encodes a sequence as one vector, and tells which steps mattered.

    The outputs of a stack of bidirectional recurrent layers with variational
    dropout (Gal & Ghahramani 2016) are pooled over time.

    Args:
        units: Units of each direction.
        rnn: `"lstm"` or `"gru"`.
        depth: Number of stacked bidirectional layers.
        pooling: `"attention"` (`rnnzoo.layers.AttentionPooling`), `"max"`,
            `"mean"`, `"last"` or `"concat"`, which is the last, the maximum
            and the mean; or a layer, such as
            `rnnzoo.layers.SelfAttentionPooling`.
        dropout: Rate of the dropout of each layer's inputs, one mask over
            time.
        recurrent_dropout: Rate of the dropout of the states, one mask over
            time.
        embedding: Optional layer that maps ids to vectors. With it the inputs
            are ids, and 0 is padding.
        word_dropout: Rate at which whole word types lose their vectors, see
            `rnnzoo.layers.EmbeddingDropout`. Only with an `embedding`.

    Call arguments:
        inputs: `(batch, time, features)`, or ids `(batch, time)` if there is
            an `embedding`.
        mask: Boolean `(batch, time)`. With an `embedding` it defaults to
            `inputs != 0`.
        return_attention_scores: Whether to return the weights of the steps.

    Returns:
        `(batch, output_dim)`, where `output_dim` is `2 * units`, or three times
        as much with `"concat"`. With `return_attention_scores`, a tuple of this
        vector and the weights, as the pooling returns them: float32 `(batch,
        time)`, or `(batch, rows, time)`.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import layers
        >>> encoder = layers.SequenceEncoder(
        ...     4, embedding=layers.Embedding(20, 8)
        ... )
        >>> ids = np.array([[5, 9, 0], [7, 3, 2]])
        >>> vectors, weights = encoder(ids, return_attention_scores=True)
        >>> tuple(vectors.shape)
        (2, 8)
        >>> float(weights[0, 2])
        0.0
    """

    def __init__(
        self,
        units,
        *,
        rnn="lstm",
        depth=1,
        pooling="attention",
        dropout=0.0,
        recurrent_dropout=0.0,
        embedding=None,
        word_dropout=0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_positive("depth", depth)
        check_rate("word_dropout", word_dropout)
        self.units = units
        self.rnn = rnn
        self.depth = depth
        self.pooling = pooling
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.embedding = embedding
        self.word_dropout = EmbeddingDropout(
            word_dropout, dtype=self.dtype_policy
        )
        self.stack = Stack(
            [
                Bidirectional(
                    recurrent_layer(rnn)(
                        units,
                        return_sequences=True,
                        dropout=dropout,
                        recurrent_dropout=recurrent_dropout,
                        dtype=self.dtype_policy,
                    ),
                    dtype=self.dtype_policy,
                )
                for _ in range(depth)
            ],
            name="stack",
            dtype=self.dtype_policy,
        )
        self.pool = poolings.get(pooling, dtype=self.dtype_policy)

    @property
    def output_dim(self):
        return self.pool.compute_output_shape((None, None, 2 * self.units))[-1]

    def build(self, input_shape):
        if self.embedding is not None:
            if not self.embedding.built:
                self.embedding.build(input_shape)
            input_shape = (*input_shape, self.embedding.output_dim)
        self.stack.build(input_shape)
        if not self.pool.built:  # by loading
            self.pool.build((*input_shape[:-1], 2 * self.units))

    def call(
        self, inputs, mask=None, training=None, return_attention_scores=False
    ):
        if mask is None and self.embedding is not None:
            mask = ops.not_equal(inputs, 0)
        hidden = self.read(inputs, mask, training)
        return self.pool(
            hidden, mask=mask, return_attention_scores=return_attention_scores
        )

    def read(self, inputs, mask=None, training=None):
        """Outputs of the recurrent layers, `(batch, time, 2 * units)`."""
        hidden = inputs
        if self.embedding is not None:
            hidden = self.embedding(inputs, training=training)
            hidden = self.word_dropout(hidden, inputs, training=training)
        return self.stack(hidden, mask=mask, training=training)

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "rnn": self.rnn,
            "depth": self.depth,
            "pooling": poolings.to_config(self.pooling),
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
            "embedding": keras.saving.serialize_keras_object(self.embedding),
            "word_dropout": self.word_dropout.rate,
        }

    @classmethod
    def from_config(cls, config):
        embedding = keras.saving.deserialize_keras_object(config["embedding"])
        pooling = poolings.of_config(config["pooling"])
        return cls(**{**config, "embedding": embedding, "pooling": pooling})
