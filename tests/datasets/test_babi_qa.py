import pytest
import tensorflow_datasets as tfds

from rnnzoo.datasets import BabiQa, sources
from rnnzoo.datasets.babi_qa import FOLDER, TASKS

TEXT = (
    "1 Mary moved to the bathroom.\n2 John took the milk.\n"
    "3 Where is Mary? \tbathroom\t1\n4 John went to the hall.\n"
    "5 Where is the milk? \thall,way\t4 2\n1 Ann is a cat.\n"
    "2 What is Ann?\tcat\t1\n"
)


def test_the_prepared_copy_is_ours(data_dir, tmp_path):
    theirs = tfds.builder_from_directory(f"{data_dir}/babi_qa/1.0.0")
    ours = BabiQa(data_dir=tmp_path)
    assert theirs.info.full_name == ours.info.full_name
    mine, prepared = (
        builder.info.features.to_json_content() for builder in (ours, theirs)
    )
    assert mine == prepared
    assert set(theirs.info.splits) == {"train", "test"}


def test_files_of_the_archive_become_splits(tmp_path):
    folder = tmp_path / "downloads" / "manual" / FOLDER / "en"
    folder.mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match="(?s)by hand.*qa1_.*unpacked"):
        sources.load("babi_qa", data_dir=tmp_path, download=True)
    for task in TASKS:
        for split in ("train", "test"):
            name = f"qa{task}_of-some-kind_{split}.txt"
            (folder / name).write_text(TEXT)
    source = sources.load("babi_qa", data_dir=tmp_path, download=True)
    rows = list(tfds.as_numpy(source.split("test")))
    assert len(rows) == 3 * len(TASKS)
    (row,) = (
        each
        for each in rows
        if each["task"] == 20 and each["question"] == b"Where is the milk?"
    )
    assert row["story"].tolist() == [
        b"Mary moved to the bathroom.",
        b"John took the milk.",
        b"John went to the hall.",
    ]
    assert row["answer"] == b"hall,way"
    assert row["supporting"].tolist() == [2, 1]  # places in `story`
