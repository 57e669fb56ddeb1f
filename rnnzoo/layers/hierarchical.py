"""Encoding of documents, with attention to sentences and to words."""

import keras
import tensorflow as tf

from rnnzoo.checks import check_positive
from rnnzoo.layers.pooling import Summary
from rnnzoo.layers.sequence import SequenceEncoder


@keras.saving.register_keras_serializable(package="rnnzoo")
class HierarchicalAttention(Summary):
    """Encodes documents of sentences of words, with attention at both levels.

    Yang et al. 2016, "Hierarchical Attention Networks for Document
    Classification": a bidirectional RNN and attention pooling over its words
    turn each sentence into a vector. The same over these vectors turns the
    document into a vector.

    Only the sentences that exist are computed. Batch and sentence axes are
    folded into one, empty sentences are dropped, and the others are sorted by
    length and run in a few groups, each as wide as its longest sentence.

    Args:
        word_units: Units of each direction of the word level.
        sentence_units: Units of each direction of the sentence level.
        rnn: `"gru"` or `"lstm"`.
        dropout: Rate of the dropout of each level's inputs.
        recurrent_dropout: Rate of the dropout of each level's states.
        embedding: Optional layer that maps ids to vectors. With it the inputs
            are ids, and 0 is padding.
        word_dropout: Rate at which whole word types lose their vectors in a
            sentence, see `rnnzoo.layers.EmbeddingDropout`. Only with an
            `embedding`.
        length_groups: Number of groups that the sentences of a batch run in.

    Call arguments:
        inputs: `(batch, sentences, words, features)`, or ids
            `(batch, sentences, words)` if there is an `embedding`.
        mask: Boolean `(batch, sentences, words)`. With an `embedding` it
            defaults to `inputs != 0`, otherwise to all words.
        return_attention_scores: Whether to return the weights as well.

    Returns:
        `(batch, 2 * sentence_units)`; a document without words has the vector
        zero. With `return_attention_scores`, a tuple of this vector, the word
        weights `(batch, sentences, words)`, which sum to one in each sentence,
        and the sentence weights `(batch, sentences)`, which sum to one in each
        document. Both weights are float32 and zero at padding.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import layers
        >>> encoder = layers.HierarchicalAttention(
        ...     4, 4, embedding=layers.Embedding(20, 8)
        ... )
        >>> document = np.array([[[5, 9, 2], [7, 0, 0]]])  # two sentences
        >>> vector, words, sentences = encoder(
        ...     document, return_attention_scores=True
        ... )
        >>> tuple(vector.shape), tuple(sentences.shape)
        ((1, 8), (1, 2))
        >>> words[0, 1].numpy().tolist()
        [1.0, 0.0, 0.0]
    """

    def __init__(
        self,
        word_units=50,
        sentence_units=50,
        *,
        rnn="gru",
        dropout=0.0,
        recurrent_dropout=0.0,
        embedding=None,
        word_dropout=0.0,
        length_groups=4,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_positive("word_units", word_units)
        check_positive("sentence_units", sentence_units)
        check_positive("length_groups", length_groups)
        self.word_units = word_units
        self.sentence_units = sentence_units
        self.rnn = rnn
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.word_dropout = word_dropout
        self.length_groups = length_groups
        shared = {
            "rnn": rnn,
            "dropout": dropout,
            "recurrent_dropout": recurrent_dropout,
            "dtype": self.dtype_policy,
        }
        self.words = SequenceEncoder(
            word_units,
            embedding=embedding,
            word_dropout=word_dropout,
            name="words",
            **shared,
        )
        self.sentences = SequenceEncoder(
            sentence_units, name="sentences", **shared
        )

    @property
    def embedding(self):
        return self.words.embedding

    @property
    def output_dim(self):
        return 2 * self.sentence_units

    def build(self, input_shape):
        self.words.build((None, *input_shape[2:]))
        self.sentences.build((None, None, 2 * self.word_units))

    def call(
        self, inputs, mask=None, training=None, return_attention_scores=False
    ):
        if mask is None:
            mask = self._default_mask(inputs)
        mask = tf.cast(mask, tf.bool)
        exists = tf.reduce_any(mask, axis=-1)  # (batch, sentences)
        vectors, word_weights = self._encode_sentences(
            tf.boolean_mask(inputs, exists),
            tf.boolean_mask(mask, exists),
            training,
        )
        # Back from the existing sentences to (batch, sentences, ...).
        places = tf.where(exists)
        shape = tf.shape(exists, out_type=tf.int64)
        vectors = tf.scatter_nd(
            places,
            vectors,
            tf.concat([shape, [2 * self.word_units]], axis=0),
        )
        vectors.set_shape([*exists.shape, 2 * self.word_units])
        document = self.sentences(
            vectors,
            mask=exists,
            training=training,
            return_attention_scores=return_attention_scores,
        )
        if not return_attention_scores:
            return document
        document, sentence_weights = document
        word_weights = tf.scatter_nd(
            places, word_weights, tf.shape(mask, out_type=tf.int64)
        )
        return document, word_weights, sentence_weights

    def encode_all(self, inputs, training=None):
        """The vectors of documents, in a graph whose sizes are all fixed.

        Sentences that are padding are computed, too. They change nothing.

        Args:
            inputs: As in `call`, of a known shape.
            training: Whether to draw dropout masks.

        Returns:
            `(batch, 2 * sentence_units)`.
        """
        mask = self._default_mask(inputs)
        batch, sentences, words = inputs.shape[:3]
        vectors = self.words(
            tf.reshape(inputs, [batch * sentences, *inputs.shape[2:]]),
            mask=tf.reshape(mask, [batch * sentences, words]),
            training=training,
        )
        return self.sentences(
            tf.reshape(vectors, [batch, sentences, 2 * self.word_units]),
            mask=tf.reduce_any(mask, axis=-1),
            training=training,
        )

    def _default_mask(self, inputs):
        if self.embedding is not None:
            return tf.not_equal(inputs, 0)
        return tf.ones(tf.shape(inputs)[:3], bool)

    def _encode_sentences(self, words, mask, training):
        """Encodes sentences, group by group.

        Args:
            words: `(n, words, ...)`.
            mask: Boolean `(n, words)`.
            training: Whether to draw dropout masks.

        Returns:
            Tuple of vectors `(n, features)` and weights `(n, words)`.
        """

        def encode(words, mask):
            return self.words(
                words,
                mask=mask,
                training=training,
                return_attention_scores=True,
            )

        return by_length(encode, words, mask, self.length_groups)

    def get_config(self):
        return {
            **super().get_config(),
            "word_units": self.word_units,
            "sentence_units": self.sentence_units,
            "rnn": self.rnn,
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
            "embedding": keras.saving.serialize_keras_object(self.embedding),
            "word_dropout": self.word_dropout,
            "length_groups": self.length_groups,
        }

    @classmethod
    def from_config(cls, config):
        embedding = keras.saving.deserialize_keras_object(config["embedding"])
        return cls(**{**config, "embedding": embedding})


def by_length(encode, rows, mask, groups=4, smallest=32):
    """Encodes sequences in groups, each as wide as its longest sequence.

    Args:
        encode: Function of some rows and their mask that returns a tuple of
            `(n, ...)` and `(n, time, ...)`.
        rows: `(n, time, ...)`, right padded.
        mask: Boolean `(n, time)`.
        groups: Number of groups.
        smallest: Rows of the smallest group, except for the last one.

    Returns:
        What `encode` returns, of all rows in their order, right padded.
    """
    width = tf.shape(mask)[1]
    ends = tf.where(mask, tf.range(1, width + 1), 0)
    lengths = tf.reduce_max(ends, axis=1)
    order = tf.argsort(lengths, direction="DESCENDING", stable=True)
    size = tf.maximum(-(-tf.size(order) // groups), smallest)
    wholes, steps = [], []
    for i in range(groups):
        group = order[i * size : (i + 1) * size]
        longest = tf.maximum(tf.reduce_max(tf.gather(lengths, group)), 1)
        longest = tf.minimum(longest, width)  # which may be 0
        whole, each = encode(
            tf.gather(rows, group)[:, :longest],
            tf.gather(mask, group)[:, :longest],
        )
        missing = [[0, 0], [0, width - longest]] + [[0, 0]] * (
            each.shape.rank - 2
        )
        wholes.append(whole)
        steps.append(tf.pad(each, missing))
    back = tf.math.invert_permutation(order)
    return (
        tf.gather(tf.concat(wholes, axis=0), back),
        tf.gather(tf.concat(steps, axis=0), back),
    )
