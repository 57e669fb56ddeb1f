"""Rounding of a CRF where a sequence is all but certain."""

import numpy as np

from rnnzoo.layers.crf import crf_log_likelihood


def test_no_probability_is_above_one():
    random = np.random.default_rng(0)
    tags = random.integers(0, 3, (200, 40))
    potentials = random.normal(size=(200, 40, 3)) + 200 * np.eye(3)[tags]
    scores = {
        "transitions": random.normal(size=(3, 3)),
        "start": random.normal(size=3),
        "end": random.normal(size=3),
    }
    likelihood = crf_log_likelihood(potentials, tags, **scores).numpy()
    assert (likelihood <= 0).all()
    np.testing.assert_allclose(likelihood, 0, atol=1e-6)
