"""Networks sampled by dropout, and what they say together."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf

import rnnzoo

TEXTS = [
    "A quiet, lovely film. I'd see it again!",
    "Bad.",
    "",
    "Dull and long. " + "Never again, never again. " * 9,
    "Ann of Bonn saw it in Rome. She liked it, mostly.",
    "So. It. Is. Bad. " * 12,  # more sentences than run at once
]
RATES = {"dropout": 0.3, "recurrent_dropout": 0.3, "word_dropout": 0.3}


def build(name, labels, **overrides):
    keras.utils.set_random_seed(1)
    model = rnnzoo.build(name, min_count=1, embedding_dim=8, **overrides)
    model.adapt(TEXTS, labels, verbose=0)
    # Large weights, so that masks matter.
    model.set_weights([3 * each for each in model.get_weights()])
    return model


@pytest.fixture(
    scope="module",
    params=[
        ("han_classifier", False),
        ("bilstm_classifier", False),
        ("bilstm_classifier", True),
    ],
    ids=lambda param: "-".join(map(str, param)),
)
def model(request):
    name, multi_label = request.param
    labels = [1, 0, 0, 0, 1, 0]
    if multi_label:
        labels = [["a"], [], ["b"], ["a", "b"], [], []]
    return build(name, labels, multi_label=multi_label, **RATES)


def test_only_the_seed_decides(model):
    together = model.sample(TEXTS, samples=6)
    assert together.samples.shape == (6, 6, 2)
    assert together.samples[[0, 1, 3, 4, 5]].std(axis=1).min() > 1e-3
    again = model.sample(TEXTS, samples=6, batch_size=2)
    np.testing.assert_allclose(again.samples, together.samples, atol=1e-5)
    for i, each in enumerate(TEXTS):
        alone = model.sample(each, samples=4)
        np.testing.assert_allclose(
            alone.samples[0], together.samples[i, :4], atol=1e-5
        )
    other = model.sample(TEXTS, samples=6, seed=1)
    assert np.abs(other.samples - together.samples).max() > 1e-2


def test_each_text_or_each_label_has_its_entropy(model):
    found = model.sample(TEXTS, samples=6)
    np.testing.assert_allclose(found.mean, found.samples.mean(1), atol=1e-6)
    is_multi_label = isinstance(model, rnnzoo.MultiLabelClassifier)
    shape = found.mean.shape if is_multi_label else (len(TEXTS),)
    assert found.entropy.shape == found.mutual_information.shape == shape
    if not is_multi_label:
        np.testing.assert_allclose(found.mean.sum(axis=1), 1, atol=1e-6)


def test_nothing_in_the_model_changes(model):
    before = [each.numpy() for each in model.variables]
    model.sample(TEXTS, samples=2)
    for value, each in zip(before, model.variables, strict=True):
        np.testing.assert_array_equal(value, each.numpy())


def test_an_export_samples_the_same_networks(model, tmp_path):
    model.export(tmp_path / "model", samples=4)
    served = tf.saved_model.load(tmp_path / "model").signatures
    assert set(served) == {"serving_default", "explain", "sample"}
    found = served["sample"](text=tf.constant(TEXTS), seed=tf.constant(7))
    expected = model.sample(TEXTS, samples=4, seed=7)
    for name, value in (
        ("probabilities", expected.mean),
        ("entropy", expected.entropy),
        ("mutual_information", expected.mutual_information),
    ):
        np.testing.assert_allclose(found[name], value, atol=1e-5)
    best = found["scores" if "scores" in found else "score"].numpy()
    assert best.max() == pytest.approx(expected.mean.max(), abs=1e-5)
    for name, function in served.items():
        graph = function.graph.as_graph_def()
        nodes = {each.op for each in graph.node}
        for each in graph.library.function:
            nodes |= {node.op for node in each.node_def}
        assert not any(re.search("Assign|RngReadAndSkip", op) for op in nodes)
        drawn = {op for op in nodes if "Random" in op}
        assert all(op.startswith("Stateless") for op in drawn)
        assert bool(drawn) == (name == "sample")


def test_no_text_has_an_answer(model):
    found = model.sample([], samples=3)
    assert found.samples.shape == (0, 3, 2)
    assert found.entropy.shape == found.mutual_information.shape
    assert len(found.entropy) == len(found.mean) == 0


def test_what_cannot_be_sampled_is_said(mirrored):
    rates = dict.fromkeys(RATES, 0)
    model = build("han_classifier", [0, 1, 0, 1, 0, 1], **rates)
    with pytest.raises(ValueError, match="needs dropout"):
        model.sample(TEXTS)
    with mirrored.scope():  # An error leaves nothing behind.
        pass
    with pytest.raises(ValueError, match="`samples`. Expected a positive"):
        model.sample(TEXTS, samples=0)
    for seed in (-1, 2**31, 1.0, None):
        with pytest.raises(ValueError, match=f"`seed`.*seed={seed}"):
            model.sample(TEXTS, seed=seed)
