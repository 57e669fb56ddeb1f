import numpy as np
import pytest
import tensorflow as tf

from rnnzoo.uncertainty import uncertainty

stats = pytest.importorskip("scipy.stats")


@pytest.mark.parametrize("independent", [False, True])
def test_entropies_are_those_of_scipy(independent):
    rng = np.random.default_rng(0)
    samples = rng.dirichlet([0.3] * 4, size=(5, 7))  # (n, samples, classes)
    samples[0, 0] = [1, 0, 0, 0]
    found = uncertainty(tf.constant(samples, tf.float32), independent)

    def entropy(p):
        if independent:
            return stats.entropy(np.stack([p, 1 - p]), axis=0)
        return stats.entropy(p, axis=-1)

    mean = samples.mean(axis=1)
    gained = entropy(mean) - entropy(samples).mean(axis=1)
    np.testing.assert_allclose(found["mean"], mean, atol=1e-6)
    np.testing.assert_allclose(found["entropy"], entropy(mean), atol=1e-6)
    np.testing.assert_allclose(found["mutual_information"], gained, atol=1e-6)


def test_equal_samples_share_no_information():
    samples = np.full((200, 30, 3), 1 / 3, "float32")
    samples += np.random.default_rng(0).normal(0, 0.01, (200, 1, 3))
    found = uncertainty(tf.constant(samples))["mutual_information"].numpy()
    assert ((found >= 0) & (found < 1e-5)).all()
