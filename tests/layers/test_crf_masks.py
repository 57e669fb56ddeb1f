"""CRFs over sequences that leave out steps, and tags that do not exist."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from crf_oracle import (
    MODES,
    TAGS,
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

# As the later parts of words, or a token that marks the beginning, are masked.
HOLES = np.array(["01111", "10110", "01010", "00000", "11011"])
HOLES = np.array([[letter == "1" for letter in row] for row in HOLES])


@pytest.mark.parametrize("mode", MODES)
def test_masked_steps_are_left_out_wherever_they_are(mode):
    potentials, scores = case(21)
    random = np.random.default_rng(21)
    tags = np.where(HOLES, random.integers(0, TAGS, HOLES.shape), 99)
    continues = np.array(random.integers(0, 2, (TAGS, TAGS)), bool)
    given = tf.constant(potentials)

    def everything():
        with tf.GradientTape() as tape:
            tape.watch(given)
            likelihood = crf_log_likelihood(given, tags, HOLES, **scores)
        return (
            likelihood,
            tape.gradient(likelihood, given),
            crf_marginals(given, HOLES, **scores),
            crf_span_marginals(given, tags, continues, HOLES, **scores),
            *crf_viterbi(given, HOLES, **scores, k=4),
        )

    results = [each.numpy() for each in run_in(mode, everything)]
    for i, mask in enumerate(HOLES):
        own, path = potentials[i : i + 1, mask], tags[i, mask]
        ((paths, values),) = enumerate_paths(own, scores, [mask.sum()])
        shares = probabilities(values)
        found, slope, marginals, spans, best, scored = (x[i] for x in results)
        share = shares[paths.index(tuple(path))]
        np.testing.assert_allclose(found, np.log(share), atol=1e-5)
        expected = np.zeros((mask.sum(), TAGS))
        for each, share in zip(paths, shares, strict=True):
            expected[np.arange(len(each)), list(each)] += share
        np.testing.assert_allclose(marginals[mask], expected, atol=1e-6)
        expected = np.eye(TAGS)[path] - expected
        np.testing.assert_allclose(slope[mask], expected, atol=1e-5)
        expected = crf_span_marginals(own, path[None], continues, **scores)
        np.testing.assert_allclose(spans[mask], expected[0], atol=1e-6)
        order = np.argsort(-values)[:4]
        ways = [tuple(way[mask]) for way in best[: len(order)]]
        assert ways == [paths[place] for place in order]
        np.testing.assert_allclose(
            scored[: len(order)], values[order], rtol=1e-5, atol=1e-6
        )
        for each in (slope, marginals, spans, best.T):
            assert not each[~mask].any()


def test_agrees_with_pytorch_crf_on_the_steps_that_are_left():
    torch = pytest.importorskip("torch")
    torchcrf = pytest.importorskip("torchcrf")
    random = np.random.default_rng(22)
    mask = random.random((6, 30)) < 0.7
    potentials = random.normal(size=(6, 30, 7)).astype("float32")
    tags = random.integers(0, 7, mask.shape)
    theirs = torchcrf.CRF(7, batch_first=True)
    scores = {
        "transitions": theirs.transitions.detach().numpy(),
        "start": theirs.start_transitions.detach().numpy(),
        "end": theirs.end_transitions.detach().numpy(),
    }
    ours = crf_log_likelihood(potentials, tags, mask, **scores).numpy()
    best = crf_viterbi(potentials, mask, **scores)[0].numpy()
    for i, row in enumerate(mask):
        given = torch.tensor(potentials[i : i + 1, row])
        expected = theirs(given, torch.tensor(tags[i : i + 1, row])).item()
        assert ours[i] == pytest.approx(expected, abs=1e-4)
        assert theirs.decode(given) == [best[i, row].tolist()]


@pytest.mark.parametrize("wrong", [3, -1])
@pytest.mark.parametrize("mode", MODES)
def test_a_tag_that_does_not_exist_is_an_error_or_nan(mode, wrong):
    potentials, scores = case(23)
    tags = np.where(HOLES, 1, 99)
    tags[1, 2] = wrong  # not masked
    continues = np.ones((TAGS, TAGS), bool)

    def everything():
        return (
            crf_log_likelihood(potentials, tags, HOLES, **scores),
            crf_span_marginals(potentials, tags, continues, HOLES, **scores),
        )

    if mode != "jit":
        with pytest.raises(tf.errors.InvalidArgumentError, match="`tags`"):
            run_in(mode, everything)
        return
    for found in run_in(mode, everything):
        is_nan = np.isnan(found.numpy()).reshape(len(HOLES), -1).any(axis=1)
        assert is_nan.tolist() == [False, True, False, False, False]


@keras.saving.register_keras_serializable(package="tests")
class Tagger(keras.Model):
    """Uses its CRF in the loss only."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.scores = keras.layers.Embedding(9, TAGS)
        self.crf = CRF(TAGS)

    def call(self, words):
        return self.scores(words)

    def compute_loss(self, x, y, y_pred, sample_weight=None, training=True):
        return -tf.reduce_mean(self.crf.log_likelihood(y_pred, y))


def test_a_model_that_uses_a_crf_in_its_loss_only_is_saved_whole(tmp_path):
    words = np.random.default_rng(0).integers(0, 9, (8, 5))
    model = Tagger()
    model.compile("adam")
    model.fit(words, words % TAGS, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    lent = Tagger()
    lent(words)
    model.save_weights(tmp_path / "model.weights.h5")
    lent.load_weights(tmp_path / "model.weights.h5")
    assert np.any(model.crf.get_weights()[1])
    for each in (again, lent):
        for one, other in zip(
            each.crf.get_weights(), model.crf.get_weights(), strict=True
        ):
            np.testing.assert_array_equal(one, other)
