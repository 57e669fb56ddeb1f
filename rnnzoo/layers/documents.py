"""Encoding of documents as words that know their sentences."""

import keras
import tensorflow as tf

from rnnzoo.checks import check_positive
from rnnzoo.layers.bahdanau import BahdanauAttention
from rnnzoo.layers.bidirectional import Bidirectional
from rnnzoo.layers.hierarchical import by_length
from rnnzoo.layers.pooling import AttentionPooling
from rnnzoo.layers.recurrent import recurrent_layer
from rnnzoo.layers.steps import with_a_step


@keras.saving.register_keras_serializable(package="rnnzoo")
class DocumentEncoder(keras.layers.Layer):
    """Encodes the words of documents, each with its sentence.

    Nallapati et al. 2016, "Abstractive Text Summarization using
    Sequence-to-Sequence RNNs and Beyond", section 2.3: one bidirectional RNN
    reads the words of each sentence, another one the sentences. Here attention
    pooling turns the words of a sentence into its vector (Yang et al. 2016),
    and a word is encoded as both RNNs' outputs, one after the other.

    Args:
        units: Units of each direction, of words and of sentences.
        rnn: `"gru"` or `"lstm"`.
        dropout: Rate of the dropout of each RNN's inputs.
        recurrent_dropout: Rate of the dropout of their states.

    Call arguments:
        inputs: `(batch, places, features)`, vectors of words.
        sentences: int32 `(batch, places)`, the number of the sentence that a
            word belongs to; neighbours with different numbers are in different
            sentences.
        mask: Boolean `(batch, places)`; by default there is no padding.
        training: Whether to draw dropout masks.

    Returns:
        `(batch, places, 4 * units)`: a word in its first half, its sentence in
        the other; zeros at padding.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import layers
        >>> encoder = layers.DocumentEncoder(4)
        >>> words = np.random.default_rng(0).normal(size=(1, 5, 3))
        >>> encoded = encoder(words, sentences=np.array([[1, 1, 2, 2, 2]]))
        >>> tuple(encoded.shape)
        (1, 5, 16)
        >>> sentences = encoded[0, :, 8:].numpy()
        >>> bool((sentences[0] == sentences[1]).all())
        True
    """

    def __init__(
        self, units, rnn="lstm", dropout=0.0, recurrent_dropout=0.0, **kwargs
    ):
        super().__init__(**kwargs)
        check_positive("units", units)
        self.units = units
        self.rnn = rnn
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.supports_masking = True
        self.words, self.sentences = (
            Bidirectional(
                recurrent_layer(rnn)(
                    units,
                    return_sequences=True,
                    dropout=dropout,
                    recurrent_dropout=recurrent_dropout,
                    dtype=self.dtype_policy,
                ),
                name=name,
                dtype=self.dtype_policy,
            )
            for name in ("words", "sentences")
        )
        self.pool = AttentionPooling(dtype=self.dtype_policy)

    def build(self, input_shape):
        self.words.build(input_shape)
        self.pool.build((None, None, 2 * self.units))
        self.sentences.build((None, None, 2 * self.units))

    def call(self, inputs, sentences, mask=None, training=None):
        shape = tf.shape(inputs)[:2]
        if mask is None:
            mask = tf.ones(shape, tf.bool)
        places = tf.where(mask)  # (n, 2), of the words
        rows, numbers = places[:, 0], tf.gather_nd(sentences, places)
        opens = (rows != tf.roll(rows, 1, 0)) | (
            numbers != tf.roll(numbers, 1, 0)
        )
        opens |= tf.range(tf.size(rows)) == 0
        sentence = tf.cumsum(tf.cast(opens, tf.int64)) - 1  # of each word
        firsts = tf.where(opens)[:, 0]
        row = tf.gather(rows, firsts)  # of each sentence
        words, exists = _nested(
            tf.gather_nd(inputs, places), sentence, tf.size(firsts)
        )

        def read(words, mask):
            words = self.words(words, mask=mask, training=training)
            return self.pool(words, mask=mask), words

        vectors, words = by_length(read, words, exists)
        vectors, exists = _nested(vectors, row, shape[0])
        vectors = self.sentences(vectors, mask=exists, training=training)
        # Back to the words: by their sentence and their place in it, and by
        # their row and the place of the sentence in it.
        word = tf.range(tf.size(rows, tf.int64)) - tf.gather(firsts, sentence)
        before = tf.searchsorted(row, row, out_type=tf.int64)
        place = tf.range(tf.size(row, tf.int64)) - before
        encoded = tf.concat(
            [
                tf.gather_nd(words, tf.stack([sentence, word], axis=1)),
                tf.gather_nd(
                    vectors,
                    tf.stack([rows, tf.gather(place, sentence)], axis=1),
                ),
            ],
            axis=1,
        )
        size = tf.concat([shape, [4 * self.units]], axis=0)
        encoded = tf.scatter_nd(places, encoded, tf.cast(size, tf.int64))
        encoded.set_shape([*inputs.shape[:2], 4 * self.units])
        return encoded

    def compute_output_shape(self, input_shape):
        return (*input_shape[:2], 4 * self.units)

    def compute_output_spec(self, inputs, *args, **kwargs):
        shape = self.compute_output_shape(inputs.shape)
        return keras.KerasTensor(shape, self.compute_dtype)

    def compute_mask(self, inputs, previous_mask=None):
        return previous_mask

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "rnn": self.rnn,
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
        }


