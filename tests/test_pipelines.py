"""Pipelines of Apache Beam give what one process gives."""

import csv
import os
import random
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

import rnnzoo.beam
from rnnzoo import datasets  # noqa: F401  # dates
from rnnzoo.beam import Files, Split
from rnnzoo.pipeline import disk
from rnnzoo.served import score
from rnnzoo.served.parts import Scoring

pytest.importorskip("apache_beam", reason="needs the extra `beam`")
RETRIES = "BundleBasedDirectRunner"  # what fails is tried again
SAVED = Path(__file__).parent / "saved"


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    folder = tmp_path_factory.mktemp("export") / "classifier"
    rnnzoo.load(SAVED / "bilstm_classifier.keras").export(folder)
    return str(folder)


@pytest.fixture
def lines(tmp_path):
    """300 lines, of which the seventh is no text."""
    path = tmp_path / "lines.txt"
    texts = [b"a quiet film " * (number % 7) for number in range(300)]
    path.write_bytes(b"\n".join([*texts[:6], b"\xff", *texts[7:]]))
    return str(path)


def written(folder):
    return {
        path.name: path.read_bytes()
        for path in Path(folder).iterdir()
        if path.name != "score.json"
    }


class FailsOnce(Scoring):
    """A scoring that fails in the middle of its second part."""

    def write(self, part, seen=None):
        if part.number != 1:
            return super().write(part, seen)
        log = os.path.join(os.path.dirname(self.out), "tries")

        def fail(count):
            if os.path.getsize(log) == 1:
                raise RuntimeError("once")

        with open(log, "a") as file:
            file.write("x")
        return super().write(part, fail)


@pytest.mark.parametrize("runner", [None, RETRIES])
def test_scores_are_those_of_one_process(
    runner, export, lines, tmp_path, monkeypatch
):
    settings = {"batch_size": 4, "parts": 3}
    expected = score(export, lines, tmp_path / "a", verbose=0, **settings)
    if runner == RETRIES:
        monkeypatch.setattr(rnnzoo.beam.parts, "Scoring", FailsOnce)
    options = {"direct_num_workers": 2} if runner is None else None
    done = rnnzoo.beam.score(
        export,
        lines,
        tmp_path / "b",
        runner=runner,
        options=options,
        **settings,
    )
    assert done == expected == (300, 1, 3)
    assert written(tmp_path / "b") == written(tmp_path / "a")
    if runner == RETRIES:
        assert (tmp_path / "tries").read_text() == "xx"


def test_what_a_runner_left_out_is_an_error(
    export, lines, tmp_path, monkeypatch
):
    monkeypatch.setattr(Scoring, "write", lambda *args: None)
    with pytest.raises(OSError, match="has 0 of 1 parts"):
        rnnzoo.beam.score(export, lines, tmp_path / "out")
    task, data = classifier(), (["good", "bad"], ["pos", "neg"])
    task.adapt(*data, verbose=0)
    monkeypatch.setattr(disk, "write_part", lambda *args: None)
    with pytest.raises(OSError, match="has 0 of 1 parts"):
        rnnzoo.beam.encode(task, data, tmp_path / "ids")
    assert not disk.is_finished(tmp_path / "ids")


def test_an_unknown_runner_is_an_error(export, lines, tmp_path):
    with pytest.raises(ValueError, match="NoRunner"):
        rnnzoo.beam.score(export, lines, tmp_path / "out", runner="NoRunner")
    assert not (tmp_path / "out").exists()


# Counts and ids.


def classifier():
    return rnnzoo.build("bilstm_classifier", units=4, min_count=1)


@pytest.fixture(scope="module")
def reviews():
    """Texts and their classes, of more than two chunks."""
    draw = random.Random(1)
    words = [f"word{number}" for number in range(300)]
    texts = [
        " ".join(draw.choices(words, k=1 + number % 9))
        for number in range(2500)
    ]
    return texts, [draw.choice(("neg", "pos")) for _ in texts]


