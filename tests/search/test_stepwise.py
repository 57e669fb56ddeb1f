import numpy as np
import pytest
import tensorflow as tf
from markov import END, START, Markov, assert_same, sequences, unpacked

from rnnzoo import search


def test_greedy_takes_the_most_probable_token():
    models = Markov(50, vocabulary=5)
    for model, [(tokens, _, _)] in enumerate(
        unpacked(models.run(search.greedy, max_length=6))
    ):
        expected, before, last = [], START, START
        while len(expected) < 6:
            best = models.logits[model, len(expected), before, last].argmax()
            if best == END:
                break
            expected.append(best)
            before, last = last, best
        assert tokens == tuple(expected)


def test_samples_occur_as_often_as_is_probable():
    models = Markov(1, vocabulary=3, spread=1)
    n = 20_000
    found = models.run(search.sample, max_length=3, count=n, seed=3)
    drawn = [tokens for tokens, _, _ in unpacked(found)[0]]
    expected = {s: np.exp(models.log_prob(0, s)) for s in sequences(3, 2)}
    for tokens, probability in expected.items():
        error = 5 * np.sqrt(probability * (1 - probability) / n)
        assert drawn.count(tokens) / n == pytest.approx(probability, abs=error)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"temperature": 0.5}, [0.16, 0.36, 0.04, 0.01]),
        ({"top_k": 2}, [0.4, 0.6, 0, 0]),
        ({"top_p": 0.4}, [0, 1, 0, 0]),
        ({"top_p": 0.7}, [0.4, 0.6, 0, 0]),
        ({"top_p": 1.0}, [0.2667, 0.4, 0.1333, 0.0667]),
        # The probabilities that top_p adds up are those that top_k left.
        ({"top_k": 2, "top_p": 0.5}, [0, 1, 0, 0]),
        ({"top_k": 9}, [0.2667, 0.4, 0.1333, 0.0667]),
    ],
)
def test_temperature_and_cuts_change_the_probabilities(options, expected):
    probabilities = [0.4, 0.6, 0.2, 0.1, 1e-9]  # the last is the end

    def step(tokens, state):
        logits = tf.math.log([probabilities])
        return tf.repeat(logits, tf.shape(tokens)[0], axis=0), state

    n = 20_000
    found = search.sample(
        step, tf.zeros([1, 1]), tf.zeros([1]), 4, 1, count=n, **options
    )
    counts = np.bincount(found.tokens.numpy().ravel(), minlength=4) / n
    expected = np.array(expected) / sum(expected)
    np.testing.assert_allclose(counts, expected, atol=0.02)


def test_the_lowest_temperature_is_greedy():
    models = Markov(20, vocabulary=5)
    cold = models.run(search.sample, 5, temperature=1e-39)
    assert_same(cold, models.run(search.greedy, 5))


def test_a_seed_gives_the_same_samples():
    models = Markov(20, vocabulary=5)
    one, same, other = (
        models.run(search.sample, 5, seed=seed) for seed in (1, 1, 2)
    )
    assert_same(one, same)
    assert (one.log_probs.numpy() != other.log_probs.numpy()).any()
    pairs = [
        models.run(search.sample, 5, seed=tf.constant(seed))
        for seed in ([1, 0], [1, 0], [1, 1])
    ]
    assert_same(pairs[0], one)
    assert_same(pairs[0], pairs[1])
    assert (pairs[0].log_probs.numpy() != pairs[2].log_probs.numpy()).any()
