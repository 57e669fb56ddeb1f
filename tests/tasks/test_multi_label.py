"""Texts that have any number of labels."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

import rnnzoo
from rnnzoo.demo import serve_and_compare
from rnnzoo.tasks import MultiLabelClassifier

TEXTS = ["sad film", "loud", "sad and loud", "plain", "old , sad", "old"] * 2
NAMES = [["sad"], ["loud"], ["sad", "loud"], [], ["old", "sad"], ["old"]] * 2
ROWS = np.array(
    [[0, 0, 1], [1, 0, 0], [1, 0, 1], [0, 0, 0], [0, 1, 1], [0, 1, 0]] * 2
)
NUMBERS = [np.flatnonzero(row).tolist() for row in ROWS]


def build(**overrides):
    keras.utils.set_random_seed(1)
    return rnnzoo.build(
        "bilstm_classifier",
        multi_label=True,
        num_classes=3,
        min_count=1,
        embedding_dim=8,
        units=8,
        dropout=0.0,
        word_dropout=0.0,
        **overrides,
    )


@pytest.fixture(scope="module")
def model():
    model = build()
    model.adapt(TEXTS, NAMES, verbose=0)
    model.compile(keras.optimizers.Adam(0.1))
    model.fit(TEXTS, NAMES, epochs=20, batch_size=6, verbose=0)
    return model


def labels_of(found):
    return [sorted(each.label for each in row) for row in found]


def test_it_learns_labels_that_are_independent(model):
    assert model.labels == ("loud", "old", "sad")
    probabilities = model.predict(TEXTS)
    np.testing.assert_array_equal(probabilities > 0.5, ROWS == 1)
    assert labels_of(model.classify(TEXTS)) == [sorted(row) for row in NAMES]
    for row, found in zip(
        probabilities, model.classify(TEXTS, threshold=0.0), strict=True
    ):
        scores = [each.score for each in found]
        assert scores == sorted(row.tolist(), reverse=True)
    few = model.classify(TEXTS, threshold=[1.0, 0.5, 0.5])
    assert labels_of(few)[:2] == [["sad"], []]
    assert model.classify([]) == []
    (why,) = model.explain(TEXTS[:1])
    assert why.label == "sad"
    assert model.format_answer(model.classify("plain")[0]) == ""


def test_scores_are_those_of_scikit_learn():
    sklearn = pytest.importorskip("sklearn.metrics")
    model = build()
    model.adapt(TEXTS, NAMES, verbose=0)
    weights = [2 * np.ones(x.shape) for x in model.get_weights()]
    rng = np.random.default_rng(1)
    model.set_weights([rng.normal(size=x.shape) * x for x in weights])
    model.compile(run_eagerly=True)
    found = model.evaluate(TEXTS, NAMES, return_dict=True, verbose=0)
    probabilities = model.predict(TEXTS)
    above = probabilities > 0.5
    assert 0 < above.mean() < 1
    confidence = np.maximum(probabilities, 1 - probabilities)
    bins = np.ceil(confidence * 15)
    excess = confidence - (above == ROWS)
    excesses = [excess[bins == b].sum() for b in np.unique(bins)]
    each = sklearn.f1_score(ROWS, above, average=None, zero_division=0)
    expected = {
        "loss": sklearn.log_loss(ROWS.ravel(), probabilities.ravel()),
        "f1": sklearn.f1_score(ROWS, above, average="micro"),
        "f1_macro": np.mean(each),
        "expected_calibration_error": np.abs(excesses).sum() / ROWS.size,
        **dict(zip(("f1_loud", "f1_old", "f1_sad"), each, strict=True)),
    }
    assert found == pytest.approx(expected, rel=1e-4, abs=1e-6)
    auc = keras.metrics.AUC(1000, name="auc")
    model.compile(metrics=["accuracy", auc], run_eagerly=True)
    found = model.evaluate(TEXTS, NAMES, return_dict=True, verbose=0)
    assert found["accuracy"] == pytest.approx(np.mean(above == ROWS))
    auc = sklearn.roc_auc_score(ROWS.ravel(), probabilities.ravel())
    assert found["auc"] == pytest.approx(auc, abs=1e-3)


def test_every_way_to_give_the_same_labels(model):
    ragged = tf.ragged.constant(NUMBERS, ragged_rank=1)
    named = tf.ragged.constant(NAMES, ragged_rank=1)
    slices = tf.data.Dataset.from_tensor_slices
    for data in (
        (TEXTS, NAMES),
        (TEXTS, [tuple(row) for row in NAMES]),
        (TEXTS, NUMBERS),
        (TEXTS, ROWS),
        (TEXTS, ROWS.tolist()),
        (TEXTS, ROWS.astype(bool)),
        (list(zip(TEXTS, NAMES, strict=True)),),
        ({"text": TEXTS, "labels": NAMES},),
        (slices((TEXTS, ROWS)).batch(5),),
        (slices({"text": TEXTS, "labels": named}),),
        (slices({"text": TEXTS, "label": ragged}).ragged_batch(4),),
    ):
        np.testing.assert_array_equal(model.encode(*data).labels, ROWS)
    names = tfds.features.ClassLabel(names=["loud", "old", "sad"])
    for labels in (names, tfds.features.Sequence(names)):
        new = build()
        new.adapt(TEXTS, NUMBERS, labels=getattr(labels, "feature", labels))
        assert new.labels == model.labels


def test_saved_and_served(model, tmp_path):
    model.save(tmp_path / "model.keras")
    again = rnnzoo.load(tmp_path / "model.keras")
    assert isinstance(again, MultiLabelClassifier)
    np.testing.assert_array_equal(again.predict(TEXTS), model.predict(TEXTS))
    lent = build(weights=tmp_path / "model.keras")
    assert lent.labels == model.labels
    model.export(tmp_path / "served")
    inputs = model.to_serve(TEXTS[:5])
    assert serve_and_compare(model, inputs, tmp_path / "served") < 1e-5
    thresholds = np.median(model.predict(TEXTS), axis=0)
    signatures = model.served(thresholds)
    served = signatures["serving_default"](tf.constant(TEXTS))
    found = model.classify(TEXTS, threshold=thresholds)
    assert 0 < sum(map(len, found)) < ROWS.size
    for row, expected in enumerate(found):
        labels = [each.decode() for each in served["labels"][row].numpy()]
        count = len(expected)
        assert labels == [each.label for each in expected] + [""] * (3 - count)
        np.testing.assert_allclose(
            served["scores"][row][:count],
            [each.score for each in expected],
            rtol=1e-5,
        )


def test_every_classifier_may_have_several_labels():
    for name in rnnzoo.list_models(task="text_classification"):
        assert isinstance(
            rnnzoo.build(name, multi_label=True), MultiLabelClassifier
        )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: m.encode(["a"], ["sad"]), r"list of labels.*y\[0\]='sad'"),
        (lambda m: m.encode(["a"], [[["sad"]]]), "list of labels for each"),
        (lambda m: m.encode(["a", "b"], [[], ["new"]]), r"y\[1\]=\['new'\]"),
        (lambda m: m.encode(["a"], [[3]]), r"from 0 to 2.*y\[0\]=\[3\]"),
        (lambda m: m.encode(["a"], [["sad", None]]), r"y\[0\]"),
        (lambda m: m.encode(["a"], [[np.nan]]), r"y\[0\]=\[nan\]"),
        (lambda m: build().adapt(["a"], [["sad", np.nan]]), r"y\[0\]=nan"),
        (lambda m: build().adapt(TEXTS, [["sad"]] * 12), "`labels`.*1: "),
        (lambda m: m.classify(["a"], threshold=2), "threshold=2"),
        (lambda m: m.classify(["a"], threshold=[0.1, 0.2]), "one for each"),
        (lambda m: m.compile(loss="categorical_crossentropy"), "`loss`"),
        (lambda m: m.compile(metrics=["categorical_accuracy"]), "`metrics`"),
        (
            lambda m: m.compile(loss="sparse_categorical_crossentropy"),
            "independent of each other",
        ),
        (
            lambda m: m.fit(TEXTS, NAMES, class_weight={"sad": 2}),
            "no single class",
        ),
    ],
)
def test_bad_input(model, call, message):
    with pytest.raises(ValueError, match=message):
        call(model)
