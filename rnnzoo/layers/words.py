"""Vectors of words in a sentence, from the words, characters and case."""

import keras
from keras import ops

from rnnzoo.checks import check_positive, check_rate
from rnnzoo.layers.dropout import EmbeddingDropout, VariationalDropout
from rnnzoo.layers.embedding import Embedding


@keras.saving.register_keras_serializable(package="rnnzoo")
class WordFeatures(keras.layers.Layer):
    """Concatenates vectors of each word, of its characters and of its case.

    Args:
        embedding: `rnnzoo.layers.Embedding` of words.
        characters: Optional `rnnzoo.layers.CharCNN` or `CharLSTM`.
        cases: Number of ids of cases, or 0 to leave cases out.
        case_dim: Size of a case's vector.
        word_dropout: Rate at which word types lose their vectors, everywhere
            in a sentence; see `rnnzoo.layers.EmbeddingDropout`.
        dropout: Rate of the dropout of all features, one mask over time.

    Call arguments:
        inputs: Dict of ids, 0 for padding: `"words"` `(batch, time)`,
            `"characters"` `(batch, time, characters)` and `"cases"` `(batch,
            time)`. The layer ignores inputs that it was not made for.

    Returns:
        `(batch, time, output_dim)`.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import layers
        >>> features = layers.WordFeatures(
        ...     layers.Embedding(20, 8),
        ...     characters=layers.CharCNN(30, filters=6),
        ...     cases=4,
        ...     case_dim=2,
        ... )
        >>> features.reads
        ('words', 'characters', 'cases')
        >>> inputs = {
        ...     "words": np.array([[5, 9]]),
        ...     "characters": np.array([[[3, 1, 4], [2, 0, 0]]]),
        ...     "cases": np.array([[1, 2]]),
        ... }
        >>> tuple(features(inputs).shape)
        (1, 2, 16)
    """

    def __init__(
        self,
        embedding,
        *,
        characters=None,
        cases=0,
        case_dim=10,
        word_dropout=0.0,
        dropout=0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_rate("word_dropout", word_dropout)
        self.embedding = embedding
        self.characters = characters
        self.case_embedding = None
        if cases:
            check_positive("case_dim", case_dim)
            self.case_embedding = Embedding(
                cases, case_dim, dtype=self.dtype_policy
            )
        self.case_dim = case_dim
        self.word_dropout = EmbeddingDropout(
            word_dropout, dtype=self.dtype_policy
        )
        self.dropout = VariationalDropout(dropout, dtype=self.dtype_policy)

    @property
    def reads(self):
        """Tuple of the names of the inputs that the layer reads."""
        return (
            "words",
            *(["characters"] if self.characters is not None else []),
            *(["cases"] if self.case_embedding is not None else []),
        )

    @property
    def output_dim(self):
        parts = (self.embedding, self.characters, self.case_embedding)
        return sum(part.output_dim for part in parts if part is not None)

    def build(self, input_shape=None):
        for layer, rank in (
            (self.embedding, 2),
            (self.characters, 3),
            (self.case_embedding, 2),
        ):
            if layer is not None and not layer.built:
                layer.build((None,) * rank)
        self.built = True

    def call(self, inputs, training=None):
        # Over replicas, Keras tries a model on averages of ids.
        words = ops.cast(inputs["words"], "int32")
        vectors = self.embedding(words)
        features = [self.word_dropout(vectors, words, training=training)]
        if self.characters is not None:
            features.append(
                self.characters(inputs["characters"], training=training)
            )
        if self.case_embedding is not None:
            features.append(self.case_embedding(inputs["cases"]))
        features = ops.concatenate(features, axis=-1)
        return self.dropout(features, training=training)

    def compute_output_shape(self, input_shape):
        words = (None, None) if input_shape is None else input_shape["words"]
        return (*words, self.output_dim)

    def get_config(self):
        serialize = keras.saving.serialize_keras_object
        cases = self.case_embedding and self.case_embedding.input_dim
        return {
            **super().get_config(),
            "embedding": serialize(self.embedding),
            "characters": self.characters and serialize(self.characters),
            "cases": cases or 0,
            "case_dim": self.case_dim,
            "word_dropout": self.word_dropout.rate,
            "dropout": self.dropout.rate,
        }

    @classmethod
    def from_config(cls, config):
        config = dict(config)
        for key in ("embedding", "characters"):
            config[key] = keras.saving.deserialize_keras_object(config[key])
        return cls(**config)
