import itertools
from functools import partial

import numpy as np
import pytest
import tensorflow as tf

from rnnzoo import search

START, END = 0, 1
RNG = np.random.default_rng(0)


class Markov:
    """Models whose next token depends on the time and the last two tokens.

    Args:
        models: Number of models, one a row of the batch.
        vocabulary: Number of tokens.
        spread: How far logits differ.
    """

    def __init__(self, models, vocabulary, spread=2.0):
        shape = (models, 10, vocabulary, vocabulary, vocabulary)
        self.logits = RNG.normal(scale=spread, size=shape).astype("float32")
        self.models = models

    @property
    def start(self):
        return tf.fill([self.models], START)

    @property
    def state(self):
        """The table's number, the time, and the token before the last."""
        numbers = tf.range(self.models)
        return {"table": [numbers, 0 * numbers], "before": self.start}

    def step(self, tokens, state):
        (model, t), before = state["table"], state["before"]
        places = tf.stack([model, t, before, tokens], axis=1)
        logits = tf.gather_nd(tf.constant(self.logits), places)
        return logits, {"table": [model, t + 1], "before": tokens}

    def log_prob(self, model, tokens):
        """Of the tokens and the end, a token at a time."""
        total, before, last = 0.0, START, START
        for t, token in enumerate([*tokens, END]):
            logits = self.logits[model, t, before, last].astype("float64")
            total += logits[token] - np.log(np.exp(logits).sum())
            before, last = last, token
        return total

    def run(self, method, max_length, **options):
        return method(
            self.step, self.state, self.start, END, max_length, **options
        )


def unpacked(found):
    """For each sample a list of (tokens, score, log probability)."""
    tokens, lengths, scores, log_probs = (each.numpy() for each in found)
    return [
        [
            (
                tuple(tokens[i, j, : lengths[i, j]]),
                scores[i, j],
                log_probs[i, j],
            )
            for j in range(tokens.shape[1])
        ]
        for i in range(len(tokens))
    ]


def penalty(tokens, exponent):
    return ((5 + len(tokens) + 1) / 6) ** exponent


def sequences(vocabulary, max_length):
    others = [token for token in range(vocabulary) if token != END]
    for length in range(max_length + 1):
        yield from itertools.product(others, repeat=length)


def assert_same(found, other):
    for a, b in zip(unpacked(found), unpacked(other), strict=True):
        assert [each[0] for each in a] == [each[0] for each in b]
        np.testing.assert_allclose(
            [each[1:] for each in a], [each[1:] for each in b], rtol=1e-5
        )


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
    """Of few tokens, many sequences end that are all but impossible."""
    best = tf.constant([2, 3, 2, 4, 3, END])

    def step(tokens, state):
        logits = 20 * tf.one_hot(tf.gather(best, state), 5)
        return logits + tf.one_hot(tf.fill(tf.shape(tokens), END), 5), state + 1

    for width in (1, 2, 5):
        found = search.beam(
            step, tf.zeros([1], tf.int32), [START], END, 9, width=width
        )
        assert unpacked(found)[0][0][0] == (2, 3, 2, 4, 3)


def test_greedy_takes_the_most_probable_token():
    models = Markov(50, vocabulary=5)
    for model, [(tokens, _, _)] in enumerate(
        unpacked(models.run(search.greedy, max_length=6))
    ):
        expected, before, last = [], START, START
        while len(expected) < 6:
            best = models.logits[model, len(expected), before, last].argmax()
            if best == END:
                break
            expected.append(best)
            before, last = last, best
        assert tokens == tuple(expected)


