import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

import rnnzoo
from rnnzoo.pipeline.raw import CHUNK, count, inputs, iterate

PAIRS = tf.data.Dataset.from_tensor_slices((["a", "b", "c"], [0, 1, 2]))
UNSHAPED = tf.data.Dataset.from_generator(
    lambda: iter([("a", 0)]), output_types=(tf.string, tf.int32)
)


def features(**columns):
    columns = {"text": ["a", "b"], "label": [1, 0], **columns}
    return tf.data.Dataset.from_tensor_slices(columns)


def read(*columns, **options):
    """The columns of all chunks, lists."""
    chunks = zip(*iterate(*columns, **options), strict=True)
    return [
        None if column[0] is None else [row for part in column for row in part]
        for column in chunks
    ]


def test_lists_come_in_chunks():
    x = list(map(str, range(2 * CHUNK + 1)))
    chunks = list(iterate(x, range(len(x)), np.ones(len(x))))
    assert [len(chunk.x) for chunk in chunks] == [CHUNK, CHUNK, 1]
    assert chunks[2].x == x[-1:]
    assert chunks[2].y == [2 * CHUNK]
    assert read(x, range(len(x)))[1] == list(range(len(x)))
    pairs = [("a", 0), ("b", 1)]
    assert read(pairs) == [["a", "b"], [0, 1], None]
    assert read(inputs(pairs)) == [["a", "b"], None, None]


@pytest.mark.parametrize("batch", [None, 2])
def test_datasets_are_batched_or_not(batch):
    def maybe(dataset):
        return dataset if batch is None else dataset.batch(batch)

    weighted = PAIRS.map(lambda x, y: (x, y, 0.5))
    for dataset, expected in [
        (PAIRS, [[b"a", b"b", b"c"], [0, 1, 2], None]),
        (weighted, [[b"a", b"b", b"c"], [0, 1, 2], [0.5] * 3]),
        (PAIRS.map(lambda x, y: x), [[b"a", b"b", b"c"], None, None]),
        (features(), [[b"a", b"b"], [1, 0], None]),
        (features(id=["u", "v"]), [[b"a", b"b"], [1, 0], None]),
        (features(vector=[[1], [2]]), [[b"a", b"b"], [1, 0], None]),
        (features(label=["n", "p"]), [[b"a", b"b"], [b"n", b"p"], None]),
    ]:
        assert read(maybe(dataset)) == expected
        assert read(inputs(maybe(dataset))) == [expected[0], None, None]
        if batch is None:
            assert count(dataset) == len(expected[0])


@pytest.mark.parametrize("batch", [None, 2])
def test_sequences_are_batched_or_not(data_dir, batch):
    data = tfds.load("conll2003", split="dev[:5]", data_dir=data_dir)
    expected = [
        (each["tokens"].tolist(), each["ner"].tolist())
        for each in tfds.as_numpy(data)
    ]
    data = data if batch is None else data.ragged_batch(batch)
    tokens, tags, _ = read(data, keys=("tokens", "ner"), rank=1)
    got = [
        (list(words), list(numbers))
        for words, numbers in zip(tokens, tags, strict=True)
    ]
    assert got == expected
    (only, *_) = read(inputs(data, ("tokens", "ner")), rank=1)
    assert [list(words) for words in only] == [words for words, _ in expected]


class Series:
    """What pandas holds after a choice of rows: its places are labels."""

    def __init__(self, values):
        self.values = np.array(values, object)

    def __len__(self):
        return len(self.values)

    def __getitem__(self, place):
        raise KeyError(place)

    def to_numpy(self):
        return self.values


def test_columns_of_pandas_are_arrays():
    texts, labels = Series(["a", "b"]), Series(["p", float("nan")])
    assert read(texts, labels, Series([1, 2]))[0] == ["a", "b"]
    assert read(texts, labels)[1][0] == "p"
    assert read(["a", "b"], ["p", None])[1] == ["p", None]
    assert np.isnan(read(["a", "b"], ["p", np.nan])[1][1])
    images = [np.zeros((2, 2), "uint8"), "none.jpg"]
    assert set(rnnzoo.images.pixels.load(Series(images), (2, 2)).errors) == {1}


def test_unknown_counts_are_none():
    assert count(["a", "b"]) == 2
    assert count(PAIRS.filter(lambda x, y: y > 0)) is None
    assert count(PAIRS.batch(2)) is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": []}, "at least one example"),
        ({"x": PAIRS.take(0)}, "at least one example"),
        ({"x": PAIRS.repeat()}, "a dataset that ends"),
        ({"x": PAIRS, "y": [0]}, "`y`. Expected None"),
        ({"x": "text"}, "`x`.*Received: 'text'"),
        ({"x": iter("ab")}, "`x`. Expected a dataset, or a list"),
        ({"x": ["a"], "y": [0, 1]}, "`y`.*1. Received: 2"),
        ({"x": ["a"], "sample_weight": []}, "`sample_weight`.*Received: 0"),
        ({"x": tf.data.Dataset.zip(*[PAIRS] * 4)}, "Received tuples of 4"),
        ({"x": features().map(lambda f: {"label": f["label"]})}, "Cannot tell"),
        (
            {"x": features().map(lambda f: {"p": f["text"], "q": f["text"]})},
            r"Cannot tell.*\['p', 'q'\]",
        ),
        ({"x": UNSHAPED}, "`x`.*known shapes.*output_signature"),
        (
            {"x": UNSHAPED.map(lambda x, y: {"text": x, "label": y})},
            "`x`.*known shapes.*output_signature",
        ),
    ],
)
def test_bad_input_is_a_clear_error(arguments, message):
    with pytest.raises(ValueError, match=message):
        list(iterate(**arguments))
