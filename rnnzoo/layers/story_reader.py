"""A recurrent layer that reads a story and a question, word by word."""

import keras
import tensorflow as tf

from rnnzoo.checks import check_positive
from rnnzoo.ids import pad
from rnnzoo.layers.dropout import VariationalDropout
from rnnzoo.layers.embedding import Embedding
from rnnzoo.layers.recurrent import recurrent_layer


@keras.saving.register_keras_serializable(package="rnnzoo")
class StoryReader(keras.layers.Layer):
    """Reads the words of a story, then those of a question, and ends up there.

    The recurrent baseline of Sukhbaatar et al. 2015 and of Weston et al. 2015.
    The last state is projected to the size of the word vectors, so that it can
    be compared with those of answers.

    Args:
        units: Units of the recurrent layer.
        embedding_dim: Size of the word vectors.
        rnn: `"lstm"` or `"gru"`.
        dropout: Rate of the dropout of the word vectors and of the last state,
            one mask over time.
        recurrent_dropout: Rate of the dropout of the states.
        input_dim: Number of ids; if `None`, the `embedding` must be told
            before it is built.

    Call arguments:
        inputs: Dict of ids, 0 for padding: `"memory"` `(batch, sentences,
            words)` and `"question"` `(batch, words)`.
        training: Whether to draw dropout masks.

    Returns:
        `(batch, embedding_dim)`.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import layers
        >>> reader = layers.StoryReader(8, 4, input_dim=9)
        >>> story = np.array([[[2, 3, 4], [5, 3, 0]]])
        >>> question = np.array([[6, 2]])
        >>> tuple(reader({"memory": story, "question": question}).shape)
        (1, 4)
    """

    def __init__(
        self,
        units,
        embedding_dim,
        rnn="lstm",
        dropout=0.0,
        recurrent_dropout=0.0,
        input_dim=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_positive("embedding_dim", embedding_dim)
        self.units = units
        self.embedding_dim = embedding_dim
        self.rnn = rnn
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.embedding = Embedding(
            input_dim, embedding_dim, name="embedding", dtype=self.dtype_policy
        )
        self.recurrent = recurrent_layer(rnn)(
            units,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            name="recurrent",
            dtype=self.dtype_policy,
        )
        self.drop = VariationalDropout(dropout, dtype=self.dtype_policy)
        self.projection = keras.layers.Dense(
            embedding_dim, name="projection", dtype=self.dtype_policy
        )

    def build(self, input_shape=None):
        for layer, shape in (
            (self.embedding, (None, None)),
            (self.recurrent, (None, None, self.embedding_dim)),
            (self.projection, (None, self.units)),
        ):
            if not layer.built:
                layer.build(shape)
        self.built = True

    def call(self, inputs, training=None):
        # Over replicas, Keras tries a model on averages of ids.
        story = tf.cast(inputs["memory"], tf.int32)
        question = tf.cast(inputs["question"], tf.int32)
        shape = tf.shape(story)
        story = tf.reshape(story, [shape[0], shape[1] * shape[2]])
        words = tf.concat(
            [
                tf.ragged.boolean_mask(each, each != 0)  # without padding
                for each in (story, question)
            ],
            axis=1,
        )
        words = pad(words)  # (batch, time)
        vectors = self.embedding(words)
        state = self.recurrent(vectors, mask=words != 0, training=training)
        state = self.drop(state[:, None], training=training)[:, 0]
        return self.projection(state)

    def answer_vectors(self, ids):
        """The vectors that the result is compared with, for some ids.

        Args:
            ids: Integers `(answers,)`.

        Returns:
            `(answers, embedding_dim)`.
        """
        return self.embedding(ids)

    def compute_output_shape(self, input_shape):
        return (None, self.embedding_dim)

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "embedding_dim": self.embedding_dim,
            "rnn": self.rnn,
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
            "input_dim": self.embedding.input_dim,
        }
