"""Memory networks against the paper's equations, sentence by sentence."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnzoo import layers
from rnnzoo.layers.memory_network import position_weights

UNITS, HOPS, SIZE = 6, 3, 4
STORIES = [
    [[2, 3, 4], [5, 3], [6, 7, 8, 2, 2]],
    [[4]],
    [],
    [[2, 2]] * 6,  # longer than the memory has times
]
QUESTIONS = [[3, 4], [2], [7, 8, 5], []]


PAIRS = list(zip(STORIES, QUESTIONS, strict=True))


def as_inputs(stories=STORIES, questions=QUESTIONS, more=0):
    sentences = max(map(len, stories)) + more
    words = max(len(s) for story in stories for s in story) + more
    memory = np.zeros((len(stories), sentences, words), "int32")
    question = np.zeros(
        (len(stories), max(map(len, questions)) + more), "int32"
    )
    for i, (story, asked) in enumerate(zip(stories, questions, strict=True)):
        question[i, : len(asked)] = asked
        for j, sentence in enumerate(story):
            memory[i, j, : len(sentence)] = sentence
    return {"memory": memory, "question": question}


def network(**options):
    made = layers.MemoryNetwork(
        UNITS, HOPS, memory_size=SIZE, input_dim=9, seed=1, **options
    )
    made.build()
    return made


def softmax(scores):
    """Over the scores and those of the memories that are empty."""
    empty = np.zeros(max(SIZE - len(scores), 0))
    powers = np.exp([*scores, *empty])
    return powers[: len(scores)] / powers.sum()


def oracle(layer, story, question, weigh=softmax):
    """The vector and the weights of the hops, as section 2 of the paper."""
    tables = np.split(layer.embedding.embeddings.numpy(), layer.tables, axis=1)
    times = np.split(layer.time.numpy(), layer.memories, axis=1)

    def read(sentence, table):
        total, count = np.zeros(UNITS), len(sentence)
        for j, word in enumerate(sentence, 1):
            for k in range(1, UNITS + 1):
                weight = 1.0
                if layer.position_encoding:
                    weight = (1 - j / count) - (k / UNITS) * (1 - 2 * j / count)
                    weight *= 2  # as in the authors' code
                total[k - 1] += weight * table[word, k - 1]
        return total

    def memory(number):
        return np.array(
            [
                read(sentence, tables[number])
                + times[number][min(len(story) - 1 - i, SIZE - 1)]
                for i, sentence in enumerate(story)
            ]
        )

    adjacent = layer.tying == "adjacent"
    u, weights = read(question, tables[0 if adjacent else 2]), []
    for hop in range(HOPS):
        a, c = (hop, hop + 1) if adjacent else (0, 1)
        o = 0
        if story:
            p = weigh(memory(a) @ u)
            weights.append(p)
            o = p @ memory(c)
        u = (u if adjacent else u @ layer.kernel.numpy()) + o
    return u, weights


@pytest.mark.parametrize("tying", ["adjacent", "layer-wise"])
@pytest.mark.parametrize("encodes", [True, False])
def test_hops_are_those_of_the_paper(tying, encodes):
    layer = network(tying=tying, position_encoding=encodes)
    vectors, weights = layer(as_inputs(), return_attention_scores=True)
    answers = layer.answer_vectors(np.array([3, 8])).numpy()
    table = layer.embedding.embeddings.numpy()[:, -UNITS:]
    np.testing.assert_array_equal(answers, table[[3, 8]])
    for row, (story, question) in enumerate(PAIRS):
        expected, shares = oracle(layer, story, question)
        np.testing.assert_allclose(vectors[row], expected, atol=1e-5)
        for hop, share in enumerate(shares):
            np.testing.assert_allclose(
                weights[row, hop, : len(story)], share, atol=1e-5
            )
        assert not weights[row, :, len(story) :].numpy().any()


def test_positions_weigh_words_twice_as_the_equation_says():
    for words, units in ((1, 3), (4, 5)):
        expected = [
            [
                2 * ((1 - j / words) - (k / units) * (1 - 2 * j / words))
                for k in range(1, units + 1)
            ]
            for j in range(1, words + 1)
        ]
        found = position_weights(words, units)
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_padding_and_other_questions_change_nothing():
    layer = network()
    together = layer(as_inputs(more=3)).numpy()
    for row, (story, question) in enumerate(PAIRS):
        alone = layer(as_inputs([story or [[0]]], [question or [0]]))
        np.testing.assert_allclose(together[row], alone[0], atol=1e-5)


def test_a_linear_start_has_no_softmax_in_training():
    layer = network(linear_start=True, noise=0.0)
    inputs = as_inputs()
    with_softmax = layer(inputs, training=True).numpy()
    layer.linear.assign(1.0)
    np.testing.assert_array_equal(layer(inputs).numpy(), with_softmax)
    linear = layer(inputs, training=True).numpy()
    for row, (story, question) in enumerate(PAIRS):
        expected, _ = oracle(layer, story, question, weigh=lambda s: s)
        np.testing.assert_allclose(linear[row], expected, atol=1e-5)


def test_noise_moves_sentences_away_in_time_in_training_alone():
    layer = layers.MemoryNetwork(
        2, 1, memory_size=40, noise=0.25, input_dim=9, seed=1
    )
    layer.build()
    # A sentence is told by the time that it has: memories are the times.
    layer.time.assign(np.repeat(np.arange(40.0)[:, None], 4, axis=1))
    exists = tf.sequence_mask([0, 4] + [20] * 5000, 22)

    def ages(training):
        return layer._times(exists, training)[:, :20, 0].numpy()

    assert ages(False)[2].tolist() == list(range(19, -1, -1))
    assert ages(True)[1, :4].tolist() == [3, 2, 1, 0]  # fewer than one
    times = ages(True)[2:]
    more = times - np.arange(19, -1, -1)
    assert (np.diff(more, axis=1) <= 0).all()  # the older, the further away
    assert set(more.ravel()) == set(range(5))  # fewer than five
    # On average two, each at one of 21 places.
    expected = 2 * np.arange(20, 0, -1) / 21
    np.testing.assert_allclose(more.mean(axis=0), expected, atol=0.06)
    assert len({tuple(row) for row in times[:500]}) > 250  # its own for each


def test_a_batch_may_be_empty():
    """As of a replica that has no rows."""
    layer = network(noise=0.5)
    inputs = {key: value[:0] for key, value in as_inputs().items()}
    assert layer(inputs, training=True).shape == (0, UNITS)


def test_gradients_are_those_of_finite_differences():
    layer = network(tying="layer-wise")
    inputs = as_inputs()
    factors = np.random.default_rng(0).normal(size=(len(STORIES), UNITS))

    def loss():
        return tf.reduce_sum(layer(inputs) * factors)

    with tf.GradientTape() as tape:
        value = loss()
    weights = [layer.embedding.embeddings, layer.time, layer.kernel]
    for weight, gradient in zip(
        weights, tape.gradient(value, weights), strict=True
    ):
        gradient = tf.convert_to_tensor(gradient).numpy()
        old = weight.numpy()
        step = np.random.default_rng(1).normal(size=old.shape) * 3e-3
        weight.assign(old + step)
        above = loss()
        weight.assign(old - step)
        difference = float(above - loss()) / 2
        weight.assign(old)
        assert difference == pytest.approx((gradient * step).sum(), rel=2e-2)


def test_a_story_reader_reads_on_from_the_story_to_the_question():
    reader = layers.StoryReader(5, 4, input_dim=9)
    found = reader(as_inputs(more=2)).numpy()
    lstm = keras.layers.LSTM(5)
    lstm.build((None, None, 4))
    lstm.set_weights(reader.recurrent.get_weights())
    for row, (story, question) in enumerate(PAIRS):
        words = [word for each in (*story, question) for word in each]
        state = lstm(reader.embedding(np.array([words])))
        expected = reader.projection(state)[0]
        np.testing.assert_allclose(found[row], expected, atol=1e-5)
