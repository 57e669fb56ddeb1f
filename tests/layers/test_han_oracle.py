"""Hierarchical attention against a loop over documents and sentences.

The oracle is written from Yang et al. 2016, section 2.2, on Keras's recurrent
layers in float64. It sees the words that exist, one sentence at a time, and
knows neither padding nor masks.
"""

from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf
from recurrent_checks import assert_close

from rnnzoo import layers

VOCABULARY, FEATURES, WORD_UNITS, SENTENCE_UNITS = 9, 4, 3, 2
SENTENCES, WORDS = 5, 6  # of the padded batch
RANDOM = np.random.default_rng(0)


def random_documents(count):
    """Documents of up to four sentences, empty ones among them."""
    for _ in range(count):
        lengths = RANDOM.integers(0, WORDS, RANDOM.integers(1, SENTENCES))
        yield [RANDOM.integers(1, VOCABULARY, each) for each in lengths]


DOCUMENTS = [
    [[2, 3, 4], [5], [6, 7, 2, 2, 1, 8]],
    [[8], [], [3, 3, 2, 5]],  # an empty sentence between two others
    [],  # an empty document
    [[4]],  # a single word
    [[], [2, 6]],  # an empty sentence at the start
    [[1, 2], [1, 2], [3], [3], [1, 2]],  # as many sentences as fit
    *random_documents(12),
]


def pad(documents):
    """Ids `(batch, sentences, words)`, 0 where there is no word."""
    ids = np.zeros((len(documents), SENTENCES, WORDS), "int32")
    for i, document in enumerate(documents):
        for j, sentence in enumerate(document):
            ids[i, j, : len(sentence)] = sentence
    return ids


class Level:
    """One level of the network: an RNN in each direction, and attention."""

    def __init__(self, rnn, units, weights):
        kind = {"gru": keras.layers.GRU, "lstm": keras.layers.LSTM}[rnn]
        self.directions = []
        for own, backward in ((weights[:3], False), (weights[3:6], True)):
            layer = kind(
                units,
                return_sequences=True,
                go_backwards=backward,
                dtype="float64",
            )
            layer.build((None, None, len(own[0])))
            layer.set_weights(own)
            self.directions.append(layer)
        self.attention = [
            tf.Variable(each, dtype="float64") for each in weights[6:]
        ]

    @property
    def variables(self):
        forward, backward = self.directions
        return [
            *(each.value for each in forward.weights),
            *(each.value for each in backward.weights),
            *self.attention,
        ]

    def encode(self, steps):
        """`(time, features)` to the vector, and the weight of each step."""
        forward, backward = self.directions
        hidden = tf.concat(
            [
                forward(steps[None])[0],
                tf.reverse(backward(steps[None])[0], axis=[0]),
            ],
            axis=1,
        )
        kernel, bias, context = self.attention
        u = tf.tanh(tf.matmul(hidden, kernel) + bias)
        weights = tf.exp(tf.matmul(u, context)[:, 0])
        weights /= tf.reduce_sum(weights)
        return tf.reduce_sum(weights[:, None] * hidden, axis=0), weights


def encode_document(words, sentences, vectors):
    """A document's vector, each sentence's word weights, sentence weights.

    Args:
        words, sentences: `Level`.
        vectors: For each sentence that has words `(words, features)`.
    """
    if not vectors:
        nothing = tf.zeros([2 * SENTENCE_UNITS], "float64")
        return nothing, [], tf.zeros([0], "float64")
    encoded = [words.encode(each) for each in vectors]
    document, weights = sentences.encode(
        tf.stack([vector for vector, _ in encoded])
    )
    return document, [each for _, each in encoded], weights


def make(rnn, with_ids):
    embedding = layers.Embedding(VOCABULARY, FEATURES) if with_ids else None
    layer = layers.HierarchicalAttention(
        WORD_UNITS,
        SENTENCE_UNITS,
        rnn=rnn,
        embedding=embedding,
        length_groups=2,
    )
    layer.build(
        (None, None, None) if with_ids else (None, None, None, FEATURES)
    )
    layer.set_weights(
        [RANDOM.normal(0, 0.7, each.shape) for each in layer.weights]
    )
    return layer


def differentiate(run, sources):
    """Results of `run`, and gradients of some sum of all its numbers."""
    with tf.GradientTape() as tape:
        tape.watch(sources)
        results = run()
        loss = 0.0
        for i, result in enumerate(results):
            factors = np.cos(np.arange(np.size(result)) + i)
            factors = tf.constant(factors.reshape(result.shape), result.dtype)
            loss += tf.reduce_sum(factors * result)
    gradients = tape.gradient(loss, sources)
    return results, [tf.convert_to_tensor(each) for each in gradients]


@pytest.mark.parametrize("with_ids", [True, False], ids=["ids", "vectors"])
@pytest.mark.parametrize("rnn", ["gru", "lstm"])
def test_documents_are_read_as_in_the_paper(rnn, with_ids):
    layer, ids = make(rnn, with_ids), pad(DOCUMENTS)
    mask = ids > 0
    assert mask.any(axis=2).sum() > 32  # sentences of the smallest group
    if with_ids:
        inputs, given = ids, None
        table, *weights = layer.get_weights()
    else:  # Padding holds numbers, too.
        table = RANDOM.normal(size=(*ids.shape, FEATURES)).astype("float32")
        mask &= RANDOM.random(mask.shape) > 0.2  # also between words
        inputs, given = tf.constant(table), mask
        weights = layer.get_weights()
    table = tf.Variable(table, dtype="float64")
    words = Level(rnn, WORD_UNITS, weights[:9])
    sentences = Level(rnn, SENTENCE_UNITS, weights[9:])

    def run(training):
        return layer(
            inputs, mask=given, training=training, return_attention_scores=True
        )

    def follow():
        documents, word_weights, sentence_weights = [], [], []
        for i in range(len(ids)):
            here = [
                tf.gather(table, ids[i, j][mask[i, j]])
                if with_ids
                else tf.boolean_mask(table[i, j], mask[i, j])
                for j in range(SENTENCES)
                if mask[i, j].any()
            ]
            document, of_words, of_sentences = encode_document(
                words, sentences, here
            )
            documents.append(document)
            word_weights += of_words
            sentence_weights.append(of_sentences)
        # Where there is no word, and where there is no sentence, stays 0.
        return (
            tf.stack(documents),
            tf.scatter_nd(
                np.argwhere(mask), tf.concat(word_weights, 0), mask.shape
            ),
            tf.scatter_nd(
                np.argwhere(mask.any(axis=2)),
                tf.concat(sentence_weights, 0),
                mask.shape[:2],
            ),
        )

    theirs = differentiate(
        follow, [table, *words.variables, *sentences.variables]
    )
    sources = [each.value for each in layer.trainable_variables]
    sources = sources if with_ids else [inputs, *sources]
    for training in (True, False):  # by hand, and by TensorFlow
        assert_close(differentiate(partial(run, training), sources), theirs)
    assert_close(layer(inputs, mask=given), theirs[0][0])
