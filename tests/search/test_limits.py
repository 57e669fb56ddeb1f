import itertools
from functools import partial

import numpy as np
import pytest
import tensorflow as tf
from markov import END, OPTIONS, START, Markov, assert_same, unpacked

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
    models = Markov(400, vocabulary=3)
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


@pytest.mark.parametrize("name", ["greedy", "beam", "sample"])
def test_each_sample_has_limits_of_its_own(name):
    method, options = OPTIONS[name]
    models = Markov(60, vocabulary=3)
    least, most = [0, 2, 4] * 20, [4, 3, 6] * 20
    found = models.run(method, most, min_length=least, **options)
    for i, (few, many) in enumerate(zip(least[:3], most[:3], strict=True)):
        every = models.run(method, many, min_length=few, **options)
        assert_same(
            search.Hypotheses(*(x[i::3] for x in found)),
            search.Hypotheses(*(x[i::3] for x in every)),
        )
    lengths = found.lengths[:, 0].numpy()
    assert (least <= lengths).all()
    assert (lengths <= most).all()
    assert lengths[::3].min() == 0


def as_booleans(tokens, vocabulary):
    return np.isin(np.arange(vocabulary), tokens)


@pytest.mark.parametrize("as_form", [np.array, list, as_booleans, tf.constant])
def test_a_beam_of_full_width_finds_the_best_of_what_is_allowed(as_form):
    """The end is always allowed, named or not."""
    models = Markov(80, vocabulary=6)
    for tokens in ([3, 5], [5, END, 3]):
        vocabulary = [6] if as_form is as_booleans else []
        found = models.run(
            search.beam,
            max_length=4,
            min_length=1,
            width=2**4 * 3,
            n_best=6,
            allowed=as_form(tokens, *vocabulary),
        )
        every = [
            sequence
            for length in range(1, 5)
            for sequence in itertools.product([3, 5], repeat=length)
        ]
        for model, best in enumerate(unpacked(found)):
            scored = [(models.log_prob(model, s), s) for s in every]
            scored = sorted(scored, reverse=True)[:6]
            assert [s for s, _, _ in best] == [s for _, s in scored]
            np.testing.assert_allclose(
                [score for _, score, _ in best],
                [score for score, _ in scored],
                rtol=1e-4,
            )


def test_each_place_may_allow_other_tokens():
    models = Markov(40, vocabulary=6)
    places = [[3, 5], [2], [4, 5]]
    found = models.run(
        search.beam,
        max_length=9,
        width=20,
        n_best=7,
        allowed=np.array([as_booleans(each, 6) for each in places]),
    )
    every = [
        sequence
        for length in range(4)
        for sequence in itertools.product(*places[:length])
    ]
    for model, best in enumerate(unpacked(found)):
        scored = [(models.log_prob(model, s), s) for s in every]
        expected = sorted(scored, reverse=True)[:7]
        assert [s for s, _, _ in best] == [s for _, s in expected]


def test_a_function_may_allow_what_the_tokens_so_far_leave():
    """Only tokens that have not occurred, and no others than three."""
    models = Markov(40, vocabulary=6)
    tokens = tf.constant([2, 4, 5])

    def allowed(history, t):
        before = tf.where(tf.range(tf.shape(history)[2]) < t, history, -1)
        is_new = tf.reduce_all(before[..., None] != tf.range(6), axis=2)
        return is_new & tf.reduce_any(tokens[:, None] == tf.range(6), axis=0)

    found = models.run(
        search.beam, max_length=5, width=30, n_best=8, allowed=allowed
    )
    every = [
        sequence
        for length in range(4)
        for sequence in itertools.permutations([2, 4, 5], length)
    ]
    for model, best in enumerate(unpacked(found)):
        scored = [(models.log_prob(model, s), s) for s in every]
        expected = sorted(scored, reverse=True)[:8]
        assert [s for s, _, _ in best] == [s for _, s in expected]


def test_greedy_takes_the_most_probable_of_what_is_allowed():
    models = Markov(50, vocabulary=6)
    found = models.run(search.greedy, max_length=6, allowed=[2, 4])
    for model, [(tokens, _, log_prob)] in enumerate(unpacked(found)):
        expected, before, last = [], START, START
        while len(expected) < 6:
            logits = models.logits[model, len(expected), before, last]
            best = max([2, 4, END], key=lambda token: logits[token])
            if best == END:
                break
            expected.append(best)
            before, last = last, best
        assert tokens == tuple(expected)
        assert log_prob == pytest.approx(
            models.log_prob(model, tokens), rel=1e-4
        )


