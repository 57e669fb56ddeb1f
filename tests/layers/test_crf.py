"""CRFs against all sequences of small cases, and against pytorch-crf."""

import functools
import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from crf_oracle import (
    LENGTHS,
    MASK,
    MODES,
    TAGS,
    TIME,
    case,
    enumerate_paths,
    probabilities,
    run_in,
)

from rnnzoo.layers import CRF
from rnnzoo.layers.crf import (
    crf_log_likelihood,
    crf_marginals,
    crf_span_marginals,
    crf_viterbi,
)
from rnnzoo.text.tagging import TagSet, to_spans


@pytest.fixture(params=MODES)
def run(request):
    return functools.partial(run_in, request.param)


def test_log_likelihood(run):
    potentials, scores = case()
    tags = np.random.default_rng(1).integers(0, TAGS, MASK.shape)
    ours = run(lambda: crf_log_likelihood(potentials, tags, MASK, **scores))
    for i, (paths, values) in enumerate(enumerate_paths(potentials, scores)):
        path = paths.index(tuple(tags[i, : LENGTHS[i]]))
        expected = np.log(probabilities(values)[path])
        assert float(ours[i]) == pytest.approx(expected, abs=1e-5)


def test_all_likelihoods_sum_to_one():
    potentials, scores = case(3)
    paths = np.array(list(itertools.product(range(TAGS), repeat=3)))
    potentials = np.repeat(potentials[:1, :3], len(paths), axis=0)
    likelihood = np.exp(crf_log_likelihood(potentials, paths, **scores))
    assert likelihood.sum() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("k", [1, 4])
def test_viterbi(run, k):
    potentials, scores = case(2)
    tags, best = run(lambda: crf_viterbi(potentials, MASK, **scores, k=k))
    for i, (paths, values) in enumerate(enumerate_paths(potentials, scores)):
        order = np.argsort(-values)[:k]
        expected = [paths[place] for place in order]
        found = [tuple(row[: LENGTHS[i]]) for row in tags[i].numpy()]
        assert found[: len(order)] == expected
        np.testing.assert_allclose(
            best[i][: len(order)], values[order], rtol=1e-5, atol=1e-6
        )
        assert np.isneginf(best[i][len(order) :]).all()
        assert not tags[i, :, LENGTHS[i] :].numpy().any()


