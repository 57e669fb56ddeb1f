"""The embedded reviews: ready without a network, and not decided by words."""

import re

import numpy as np
import pytest
import tensorflow_datasets as tfds

from rnnzoo.datasets import reviews


@pytest.fixture(scope="module")
def splits(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    data = tfds.load("rnnzoo_reviews", data_dir=folder, as_supervised=True)
    return {
        name: [(text.decode(), int(label)) for text, label in tfds.as_numpy(ds)]
        for name, ds in data.items()
    }


def test_splits_are_of_the_promised_size_and_share_no_text(splits):
    assert {name: len(each) for name, each in splits.items()} == reviews.SIZES
    texts = [text for each in splits.values() for text, _ in each]
    assert len(set(texts)) == len(texts)
    for each in splits.values():
        assert sum(label for _, label in each) == len(each) / 2


def test_generation_is_deterministic(splits):
    again = reviews.distinct_reviews(sum(reviews.SIZES.values()), reviews.SEED)
    ours = sorted(
        (text, reviews.LABELS[label])
        for each in splits.values()
        for text, label in each
    )
    assert ours == sorted(again)


def test_words_alone_do_not_decide(splits):
    words = sorted({w for text, _ in splits["train"] for w in _words(text)})
    x, y = _counts(splits["train"], words)
    weights = np.zeros(len(words))
    for _ in range(400):  # logistic regression
        probability = 1 / (1 + np.exp(-x @ weights))
        weights -= 0.5 * x.T @ (probability - y) / len(y)
    x, y = _counts(splits["test"], words)
    accuracy = np.mean((x @ weights > 0) == y)
    assert 0.55 < accuracy < 0.72


def test_a_reader_is_never_in_doubt(splits):
    for text, label in splits["test"]:
        assert _read(text) == label, text


def _words(text):
    return re.findall(r"\w+|[^\w\s]", text.lower())


def _counts(examples, words):
    column = {word: i for i, word in enumerate(words)}
    counts = np.zeros((len(examples), len(words)))
    for row, (text, _) in enumerate(examples):
        for word in _words(text):
            if word in column:
                counts[row, column[word]] += 1
    return counts, np.array([label for _, label in examples])


def _read(text):
    """The last opinion, if it is the author's own, with its negation."""
    good = {*reviews.GRAMMAR["good"], "loved", "love"}
    bad = {*reviews.GRAMMAR["bad"], "hated", "hate"}
    for clause in reversed(re.split(r"[.!] ?|, but ", text)):
        words = _words(clause)
        if words[:1] in (["my"], ["some"]) or words[:2] == ["the", "posters"]:
            continue
        negations = {"not", "never", "nothing"} & set(words)
        for word in words:
            if word in good | bad:
                return (word in good) != bool(negations)
    raise AssertionError(f"No opinion in: {text}")
