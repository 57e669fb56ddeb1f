"""Datasets by name, offline, with errors that say what to do."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from rnnzoo.datasets import sources


def test_what_is_ours_is_generated_where_asked(tmp_path):
    source = sources.load("rnnzoo_reviews", data_dir=tmp_path)
    assert source.info.features["label"].names == ["neg", "pos"]
    assert (tmp_path / "rnnzoo_reviews").is_dir()
    train, validation = sources.train_validation(source)
    assert validation is source.splits["validation"]
    assert len(train) == 3000


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "held_out"),
    [("imdb_reviews", 2500), ("yelp_reviews10k", 1000), ("conll2003", 3251)],
)
def test_real_data_is_read_offline(data_dir, name, held_out):
    source = sources.load(name, data_dir=data_dir)
    train, validation = sources.train_validation(source)
    assert len(validation) == held_out
    assert "test" in source.splits
    assert next(iter(train)).keys() == source.info.features.keys()


def test_the_held_out_part_is_random_and_the_rest_of_train():
    train = tf.data.Dataset.range(200)
    source = sources.Source("ten", None, {"train": train, "test": train})
    parts = sources.train_validation(source)
    kept, held = (list(part.as_numpy_iterator()) for part in parts)
    assert (len(kept), len(held)) == tuple(map(len, parts)) == (180, 20)
    assert sorted(kept + held) == list(range(200))
    assert np.ptp(held) > 100  # sorted data does not end in one class
    again = sources.train_validation(source)[1]
    assert list(again.as_numpy_iterator()) == held


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("imdb_review", "Unknown dataset: 'imdb_review'.*imdb_reviews"),
        ("my_reviews_v1", "Unknown dataset.*my_reviews_v2"),
        ("rnnzoo_review", "Unknown dataset.*rnnzoo_reviews"),
        ("no such thing", "Cannot find the dataset 'no such thing'"),
        ("imdb_reviews:9.9.9", "Cannot find the dataset.*only: 1.0.0"),
    ],
)
def test_an_unknown_name_lists_the_nearest(tmp_path, name, message):
    (tmp_path / "my_reviews_v2").mkdir()
    with pytest.raises(ValueError, match=message):
        sources.load(name, data_dir=tmp_path)


@pytest.mark.parametrize("name", ["imdb_reviews", "multi30k"])
def test_nothing_is_downloaded_unless_asked(tmp_path, monkeypatch, name):
    def prepare(builder, **kwargs):
        raise OSError("no network")

    monkeypatch.setattr(
        tfds.core.DatasetBuilder, "download_and_prepare", prepare
    )
    with pytest.raises(FileNotFoundError, match="--data-dir.*--download"):
        sources.load(name, data_dir=tmp_path)
    with pytest.raises(OSError, match="Cannot prepare.*no network"):
        sources.load(name, data_dir=tmp_path, download=True)


def test_an_unwritable_place_is_an_error(tmp_path):
    (tmp_path / "note").write_text("mine")
    with pytest.raises(OSError, match="Cannot prepare.*can be written"):
        sources.load("rnnzoo_reviews", data_dir=tmp_path / "note" / "data")


def test_a_missing_split_lists_those_there_are(tmp_path):
    source = sources.load("rnnzoo_reviews", data_dir=tmp_path)
    with pytest.raises(ValueError, match="no split 'tset'.*test, train"):
        source.split("tset")