def _nested(values, rows, count):
    """Rows of values, right padded, and their mask.

    Args:
        values: `(n, features)`.
        rows: int64 `(n,)`, ascending, the row of each.
        count: Number of the rows.

    Returns:
        Tuple of `(count, time, features)` and boolean `(count, time)`, with at
        least one step.
    """
    nested = tf.RaggedTensor.from_value_rowids(
        values, rows, nrows=tf.cast(count, tf.int64), validate=False
    )
    dense = nested.to_tensor()
    dense = tf.ensure_shape(dense, [None, None, values.shape[-1]])
    dense = with_a_step(dense)
    mask = tf.sequence_mask(nested.row_lengths(), tf.shape(dense)[1])
    return dense, mask


@keras.saving.register_keras_serializable(package="rnnzoo")
class DocumentAttention(BahdanauAttention):
    """Attention to words and to their sentences, of a `DocumentEncoder`.

    Nallapati et al. 2016, section 2.3: the weight of a word among all words,
    `p_j`, is multiplied by the weight of its sentence, `q_s`, and the products
    are normalized. Both are additive attention (Bahdanau et al. 2015), so

        a_j = p_j q_s(j) / sum_i p_i q_s(i) = softmax_j(e_j + f_s(j))

    with the energies `e` of words and `f` of sentences.

    Args:
        units: Size of both hidden layers.
        hard, coverage, switch, seed: See `Attention`.

    Call arguments and returns are those of `BahdanauAttention`. A place of the
    memory has a word in its first half, and in the other its sentence.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import layers
        >>> attention = layers.DocumentAttention(8)
        >>> contexts = attention(np.ones((1, 2, 3)), np.ones((1, 4, 6)))
        >>> tuple(contexts.shape)
        (1, 2, 6)
    """

    def build(self, queries_shape, memory_shape):
        half = memory_shape[-1] // 2
        super().build(queries_shape, (*memory_shape[:-1], half))
        self.sentence_query_kernel = self._weight(
            "sentence_query_kernel", queries_shape[-1], self.units
        )
        self.sentence_memory_kernel = self._weight(
            "sentence_memory_kernel", half, self.units
        )
        self.sentence_vector = self._weight("sentence_vector", self.units, 1)
        self.sentence_bias = self._weight(
            "sentence_bias", self.units, initializer="zeros"
        )

    def keys(self, values):
        words, sentences = tf.split(values, 2, axis=-1)
        sentences = self._product(sentences, self.sentence_memory_kernel)
        sentences += self._cast(self.sentence_bias)
        return tf.concat([super().keys(words), sentences], axis=-1)

    def energies(self, queries, memory, coverage):
        words, sentences = tf.split(memory.keys, 2, axis=-1)
        words = memory._replace(keys=words)
        hidden = self._product(queries, self.sentence_query_kernel)
        hidden = tf.expand_dims(hidden, 2) + tf.expand_dims(sentences, 1)
        energies = self._product(tf.tanh(hidden), self.sentence_vector)
        of_words = super().energies(queries, words, coverage)
        return of_words + tf.squeeze(energies, axis=-1)
