"""Windows of a stream, against the sequence that they are cut from."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from rnnzoo.pipeline import disk
from rnnzoo.pipeline.examples import Examples
from rnnzoo.pipeline.passes import Passes
from rnnzoo.pipeline.stream import Stream

LENGTHS = [5, 0, 9, 1, 30, 12, 7]
TOTAL = sum(LENGTHS)


def make():
    """Texts whose ids are their places, from 1 on."""
    ids = tf.RaggedTensor.from_row_lengths(
        np.arange(1, TOTAL + 1, dtype="int32"), LENGTHS
    )
    return Examples.of({"before": ids + 100, "after": ids}, ids)


def rows_of(dataset):
    """Columns of all batches, one after the other in each row."""
    columns = {"after": [], "before": [], "labels": []}
    for number, (inputs, labels, *_) in enumerate(dataset):
        assert (inputs["continues"].numpy() == (number > 0)).all()
        columns["after"].append(inputs["after"])
        columns["before"].append(inputs["before"])
        columns["labels"].append(labels)
    return {k: np.concatenate(v, axis=1) for k, v in columns.items()}


@pytest.mark.parametrize("batch_size", [1, 3, 8, 200])
@pytest.mark.parametrize("shuffle", [False, Passes(seed=1)])
@pytest.mark.parametrize("jitter", [False, True])
def test_windows_give_back_the_sequence(batch_size, shuffle, jitter):
    stream = Stream.over(make(), window=17, jitter=jitter)
    dataset = stream.batches(batch_size, shuffle)
    rows = rows_of(dataset)
    assert len(list(dataset)) == len(dataset)
    flat = rows["labels"].ravel()
    np.testing.assert_array_equal(flat[:TOTAL], np.arange(1, TOTAL + 1))
    assert not flat[TOTAL:].any()
    np.testing.assert_array_equal(rows["after"], rows["labels"])
    expected = np.where(rows["after"] > 0, rows["after"] + 100, 0)
    np.testing.assert_array_equal(rows["before"], expected)


def test_windows_vary_from_pass_to_pass():
    stream = Stream.over(make(), window=16, jitter=True)
    dataset = stream.batches(1, Passes(seed=1))
    first, second = (
        [labels.shape[1] for _, labels in dataset] for _ in range(2)
    )
    assert first != second
    assert sum(first) == sum(second) == TOTAL
    assert min(first) > 0


def test_parts_are_rows_of_the_batch():
    stream = Stream.over(make(), window=10)
    whole = list(stream.batches(5, True))
    for own in (0, 1):
        parts = list(stream.batches(5, True, None, ([own], 2)))
        for (inputs, labels), ((half, expected),) in zip(
            whole, parts, strict=True
        ):
            np.testing.assert_array_equal(labels[own::2], expected)
            for name, column in inputs.items():
                np.testing.assert_array_equal(column[own::2], half[name])


def test_a_stream_on_disk_is_the_same(tmp_path):
    examples = make()
    bounds = [0, 2, 3, len(LENGTHS)]
    for number, (start, end) in enumerate(itertools.pairwise(bounds)):
        part = examples.take(np.arange(start, end))
        disk.write_part(part, tmp_path, number, "ids", end)
    disk.finish(tmp_path, "ids")
    opened = Examples.open(tmp_path)
    for places in (np.arange(len(LENGTHS)), np.array([0, 2, 4, 6])):
        expected = Stream.over(examples.take(places), window=4).batches(3, True)
        found = Stream.over(opened.take(places), window=4).batches(3, True)
        for one, two in zip(expected, found, strict=True):
            tf.nest.map_structure(np.testing.assert_array_equal, one, two)


def test_weights_of_texts_are_those_of_their_tokens():
    examples = make().weigh(np.arange(len(LENGTHS), dtype="float32"))
    (batch,) = Stream.over(examples, window=100).batches(1, True)
    expected = np.repeat(np.arange(len(LENGTHS)), LENGTHS)
    np.testing.assert_array_equal(batch[2].numpy()[0], expected)


def test_tokens_in_a_batch_are_refused():
    with pytest.raises(ValueError, match="argument `batch_tokens`"):
        Stream.over(make()).batches(2, batch_tokens=10)
