import numpy as np
import pytest
import tensorflow as tf
from markov import END, RNG, START, Markov, penalty, sequences, unpacked

from rnnzoo import search
from rnnzoo.search.top_k import top_k


@pytest.mark.parametrize("length_penalty", [0.0, 0.6, 1.5])
@pytest.mark.parametrize("min_length", [0, 2])
def test_a_beam_of_full_width_finds_the_best_of_all(length_penalty, min_length):
    models = Markov(170, vocabulary=3)
    found = models.run(
        search.beam,
        max_length=4,
        min_length=min_length,
        width=2**4 * 3,
        n_best=6,
        length_penalty=length_penalty,
    )
    every = [s for s in sequences(3, 4) if len(s) >= min_length]
    for model, best in enumerate(unpacked(found)):
        scored = [
            (models.log_prob(model, s) / penalty(s, length_penalty), s)
            for s in every
        ]
        scored = sorted(scored, reverse=True)[:6]
        assert [s for s, _, _ in best] == [s for _, s in scored]
        np.testing.assert_allclose(
            [score for _, score, _ in best],
            [score for score, _ in scored],
            rtol=1e-4,
        )


@pytest.mark.parametrize("length_penalty", [0.0, 1.0])
def test_a_beam_of_one_is_greedy(length_penalty):
    models = Markov(500, vocabulary=6)
    one = models.run(
        search.beam, max_length=7, width=1, length_penalty=length_penalty
    )
    greedy = models.run(search.greedy, max_length=7)
    for a, b in zip(unpacked(one), unpacked(greedy), strict=True):
        assert a[0][0] == b[0][0]
        assert a[0][2] == pytest.approx(b[0][2], rel=1e-5)


def test_what_ended_early_does_not_end_the_search():
    """With few tokens, many sequences end that are all but impossible."""
    best = tf.constant([2, 3, 2, 4, 3, END])

    def step(tokens, state):
        logits = 20 * tf.one_hot(tf.gather(best, state), 5)
        return logits + tf.one_hot(tf.fill(tf.shape(tokens), END), 5), state + 1

    for width in (1, 2, 5):
        found = search.beam(
            step, tf.zeros([1], tf.int32), [START], END, 9, width=width
        )
        assert unpacked(found)[0][0][0] == (2, 3, 2, 4, 3)


def test_the_first_step_of_a_beam_costs_one_row_a_sample():
    models = Markov(3, vocabulary=20)
    rows = []

    def step(tokens, state):
        rows.append(len(tokens))
        return models.step(tokens, state)

    search.beam(step, models.state, models.start, END, 3, min_length=3, width=5)
    assert rows == [3, 15, 15, 15]


@pytest.mark.parametrize("vocabulary", [63, 64, 65, 1000])
def test_the_best_are_found_in_blocks_as_one_by_one(vocabulary):
    scores = RNG.integers(0, 9, (7, 3, vocabulary)).astype("float32")
    scores[0, :, 5:] = -np.inf
    for k in (1, 6, 63):
        found = top_k(tf.constant(scores), k)
        for ours, theirs in zip(found, tf.math.top_k(scores, k), strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_coverage_counts_in_the_score():
    """A model that attends to place `token`; sources of 3 places."""
    models = Markov(5, vocabulary=3)

    def step(tokens, state):
        logits, markov = models.step(tokens, state["markov"])
        seen = state["seen"] + 0.4 * tf.one_hot(tokens, 3)
        return logits, {"markov": markov, "seen": seen}

    state = {"markov": models.state, "seen": tf.zeros([5, 3])}
    found = search.beam(
        step,
        state,
        models.start,
        END,
        max_length=3,
        width=24,
        n_best=3,
        coverage_penalty=0.3,
        coverage=lambda state: state["seen"] + [0, 1, 0],
    )
    for model, best in enumerate(unpacked(found)):
        scored = []
        for tokens in sequences(3, 3):
            seen = np.bincount([START, *tokens], minlength=3) * 0.4
            covered = np.clip(np.add(seen, [0, 1, 0]), 1e-6, 1)
            score = models.log_prob(model, tokens)
            scored.append((score + 0.3 * np.log(covered).sum(), tokens))
        scored = sorted(scored, reverse=True)[:3]
        assert [tokens for tokens, _, _ in best] == [s for _, s in scored]
        np.testing.assert_allclose(
            [b[1] for b in best], [s[0] for s in scored], rtol=1e-4
        )