OPTIONS = {
    "greedy": (search.greedy, {}),
    "beam": (search.beam, {"width": 4, "n_best": 3, "length_penalty": 0.8}),
    "wide": (search.beam, {"width": 12, "n_best": 12}),
    "sample": (search.sample, {"count": 3, "seed": 1, "top_p": 0.9}),
    "blocked": (search.beam, {"width": 3, "n_best": 3, "block_ngrams": 2}),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_scores_are_those_of_the_sequences(name):
    method, options = OPTIONS[name]
    models = Markov(100, vocabulary=4)
    found = models.run(method, max_length=6, **options)
    exponent = options.get("length_penalty", 0.0)
    for model, hypotheses in enumerate(unpacked(found)):
        for tokens, score, log_prob in hypotheses:
            if score == -np.inf:  # Fewer were found.
                assert (name != "greedy", tokens) == (True, ())
                continue
            expected = models.log_prob(model, tokens)
            assert log_prob == pytest.approx(expected, rel=1e-4)
            assert score == pytest.approx(
                expected / penalty(tokens, exponent), rel=1e-4
            )
        if method is search.beam:
            kept = [h[0] for h in hypotheses if h[1] > -np.inf]
            assert len(set(kept)) == len(kept) > 0


@pytest.mark.parametrize("name", sorted(set(OPTIONS) - {"sample"}))
def test_the_batch_changes_nothing(name):
    method, options = OPTIONS[name]
    models = Markov(6, vocabulary=5)
    longest = tf.constant([3, 8] * 3)
    whole = models.run(method, longest, **options)
    for row in range(6):
        state = tf.nest.map_structure(
            lambda x, row=row: x[row : row + 1], models.state
        )
        alone = method(
            models.step,
            state,
            models.start[:1],
            END,
            longest[row : row + 1],
            **options,
        )
        assert_same(
            alone, search.Hypotheses(*(x[row : row + 1] for x in whole))
        )


def test_a_sample_that_is_done_costs_no_step():
    """The loop ends when all have ended, not at the greatest length."""
    steps = []

    def step(tokens, state):
        steps.append(1)
        return tf.one_hot(tf.fill(tf.shape(tokens), END), 4) * 50, state

    for method in (search.greedy, search.beam):
        method(step, tf.zeros([3, 1]), tf.fill([3], START), END, 1000)
    assert len(steps) == 2


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
    scores = RNG.integers(0, 9, (7, 3, vocabulary)).astype("float32")
    scores[0, :, 5:] = -np.inf
    for k in (1, 6, 63):
        found = search._top_k(tf.constant(scores), k)
        for ours, theirs in zip(found, tf.math.top_k(scores, k), strict=True):
            np.testing.assert_array_equal(ours, theirs)


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


@pytest.mark.parametrize(
    "kind", [np.int64, partial(tf.constant, dtype="int64")]
)
@pytest.mark.parametrize("name", ["greedy", "beam", "sample"])
def test_integers_of_any_kind(name, kind):
    models = Markov(2, vocabulary=5)
    method, options = OPTIONS[name]
    call = partial(method, models.step, models.state)
    expected = call(models.start, END, tf.constant([3, 5]), 1, **options)
    for key, value in options.items():
        if key != "seed" and isinstance(value, int):
            options = {**options, key: kind(value)}
    start = tf.cast(models.start, tf.int64)
    for lengths in ([3, 5], np.array([3, 5])):
        found = call(start, kind(END), lengths, kind(1), **options)
        assert_same(found, expected)


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


def test_samples_occur_as_often_as_is_probable():
    models = Markov(1, vocabulary=3, spread=1)
    n = 20_000
    found = models.run(search.sample, max_length=3, count=n, seed=3)
    drawn = [tokens for tokens, _, _ in unpacked(found)[0]]
    expected = {s: np.exp(models.log_prob(0, s)) for s in sequences(3, 2)}
    for tokens, probability in expected.items():
        error = 5 * np.sqrt(probability * (1 - probability) / n)
        assert drawn.count(tokens) / n == pytest.approx(probability, abs=error)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"temperature": 0.5}, [0.16, 0.36, 0.04, 0.01]),
        ({"top_k": 2}, [0.4, 0.6, 0, 0]),
        ({"top_p": 0.4}, [0, 1, 0, 0]),
        ({"top_p": 0.7}, [0.4, 0.6, 0, 0]),
        ({"top_p": 1.0}, [0.2667, 0.4, 0.1333, 0.0667]),
    ],
)
def test_temperature_and_cuts_change_the_probabilities(options, expected):
    probabilities = [0.4, 0.6, 0.2, 0.1, 1e-9]  # the last is the end

    def step(tokens, state):
        logits = tf.math.log([probabilities])
        return tf.repeat(logits, tf.shape(tokens)[0], axis=0), state

    n = 20_000
    found = search.sample(
        step, tf.zeros([1, 1]), tf.zeros([1]), 4, 1, count=n, **options
    )
    counts = np.bincount(found.tokens.numpy().ravel(), minlength=4) / n
    expected = np.array(expected) / sum(expected)
    np.testing.assert_allclose(counts, expected, atol=0.02)


