"""Trainings that start from other weights."""

import json
import os

import keras
import numpy as np
import pytest
from test_resuming import Copy, assert_same
from test_training import LABELS, TEXTS, Watch

import rnnzoo
from rnnzoo.datasets import reviews

SMALL = {"units": 4, "embedding_dim": 4, "min_count": 1}
STARS = ["five", "one", "three"] * 12


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    keras.utils.set_random_seed(1)
    out = tmp_path_factory.mktemp("saved")
    data = TEXTS, LABELS
    rnnzoo.finetune("bilstm_classifier", data, out=out, verbose=0, **SMALL)
    return out


def finetune(task="bilstm_classifier", data=(TEXTS, STARS), **options):
    settings = {"epochs": 1, "batch_size": 2, "verbose": 0, **options}
    return rnnzoo.finetune(task, data, **settings)


def test_a_model_starts_from_weights_of_other_labels(saved, tmp_path, eagerly):
    watch = Watch()
    texts = [f"{text} soup" for text in TEXTS]
    model, metrics = finetune(
        data=(texts, STARS),
        weights=saved,
        num_classes=3,
        out=tmp_path,
        batch_size=18,
        callbacks=[watch],
        **SMALL,
    )
    assert model.labels == ("five", "one", "three")
    assert metrics["transferred"] == {
        "kept": {"vocabulary": 4, "labels": 0},
        "new": {"vocabulary": 1, "labels": 3},
        "found": {},
    }
    written = json.loads((tmp_path / "metrics.json").read_text())
    assert written == metrics
    before = rnnzoo.load(saved)
    old = before.word_embedding.get_weights()[0]
    np.testing.assert_array_equal(watch.start[0][: len(old)], old)
    assert rnnzoo.load(tmp_path).labels == model.labels


def test_the_recipe_is_that_of_tuning_unless_something_else_is_given(
    saved, eagerly
):
    def optimizer(*args, **options):
        return finetune(*args, batch_size=8, **options)[0].optimizer

    options = {"weights": saved, "num_classes": 3, **SMALL}
    tuned = rnnzoo.build("bilstm_classifier").recipe.tuned
    found = optimizer(**options)
    rate = found.get_config()["learning_rate"]
    assert rate["class_name"] == "SlantedTriangular"
    assert rate["config"]["learning_rate"] == tuned.learning_rate
    assert min(found.factors) == pytest.approx(tuned.group_decay**-2)
    found = optimizer(**options, schedule="cosine", group_decay=1, unfreeze=2)
    rate = found.get_config()["learning_rate"]
    assert rate["class_name"] == "CosineDecay"
    assert set(found.factors) == {1}
    assert sorted(set(found.waits)) == [0, 8, 16]  # 32 examples, by eights


