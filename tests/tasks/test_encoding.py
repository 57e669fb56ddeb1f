"""Ids on disk, in training and evaluation, against ids in memory."""

import dataclasses
import os
import signal
import subprocess
import sys
import time

import keras
import numpy as np
import pytest
import tensorflow as tf

import rnnzoo
from rnnzoo.pipeline import disk
from rnnzoo.pipeline.examples import Examples
from rnnzoo.tasks import encoding

TEXTS = ["A good film. Yes!", "bad", "", "very good. " * 5, "so so"] * 6
LABELS = ["pos", "neg", "neg", "pos", "neg"] * 6
TAGGED = [["Ann", "saw", "Bonn"], ["Bonn"], ["a", "b", "c", "d", "e"]] * 8
TAGS = [["B-PER", "O", "B-LOC"], ["B-LOC"], ["O"] * 5] * 8
COLOURS = np.random.default_rng(0).integers(0, 256, (12, 16, 16, 3), "uint8")
SMALL = {"units": 4, "min_count": 1}


def captions():
    return [["a dot", "it is a dot"], ["two dots"], ["none", "no", "nil"]] * 4


KINDS = {
    "bilstm_classifier": ((TEXTS, LABELS), {}, {"class_weight": "balanced"}),
    "han_classifier": (
        (TEXTS, LABELS),
        {"units": None, "word_units": 4, "sentence_units": 4},
        {"sample_weight": np.arange(30.0)},
    ),
    "bilstm_cnn_crf_tagger": (
        (TAGGED, TAGS),
        {},
        {
            "sample_weight": [[1.0] * len(each) for each in TAGGED],
            "class_weight": {"PER": 2.0},
        },
    ),
    "luong_translator": (
        (TEXTS, [text[::-1] or "x" for text in TEXTS]),
        {"copy": True},
        {"batch_tokens": 60},
    ),
    "show_attend_tell_captioner": (
        (COLOURS, captions()),
        {"image_size": 16},
        {},
    ),
}


def build(name, cache=None, **more):
    overrides = SMALL | KINDS[name][1] | more
    if cache is not None and "captioner" in name:
        overrides["cache_dir"] = cache
    overrides = {k: each for k, each in overrides.items() if each is not None}
    keras.utils.set_random_seed(1)
    return rnnzoo.build(name, **overrides)