@pytest.mark.parametrize("k", [1, 4])
def test_viterbi_of_all_lengths_with_ties_and_constraints(k):
    """Scores are whole numbers, so that sequences tie and sums are exact."""
    spec = tf.TensorSpec((None, None, TAGS)), tf.TensorSpec((None, None), bool)
    _, scores = case(11)
    scores = {name: value.round() for name, value in scores.items()}
    scores["transitions"][0, 1] = scores["start"][2] = -1e4
    viterbi = tf.function(
        lambda *inputs: crf_viterbi(*inputs, **scores, k=k), spec
    )
    for time in range(7):
        potentials = case(time, time + 3)[0].round()
        lengths = np.array([time, time // 2, 0, max(time - 1, 0), min(time, 1)])
        mask = np.arange(time + 3) < lengths[:, None]
        tags, best = viterbi(potentials[:, :time], mask[:, :time])
        every = enumerate_paths(potentials, scores, lengths)
        for i, (paths, values) in enumerate(every):
            count = min(k, len(paths))
            found = [tuple(row[: lengths[i]]) for row in tags[i].numpy()]
            found = [paths.index(path) for path in found[:count]]
            assert len(set(found)) == count
            np.testing.assert_array_equal(best[i][:count], values[found])
            expected = np.sort(values)[::-1][:count]
            np.testing.assert_array_equal(best[i][:count], expected)
            assert np.isneginf(best[i][count:]).all()
            # Neither padding nor other rows change which sequence wins a tie.
            alone, _ = viterbi(potentials[i : i + 1], mask[i : i + 1])
            np.testing.assert_array_equal(alone[0, :, :time], tags[i])


def test_the_best_is_the_first_of_many():
    potentials, scores = case(5)
    tags, best = crf_viterbi(potentials, MASK, **scores)
    many, scored = crf_viterbi(potentials, MASK, **scores, k=3)
    np.testing.assert_array_equal(tags, many[:, 0])
    np.testing.assert_array_equal(best, scored[:, 0])


def test_marginals(run):
    potentials, scores = case(4)
    ours = run(lambda: crf_marginals(potentials, MASK, **scores))
    for i, (paths, values) in enumerate(enumerate_paths(potentials, scores)):
        expected = np.zeros((TIME, TAGS))
        for path, share in zip(paths, probabilities(values), strict=True):
            for t, tag in enumerate(path):
                expected[t, tag] += share
        np.testing.assert_allclose(ours[i], expected, atol=1e-6)


@pytest.mark.parametrize("scheme", ["bio", "bioes"])
def test_span_marginals(run, scheme):
    tag_set = TagSet(["X"] if scheme == "bioes" else ["X", "Y"], scheme)
    potentials, scores = case(6, tags=5, scale=1.0)
    tags = np.random.default_rng(6).integers(0, 5, MASK.shape)
    ours = run(
        lambda: crf_span_marginals(
            potentials, tags, tag_set.continues, MASK, **scores
        )
    ).numpy()

    def spans(path):
        """As in `to_spans`, with the tags of each, and "O"s one by one."""
        names = [tag_set.names[tag] for tag in path]
        found = {(s.first, s.last) for s in to_spans(names)}
        found |= {(t, t + 1) for t, name in enumerate(names) if name == "O"}
        return {(a, b, tuple(path[a:b])) for a, b in found}

    for i, (paths, values) in enumerate(enumerate_paths(potentials, scores)):
        shares = probabilities(values)
        for first, last, inner in spans(tags[i, : LENGTHS[i]].tolist()):
            expected = sum(
                share
                for path, share in zip(paths, shares, strict=True)
                if (first, last, inner) in spans(path)
            )
            np.testing.assert_allclose(ours[i, first:last], expected, atol=1e-6)
        assert not ours[i, LENGTHS[i] :].any()


@pytest.mark.parametrize("mode", MODES)
def test_gradients_are_finite_differences(mode):
    potentials, scores = case(7)
    tags = np.random.default_rng(7).integers(0, TAGS, MASK.shape)
    weights = np.array([1.0, -0.5, 2.0, 3.0, 0.7])
    values = [potentials, *scores.values()]
    values = [tf.constant(value, tf.float64) for value in values]

    def total(values):
        names = dict(zip(scores, values[1:], strict=True))
        each = crf_log_likelihood(values[0], tags, MASK, **names)
        return tf.reduce_sum(each * tf.constant(weights, tf.float32))

    def gradient():
        with tf.GradientTape() as tape:
            tape.watch(values)
            value = total(values)
        return tape.gradient(value, values)

    ours = run_in(mode, gradient)
    rng = np.random.default_rng(8)
    for _ in range(5):
        ways = [rng.normal(size=value.shape) for value in values]
        ahead, behind = (
            total([v + h * w for v, w in zip(values, ways, strict=True)])
            for h in (1e-2, -1e-2)
        )
        slope = sum(np.sum(g * w) for g, w in zip(ours, ways, strict=True))
        assert float(ahead - behind) / 2e-2 == pytest.approx(slope, rel=1e-2)


def test_second_derivatives():
    potentials, scores = case(9)
    tags = np.zeros(MASK.shape, "int32")
    x = tf.constant(potentials)

    def gradient(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = crf_log_likelihood(x, tags, MASK, **scores)
        return tape.gradient(value, x)

    way = np.random.default_rng(9).normal(size=x.shape).astype("float32")
    with tf.GradientTape() as tape:
        tape.watch(x)
        along = tf.reduce_sum(gradient(x) * way)
    ours = tape.gradient(along, x)
    expected = (gradient(x + 1e-2 * way) - gradient(x - 1e-2 * way)) / 2e-2
    np.testing.assert_allclose(ours, expected, atol=2e-3)


def test_agrees_with_pytorch_crf():
    torch = pytest.importorskip("torch")
    torchcrf = pytest.importorskip("torchcrf")
    rng = np.random.default_rng(0)
    mask = np.arange(30) < rng.integers(1, 31, (8, 1))
    potentials = rng.normal(size=(8, 30, 7)).astype("float32")
    tags = rng.integers(0, 7, (8, 30))
    theirs = torchcrf.CRF(7, batch_first=True)
    scores = {
        "transitions": theirs.transitions.detach().numpy(),
        "start": theirs.start_transitions.detach().numpy(),
        "end": theirs.end_transitions.detach().numpy(),
    }
    inputs = [torch.tensor(each) for each in (potentials, tags, mask)]
    expected = theirs(*inputs, reduction="none").detach().numpy()
    ours = crf_log_likelihood(potentials, tags, mask, **scores)
    np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-5)
    best = crf_viterbi(potentials, mask, **scores)[0].numpy()
    rows = zip(best, mask.sum(axis=1), strict=True)
    assert theirs.decode(inputs[0], inputs[2]) == [
        row[:length].tolist() for row, length in rows
    ]


def forbidding_case():
    potentials, scores = case(12)
    potentials[:, 1, 2] = scores["transitions"][0, 1] = -np.inf
    scores["start"][1] = -np.inf
    return potentials, scores


@pytest.mark.parametrize("k", [1, 4, 30])
def test_viterbi_never_takes_what_is_forbidden(run, k):
    potentials, scores = forbidding_case()
    tags, best = run(lambda: crf_viterbi(potentials, MASK, **scores, k=k))
    for i, (paths, values) in enumerate(enumerate_paths(potentials, scores)):
        order = np.argsort(-values)[: min(k, np.isfinite(values).sum())]
        found = [tuple(row[: LENGTHS[i]]) for row in tags[i].numpy()]
        assert found[: len(order)] == [paths[place] for place in order]
        np.testing.assert_allclose(
            best[i][: len(order)], values[order], rtol=1e-5, atol=1e-6
        )
        assert np.isneginf(best[i][len(order) :]).all()


def test_what_is_forbidden_has_no_probability(run):
    potentials, scores = forbidding_case()
    legal, illegal = np.full((2, *MASK.shape), 2)
    legal[:, 1], illegal[:, :2] = 1, [0, 1]
    given = tf.constant(potentials)

    def likelihoods():
        with tf.GradientTape() as tape:
            tape.watch(given)
            ours = [
                crf_log_likelihood(given, tags, MASK, **scores)
                for tags in (legal, illegal)
            ]
        return ours, tape.gradient(ours, given)

    (ours, theirs), slopes = run(likelihoods)
    marginals = run(lambda: crf_marginals(potentials, MASK, **scores))
    assert np.isfinite(slopes).all()
    assert (theirs.numpy()[[0, 2, 4]] < -1e8).all()
    for i, (paths, values) in enumerate(enumerate_paths(potentials, scores)):
        shares = probabilities(values)
        place = paths.index(tuple(legal[i, : LENGTHS[i]]))
        np.testing.assert_allclose(ours[i], np.log(shares[place]), atol=1e-5)
        expected = np.zeros((TIME, TAGS))
        for path, share in zip(paths, shares, strict=True):
            for t, tag in enumerate(path):
                expected[t, tag] += share
        np.testing.assert_allclose(marginals[i], expected, atol=1e-6)


def test_potentials_far_apart_meet_what_is_forbidden(run):
    """A case where tag 0 is preferred by far, but may not be the last."""
    potentials, scores = case(13)
    potentials[::2] += np.float32([900, 0, -100])
    scores["transitions"][0, 1:] = -np.inf
    scores["end"][0] = -np.inf
    tags = np.array([1, 2, 2, 1, 1]) * MASK
    given = tf.constant(potentials)

    def likelihood():
        with tf.GradientTape() as tape:
            tape.watch(given)
            ours = crf_log_likelihood(given, tags, MASK, **scores)
        return ours, tape.gradient(ours, given)

    ours, slopes = run(likelihood)
    marginals = run(lambda: crf_marginals(potentials, MASK, **scores))
    for i, (paths, values) in enumerate(enumerate_paths(potentials, scores)):
        shares = probabilities(values)
        place = paths.index(tuple(tags[i, : LENGTHS[i]]))
        expected = values[place] - values.max() + np.log(shares.max())
        np.testing.assert_allclose(ours[i], expected, rtol=1e-5, atol=1e-5)
        counts = np.zeros((TIME, TAGS))
        for path, share in zip(paths, shares, strict=True):
            for t, tag in enumerate(path):
                counts[t, tag] += share
        np.testing.assert_allclose(marginals[i], counts, atol=1e-6)
        slope = np.eye(TAGS)[tags[i]] * MASK[i][:, None] - counts
        np.testing.assert_allclose(slopes[i], slope, atol=1e-5)


def test_no_potentials_make_up_for_a_constraint():
    between = [[True, False], [True, True]]
    layer = CRF(2, constraints=([True, True], between, [False, True]))
    potentials = np.tile(np.float32([20, 0]), (1, 600, 1))
    np.testing.assert_array_equal(layer(potentials), np.ones((1, 600)))


@pytest.mark.parametrize("time", [0, None])
def test_rows_without_a_step(time):
    _, scores = case()
    continues = np.ones((TAGS, TAGS), bool)

    def everything(potentials, tags):
        return (
            crf_log_likelihood(potentials, tags, **scores),
            crf_marginals(potentials, **scores),
            crf_span_marginals(potentials, tags, continues, **scores),
            *crf_viterbi(potentials, **scores, k=2),
        )

    potentials, tags = np.zeros((2, 0, TAGS), "float32"), np.zeros((2, 0), int)
    spec = (
        tf.TensorSpec((None, time, TAGS)),
        tf.TensorSpec((None, time), tf.int64),
    )
    for function in (everything, tf.function(everything, spec)):
        likelihood, marginals, spans, best, scored = function(potentials, tags)
        np.testing.assert_array_equal(likelihood, [0, 0])
        assert marginals.shape == (2, 0, TAGS)
        assert spans.shape == (2, 0)
        assert best.shape == (2, 2, 0)
        np.testing.assert_array_equal(scored, [[0, -np.inf]] * 2)


def test_long_and_extreme_rows_are_finite():
    rng = np.random.default_rng(0)
    potentials = rng.normal(0, 100, (1, 10_000, 5)).astype("float32")
    tags = tf.function(crf_viterbi)(potentials)[0]
    np.testing.assert_array_equal(tags, potentials.argmax(axis=2))
    # Without transitions, each step is a softmax of its own.
    wide = potentials.astype("float64")
    steps = np.log(np.exp(wide - wide.max(2, keepdims=True)).sum(2))
    likelihood = tf.function(crf_log_likelihood)(potentials, tags)
    assert float(likelihood[0]) == pytest.approx(-steps.sum(), rel=1e-5)
    marginals = tf.function(crf_marginals)(potentials)
    np.testing.assert_allclose(marginals, tf.nn.softmax(potentials), atol=1e-5)


def layer_for(labels, scheme):
    tag_set = TagSet(labels, scheme)
    layer = CRF(len(tag_set), constraints=tag_set.constraints)
    layer.build((None, None, len(tag_set)))
    rng = np.random.default_rng(1)
    layer.set_weights([rng.normal(size=w.shape) for w in layer.get_weights()])
    return tag_set, layer


@pytest.mark.parametrize("scheme", ["bio", "bioes"])
def test_constraints_leave_well_formed_sequences(scheme):
    tag_set, layer = layer_for(
        ["X"] if scheme == "bioes" else ["X", "Y"], scheme
    )
    potentials, _ = case(10, tags=5, scale=3.0)
    paths = np.array(list(itertools.product(range(5), repeat=4)))
    repeated = np.repeat(potentials[:1, :4], len(paths), axis=0)
    likelihood = np.exp(layer.log_likelihood(repeated, paths))
    names = [[tag_set.names[tag] for tag in path] for path in paths]
    legal = (tag_set.encode(each) for each in names)
    legal = np.equal(list(legal), paths).all(axis=1)
    assert likelihood[legal].min() > 0
    assert likelihood[legal].sum() == pytest.approx(1, abs=1e-5)
    assert likelihood[~legal].max() == 0
    best = layer.viterbi(potentials[:1, :4], k=7)[0][0].numpy().tolist()
    order = np.argsort(-likelihood)[:7]
    assert best == paths[order].tolist()


def test_without_transitions_tags_are_independent():
    potentials, _ = case()
    layer = CRF(TAGS, transitions=False)
    softmax = tf.nn.softmax(potentials) * MASK[..., None]
    np.testing.assert_allclose(
        layer.marginals(potentials, MASK), softmax, atol=1e-6
    )
    assert not layer.weights
    best = potentials.argmax(axis=2) * MASK
    np.testing.assert_array_equal(layer(potentials, mask=MASK), best)


def test_layer_learns_transitions_and_is_saved(tmp_path):
    """Potentials are zero: only transitions can learn that tags alternate."""
    layer = CRF(2)
    potentials = np.zeros((8, 6, 2), "float32")
    tags = np.tile([0, 1], (8, 3))
    optimizer = keras.optimizers.Adam(0.3)
    layer.build(potentials.shape)
    for _ in range(30):
        with tf.GradientTape() as tape:
            loss = -tf.reduce_mean(layer.log_likelihood(potentials, tags))
        variables = layer.trainable_variables
        optimizer.apply(tape.gradient(loss, variables), variables)
    assert float(loss) >= 0
    np.testing.assert_array_equal(layer(potentials), tags)
    model = keras.Sequential([keras.Input((None, 2)), layer])
    model.save(tmp_path / "crf.keras")
    again = keras.saving.load_model(tmp_path / "crf.keras")
    np.testing.assert_array_equal(again.predict(potentials, verbose=0), tags)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_stays_outside(policy):
    potentials, _ = case(scale=1.0)
    potentials = tf.cast(potentials, policy[6:])
    tags = np.zeros(MASK.shape, "int32")
    expected = crf_log_likelihood(tf.cast(potentials, "float32"), tags, MASK)
    keras.config.set_dtype_policy(policy)
    try:
        layer = CRF(TAGS)
        layer.build(potentials.shape)
    finally:
        keras.config.set_dtype_policy("float32")
    ours = layer.log_likelihood(potentials, tags, MASK)
    assert ours.dtype == tf.float32
    np.testing.assert_allclose(ours, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: CRF(0), "`tags`"),
        (lambda: CRF(3, constraints=TagSet("AB").constraints), "`constraints`"),
        (lambda: CRF(3)(np.zeros((1, 2, 4))), "`potentials`"),
        (lambda: crf_marginals(np.zeros((2, 3))), "`potentials`"),
        (lambda: crf_viterbi(np.zeros((1, 2, 3)), end=[0.0]), "`end`"),
        (lambda: crf_viterbi(np.zeros((1, 2, 3)), k=0), "`k`"),
        (lambda: crf_viterbi(np.zeros((1, 2, 3)), [[True]]), "`mask`"),
        (lambda: crf_log_likelihood(np.zeros((1, 2, 3)), [[0]]), "`tags`"),
        (lambda: crf_log_likelihood(np.zeros((1, 1, 3)), [[0.5]]), "`tags`"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
