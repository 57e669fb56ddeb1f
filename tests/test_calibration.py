import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnzoo.calibration import ExpectedCalibrationError


def expected_calibration_error(confidence, is_right, weights, bins):
    """Guo et al. 2017, equation 3, one bin after the other."""
    error = 0
    for b in range(bins):
        inside = (confidence > b / bins) & (confidence <= (b + 1) / bins)
        if weights[inside].sum():
            accuracy = np.average(is_right[inside], weights=weights[inside])
            mean = np.average(confidence[inside], weights=weights[inside])
            share = weights[inside].sum() / weights.sum()
            error += share * abs(accuracy - mean)
    return error


@pytest.mark.parametrize("bins", [15, 1, 4])
@pytest.mark.parametrize("multi_label", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_agrees_with_a_sum_over_bins(bins, multi_label, weighted):
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet([0.5] * 3, size=50).astype("float32")
    probabilities[0] = [1, 0, 0]  # the border of the last bin
    probabilities[1] = [0.5, 0.25, 0.25]  # that of a middle one
    weights = rng.random(50).astype("float32") if weighted else np.ones(50)
    labels = rng.integers(3, size=50)
    confidence = probabilities.max(axis=1)
    is_right, of_each = probabilities.argmax(axis=1) == labels, weights
    if multi_label:
        labels = rng.integers(2, size=(50, 3))
        confidence = np.maximum(probabilities, 1 - probabilities).ravel()
        is_right = ((probabilities > 0.5) == labels).ravel()
        of_each = np.repeat(weights, 3)
    metric = ExpectedCalibrationError(bins, multi_label)
    metric = ExpectedCalibrationError.from_config(metric.get_config())
    update = tf.function(metric.update_state)
    for rows in (slice(0, 30), slice(30, 50)):
        more = [weights[rows]] if weighted else []
        update(labels[rows], probabilities[rows], *more)
    theirs = expected_calibration_error(confidence, is_right, of_each, bins)
    assert float(metric.result()) == pytest.approx(theirs, abs=1e-6)
    metric.reset_state()
    assert float(metric.result()) == 0


def test_confidence_that_is_right_is_no_error():
    labels = [0] * 8 + [1] * 2
    metric = ExpectedCalibrationError()
    metric.update_state(labels, keras.ops.tile([[0.8, 0.2]], [10, 1]))
    assert float(metric.result()) == pytest.approx(0, abs=1e-6)