def assert_same(ours, theirs):
    flat = map(tf.nest.flatten, (ours, theirs))
    for one, other in zip(*flat, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


def assert_same_batches(ours, theirs, *args):
    passes = []
    for examples in (ours, theirs):
        keras.utils.set_random_seed(2)
        passes.append(examples.batches(*args))
    for one, other in zip(*passes, strict=True):
        assert_same(one, other)


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_task_reads_from_disk_what_it_encodes(name, tmp_path):
    (x, y), _, options = KINDS[name]
    task = build(name, tmp_path / "cache")
    task.adapt(x, y, verbose=0)
    weights = options.get("sample_weight")
    ours = task.encode(x, y, weights)
    theirs = task.encode(x, y, weights, out=tmp_path / "ids", verbose=0)
    for raw, values in ours.raw.items():
        assert list(theirs.raw[raw]) == values.tolist()
    task.see(theirs)
    learned = task.get_config()
    task.see(ours)
    assert task.get_config() == learned
    if "class_weight" in options:
        by_class = options["class_weight"]
        ours, theirs = (
            each.weigh(task.class_weights(each, by_class))
            for each in (ours, theirs)
        )
    tokens = options.get("batch_tokens")
    for one, other in [
        (ours, theirs),
        (ours.split(0.3)[1], theirs.split(0.3)[1]),
    ]:
        assert_same_batches(one, other, 4)
        assert_same_batches(one, other, 4, True, tokens)


@pytest.mark.parametrize("name", ["bilstm_classifier", "luong_translator"])
def test_training_from_disk_has_the_same_bits(name):
    (x, y), _, options = KINDS[name]

    def train(in_memory):
        task = build(name)
        task.adapt(x, y, verbose=0)
        task.compile()
        kept = {"verbose": 0, "in_memory": in_memory}
        history = task.fit(
            x, y, epochs=2, seed=3, validation_split=0.3, **options, **kept
        )
        scores = task.evaluate(x, y, return_dict=True, **kept)
        return task.get_weights(), history.history, scores

    (weights, *ours), (others, *theirs) = train(True), train(False)
    assert ours == theirs
    for one, other in zip(weights, others, strict=True):
        np.testing.assert_array_equal(one, other)


def test_images_that_train_an_encoder_are_read_from_disk(tmp_path):
    name = "show_attend_tell_captioner"
    task = build(name, finetune_encoder=True)
    task.adapt(COLOURS, captions(), verbose=0)
    ours = task.encode(COLOURS, captions())
    theirs = task.encode(COLOURS, captions(), out=tmp_path / "ids", verbose=0)
    assert_same_batches(ours, theirs, 5)


def adapted(**overrides):
    task = build("bilstm_classifier", **overrides)
    task.adapt(TEXTS, LABELS, verbose=0)
    return task


def test_predictions_from_disk(tmp_path):
    task = adapted()
    task.encode(TEXTS, LABELS, out=tmp_path, verbose=0)
    opened = Examples.open(tmp_path)
    np.testing.assert_array_equal(task.predict(opened), task.predict(TEXTS))


def test_ids_of_another_task_are_refused(tmp_path, eagerly):
    adapted().encode(TEXTS, LABELS, out=tmp_path, verbose=0)
    opened = Examples.open(tmp_path)
    same = adapted(units=6)  # other layers read the same ids
    same.compile()
    same.fit(opened, verbose=0)
    other = build("bilstm_classifier")
    other.adapt([*TEXTS, "new"], [*LABELS, "pos"], verbose=0)
    for task in (other, adapted(max_words=3), adapted(unit="character")):
        task.compile()
        for method in (task.fit, task.evaluate, task.predict):
            with pytest.raises(ValueError, match="ids of this task.*another"):
                method(opened)


class Stop(Exception):
    pass


def stop_after(task, count):
    """Makes a task fail at a chunk, and count those that it encodes."""
    encode_chunk, asked = task.encode_chunk, []

    def encode(chunk):
        if len(asked) == count:
            raise Stop
        asked.append(chunk.first)
        return encode_chunk(chunk)

    task.encode_chunk = encode
    return asked


@pytest.fixture
def small_parts(monkeypatch):
    """Two chunks of four texts each are a part."""
    monkeypatch.setattr(disk, "PART_BYTES", 150)
    schema = dataclasses.replace(rnnzoo.TextClassifier.schema, chunk=4)
    monkeypatch.setattr(rnnzoo.TextClassifier, "schema", schema)


def test_an_interrupted_encode_continues(tmp_path, small_parts):
    whole, out = tmp_path / "whole", tmp_path / "out"
    adapted().encode(TEXTS, LABELS, out=whole, verbose=0)
    paths = disk.part_paths(whole)
    assert len(paths) > 2
    task = adapted()
    stop_after(task, 5)
    with pytest.raises(Stop):
        task.encode(TEXTS, LABELS, out=out, verbose=0)
    assert 0 < len(disk.part_paths(out)) < len(paths)
    (out / ".part-00001.npz.x").mkdir()  # as a kill leaves it
    with pytest.raises(ValueError, match="other examples"):
        adapted().encode(TEXTS[::-1], LABELS, out=out, verbose=0)
    with pytest.raises(ValueError, match="other examples"):
        adapted().encode(TEXTS[:4], LABELS[:4], out=out, verbose=0)
    with pytest.raises(ValueError, match="ids of this task"):
        adapted(max_words=2).encode(TEXTS, LABELS, out=out, verbose=0)
    task = adapted()
    asked = stop_after(task, 99)
    task.encode(TEXTS, LABELS, out=out, verbose=0)
    assert len(asked) < 8  # of all chunks
    assert sorted(os.listdir(out)) == sorted(os.listdir(whole))
    for path in paths:
        assert path.read_bytes() == (out / path.name).read_bytes()
    with pytest.raises(FileExistsError, match="whole ids"):
        adapted().encode(TEXTS, LABELS, out=out, verbose=0)


KILLED = """
import sys, time
sys.path.insert(0, sys.argv[1])
import test_encoding as test
from rnnzoo.pipeline import disk

disk.PART_BYTES = 1
task = test.adapted()
encode_chunk = task.encode_chunk

def slow(chunk):
    time.sleep(chunk.first and 600)
    return encode_chunk(chunk)

task.encode_chunk = slow
task.encode(test.TEXTS * 50, test.LABELS * 50, out=sys.argv[2], verbose=0)
"""


def test_a_killed_encode_continues(tmp_path, monkeypatch):
    monkeypatch.setattr(disk, "PART_BYTES", 1)
    out = tmp_path / "out"
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, os.path.dirname(__file__), out]
    )
    limit = time.monotonic() + 300
    while not disk.part_paths(out) and time.monotonic() < limit:
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert len(disk.part_paths(out)) == 1
    task, data = adapted(), (TEXTS * 50, LABELS * 50)
    opened = task.encode(*data, out=out, verbose=0)
    assert_same_batches(task.encode(*data), opened, 64)


def test_progress_is_shown(tmp_path, capsys):
    adapted().encode(TEXTS, LABELS, out=tmp_path)
    assert "30/30" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("free", "in_memory", "is_on_disk"),
    [(10**9, None, False), (400, None, True), (400, True, False)],
)
def test_memory_that_is_free_decides(
    free, in_memory, is_on_disk, small_parts, monkeypatch, capsys, eagerly
):
    monkeypatch.setattr(encoding, "available_memory", lambda: free)
    seen, task = [], adapted()
    task.compile()

    def see(examples):
        seen.append((examples.fingerprint is not None, len(examples)))
        if is_on_disk:
            seen.append(examples.inputs.parts.paths[0].parent)

    task.see = see
    task.fit(TEXTS, LABELS, verbose=2, in_memory=in_memory)
    assert seen[0] == (is_on_disk, 30)
    line = "The ids of the texts are kept in "
    assert (line in capsys.readouterr().out) == is_on_disk
    for folder in seen[1:]:
        assert not folder.exists()
    with pytest.raises(ValueError, match="`in_memory`.*'disk'"):
        task.fit(TEXTS, LABELS, in_memory="disk")


def test_an_interrupted_training_keeps_its_ids(tmp_path, monkeypatch, eagerly):
    class StopIn(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise Stop

    def finetune(out, **options):
        keras.utils.set_random_seed(1)
        return rnnzoo.finetune(
            "bilstm_classifier",
            (TEXTS, LABELS),
            test_data=(TEXTS, LABELS),
            out=out,
            epochs=2,
            verbose=0,
            **SMALL,
            **options,
        )

    expected, scores = finetune(tmp_path / "memory", in_memory=True)
    out = tmp_path / "disk"
    with pytest.raises(Stop):
        finetune(out, in_memory=False, callbacks=[StopIn()])
    ids = out / "unfinished" / "ids"
    assert sorted(os.listdir(ids)) == ["test_data", "train"]
    monkeypatch.setattr(rnnzoo.TextClassifier, "encode_chunk", None)
    found, again = finetune(out)
    assert again == scores
    for one, other in zip(
        found.get_weights(), expected.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(one, other)
    assert sorted(os.listdir(out)) == ["metrics.json", "model.keras"]
