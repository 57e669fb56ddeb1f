import itertools

import numpy as np
import pytest
import tensorflow as tf

from rnnzoo.layers import CRF
from rnnzoo.layers.crf_steps import crf_step_log_likelihoods

MASK = [[1, 1, 1, 1], [1, 1, 0, 0], [0, 1, 0, 1], [0, 0, 0, 0]]
TAGS = [[0, 2, 1, 1], [2, 0, 1, 1], [0, 1, 2, 2], [0, 0, 0, 0]]


def scores():
    rng = np.random.default_rng(0)
    shapes = {"transitions": (3, 3), "start": (3,), "end": (3,)}
    return rng.normal(size=(4, 4, 3)), {
        name: rng.normal(size=shape) for name, shape in shapes.items()
    }


def enumerated(potentials, tags, transitions, start, end):
    """Log of the share that each tag keeps of the sequences so far."""
    steps, count = np.shape(potentials)
    weights = {
        path: np.exp(
            start[path[0]]
            + sum(potentials[t, tag] for t, tag in enumerate(path))
            + sum(transitions[a, b] for a, b in itertools.pairwise(path))
            + end[path[-1]]
        )
        for path in itertools.product(range(count), repeat=steps)
    }
    totals = [
        sum(w for path, w in weights.items() if path[:t] == tuple(tags[:t]))
        for t in range(steps + 1)
    ]
    return np.diff(np.log(totals))


@pytest.mark.parametrize("jit", [False, True])
def test_steps_are_those_of_enumeration(jit):
    potentials, others = scores()
    function = tf.function(crf_step_log_likelihoods, jit_compile=jit)
    found = function(
        tf.constant(potentials), tf.constant(TAGS), tf.constant(MASK), **others
    )
    for row, (mask, tags) in enumerate(zip(MASK, TAGS, strict=True)):
        kept = np.array(mask, bool)
        expected = np.zeros(4)
        if kept.any():
            tags = np.array(tags)[kept]
            expected[kept] = enumerated(potentials[row, kept], tags, **others)
        np.testing.assert_allclose(found[row], expected, rtol=1e-5, atol=1e-6)


def test_steps_add_up_to_the_sequence_and_so_do_gradients():
    crf = CRF(
        3, constraints=([1, 1, 0], [[1, 1, 1], [1, 1, 1], [0, 1, 1]], [1] * 3)
    )
    potentials, _ = scores()
    potentials = tf.constant(potentials[:2], tf.float32)
    tags, mask = tf.constant([[0, 2, 2, 1], [1, 0, 0, 0]]), MASK[:2]
    grads, sums = [], []
    for function in (crf.log_likelihood, crf.step_log_likelihoods):
        with tf.GradientTape() as tape:
            tape.watch(potentials)
            total = tf.reduce_sum(function(potentials, tags, mask))
        weights = [potentials, *[each.value for each in crf.weights]]
        grads.append(tape.gradient(total, weights))
        sums.append(float(total))
    assert sums[0] == pytest.approx(sums[1], rel=1e-5)
    assert len(crf.weights) == 3
    for ours, expected in zip(*grads, strict=True):
        np.testing.assert_allclose(ours, expected, atol=1e-5)


def test_no_step():
    found = crf_step_log_likelihoods(
        np.zeros((2, 0, 3)), np.zeros((2, 0), int), np.zeros((2, 0), bool)
    )
    assert found.shape == (2, 0)