def test_a_task_goes_on_with_its_labels_and_gets_a_new_head_for_others(
    saved, eagerly
):
    task = rnnzoo.load(saved)
    same, metrics = finetune(task, (["good", "bad soup"] * 2, LABELS[:2] * 2))
    assert same is task
    assert "transferred" not in metrics
    assert "soup" not in task.vocabulary.tokens
    weights = task.get_weights()
    other, metrics = finetune(task, batch_size=18)
    assert other is not task
    assert other.labels == ("five", "one", "three")
    assert other.encoder.units == task.encoder.units
    for ours, theirs in zip(task.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    # The same names in another order are other numbers.
    numbers = [0, 1] * 18
    data, names = (TEXTS, numbers), ["pos", "neg"]
    turned, metrics = finetune(task, data, labels=names, batch_size=18)
    assert metrics["transferred"]["kept"]["labels"] == 2
    assert turned.labels == ("pos", "neg")


def test_a_tagger_gets_new_tags(eagerly):
    sentences = [["Ann", "ran"], ["Bonn", "is", "big"]] * 4
    tags = [["B-PER", "O"], ["B-LOC", "O", "O"]] * 4
    task = rnnzoo.build("bilstm_crf_tagger", **SMALL)
    task.adapt(sentences, tags, verbose=0)
    same, _ = finetune(task, (sentences[:2], [["B-PER", "O"], ["O"] * 3]))
    assert same is task
    verbs = [["O", "B-VERB"], ["O", "B-VERB", "O"]] * 4
    other, metrics = finetune(task, (sentences, verbs))
    assert other.labels == ("VERB",)
    assert metrics["transferred"]["kept"]["vocabulary"] == 5
    assert task.labels == ("LOC", "PER")


def test_frozen_groups_stay_and_a_resumed_training_has_the_same_bits(
    saved, tmp_path
):
    def run(seed, out, callback):
        keras.utils.set_random_seed(seed)
        return finetune(
            weights=saved,
            num_classes=3,
            epochs=3,
            unfreeze=1,
            out=out,
            callbacks=callback,
            **SMALL,
        )

    out, other = tmp_path / "whole", tmp_path / "killed"
    whole, resumed = Copy(out, other, in_the_middle=True), Copy()
    kept = []
    watch = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda *_: kept.append(whole.model.get_weights())
    )
    expected, metrics = run(1, out, [whole, watch])
    found, again = run(2, other, resumed)
    assert again == metrics
    assert_same(found.get_weights(), expected.get_weights())
    assert_same(resumed.values, whole.values)
    old = rnnzoo.load(saved).word_embedding.get_weights()[0]
    moved = [(each[0] != old).any() for each in kept]
    assert moved == [False, False, True]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"units": 5}, r"`weights`.*the same shape.*encoder.*not \("),
        ({"num_classes": 2}, "num_classes=2 classes.*Received 3"),
        ({"schedule": "linear"}, "`schedule`.*'cosine'.*'linear'"),
        ({"group_decay": 0}, "`group_decay`.*positive"),
        ({"unfreeze": -1}, "`unfreeze`.*at least 0"),
    ],
)
def test_what_is_wrong_leaves_nothing_behind(saved, tmp_path, options, message):
    options = {**SMALL, "num_classes": 3, **options}
    with pytest.raises(ValueError, match=message):
        finetune(weights=saved, out=tmp_path / "run", **options)
    assert os.listdir(tmp_path) == []


def test_weights_are_for_a_task_without_any(saved):
    with pytest.raises(ValueError, match="`weights`.*is adapted"):
        finetune(rnnzoo.load(saved), weights=saved)
    with pytest.raises(ValueError, match="`EntityTagger`.*`TextClassifier`"):
        finetune("bilstm_crf_tagger", weights=saved)


def test_the_command_starts_from_weights(
    tmp_path, monkeypatch, capsys, eagerly
):
    from rnnzoo.cli import main

    sizes = {"train": 40, "validation": 10, "test": 10}
    monkeypatch.setattr(reviews, "SIZES", sizes)
    reviews.RnnzooReviews(data_dir=str(tmp_path)).download_and_prepare()
    arguments = ["train", "bilstm_classifier", "--dataset", "rnnzoo_reviews"]
    arguments += ["--data-dir", str(tmp_path), "--epochs", "1"]
    size = ["--set", "units=4", "embedding_dim=4"]
    first, second = str(tmp_path / "first"), str(tmp_path / "second")
    assert main([*arguments, *size, "--out", first]) == 0
    weights = ["--weights", first, "--unfreeze", "1"]
    assert main([*arguments, *size, *weights, "--out", second]) == 0
    assert "labels: 2 kept, 0 new" in capsys.readouterr().out
    assert rnnzoo.load(second).optimizer.waits[0] > 0
    third = tmp_path / "third"
    assert main([*arguments, *weights, "--out", str(third)]) == 2
    assert "Invalid value for --weights" in capsys.readouterr().err
    assert not third.exists() or not os.listdir(third)
