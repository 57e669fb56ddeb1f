"""Orders of examples, against plain loops, and what they cost."""

import tracemalloc

import numpy as np
import pytest

from rnnzoo.pipeline import orders
from rnnzoo.pipeline.orders import by_noisy_length, cut_by_tokens, in_pools

NONE = np.zeros(0, "int32")


@pytest.fixture
def lengths():
    return np.random.default_rng(0).integers(1, 300, 1_003).astype("int32")


def test_pools_are_random_and_sorted_by_length(lengths):
    order, bounds = in_pools([1, 2], lengths, NONE, 3)
    assert sorted(order) == list(range(1_003))
    for first in range(0, 1_003, 150):
        pool = lengths[order[first : first + 150]]
        assert (np.diff(pool) >= 0).all()
    expected = [[i, min(i + 3, 1_003)] for i in range(0, 1_003, 3)]
    assert sorted(bounds.tolist()) == expected != bounds.tolist()
    again, _ = in_pools(np.array([1, 2]), lengths, NONE, 3)
    np.testing.assert_array_equal(again, order)
    other, _ = in_pools([1, 3], lengths, NONE, 3)
    assert (other != order).any()


def test_one_example_of_each_group_is_drawn(lengths):
    groups = np.arange(1_003) // 4
    drawn = np.zeros(1_003, int)
    for seed in range(200):
        order, bounds = in_pools([seed], lengths, groups, 8)
        assert sorted(groups[order]) == list(range(251))
        assert bounds.max() == 251
        drawn[order] += 1
    # Each is drawn in 50 of 200 passes, give or take six.
    assert 20 < drawn[:1_000].min() < drawn[:1_000].max() < 80


@pytest.mark.parametrize("budget", [300, 777, 10**6])
@pytest.mark.parametrize("block", [7, 2**16])
def test_batches_end_where_their_tokens_do(lengths, budget, block, monkeypatch):
    monkeypatch.setattr(orders, "_BLOCK", block)
    order, bounds = by_noisy_length([5], lengths, lengths, budget)
    assert sorted(order) == list(range(1_003))
    noisy = lengths[order]
    assert (noisy[1:] > 0.8 * np.maximum.accumulate(noisy)[:-1]).all()
    assert (np.diff(noisy) < 0).any()
    total, expected = 0, {}
    for place, count in enumerate(noisy):
        total += count
        expected.setdefault((total - 1) // budget, []).append(place)
    bounds = bounds[np.argsort(bounds[:, 0])]
    assert [list(range(*each)) for each in bounds] == list(expected.values())
    np.testing.assert_array_equal(bounds, cut_by_tokens(order, lengths, budget))
    assert len(bounds) == orders.batches_of_tokens(lengths, budget)


def test_many_tokens_are_no_overflow():
    counts = np.full(5, 2**30, "int32")
    bounds = cut_by_tokens(np.arange(5), counts, 2**30)
    assert bounds.tolist() == [[i, i + 1] for i in range(5)]


@pytest.mark.parametrize(
    ("make", "most"),
    [
        (lambda x: in_pools([1], x, NONE, 64), 8),
        (lambda x: by_noisy_length([1], x, x, 4_096), 24),
    ],
)
def test_a_pass_takes_few_bytes_an_example(make, most):
    lengths = np.random.default_rng(0).integers(1, 300, 2**19).astype("int32")
    tracemalloc.start()
    make(lengths)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak / len(lengths) < most
