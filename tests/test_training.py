"""The whole recipe: what it keeps, how it goes on, what it refuses."""

import functools
import json
import os
import signal
import subprocess
import sys
import zipfile
from unittest import mock

import keras
import numpy as np
import pytest

import rnnzoo
from rnnzoo.progress import Progress
from rnnzoo.training import UNFINISHED

TEXTS = ["good", "bad", "not good", "not bad", "good film", "bad film"] * 6
LABELS = ["pos", "neg", "neg", "pos", "pos", "neg"] * 6


@keras.saving.register_keras_serializable(package="tests")
class Bag(keras.layers.Layer):
    """The mean of the word vectors: an encoder that trains in no time."""

    output_dim = 4

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.embedding = keras.layers.Embedding(20, self.output_dim)

    def build(self, input_shape):
        self.embedding.build(input_shape)
        self.built = True

    def call(self, ids, training=None):
        return keras.ops.mean(self.embedding(ids), axis=1)

    def get_build_config(self):
        return {"input_dim": self.embedding.input_dim}

    def build_from_config(self, config):
        self.embedding.input_dim = config["input_dim"]
        self.build((None, None))


def finetune(*args, data=(TEXTS, LABELS), **kwargs):
    task = rnnzoo.TextClassifier(Bag(), max_words=5)
    settings = {"batch_size": 2, "verbose": 0, **kwargs}
    return rnnzoo.finetune(task, data, *args, **settings)


class StopIn(keras.callbacks.Callback):
    """Breaks off in the middle of an epoch, counted from 0.

    Callbacks see one batch in ten, so that an epoch must have more.
    """

    def __init__(self, epoch, how):
        super().__init__()
        self.at, self.how = epoch, how

    def on_epoch_begin(self, epoch, logs=None):
        self.current = epoch

    def on_train_batch_end(self, batch, logs=None):
        if self.current == self.at:
            self.how()


class Watch(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.epochs = []

    def on_epoch_begin(self, epoch, logs=None):
        if not self.epochs:
            self.step = int(self.model.optimizer.iterations)
            self.start = self.model.get_weights()
        self.epochs.append(epoch)


def interrupt():
    raise KeyboardInterrupt


def test_the_best_epoch_is_kept_and_training_stops(tmp_path):
    keras.utils.set_random_seed(1)
    task, metrics = finetune(
        (TEXTS[:6], LABELS[:6]),
        test_data=(TEXTS[6:12], LABELS[6:12]),
        epochs=30,
        learning_rate=0.05,
        out=tmp_path,
    )
    history = metrics["history"]["val_accuracy"]
    losses = metrics["history"]["val_loss"]
    epochs = range(len(history))
    best = min(epochs, key=lambda each: losses[each])
    patience = task.recipe.patience
    assert len(history) == best + 1 + patience < 30
    assert metrics["validation"]["accuracy"] == pytest.approx(history[best])
    assert metrics["test"]["accuracy"] == pytest.approx(history[best])
    assert json.loads((tmp_path / "metrics.json").read_text()) == metrics
    assert sorted(os.listdir(tmp_path)) == ["metrics.json", "model.keras"]
    again = rnnzoo.load(tmp_path)
    np.testing.assert_array_equal(again.predict(TEXTS), task.predict(TEXTS))
    assert again.label_names == ("neg", "pos")


KILLED = """
import os, signal, sys
sys.path.insert(0, {tests!r})
import test_training as here
kill = lambda: os.kill(os.getpid(), signal.SIGKILL)
here.finetune(out={out!r}, epochs=4, callbacks=[here.StopIn(2, kill)])
"""


def test_a_killed_training_goes_on(tmp_path, monkeypatch):
    script = KILLED.format(
        tests=os.path.dirname(__file__), out=str(tmp_path / "run")
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True
    )
    assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]
    unfinished = tmp_path / "run" / UNFINISHED
    before = rnnzoo.load(unfinished / "adapted.keras").vocabulary.tokens
    first = json.loads((unfinished / "progress.json").read_text())["history"]

    def adapt(*args, **kwargs):
        pytest.fail("The vocabulary was learned again.")

    monkeypatch.setattr(rnnzoo.TextClassifier, "adapt", adapt)
    watch = Watch()
    task, metrics = finetune(out=tmp_path / "run", epochs=4, callbacks=[watch])
    assert watch.epochs == list(range(2, len(metrics["history"]["loss"])))
    assert watch.step == 2 * 16  # 32 examples, 2 in a batch
    assert task.vocabulary.tokens == before
    assert metrics["history"]["loss"][:2] == first["loss"]
    assert not unfinished.exists()


