"""Rules that all searches keep."""

from functools import partial

import numpy as np
import pytest
import tensorflow as tf
from markov import END, OPTIONS, START, Markov, assert_same, penalty, unpacked

from rnnzoo import search


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
        (search.sample, {"temperature": -1}, "temperature"),
        (search.sample, {"top_p": 0}, "top_p"),
        (search.sample, {"top_k": -1}, "top_k"),
        (search.sample, {"count": 0}, "count"),
    ],
)
def test_what_is_out_of_range_is_an_error(method, options, name):
    with pytest.raises(ValueError, match=f"argument `{name}`"):
        Markov(1, 3).run(method, 3, **options)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", ["greedy", "beam", "sample"])
def test_logits_of_half_precision_are_summed_in_float32(name, dtype):
    method, options = OPTIONS[name]
    models = Markov(20, vocabulary=5)
    rounded = tf.cast(models.logits, dtype)
    models.logits = tf.cast(rounded, tf.float32).numpy()
    expected = models.run(method, 5, **options)

    def step(tokens, state):
        logits, state = models.step(tokens, state)
        return tf.cast(logits, dtype), state

    found = method(step, models.state, models.start, END, 5, **options)
    assert found.scores.dtype == found.log_probs.dtype == tf.float32
    assert_same(found, expected)


@pytest.mark.parametrize("name", OPTIONS)
def test_no_samples_give_no_hypotheses(name):
    method, options = OPTIONS[name]
    models = Markov(0, vocabulary=5)

    def run(longest):
        return models.run(method, longest, **options)

    none = tf.zeros([0], tf.int32)
    for found in (run(none), tf.function(run, autograph=False)(none)):
        n = options.get("n_best", options.get("count", 1))
        assert found.tokens.shape == (0, n, 0)
        for each in found[1:]:
            assert each.shape == (0, n)


@pytest.mark.parametrize("name", ["greedy", "beam", "sample"])
def test_a_step_may_return_a_state_of_unknown_shape(name):
    method, options = OPTIONS[name]
    models = Markov(4, vocabulary=5)
    shapes = set()

    def forget(tensor):
        unknown = [None] * tensor.shape.rank
        return tf.compat.v1.placeholder_with_default(tensor, unknown)

    def step(tokens, state):
        shapes.add(state["vector"].shape[1])
        logits, markov = models.step(tokens, state["markov"])
        return logits, {"markov": markov, "vector": forget(state["vector"])}

    @tf.function(autograph=False)
    def run():
        state = {"markov": models.state, "vector": tf.zeros([4, 7])}
        return method(step, state, models.start, END, 5, **options)

    assert_same(run(), models.run(method, 5, **options))
    assert shapes == {7}
