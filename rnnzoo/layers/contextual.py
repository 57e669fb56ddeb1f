"""Layers that give other tasks what a language model has read."""

import keras
from keras import ops

from rnnzoo.ids import PADDING
from rnnzoo.layers import pooling as poolings


@keras.saving.register_keras_serializable(package="rnnzoo")
class ContextualEmbedding(keras.layers.Layer):
    """Vectors of tokens that depend on the tokens before them.

    Those that a language model has of a sentence, for a tagger to read (Peters
    et al. 2017, "Semi-supervised Sequence Tagging with Bidirectional Language
    Models", of which this is the forward one). It stands where a
    `rnnzoo.layers.Embedding` does.

    Args:
        backbone: `rnnzoo.layers.RecurrentBackbone`.

    Call arguments:
        ids: int32 `(batch, time)`.
        training: Whether to draw dropout masks.

    Returns:
        `(batch, time, features)`.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import layers
        >>> embedding = layers.ContextualEmbedding(
        ...     layers.RecurrentBackbone(
        ...         layers.Embedding(10, 4), [layers.LSTM(6)]
        ...     )
        ... )
        >>> vectors = embedding(np.array([[3, 1, 4], [1, 1, 4]])).numpy()
        >>> vectors.shape, bool((vectors[0, 2] == vectors[1, 2]).all())
        ((2, 3, 6), False)
    """

    def __init__(self, backbone, **kwargs):
        super().__init__(**kwargs)
        self.backbone = backbone

    @property
    def embeddings(self):
        """The vectors of the tokens alone, `(input_dim, ...)`."""
        return self.backbone.embedding.embeddings

    @property
    def input_dim(self):
        """Number of the tokens; `None` before it is known."""
        return self.backbone.embedding.input_dim

    @input_dim.setter
    def input_dim(self, count):
        self.backbone.embedding.input_dim = count

    @property
    def output_dim(self):
        """Number of features of the vectors."""
        return self.backbone.output_dim

    def build(self, ids_shape):
        if not self.backbone.built:
            self.backbone.build(ids_shape)

    def call(self, ids, training=False):
        return self.backbone(ids, training=training).vectors

    def compute_output_shape(self, ids_shape):
        return (*ids_shape, self.output_dim)

    def get_config(self):
        backbone = keras.saving.serialize_keras_object(self.backbone)
        return {**super().get_config(), "backbone": backbone}

    @classmethod
    def from_config(cls, config):
        backbone = keras.saving.deserialize_keras_object(config["backbone"])
        return cls(**{**config, "backbone": backbone})


@keras.saving.register_keras_serializable(package="rnnzoo")
class LanguageEncoder(poolings.Summary):
    """Encodes a text as one vector, from what a language model reads of it.

    Howard & Ruder 2018, "Universal Language Model Fine-tuning for Text
    Classification", section 3.3.

    Args:
        backbone: `rnnzoo.layers.RecurrentBackbone`.
        pooling: A name or a layer, as of `rnnzoo.layers.SequenceEncoder`.

    Call arguments:
        ids: int32 `(batch, time)`, 0 for padding.
        training: Whether to draw dropout masks.
        return_attention_scores: Whether to return the weights of the steps.

    Returns:
        `(batch, output_dim)`. With `return_attention_scores`, a tuple of this
        vector and the weights, float32 `(batch, time)`.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import layers
        >>> backbone = layers.RecurrentBackbone(
        ...     layers.Embedding(10, 4), [layers.LSTM(6)]
        ... )
        >>> encoder = layers.LanguageEncoder(backbone)
        >>> tuple(encoder(np.array([[3, 1, 4], [1, 5, 0]])).shape)
        (2, 18)
    """

    def __init__(self, backbone, pooling="concat", **kwargs):
        super().__init__(**kwargs)
        self.backbone = backbone
        self.pooling = pooling
        self.pool = poolings.get(pooling, dtype=self.dtype_policy)

    @property
    def embedding(self):
        """The `rnnzoo.layers.Embedding` of the tokens."""
        return self.backbone.embedding

    def groups(self):
        """The layers, from the input to the output; see `rnnzoo.Task`."""
        return {**self.backbone.groups(), "pool": [self.pool]}

    @property
    def output_dim(self):
        """Number of features of a text."""
        vectors = (None, None, self.backbone.output_dim)
        return self.pool.compute_output_shape(vectors)[-1]

    def build(self, input_shape):
        if not self.backbone.built:
            self.backbone.build(input_shape)
        if not self.pool.built:  # by loading
            self.pool.build((*input_shape, self.backbone.output_dim))

    def call(self, ids, training=None, return_attention_scores=False):
        read = self.backbone(ids, training=training)
        return self.pool(
            read.vectors,
            mask=ops.not_equal(ids, PADDING),
            return_attention_scores=return_attention_scores,
        )

    def get_config(self):
        return {
            **super().get_config(),
            "backbone": keras.saving.serialize_keras_object(self.backbone),
            "pooling": poolings.to_config(self.pooling),
        }

    @classmethod
    def from_config(cls, config):
        backbone = keras.saving.deserialize_keras_object(config["backbone"])
        pooling = poolings.of_config(config["pooling"])
        return cls(**{**config, "backbone": backbone, "pooling": pooling})
