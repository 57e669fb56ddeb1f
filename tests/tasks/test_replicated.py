"""Special cases of replicas; tests/test_replicas.py trains all models there."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import rnnzoo
from rnnzoo import replicas

TEXTS = ["good film", "bad film", "a very good one", "bad", "good"]
LABELS = ["pos", "neg", "pos", "neg", "pos"]
STILL = {"word_dropout": 0.0, "dropout": 0.0, "recurrent_dropout": 0.0}
ALONE = tf.distribute.get_strategy()


def build(strategy, **overrides):
    with strategy.scope():
        task = rnnzoo.build(
            "bilstm_classifier", units=2, min_count=1, **STILL, **overrides
        )
    task.adapt(TEXTS, LABELS, verbose=0)
    draw = np.random.default_rng(0).normal
    task.set_weights([draw(0, 0.3, each.shape) for each in task.weights])
    return task


@pytest.fixture(scope="module")
def trained(mirrored):
    task = build(mirrored)
    task.compile()
    return task


@pytest.mark.parametrize("reduction", ["sum", "sum_over_batch_size"])
def test_losses_of_keras_and_weights_of_examples(mirrored, reduction):
    weights = [1.0, 0.0, 2.0, 0.5, 3.0]
    found = []
    for strategy in (ALONE, mirrored):
        task = build(strategy)
        loss = keras.losses.CategoricalFocalCrossentropy(reduction=reduction)
        with strategy.scope():
            task.compile(
                rnnzoo.optimizers.LazyAdam(0.1, epsilon=1.0),
                loss,
                ["accuracy", keras.metrics.AUC()],
                weighted_metrics=["accuracy"],
                run_eagerly=strategy is ALONE,  # without tracing
            )
        logs = task.fit(
            TEXTS,
            LABELS,
            batch_size=4,
            sample_weight=weights,
            class_weight={"neg": 2.0},
            shuffle=False,
            verbose=0,
        ).history
        found.append([*logs.values(), *task.get_weights()])
    for one, two in zip(*found, strict=True):
        np.testing.assert_allclose(two, one, atol=1e-5)


def test_batches_of_tokens(mirrored):
    losses = []
    for strategy in (ALONE, mirrored):
        task = build(strategy)
        task.compile(run_eagerly=strategy is ALONE)
        done = task.fit(TEXTS, LABELS, batch_tokens=6, seed=1, verbose=0)
        losses.append(done.history["loss"])
    assert losses[1] == pytest.approx(losses[0], abs=1e-5)


def test_one_batch_at_once(mirrored):
    found = []
    for strategy in (ALONE, mirrored):
        task = build(strategy)
        with strategy.scope():
            task.compile(
                keras.optimizers.SGD(0.1), run_eagerly=strategy is ALONE
            )
        found.append(
            [
                task.train_on_batch(TEXTS, LABELS)[0],
                task.test_on_batch(TEXTS, LABELS)[0],
                task.predict_on_batch(TEXTS)[0, 0],
            ]
        )
    assert found[1] == pytest.approx(found[0], abs=1e-5)


def test_finetune_save_export_and_explain(mirrored, tmp_path):
    with mirrored.scope():
        task, metrics = rnnzoo.finetune(
            "bilstm_classifier",
            (TEXTS * 4, LABELS * 4),
            test_data=(TEXTS, LABELS),
            out=tmp_path / "out",
            units=2,
            epochs=2,
            verbose=0,
        )
    assert len(metrics["history"]["val_loss"]) == 2
    again = rnnzoo.load(tmp_path / "out")
    answers = task.classify(TEXTS)
    assert again.classify(TEXTS) == answers
    (explanation,) = task.explain(TEXTS[:1])
    np.testing.assert_allclose(
        explanation.weights, again.explain(TEXTS[:1])[0].weights
    )
    task.export(tmp_path / "served")
    served = tf.saved_model.load(str(tmp_path / "served"))
    scores = served.signatures["serving_default"](text=tf.constant(TEXTS))
    np.testing.assert_allclose(
        scores["score"], [each.score for each in answers], atol=1e-5
    )


def test_a_strategy_made_after_the_model(mirrored):
    task = build(ALONE)
    with mirrored.scope(), pytest.raises(ValueError, match="outside of the"):
        task.compile()
    task.compile()
    for method in ("fit", "evaluate", "train_on_batch", "test_on_batch"):
        with (
            mirrored.scope(),
            pytest.raises(ValueError, match="outside of the"),
        ):
            getattr(task, method)(TEXTS, LABELS)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metrics": [keras.metrics.AUC(name="mine")]}, "`mine` was made"),
        ({"optimizer": keras.optimizers.SGD(0.1)}, "`sgd` was made"),
        (
            {
                "loss": keras.losses.SparseCategoricalCrossentropy(
                    reduction="mean_with_sample_weight"
                )
            },
            "argument `loss`.*mean_with_sample_weight",
        ),
    ],
    ids=["metric", "optimizer", "loss"],
)
def test_what_replicas_do_not_share(trained, options, message):
    with pytest.raises(ValueError, match=message):
        trained.compile(**options)


def test_a_batch_smaller_than_the_replicas(trained):
    with pytest.raises(ValueError, match="`batch_size`.*each of 2 replicas"):
        trained.fit(TEXTS, LABELS, batch_size=1, verbose=0)


@pytest.mark.parametrize("name", ["SGD", "Adam"])
def test_no_rows_for_an_optimizer_of_keras(mirrored, name):
    found = []
    for strategy in (ALONE, mirrored):
        task = build(strategy)
        with strategy.scope():
            task.compile(
                getattr(keras.optimizers, name)(0.1),
                run_eagerly=strategy is ALONE,
            )
            task.optimizer.epsilon = 1.0
        task.fit(TEXTS, LABELS, batch_size=2, shuffle=False, verbose=0)
        found.append(task.get_weights())
    for one, two in zip(*found, strict=True):
        np.testing.assert_allclose(two, one, atol=1e-5)


def test_workers_with_other_data(trained, monkeypatch):
    examples = trained.encode(TEXTS, LABELS)
    monkeypatch.setattr(replicas, "is_spread", lambda strategy: True)
    monkeypatch.setattr(
        replicas, "gather", lambda strategy, value: np.array([value, 0, value])
    )
    trained.check_replicas(examples, 5)
    monkeypatch.setattr(
        replicas, "gather", lambda strategy, value: np.array([value, 0, 7])
    )
    with pytest.raises(ValueError, match=r"different versions.*\[2\]"):
        trained.check_replicas(examples, 5)
