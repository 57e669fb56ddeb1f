"""Vocabularies of counts of parts, against those of one pass."""

import multiprocessing

import numpy as np
import pytest
from test_encoding import COLOURS, LABELS, TAGGED, TAGS, TEXTS, captions

import rnnzoo

SMALL = {"units": 4, "min_count": 1}
KINDS = {
    "bilstm_classifier": (TEXTS, LABELS),
    "bilstm_cnn_crf_tagger": (TAGGED, TAGS),
    "luong_translator": (TEXTS, [text[::-1] or "x" for text in TEXTS]),
    "show_tell_captioner": (COLOURS, captions()),
}


def build(name, **overrides):
    return rnnzoo.build(name, **SMALL | overrides)


def count(name, x, y, path=None, **overrides):
    """Counts a part of the data, in a process."""
    counts = build(name, **overrides).count_all(x, y, verbose=0)
    return counts if path is None else counts.save(path)


@pytest.mark.parametrize("name", KINDS)
def test_counts_of_parts_teach_what_one_pass_does(name, tmp_path):
    x, y = KINDS[name]
    count(name, x[5:], y[5:], tmp_path / "counts")
    task, expected = build(name), build(name)
    task.adapt(
        counts=[tmp_path / "counts", count(name, x[:5], y[:5])], verbose=0
    )
    expected.adapt(x, y, verbose=0)
    assert task.learned == expected.learned
    assert task.fingerprint() == expected.fingerprint()


def test_processes_count_parts(tmp_path):
    paths = [tmp_path / f"{number}.jsonl" for number in range(2)]
    parts = [
        ("bilstm_classifier", TEXTS[first::2], LABELS[first::2], path)
        for first, path in enumerate(paths)
    ]
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        other = pool.apply_async(count, parts[1])
        count(*parts[0])
        other.get()
    task, expected = build("bilstm_classifier"), build("bilstm_classifier")
    task.adapt(counts=paths, verbose=0)
    expected.adapt(TEXTS, LABELS, verbose=0)
    assert task.learned == expected.learned


def test_names_of_classes_come_with_the_counts():
    task = build("bilstm_classifier")
    counts = task.count_all(["good"], [0], labels=["neg", "pos"], verbose=0)
    task.adapt(counts=counts, verbose=0)
    assert task.labels == ("neg", "pos")
    other = build("bilstm_classifier")
    other.adapt(counts=counts, labels=["bad", "fine"], verbose=0)
    assert other.labels == ("bad", "fine")


def test_a_limit_keeps_the_frequent_words():
    texts = ["often " * 9 + f"rare{number}" for number in range(300)]
    task = build("bilstm_classifier", vocabulary_size=3)
    counts = task.count_all(texts, ["a", "b"] * 150, verbose=0, limit=100)
    assert len(counts["text"].counts) <= 100
    assert counts.error == 1
    task.adapt(counts=counts, verbose=0)
    assert task.vocabulary.tokens == ("often",)


def test_counts_of_another_kind_of_task_are_refused():
    x, y = KINDS["bilstm_classifier"]
    task = build("bilstm_classifier")
    for others in (
        count("bilstm_classifier", x, y, unit="character"),
        count("luong_translator", *KINDS["luong_translator"]),
    ):
        with pytest.raises(ValueError, match="`counts`.*TextClassifier-"):
            task.adapt(counts=others)
    counts = count("bilstm_classifier", x, y, units=6)
    with pytest.raises(ValueError, match="`x`.*beside `counts`.*list"):
        task.adapt(x, counts=counts)
    task.adapt(counts=counts, verbose=0)  # the same tokenizer
    with pytest.raises(ValueError, match="has a vocabulary"):
        task.adapt(counts=counts)
    assert np.all(task.predict(x) >= 0)