def test_the_lowest_temperature_is_greedy():
    models = Markov(20, vocabulary=5)
    cold = models.run(search.sample, 5, temperature=1e-39)
    assert_same(cold, models.run(search.greedy, 5))


def test_a_seed_gives_the_same_samples():
    models = Markov(20, vocabulary=5)
    one, same, other = (
        models.run(search.sample, 5, seed=seed) for seed in (1, 1, 2)
    )
    assert_same(one, same)
    assert (one.log_probs.numpy() != other.log_probs.numpy()).any()


def test_coverage_counts_in_the_score():
    """A model that attends to place `token`; sources of 3 places."""
    models = Markov(5, vocabulary=3)

    def step(tokens, state):
        logits, markov = models.step(tokens, state["markov"])
        seen = state["seen"] + 0.4 * tf.one_hot(tokens, 3)
        return logits, {"markov": markov, "seen": seen}

    state = {"markov": models.state, "seen": tf.zeros([5, 3])}
    found = search.beam(
        step,
        state,
        models.start,
        END,
        max_length=3,
        width=24,
        n_best=3,
        coverage_penalty=0.3,
        coverage=lambda state: state["seen"] + [0, 1, 0],
    )
    for model, best in enumerate(unpacked(found)):
        scored = []
        for tokens in sequences(3, 3):
            seen = np.bincount([START, *tokens], minlength=3) * 0.4
            covered = np.clip(np.add(seen, [0, 1, 0]), 1e-6, 1)
            score = models.log_prob(model, tokens)
            scored.append((score + 0.3 * np.log(covered).sum(), tokens))
        scored = sorted(scored, reverse=True)[:3]
        assert [tokens for tokens, _, _ in best] == [s for _, s in scored]
        np.testing.assert_allclose(
            [b[1] for b in best], [s[0] for s in scored], rtol=1e-4
        )


def test_they_run_in_a_saved_model(tmp_path):
    models = Markov(4, vocabulary=5)
    module = tf.Module()

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.int32),
            tf.TensorSpec([], tf.int32),
        ],
        autograph=False,
    )
    def decode(rows, width):
        state = {"table": [rows, 0 * rows], "before": 0 * rows + START}
        found = search.beam(
            models.step, state, state["before"], END, 6, width=width, n_best=2
        )
        return found._asdict()

    module.decode = decode
    tf.saved_model.save(module, str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path)).decode
    for width in (2, 5):
        expected = models.run(search.beam, 6, width=width, n_best=2)
        found = loaded(tf.range(4), tf.constant(width))
        assert_same(search.Hypotheses(**found), expected)


@pytest.mark.parametrize(
    ("method", "options", "name"),
    [
        (search.beam, {"width": 0}, "width"),
        (search.beam, {"width": 2, "n_best": 3}, "n_best"),
        (search.beam, {"length_penalty": -1}, "length_penalty"),
        (search.beam, {"coverage_penalty": 1.0}, "coverage"),
        (search.greedy, {"min_length": -1}, "min_length"),
        (search.greedy, {"min_length": [-1]}, "min_length"),
        (search.greedy, {"block_ngrams": -1}, "block_ngrams"),
        (search.sample, {"temperature": 0}, "temperature"),
        (search.sample, {"top_p": 0}, "top_p"),
        (search.sample, {"top_k": -1}, "top_k"),
        (search.sample, {"count": 0}, "count"),
    ],
)
def test_what_is_out_of_range_is_an_error(method, options, name):
    with pytest.raises(ValueError, match=f"argument `{name}`"):
        Markov(1, 3).run(method, 3, **options)
