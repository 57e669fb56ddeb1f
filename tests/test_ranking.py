"""Correlations beside SciPy's, and orders of candidates counted by hand."""

import numpy as np
import pytest
from scipy import stats

from rnnzoo import scoring


def test_correlations_are_those_of_scipy():
    rng = np.random.default_rng(0)
    found = rng.normal(size=50).round(1)  # with ties
    expected = (found + rng.normal(size=50)).round(0)
    assert scoring.pearson(found, expected) == pytest.approx(
        stats.pearsonr(found, expected).statistic
    )
    assert scoring.spearman(found, expected) == pytest.approx(
        stats.spearmanr(found, expected).statistic
    )
    assert scoring.pearson(found, np.ones(50)) == 0.0


def test_orders_are_counted_as_in_trec_eval():
    # The first question has its relevant candidates in places 1 and 3, the
    # second in place 2 of a tie, where the later one is ahead; the third none.
    questions = [7, 7, 7, 2, 2, 5]
    scores = [0.3, 0.9, 0.5, 0.5, 0.5, 0.1]
    relevant = [1, 1, 0, 1, 0, 0]
    found = scoring.mean_average_precision(scores, relevant, questions)
    assert found == pytest.approx(((1 / 1 + 2 / 3) / 2 + 1 / 2 + 0) / 3)
    found = scoring.mean_reciprocal_rank(scores, relevant, questions)
    assert found == pytest.approx((1 + 1 / 2 + 0) / 3)
