"""Schedules of the learning rate, beside the equations of their papers."""

import math

import keras
import numpy as np
import pytest

import rnnzoo
from rnnzoo.schedules import SlantedTriangular, schedule


def published(t, steps, cut_frac, peak, ratio):
    """Howard & Ruder 2018, eq. 3, with `cut` as it is printed."""
    cut = math.floor(steps * cut_frac)
    p = t / cut if t < cut else 1 - (t - cut) / (cut * (1 / cut_frac - 1))
    return peak * (1 + p * (ratio - 1)) / ratio


def test_the_slanted_triangle_is_the_paper_s():
    rates = SlantedTriangular(0.01, 200)
    expected = [published(t, 200, 0.1, 0.01, 32) for t in range(201)]
    found = [float(rates(t)) for t in range(201)]
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert found[20] == max(found) == pytest.approx(0.01)
    again = keras.optimizers.schedules.deserialize(
        keras.optimizers.schedules.serialize(rates)
    )
    assert float(again(7)) == found[7]


@pytest.mark.parametrize("cut_frac", [0.0, 0.1, 0.9])
@pytest.mark.parametrize("steps", [1, 3, 19])
def test_the_rates_of_a_short_training_are_positive(steps, cut_frac):
    rates = SlantedTriangular(1.0, steps, cut_frac)
    found = [float(rates(t)) for t in range(steps + 3)]
    assert all(1 / 32 - 1e-6 <= rate <= 1 for rate in found)
    assert found[-1] == pytest.approx(1 / 32)


def test_the_cosine_is_keras_s():
    recipe = rnnzoo.Recipe(learning_rate=0.1, final_rate=0.2)
    ours = schedule(recipe, 10)
    theirs = keras.optimizers.schedules.CosineDecay(0.1, 10, alpha=0.2)
    assert [float(ours(t)) for t in range(12)] == [
        float(theirs(t)) for t in range(12)
    ]
