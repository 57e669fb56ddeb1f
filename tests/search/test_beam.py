import numpy as np
import pytest
import tensorflow as tf
from markov import END, START, Markov, penalty, sequences, unpacked

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
    random = np.random.default_rng(0)
    scores = random.integers(0, 9, (7, 3, vocabulary)).astype("float32")
    scores[0, :, 5:] = -np.inf
    scores[1] = random.integers(0, vocabulary // 3, (3, vocabulary))
    for k in (1, 6, 63):
        found = top_k(tf.constant(scores), k)
        for ours, theirs in zip(found, tf.math.top_k(scores, k), strict=True):
            np.testing.assert_array_equal(ours, theirs)


class Seeing:
    """Models that attend to place `token`; sources of as many places.

    The places from 3 on need no attention.
    """

    def __init__(self, models, vocabulary):
        self.models = Markov(models, vocabulary)
        self.due = np.arange(vocabulary) < 3

    def step(self, tokens, state):
        logits, markov = self.models.step(tokens, state["markov"])
        seen = state["seen"] + 0.4 * tf.one_hot(tokens, len(self.due))
        return logits, {"markov": markov, "seen": seen}

    def covered(self, tokens):
        """Sum of the logarithms of the coverage of each place."""
        seen = np.bincount([START, *tokens], minlength=len(self.due)) * 0.4
        return np.log(np.clip(seen + ~self.due, 1e-6, 1)).sum()

    def run(self, max_length, **options):
        count = self.models.models
        return search.beam(
            self.step,
            {
                "markov": self.models.state,
                "seen": tf.zeros([count, len(self.due)]),
            },
            self.models.start,
            END,
            max_length,
            coverage=lambda state: state["seen"] + ~self.due,
            **options,
        )


def test_coverage_counts_in_the_score():
    seeing = Seeing(5, vocabulary=3)
    found = seeing.run(3, width=24, n_best=3, coverage_penalty=0.3)
    for model, best in enumerate(unpacked(found)):
        scored = [
            (
                seeing.models.log_prob(model, tokens)
                + 0.3 * seeing.covered(tokens),
                tokens,
            )
            for tokens in sequences(3, 3)
        ]
        scored = sorted(scored, reverse=True)[:3]
        assert [tokens for tokens, _, _ in best] == [s for _, s in scored]
        np.testing.assert_allclose(
            [b[1] for b in best], [s[0] for s in scored], rtol=1e-4
        )


def search_one(seeing, model, longest, width, exponent, factor):
    """The beam of one sample in plain lists, as the documentation tells it.

    Returns:
        List of (score, tokens) of the finished sequences, the best first.
    """
    logits = seeing.models.logits[model].astype("float64")
    log_probs = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    live, finished = [(0.0, ())], []
    for t in range(longest + 1):
        found = []
        for total, tokens in live:
            before, last = (START, START, *tokens)[-2:]
            for token, each in enumerate(log_probs[t, before, last]):
                if t < longest or token == END:
                    found.append((total + each, (*tokens, token)))
        found = sorted(found, reverse=True)
        finished += [
            (
                total / penalty(tokens, exponent)
                + factor * seeing.covered(tokens),
                tokens,
            )
            for total, (*tokens, token) in found[:width]
            if token == END
        ]
        finished = sorted(finished, reverse=True)[:width]
        live = []
        for total, tokens in found:
            if tokens[-1] != END:
                score = total / penalty(tokens[1:], exponent)
                better = sum(each >= score for each, _ in finished)
                if len(live) + better < width:
                    live.append((total, tokens))
    return finished


@pytest.mark.parametrize("length_penalty", [0.0, 1.5])
@pytest.mark.parametrize("coverage_penalty", [0.0, 0.4])
@pytest.mark.parametrize("width", [1, 2, 3, 5])
def test_a_narrow_beam_goes_where_the_documentation_says(
    width, coverage_penalty, length_penalty
):
    seeing = Seeing(60, vocabulary=6)
    longest = [5, 2, 4] * 20
    found = seeing.run(
        tf.constant(longest),
        width=width,
        n_best=width,
        length_penalty=length_penalty,
        coverage_penalty=coverage_penalty,
    )
    for model, best in enumerate(unpacked(found)):
        expected = search_one(
            seeing,
            model,
            longest[model],
            width,
            length_penalty,
            coverage_penalty,
        )
        best = [(score, tokens) for tokens, score, _ in best if score > -np.inf]
        assert [each[1] for each in best] == [tuple(e[1]) for e in expected]
        np.testing.assert_allclose(
            [each[0] for each in best], [e[0] for e in expected], rtol=1e-4
        )


def test_each_sample_has_its_own_width_and_number():
    model = Markov(models=6, vocabulary=5)
    widths, numbers = np.array([1, 4, 2, 7, 3, 4]), np.array([1, 2, 2, 5, 1, 4])
    options = {"max_length": 4, "length_penalty": 0.7}

    @tf.function
    def searched(width, n_best):
        return model.run(search.beam, width=width, n_best=n_best, **options)

    found = searched(tf.constant(widths), tf.constant(numbers))
    eager = model.run(search.beam, width=widths, n_best=numbers, **options)
    np.testing.assert_array_equal(eager.tokens, found.tokens)
    assert found.tokens.shape[1] == 5
    for row, (width, n) in enumerate(zip(widths, numbers, strict=True)):
        alone = model.run(search.beam, width=width, n_best=n, **options)
        time = alone.tokens.shape[2]
        np.testing.assert_allclose(
            found.scores[row, :n], alone.scores[row], rtol=1e-6
        )
        np.testing.assert_array_equal(
            found.tokens[row, :n, :time], alone.tokens[row]
        )
        assert np.all(found.tokens[row, :n, time:] == END)
        assert np.all(found.tokens[row, n:] == END)
        assert np.all(np.isneginf(found.scores[row, n:]))
        assert np.all(found.lengths[row, n:] == 0)


def test_a_width_or_number_of_one_sample_is_checked():
    model = Markov(models=2, vocabulary=3)
    with pytest.raises(ValueError, match="argument `width`"):
        model.run(search.beam, 3, width=[2, 0])
    with pytest.raises(ValueError, match="argument `n_best`"):
        model.run(search.beam, 3, width=[2, 3], n_best=[2, 4])