@pytest.fixture
def files(reviews, tmp_path):
    """The same, in three CSV files with columns of other names."""
    rows = list(zip(*reviews, strict=True))
    for number, first in enumerate((0, 1100, 1101)):
        path = tmp_path / f"reviews-{number}.csv"
        with open(path, "w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerow(["what", "class"])
            csv.writer(file).writerows(rows[first:][: (1100, 1, 1399)[number]])
    names = {"text": "what", "label": "class"}
    return Files(str(tmp_path / "reviews-*.csv"), names)


def same_counts(first, second):
    assert first.names == second.names
    for name in first.names:
        assert first[name].counts == second[name].counts
    assert first.examples == second.examples
    assert first.fingerprint == second.fingerprint


def same_ids(first, second):
    """Whether examples are the same in the same order."""
    assert len(first) == len(second)
    np.testing.assert_array_equal(first.order(), second.order())
    for one, other in zip(first.batches(64), second.batches(64), strict=True):
        flat = (tf.nest.flatten(each) for each in (one, other))
        for a, b in zip(*flat, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.fixture(params=["in memory", "files"])
def data(request, monkeypatch):
    monkeypatch.setattr(rnnzoo.beam, "CHUNKS_PER_PART", 1)
    name = "reviews" if request.param == "in memory" else "files"
    return request.getfixturevalue(name)


def test_counts_and_ids_are_those_of_one_process(data, reviews, tmp_path):
    expected = classifier().count_all(*reviews, verbose=0)
    path = tmp_path / "counts.jsonl"
    found = rnnzoo.beam.count(classifier(), data, path, limit=10_000)
    same_counts(found, expected)
    task, alone = classifier(), classifier()
    task.adapt(counts=path, verbose=0)
    alone.adapt(*reviews, verbose=0)
    assert task.learned == alone.learned
    ids = rnnzoo.beam.encode(task, data, tmp_path / "ids")
    assert len(disk.part_paths(tmp_path / "ids")) == 3
    same_ids(ids, alone.encode(*reviews, out=tmp_path / "alone", verbose=0))
    same_ids(ids, alone.encode(*reviews))
    with pytest.raises(FileExistsError, match="holds ids"):
        rnnzoo.beam.encode(task, data, tmp_path / "ids")
    few = tuple(column[:5] for column in reviews)
    ids = rnnzoo.beam.encode(task, few, tmp_path / "ids", overwrite=True)
    same_ids(ids, alone.encode(*few))


def fail_once(folder):
    """A `write_part` that fails at the second part, after writing it."""
    write = disk.write_part

    def write_part(examples, directory, number, *rest):
        path = write(examples, directory, number, *rest)
        with open(folder / "tries", "a") as log:
            log.write(str(number))
        if number == 1 and (folder / "tries").read_text().count("1") == 1:
            raise RuntimeError("once")
        return path

    return write_part


def test_parts_that_are_tried_again_are_the_same_bytes(
    reviews, tmp_path, monkeypatch
):
    task = classifier()
    task.adapt(*reviews, verbose=0)
    expected = task.encode(*reviews, out=tmp_path / "a", verbose=0)
    rnnzoo.beam.encode(task, reviews, tmp_path / "b")
    assert written(tmp_path / "b") == written(tmp_path / "a")
    monkeypatch.setattr(rnnzoo.beam, "CHUNKS_PER_PART", 1)
    monkeypatch.setattr(disk, "write_part", fail_once(tmp_path))
    ids = rnnzoo.beam.encode(task, reviews, tmp_path / "c", runner=RETRIES)
    assert (tmp_path / "tries").read_text().count("1") == 2
    same_ids(ids, expected)


def test_a_split_of_tfds_is_read_in_parts(tmp_path):
    folder = str(tmp_path / "data")
    train = tfds.load("rnnzoo_dates", data_dir=folder, split="train[:40%]")
    task, alone = (
        rnnzoo.build("luong_translator", unit="word", languages=("text", "iso"))
        for _ in range(2)
    )
    split = Split("rnnzoo_dates", "train[:40%]", folder, number=3)
    counts = rnnzoo.beam.count(task, split, tmp_path / "counts.jsonl")
    same_counts(counts, alone.count_all(train, verbose=0))
    alone.adapt(counts=counts, verbose=0)
    ids = rnnzoo.beam.encode(alone, split, tmp_path / "ids")
    assert len(disk.part_paths(tmp_path / "ids")) == 3
    same_ids(ids, alone.encode(train))
    sources = alone.encode(train).raw["source"]
    assert list(ids.raw["source"]) == list(sources)
    assert len(Split("rnnzoo_dates", "test", folder).parts()) == 1
    with pytest.raises(ValueError, match="no split 'tests'. Expected one of"):
        Split("rnnzoo_dates", "tests", folder).parts()


def test_bad_data_is_an_error(reviews, files, tmp_path):
    task = classifier()
    with pytest.raises(ValueError, match="at least one file"):
        rnnzoo.beam.count(task, Files([]), tmp_path / "counts")
    with pytest.raises(ValueError, match=r"needs a vocabulary"):
        rnnzoo.beam.encode(task, reviews, tmp_path / "ids")
    task.adapt(*reviews, verbose=0)
    wrong = Files(files.paths, {"text": "nothing"})
    with pytest.raises(ValueError, match=r"reviews-.*'nothing'"):
        rnnzoo.beam.encode(task, wrong, tmp_path / "ids")
    assert not disk.is_finished(tmp_path / "ids")
    with pytest.raises(FileNotFoundError, match="nothing.csv"):
        rnnzoo.beam.encode(task, Files("nothing.csv"), tmp_path / "ids")
