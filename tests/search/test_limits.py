import numpy as np
import pytest
import tensorflow as tf
from markov import END, OPTIONS, Markov, unpacked

from rnnzoo import search


def test_length_is_between_the_limits():
    models = Markov(100, vocabulary=4)
    for method in (search.greedy, search.beam, search.sample):
        found = models.run(method, max_length=4, min_length=3)
        assert set(found.lengths.numpy().ravel()) == {3, 4}
        assert found.tokens.shape == (100, 1, 4)
    nothing = models.run(search.beam, max_length=0)
    assert nothing.tokens.shape == (100, 1, 0)
    assert unpacked(nothing)[7][0][2] == pytest.approx(
        models.log_prob(7, ()), rel=1e-5
    )


@pytest.mark.parametrize("n", [1, 2, 3])
def test_no_blocked_ngram_occurs_twice(n):
    models = Markov(200, vocabulary=3)
    for method, options in ((search.greedy, {}), (search.beam, {"width": 3})):
        free = models.run(method, max_length=9, **options)
        found = models.run(method, max_length=9, block_ngrams=n, **options)

        def repeats(tokens):
            grams = [tokens[i : i + n] for i in range(len(tokens) - n + 1)]
            return len(set(grams)) < len(grams)

        repeated = [repeats(h[0][0]) for h in unpacked(free)]
        assert any(repeated)
        for before, after, was in zip(
            unpacked(free), unpacked(found), repeated, strict=True
        ):
            assert not repeats(after[0][0])
            if method is search.greedy and not was:
                assert before[0][0] == after[0][0]


@pytest.mark.parametrize("name", ["greedy", "beam", "sample"])
def test_sequences_begin_with_the_prefix(name):
    method, options = OPTIONS[name]
    models = Markov(3, vocabulary=5)
    prefix = tf.constant([[2, 2, 3], [4, -1, -1], [-1, -1, -1]])
    found = models.run(method, 5, prefix=prefix, block_ngrams=1, **options)
    for model, (hypotheses, due) in enumerate(
        zip(unpacked(found), [(2, 2, 3), (4,), ()], strict=True)
    ):
        assert hypotheses[0][0][: len(due)] == due
        expected = models.log_prob(model, hypotheses[0][0])
        assert hypotheses[0][2] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("name", ["greedy", "beam", "sample"])
def test_a_prefix_that_is_impossible_gives_no_hypothesis(name):
    method, options = OPTIONS[name]
    prefix = tf.constant([[2, 7], [2, 3]])
    found = Markov(2, vocabulary=5).run(method, 5, prefix=prefix, **options)
    assert (found.lengths[0].numpy() == 0).all()
    assert (found.tokens[0].numpy() == END).all()
    assert np.isneginf(found.scores[0]).all()
    assert np.isfinite(found.scores[1, 0])
