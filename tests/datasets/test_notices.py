import re

import tensorflow_datasets as tfds

from rnnzoo import datasets  # noqa: F401

FREQUENT = 20  # Training shows other words at least so often.


def words_of(text):
    return set(re.findall(r"\w+", text.decode()))


def test_subjects_copy_names_that_training_never_shows(tmp_path):
    found, info = tfds.load("rnnzoo_notices", data_dir=tmp_path, with_info=True)
    assert info.supervised_keys == ("document", "summary")
    rows = {
        split: list(tfds.as_numpy(found[split]))
        for split in ("train", "validation", "test")
    }
    assert [len(each) for each in rows.values()] == [8000, 500, 500]
    counts = {}
    for row in rows["train"]:
        for word in words_of(row["document"]) | words_of(row["summary"]):
            counts[word] = counts.get(word, 0) + 1
    assert not any(1 < count < FREQUENT for count in counts.values())
    for row in rows["validation"] + rows["test"]:
        new = {each for each in words_of(row["summary"]) if each not in counts}
        assert 1 <= len(new) <= 3
        assert new < words_of(row["document"])
    again = tfds.load("rnnzoo_notices", data_dir=tmp_path / "b", split="test")
    first = next(iter(tfds.as_numpy(again)))
    assert first["document"] == rows["test"][0]["document"]
