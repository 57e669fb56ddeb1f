"""Losses against sums over rows, steps and places, one by one."""

import numpy as np
import pytest
import tensorflow as tf

from rnnzoo import losses

RANDOM = np.random.default_rng(0)
ROWS, STEPS, PLACES, TOKENS = 4, 5, 3, 6
LENGTHS = [5, 2, 1, 0]
MASK = (np.arange(STEPS) < np.array(LENGTHS)[:, None]).astype("float32")


def draw(*shape):
    return RANDOM.normal(size=shape).astype("float32")


def test_reinforce_and_its_gradient():
    log_probs, rewards = tf.constant(draw(ROWS, STEPS)), draw(ROWS, STEPS) + 3
    rewards = tf.constant(rewards)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([log_probs, rewards])
        loss = losses.reinforce(log_probs, rewards, tf.constant(MASK))
    places = [(i, t) for i in range(ROWS) for t in range(LENGTHS[i])]
    baseline = np.mean([rewards[place] for place in places])
    expected, slopes = 0.0, np.zeros((ROWS, STEPS))
    for place in places:
        slopes[place] = -(rewards[place] - baseline) / ROWS
        expected += slopes[place] * log_probs[place]
    assert float(loss) == pytest.approx(float(expected), rel=1e-5)
    np.testing.assert_allclose(
        tape.gradient(loss, log_probs), slopes, rtol=1e-4, atol=1e-6
    )
    assert tape.gradient(loss, rewards) is None


def test_coverage():
    weights = RANDOM.dirichlet(np.ones(PLACES), (ROWS, STEPS))
    expected = 0.0
    for i in range(ROWS):
        for t in range(LENGTHS[i]):
            before = weights[i, :t].sum(axis=0)
            expected += np.minimum(weights[i, t], before).sum() / ROWS
    found = losses.coverage(weights.astype("float32"), MASK)
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_doubly_stochastic():
    weights = RANDOM.dirichlet(np.ones(PLACES), (ROWS, STEPS))
    expected = 0.0
    for i in range(ROWS):
        for place in range(PLACES):
            total = weights[i, : LENGTHS[i], place].sum()
            expected += (1 - total) ** 2 / ROWS
    found = losses.doubly_stochastic(weights.astype("float32"), MASK)
    assert float(found) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("count", [None, 4])
@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
def test_smoothed_crossentropy(smoothing, count):
    logits = draw(ROWS, STEPS, TOKENS)
    targets = RANDOM.integers(0, count or TOKENS, (ROWS, STEPS))
    found = losses.smoothed_crossentropy(logits, targets, smoothing, count)
    for place in np.ndindex(ROWS, STEPS):
        exact = logits[place].astype("float64")
        costs = np.log(np.exp(exact).sum()) - exact
        expected = (1 - smoothing) * costs[targets[place]]
        expected += smoothing * costs[:count].mean()
        assert float(found[place]) == pytest.approx(expected, rel=1e-4)


def test_without_a_step_that_counts_losses_are_finite():
    nothing = np.zeros((ROWS, STEPS), "float32")
    weights = np.zeros((ROWS, STEPS, PLACES), "float32")
    assert float(losses.reinforce(draw(ROWS, STEPS), nothing, nothing)) == 0
    assert float(losses.coverage(weights, nothing)) == 0
    assert float(losses.doubly_stochastic(weights, nothing)) == PLACES