def test_samples_of_what_is_allowed_occur_as_often_as_is_probable():
    probabilities = np.array([0.1, 0.2, 0.3, 0.15, 0.25])

    def step(tokens, state):
        logits = tf.math.log(probabilities[None])
        return tf.repeat(logits, tf.shape(tokens)[0], axis=0), state

    n = 20_000
    found = search.sample(
        step, (), [START], END, 1, count=n, seed=2, allowed=[2, 4]
    )
    drawn = found.tokens[0, :, 0].numpy()
    for token in range(5):
        share = probabilities[token] * (token in (END, 2, 4)) / 0.75
        assert np.mean(drawn == token) == pytest.approx(share, abs=0.02)


@pytest.mark.parametrize("name", ["greedy", "beam", "sample"])
def test_the_other_limits_hold_for_what_is_allowed(name):
    method, options = OPTIONS[name]
    models = Markov(20, vocabulary=6)
    found = models.run(
        method,
        max_length=3,
        min_length=2,
        block_ngrams=1,
        prefix=tf.constant([[5]] * 10 + [[-1]] * 10),
        allowed=[2, 4],
        **options,
    )
    for i, hypotheses in enumerate(unpacked(found)):
        tokens = hypotheses[0][0]
        assert 2 <= len(tokens) <= 3
        assert len(set(tokens)) == len(tokens)
        if i < 10:  # A prefix may hold what is not allowed.
            assert tokens[0] == 5
            tokens = tokens[1:]
        assert set(tokens) <= {2, 4}


@pytest.mark.parametrize("name", ["greedy", "beam", "sample"])
def test_booleans_and_ids_allow_the_same(name):
    """Whatever the limits of each sample are; booleans are added up before."""
    method, options = OPTIONS[name]
    models = Markov(20, vocabulary=6)
    limits = {
        "max_length": np.array([2, 4] * 10),
        "min_length": np.array([0, 1, 2, 3] * 5),
        "prefix": tf.constant([[5]] * 10 + [[-1]] * 10),
        **options,
    }
    by_ids, by_booleans = (
        models.run(method, allowed=allowed, **limits)
        for allowed in ([2, 4], as_booleans([2, 4], 6))
    )
    for one, other in zip(by_ids, by_booleans, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)
    assert set(by_ids.tokens.numpy()[10:, 0].ravel()) == {END, 2, 4}


@pytest.mark.parametrize("name", ["greedy", "beam", "sample"])
def test_nothing_but_the_end_is_allowed(name):
    method, options = OPTIONS[name]
    models = Markov(2, vocabulary=4)
    found = models.run(method, 3, allowed=[], **options)
    for model, hypotheses in enumerate(unpacked(found)):
        assert hypotheses[0][0] == ()
        assert hypotheses[0][2] == pytest.approx(
            models.log_prob(model, ()), rel=1e-4
        )
    found = models.run(method, 3, min_length=1, allowed=[], **options)
    assert np.isneginf(found.scores).all()
    assert (found.lengths.numpy() == 0).all()


@pytest.mark.parametrize("name", ["greedy", "beam", "sample"])
@pytest.mark.parametrize("kind", ["int32", "bool"])
def test_what_is_allowed_is_an_input_of_a_graph(name, kind, tmp_path):
    method, options = OPTIONS[name]
    models = Markov(4, vocabulary=6)
    allowed = [3, 5] if kind == "int32" else as_booleans([3, 5], 6)

    @tf.function(input_signature=[tf.TensorSpec([None], kind)], autograph=False)
    def decode(allowed):
        return models.run(method, 6, allowed=allowed, **options)._asdict()

    module = tf.Module()
    module.decode = decode
    tf.saved_model.save(module, str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path))
    expected = models.run(method, 6, allowed=allowed, **options)
    for graph in (decode, loaded.decode):
        found = graph(tf.constant(allowed))
        assert_same(search.Hypotheses(**found), expected)


@pytest.mark.parametrize("name", ["greedy", "beam", "sample"])
@pytest.mark.parametrize(
    "allowed", [[1, 4], [-1], [True] * 3, [True] * 5, [False]]
)
def test_what_is_allowed_fits_the_vocabulary(name, allowed):
    method, options = OPTIONS[name]
    run = partial(Markov(2, vocabulary=4).run, method, 3, **options)
    for call in (run, tf.function(run, autograph=False)):
        with pytest.raises(
            tf.errors.InvalidArgumentError, match="argument `allowed`"
        ):
            call(allowed=tf.constant(allowed))


@pytest.mark.parametrize("allowed", [[0.5], [[1]], 1, ["a"]])
def test_what_is_allowed_is_integers_or_booleans(allowed):
    with pytest.raises(ValueError, match="argument `allowed`"):
        Markov(1, 3).run(search.greedy, 3, allowed=allowed)
