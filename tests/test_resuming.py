"""A training that was interrupted ends with the same bits, or starts over."""

import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
from test_training import LABELS, TEXTS, StopIn, Watch, finetune, interrupt

import rnnzoo
from rnnzoo.training import UNFINISHED

TARGETS = [" ".join(text.split()[::-1]) for text in TEXTS]


class Copy(keras.callbacks.Callback):
    """Copies the state as it is when a kill comes, and keeps the end.

    Callbacks see one batch in ten: these epochs have more.
    """

    def __init__(self, out=None, target=None, in_the_middle=False):
        super().__init__()
        self.paths = out and (out / UNFINISHED, target / UNFINISHED)
        self.in_the_middle = in_the_middle

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch
        if not self.in_the_middle:
            self.copy()

    def on_train_batch_end(self, batch, logs=None):
        if self.in_the_middle:
            self.copy()

    def copy(self):
        if self.paths and self.epoch == 1:
            shutil.copytree(*self.paths)
            self.paths = None

    def on_epoch_end(self, epoch, logs=None):
        variables = self.model.variables + self.model.optimizer.variables
        self.values = [each.numpy() for each in variables]


def assert_same(ours, theirs):
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("name", "targets", "in_the_middle"),
    [
        ("bilstm_classifier", LABELS, True),
        ("pointer_generator_summarizer", TARGETS, False),  # then coverage
        ("awd_lstm_language_model", None, False),
    ],
)
def test_a_resumed_training_ends_with_the_same_bits(
    name, targets, in_the_middle, tmp_path
):
    """The order of epochs, dropout, optimizer, averages and history."""
    small = {"units": 4, "embedding_dim": 4, "unit": "word"}

    def run(seed, out, callback):
        keras.utils.set_random_seed(seed)
        return rnnzoo.finetune(
            name,
            (TEXTS, targets),
            **small,
            epochs=2,
            batch_size=2,
            out=out,
            callbacks=callback,
            verbose=0,
        )

    out, other = tmp_path / "whole", tmp_path / "killed"
    whole, resumed = Copy(out, other, in_the_middle), Copy()
    expected, metrics = run(1, out, whole)
    found, again = run(2, other, resumed)
    assert again == metrics
    assert_same(found.get_weights(), expected.get_weights())
    assert_same(resumed.values, whole.values)


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory):
    out = tmp_path_factory.mktemp("interrupted")
    with pytest.raises(KeyboardInterrupt):
        finetune(out=out, epochs=2, callbacks=[StopIn(1, interrupt)])
    return out


def flip_a_byte(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)


def become_a_directory(path):
    path.unlink()
    path.mkdir()


def cut(path):
    path.write_bytes(path.read_bytes()[:100])


FILES = ["progress.json", "adapted.keras", "epoch-1.weights.h5"]


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        *((file, cut) for file in FILES),
        *((file, become_a_directory) for file in FILES),
        *((file, Path.unlink) for file in FILES[1:]),
        *((file, flip_a_byte) for file in FILES[1:]),
        *(
            ("progress.json", lambda path, text=text: path.write_text(text))
            for text in ("", "[]", "{}", "[" * 100_000, '{"history": {}}')
        ),
    ],
)
def test_a_damaged_state_starts_over_with_a_word(
    interrupted, tmp_path, file, damage
):
    out = tmp_path / "run"
    shutil.copytree(interrupted, out)
    damage(out / UNFINISHED / file)
    watch = Watch()
    with pytest.warns(UserWarning, match="damaged.* starts over"):
        finetune(out=out, epochs=1, callbacks=[watch])
    assert watch.epochs == [0]
    assert not (out / UNFINISHED).exists()


def test_a_file_in_place_of_the_state_starts_over(tmp_path):
    (tmp_path / UNFINISHED).write_text("")
    watch = Watch()
    finetune(out=tmp_path, epochs=1, callbacks=[watch])
    assert watch.epochs == [0]
