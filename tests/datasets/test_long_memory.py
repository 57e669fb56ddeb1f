import numpy as np
import pytest
import tensorflow_datasets as tfds

from rnnzoo.datasets import long_memory


@pytest.fixture(autouse=True)
def few(monkeypatch):
    sizes = {"train": 300, "validation": 2, "test": 20}
    monkeypatch.setattr(long_memory, "SIZES", sizes)


def load(name, tmp_path):
    splits, info = tfds.load(name, data_dir=tmp_path, with_info=True)
    assert info.splits["train"].num_examples == 300
    columns = [
        tfds.as_numpy(splits[name].batch(300).get_single_element())
        for name in ("train", "test")
    ]
    assert not np.array_equal(
        columns[0]["sequence"][:20], columns[1]["sequence"]
    )
    return columns[0]


def test_the_sum_of_the_marked_numbers(tmp_path):
    train = load("rnnzoo_adding/50", tmp_path)
    numbers, marks = np.moveaxis(train["sequence"], 2, 0)
    assert numbers.shape == (300, 50)
    assert 0 <= numbers.min() < 0.01 < 0.99 < numbers.max() < 1
    halves = marks.reshape(300, 2, 25).sum(axis=2)
    assert (halves == 1).all()
    assert (np.sort(marks, axis=1)[:, -2:] == 1).all()
    assert len(np.unique(marks.argmax(axis=1))) == 25
    np.testing.assert_allclose((numbers * marks).sum(axis=1), train["sum"])
    assert np.mean((train["sum"] - 1) ** 2) == pytest.approx(1 / 6, abs=0.03)


def test_the_copy_of_the_first_symbols(tmp_path):
    train = load("rnnzoo_copying/100", tmp_path)
    read, copy = train["sequence"], train["copy"]
    assert read.shape == copy.shape == (300, 120)
    np.testing.assert_array_equal(read[:, :10], copy[:, -10:])
    assert set(np.unique(read[:, :10])) == set(range(1, 9))
    assert (copy[:, :-10] == 0).all()
    assert (read[:, 109] == 9).all()
    assert (np.delete(read[:, 10:], 99, axis=1) == 0).all()
