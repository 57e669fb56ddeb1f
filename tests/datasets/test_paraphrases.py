"""The embedded pairs: what they say, and that words alone do not tell."""

import re

import numpy as np
import pytest
import tensorflow_datasets as tfds

from rnnzoo.datasets import paraphrases

NAMES = {name: pair[0] for pair in paraphrases.THINGS for name in pair}


@pytest.fixture(scope="module")
def splits(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    data = tfds.load("rnnzoo_paraphrases", data_dir=folder)
    return {name: list(tfds.as_numpy(ds)) for name, ds in data.items()}


def test_splits_are_of_the_promised_size_and_share_no_pair(splits):
    sizes = {name: len(each) for name, each in splits.items()}
    assert sizes == paraphrases.SIZES
    pairs = [
        (row["first"], row["second"])
        for each in splits.values()
        for row in each
    ]
    assert len(set(pairs)) == len(pairs)
    for each in splits.values():
        assert sum(row["label"] for row in each) == len(each) / 2


def test_a_reader_finds_the_facts(splits):
    for row in splits["test"]:
        facts = [_read(row[side].decode()) for side in ("first", "second")]
        agree = [a == b for a, b in zip(*facts, strict=True)]
        assert row["similarity"] == np.mean(agree)
        assert row["label"] == all(agree)


def test_words_alone_do_not_tell(splits):
    same_words = [row for row in splits["test"] if _words(row) == set()]
    labels = {int(row["label"]) for row in same_words}
    assert labels == {0, 1}


def _words(row):
    """Facts that only one of both texts has."""
    sides = [
        set(map(str, _read(row[side].decode()))) for side in ("first", "second")
    ]
    return sides[0] ^ sides[1]


def _read(text):
    """(giver, taker, thing, day) by the verb between the names."""
    words = re.findall(r"\w+", text)
    first, second = (word for word in words if word in paraphrases.PEOPLE)
    (thing,) = (NAMES[word] for word in words if word in NAMES)
    (day,) = (word for word in words if word in paraphrases.DAYS)
    takes_first = {"got", "received"} & set(words) or "was given" in text
    giver, taker = (second, first) if takes_first else (first, second)
    return giver, taker, thing, day
