"""Losses and metrics of Keras, on labels that are numbers of classes."""

import keras
import numpy as np
import pytest

import rnnzoo
from rnnzoo.class_metrics import ClassMetric

TEXTS = ["good", "bad", "so so", "very good", "fine", "well", "no"]
THREE = ["pos", "neg", "mid", "pos", "pos", "mid", "mid"]
TWO = ["pos", "neg", "neg", "pos", "pos", "neg", "pos"]
PLAIN = {"run_eagerly": True}  # there is little to run


def classifier(labels, **overrides):
    keras.utils.set_random_seed(1)
    model = rnnzoo.build(
        "bilstm_classifier",
        num_classes=len(set(labels)),
        units=4,
        min_count=1,
        **overrides,
    )
    model.adapt(TEXTS, labels, verbose=0)
    rng = np.random.default_rng(0)
    weights = [2 * rng.normal(size=x.shape) for x in model.get_weights()]
    model.set_weights(weights)
    return model


@pytest.fixture(scope="module", params=[TWO, THREE], ids=["two", "three"])
def case(request):
    """A model, labels as numbers, and the probabilities it gives."""
    model = classifier(request.param)
    ids = np.array([model.labels.index(each) for each in request.param])
    return model, ids, model.predict(TEXTS)


def evaluated(model, ids, metrics=None, rows=7, **options):
    model.compile(metrics=metrics, **PLAIN, **options)
    return model.evaluate(
        TEXTS[:rows], ids[:rows], batch_size=3, return_dict=True, verbose=0
    )


@pytest.mark.parametrize(
    "loss",
    [
        "mse",
        keras.losses.CategoricalFocalCrossentropy(),
        keras.losses.CategoricalCrossentropy(label_smoothing=0.2),
        "binary_crossentropy",
        keras.losses.SparseCategoricalCrossentropy(),
    ],
)
def test_losses_get_the_labels_they_expect(case, loss):
    model, ids, probabilities = case
    rows = np.eye(model.num_classes)[ids]
    is_sparse = "Sparse" in type(loss).__name__
    function = keras.losses.get(loss)
    expected = np.mean(function(ids if is_sparse else rows, probabilities))
    found = evaluated(model, ids, loss=loss)["loss"]
    assert found == pytest.approx(expected, rel=1e-5)


def test_metrics_are_those_of_scikit_learn(case):
    sklearn = pytest.importorskip("sklearn.metrics")
    model, ids, probabilities = case
    best = probabilities.argmax(axis=1)
    macro = keras.metrics.AUC(
        num_thresholds=2000, multi_label=True, num_labels=model.num_classes
    )
    found = evaluated(
        model,
        ids,
        [
            "accuracy",
            "mse",
            keras.metrics.F1Score("macro", name="f1"),
            keras.metrics.F1Score("micro", name="f1_micro"),
            keras.metrics.AUC(2000, name="auc"),
            macro,
            keras.metrics.Precision(name="precision"),
        ],
    )
    rows = np.eye(model.num_classes)[ids]
    expected = {
        "accuracy": sklearn.accuracy_score(ids, best),
        "mse": np.mean((rows - probabilities) ** 2),
        "f1": sklearn.f1_score(ids, best, average="macro"),
        "f1_micro": sklearn.f1_score(ids, best, average="micro"),
        macro.name: sklearn.roc_auc_score(rows, probabilities),
    }
    each = sklearn.f1_score(ids, best, average=None)
    expected |= dict(
        zip((f"f1_{name}" for name in model.labels), each, strict=True)
    )
    if model.num_classes == 2:
        second = probabilities[:, 1]
        expected["auc"] = sklearn.roc_auc_score(ids, second)
        expected["precision"] = sklearn.precision_score(ids, second > 0.5)
    else:
        expected["auc"] = sklearn.roc_auc_score(
            rows, probabilities, average="micro"
        )
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, abs=2e-3), name


def test_a_batch_of_as_many_rows_as_classes_is_no_other(case):
    model, ids, probabilities = case
    rows = model.num_classes
    found = evaluated(model, ids, ["mse"], rows=rows)
    expected = (np.eye(rows)[ids[:rows]] - probabilities[:rows]) ** 2
    assert found["mse"] == pytest.approx(expected.mean(), rel=1e-4)


def test_default_metrics_have_the_f1_of_each_class(tmp_path, eagerly):
    model = classifier(THREE, label_smoothing=0.1)
    model.compile(**PLAIN)
    found = model.evaluate(TEXTS, THREE, return_dict=True, verbose=0)
    each = [found[f"f1_{name}"] for name in ("mid", "neg", "pos")]
    assert found["f1"] == pytest.approx(np.mean(each), abs=1e-5)
    assert 0 < found["expected_calibration_error"] < 1
    one_hot = np.eye(3)[[model.labels.index(label) for label in THREE]]
    again = model.evaluate(TEXTS, one_hot, return_dict=True, verbose=0)
    assert again == found
    model.save(tmp_path / "model.keras")
    loaded = rnnzoo.load(tmp_path / "model.keras")
    assert loaded.label_smoothing == 0.1
    again = loaded.evaluate(TEXTS, THREE, return_dict=True, verbose=0)
    assert again == pytest.approx(found)
    metric = ClassMetric(keras.metrics.AUC(num_thresholds=7))
    assert (
        ClassMetric.from_config(metric.get_config()).metric.num_thresholds == 7
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metrics": [keras.metrics.Accuracy()]}, "`metrics`.*accuracy$"),
        ({"metrics": [keras.metrics.MeanIoU(3)]}, "`metrics`.*MeanIoU"),
        ({"loss": "ctc"}, "`loss`.*ctc"),
        (
            {"loss": keras.losses.CategoricalCrossentropy(from_logits=True)},
            "`loss`.*from_logits=True",
        ),
    ],
)
def test_what_does_not_fit_probabilities_is_said(case, options, message):
    with pytest.raises(ValueError, match=message):
        case[0].compile(**options)


@pytest.mark.parametrize(
    ("name", "metric"),
    [
        ("bilstm_crf_tagger", keras.metrics.Accuracy()),
        ("bilstm_crf_tagger", keras.metrics.SparseCategoricalAccuracy()),
        ("luong_translator", keras.metrics.F1Score()),
        ("luong_translator", "binary_accuracy"),
        ("luong_translator", keras.metrics.SparseCategoricalCrossentropy()),
        ("show_tell_captioner", keras.metrics.AUC()),
    ],
)
def test_other_tasks_say_which_metrics_fit(name, metric):
    with pytest.raises(ValueError, match="`metrics`. Expected 'auto', or"):
        rnnzoo.build(name).compile(metrics=[metric])