def test_weights_and_the_best_epoch_survive(tmp_path):
    keep = {}

    def remember():
        keep["weights"] = watch.model.get_weights()

    watch = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: remember()
    )
    with pytest.raises(KeyboardInterrupt):
        finetune(
            out=tmp_path, epochs=3, callbacks=[watch, StopIn(1, interrupt)]
        )
    assert len(list((tmp_path / UNFINISHED).glob("epoch-*"))) == 1
    resumed = Watch()
    finetune(out=tmp_path, epochs=3, callbacks=[resumed])
    for ours, theirs in zip(resumed.start, keep["weights"], strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_an_adapted_task_goes_on(tmp_path):
    def run(callbacks=None, texts=TEXTS):
        task = rnnzoo.TextClassifier(Bag(), max_words=5)
        task.adapt(texts, LABELS, verbose=0)
        return rnnzoo.finetune(
            task,
            (TEXTS, LABELS),
            batch_size=2,
            epochs=3,
            out=tmp_path,
            callbacks=callbacks,
            verbose=0,
        )

    with pytest.raises(KeyboardInterrupt):
        run(StopIn(1, interrupt))  # one alone, as Keras takes it
    with pytest.raises(ValueError, match="learned the same"):
        run(texts=["other words", *TEXTS[1:]])
    watch = Watch()
    run([watch])
    assert watch.epochs == [1, 2]


def test_interrupted_after_the_last_epoch(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(rnnzoo.training, "_save", lambda *_: interrupt())
        with pytest.raises(KeyboardInterrupt):
            finetune(out=tmp_path, epochs=1)
    watch = Watch()
    _, metrics = finetune(out=tmp_path, epochs=1, callbacks=[watch])
    assert watch.epochs == []
    assert len(metrics["history"]["loss"]) == 1
    assert (tmp_path / "model.keras").exists()


def test_another_training_is_not_gone_on_with(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        finetune(out=tmp_path, epochs=3, callbacks=[StopIn(0, interrupt)])
    with pytest.raises(ValueError, match="another training.*epochs = 3, not 2"):
        finetune(out=tmp_path, epochs=2)
    with pytest.raises(ValueError, match="model = 'TextClassifier', not 'bil"):
        rnnzoo.finetune("bilstm_classifier", (TEXTS, LABELS), out=tmp_path)
    with pytest.raises(ValueError, match="examples = 32, not"):
        finetune(out=tmp_path, epochs=3, data=(TEXTS[:12], LABELS[:12]))


@pytest.mark.parametrize(
    ("scores", "is_over"),
    [
        ([], False),
        ([3], False),
        ([3, 2], False),
        ([3, 2, 3], True),
        ([0, 0, 0, 0], False),
        ([0, 0, 1, 0, 0], True),
    ],
)
def test_patience_counts_epochs_since_the_best(scores, is_over):
    progress = Progress("accuracy", patience=2)
    progress.history = {"val_accuracy": scores}
    assert progress.is_over is is_over


def test_equal_scores_are_told_apart_by_the_loss():
    progress = Progress("accuracy", patience=2)
    progress.history = {"val_accuracy": [1, 2, 2], "val_loss": [0.1, 0.5, 0.4]}
    assert progress._best_epoch == 3
    progress.history["val_accuracy"][2] = float("nan")
    assert progress._best_epoch == 2


def test_classifiers_are_chosen_by_their_loss():
    task = rnnzoo.TextClassifier(Bag())
    progress = Progress(task.monitor_for(None), patience=2)
    losses = [0.3, 0.2, 0.25, 0.28]
    progress.history = {"val_loss": losses, "val_accuracy": [1, 2, 3, 4]}
    assert progress._best_epoch == 2
    assert progress.is_over


def test_the_best_epoch_is_found_by_what_it_was_chosen_by(tmp_path):
    task = rnnzoo.TextClassifier(Bag())
    task.adapt(TEXTS, LABELS, verbose=0)
    task.compile()
    progress = Progress("accuracy", patience=9, directory=tmp_path)
    progress.monitor = "loss"  # as the validation data decided
    progress.set_model(task)
    progress.begin(task, {})
    for epoch, loss in enumerate([0.3, 0.2, 0.25]):
        logs = {"val_loss": loss, "val_accuracy": 1 - epoch / 10}
        progress.on_epoch_end(epoch, logs)
    again = Progress("accuracy", patience=9, directory=tmp_path)
    assert again.found
    assert again._best_epoch == 2


def test_a_step_is_traced_once(tmp_path):
    task = rnnzoo.TextClassifier(Bag())
    task.adapt(TEXTS, LABELS, verbose=0)
    path = tmp_path / "model.keras"

    def traces(task, train):
        with mock.patch.object(
            task, "train_step", wraps=task.train_step
        ) as step:
            train(TEXTS, LABELS)
        return step.call_count

    def fit(task):
        return traces(task, functools.partial(task.fit, verbose=0))

    task.compile()
    task.save(path)
    assert fit(task) == 1
    assert fit(rnnzoo.load(path)) == 1
    task.compile(metrics=[keras.metrics.F1Score("weighted")])
    assert fit(task) == 1
    task.compile()
    assert traces(task, task.train_on_batch) == 1


def test_sorted_data_is_validated_on_every_class():
    order = np.argsort(LABELS)
    texts, labels = np.array(TEXTS)[order], np.array(LABELS)[order]
    task = rnnzoo.TextClassifier(Bag(), max_words=5)
    task.adapt(texts, labels, verbose=0)
    examples = task.encode(texts, labels)
    rest, held_out = rnnzoo.training._hold_out(examples, share=0.25)
    assert set(np.array(held_out.labels)) == {0, 1}
    assert len(rest) + len(held_out) == len(examples)


@pytest.mark.parametrize(
    ("data", "kwargs", "message"),
    [
        (([], []), {}, "at least one example"),
        ((["good"], ["pos"]), {"labels": ["neg", "pos"]}, "at least 2"),
        ((TEXTS, None), {}, "`train`.*with labels"),
        (([None, *TEXTS], ["pos", *LABELS]), {}, r"strings.*\[0\]=None"),
        (([b"\xff", *TEXTS], ["pos", *LABELS]), {}, "not UTF-8"),
        (([3, *TEXTS], ["pos", *LABELS]), {}, "strings.*int"),
        ((TEXTS, np.arange(len(TEXTS))), {}, "`y`.*from 0 to 1.*Received"),
        ((TEXTS, LABELS), {"labels": ["a", "b", "c"]}, "`labels`.*2 classes"),
        ((TEXTS, LABELS), {"labels": ["a", "b"]}, "`y`.*'a', 'b'"),
        ((TEXTS, LABELS), {"test_data": (["x"], ["?"])}, "`y`.*Received"),
        ((TEXTS, LABELS), {"test_data": ["x"]}, "`test_data`.*with labels"),
        ((TEXTS, LABELS), {"epochs": 0}, "`epochs`.*positive integer"),
        ((TEXTS, LABELS), {"batch_size": 2.5}, "`batch_size`.*positive int"),
        ((TEXTS, LABELS), {"learning_rate": -1}, "`learning_rate`.*positive"),
    ],
)
def test_bad_input_is_refused_before_work(tmp_path, data, kwargs, message):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        finetune(data=data, out=tmp_path / "run", **kwargs)
    assert os.listdir(tmp_path) == []


def test_an_unwritable_directory_is_refused_before_work(tmp_path):
    (tmp_path / "note").write_text("mine")
    with pytest.raises(NotADirectoryError, match="`out`.*can be written"):
        finetune(data=([], []), out=tmp_path / "note" / "run")
    with pytest.raises(NotADirectoryError, match="`out`.*can be written"):
        finetune(data=([], []), out=tmp_path / "note")


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("fit", (TEXTS, LABELS)),
        ("evaluate", (TEXTS, LABELS)),
        ("predict", (TEXTS,)),
        ("classify", (TEXTS,)),
        ("explain", (TEXTS,)),
        ("save", ("model.keras",)),
        ("export", ("served",)),
    ],
)
def test_nothing_goes_before_adapting(tmp_path, monkeypatch, method, arguments):
    monkeypatch.chdir(tmp_path)
    task = rnnzoo.TextClassifier(Bag(), max_words=5)
    task.compile()
    with pytest.raises(
        ValueError, match=r"needs a vocabulary.*`adapt\(data\)`"
    ):
        getattr(task, method)(*arguments)
    assert os.listdir(tmp_path) == []


class Averages(keras.callbacks.Callback):
    """Moving averages, a step at a time, and what is in the model."""

    def __init__(self, averages=None):
        super().__init__()
        self.averages, self.epochs = averages, []

    def on_train_batch_end(self, batch, logs=None):
        weights = self.model.get_weights()
        if self.averages is None:
            self.averages = weights
        momentum = self.model.optimizer.ema_momentum
        self.averages = [
            momentum * average + (1 - momentum) * weight
            for average, weight in zip(self.averages, weights, strict=True)
        ]

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append(self.averages)


def test_the_moving_averages_are_validated_and_kept(tmp_path, monkeypatch):
    keras.utils.set_random_seed(1)
    recipe = rnnzoo.Recipe(ema_momentum=0.8, patience=9, learning_rate=0.05)
    data, options = (TEXTS, LABELS), {"epochs": 4, "batch_size": 8}
    monkeypatch.setattr("rnnzoo.tasks.trainer.STEPS_PER_EXECUTION", 1)
    first = Averages()
    with pytest.raises(KeyboardInterrupt):
        rnnzoo.finetune(
            rnnzoo.TextClassifier(Bag(), max_words=5, recipe=recipe),
            data,
            out=tmp_path,
            callbacks=[first, StopIn(2, interrupt)],
            verbose=0,
            **options,
        )
    second = Averages(first.epochs[1])
    task, metrics = rnnzoo.finetune(
        rnnzoo.TextClassifier(Bag(), max_words=5, recipe=recipe),
        data,
        out=tmp_path,
        callbacks=[second],
        verbose=0,
        **options,
    )
    history = metrics["history"]
    best = int(np.argmin(history["val_loss"]))
    epochs = [*first.epochs[:2], *second.epochs]
    for ours, expected in zip(task.get_weights(), epochs[best], strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-3, atol=1e-5)
    for name in ("loss", "accuracy", "f1"):
        value = metrics["validation"][name]
        assert history[f"val_{name}"][best] == pytest.approx(value, rel=1e-4)


def test_moving_averages_reach_over_a_tenth_of_the_steps_at_most():
    task = rnnzoo.TextClassifier(Bag(), recipe=rnnzoo.Recipe(ema_momentum=0.99))
    assert task.default_optimizer(steps=100).ema_momentum == 0.9
    assert task.default_optimizer(steps=10_000).ema_momentum == 0.99
    assert not task.default_optimizer().use_ema


class Batches(keras.callbacks.Callback):
    """Remembers the number of each batch that it sees."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append(batch)


def test_callbacks_see_one_batch_in_ten():
    batches = Batches()
    task, _ = finetune(epochs=2, callbacks=[batches])
    assert len(batches.seen) == 2 * 2
    assert int(task.optimizer.iterations) == 2 * 16  # 32 examples, by twos


def test_batches_may_be_cut_by_tokens(monkeypatch):
    monkeypatch.setattr("rnnzoo.tasks.trainer.STEPS_PER_EXECUTION", 1)
    batches = Batches()
    task, _ = finetune(
        batch_size=None, batch_tokens=20, epochs=2, callbacks=[batches]
    )
    words = sum(len(text.split()) for text in TEXTS)
    steps = int(task.optimizer.iterations)
    assert len(batches.seen) == steps
    assert steps == pytest.approx(2 * 0.9 * words / 20, abs=2)
    with pytest.raises(ValueError, match="`batch_tokens`.*positive integer"):
        finetune(batch_tokens=0)


def test_overrides_need_a_name():
    with pytest.raises(ValueError, match="`task`.*units"):
        finetune(units=3)
    with pytest.raises(ValueError, match="'unitz'.*units"):
        rnnzoo.finetune("bilstm_classifier", (TEXTS, LABELS), unitz=3)


def test_what_is_no_task_is_not_loaded(tmp_path):
    with pytest.raises(FileNotFoundError, match="No saved model at"):
        rnnzoo.load(tmp_path)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.save(tmp_path / "model.keras")
    with pytest.raises(ValueError, match="no rnnzoo task.*Sequential"):
        rnnzoo.load(tmp_path)
    damaged = bytearray((tmp_path / "model.keras").read_bytes())
    damaged[len(damaged) // 2] ^= 255
    (tmp_path / "model.keras").write_bytes(damaged)
    with pytest.raises(ValueError, match="Cannot load.*Bad CRC"):
        rnnzoo.load(tmp_path)

    class Mine(keras.layers.Layer):
        """Not registered."""

    keras.Sequential([keras.Input((1,)), Mine()]).save(tmp_path / "model.keras")
    with pytest.raises(ValueError, match="d: Could not locate.*Mine.{,200}$"):
        rnnzoo.load(tmp_path)
    with zipfile.ZipFile(tmp_path / "model.keras", "w") as archive:
        archive.writestr("other.txt", "")
    with pytest.raises(ValueError, match="Cannot load.*config.json"):
        rnnzoo.load(tmp_path)
