import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnzoo.ids import pad
from rnnzoo.pipeline.examples import Examples, SeveralTargets
from rnnzoo.pipeline.passes import Passes


def examples(lengths, **columns):
    """Examples whose inputs repeat their place, as often as they are long."""
    places = np.arange(1, len(lengths) + 1)
    inputs = tf.RaggedTensor.from_row_lengths(
        np.repeat(places, lengths), lengths
    )
    columns = {"labels": places, "weights": None, **columns}
    return Examples(inputs=inputs, lengths=np.array(lengths), **columns)


@pytest.fixture
def many():
    return examples(np.random.default_rng(0).integers(1, 200, 1_000))


def order_of(batches):
    return [row for batch in batches for row in batch[1].numpy().tolist()]


def test_each_pass_has_every_example_once_in_a_new_order(many):
    batches = many.batches(16, shuffle=True)
    first, second = order_of(batches), order_of(batches)
    assert sorted(first) == sorted(second) == list(range(1, 1_001))
    assert first != second
    assert len(batches) == 63 == len(list(batches))
    for inputs, labels in batches.take(3):
        for row, label in zip(inputs.numpy(), labels.numpy(), strict=True):
            length = many.lengths[label - 1]
            assert (row[:length] == label).all()
            assert not row[length:].any()


def test_the_order_follows_the_seed_of_keras(many):
    orders = []
    for seed in (1, 1, 2):
        keras.utils.set_random_seed(seed)
        orders.append(order_of(many.batches(16, shuffle=True)))
    assert orders[0] == orders[1] != orders[2]


@pytest.mark.parametrize("tokens", [None, 500])
def test_an_epoch_has_its_order_whatever_came_before(many, tokens):
    def orders(seed, epochs):
        passes = Passes(seed)
        batches = many.batches(16, passes, tokens)
        for epoch in epochs:
            passes.on_epoch_begin(epoch)
            yield order_of(batches)

    first, second, third = orders(5, [0, 1, 2])
    assert first != second != third != first
    assert [third, second] == list(orders(5, [2, 1]))
    assert third not in list(orders(6, [2]))


@pytest.mark.parametrize("shuffle", [True, False])
def test_there_is_little_padding(many, shuffle):
    cells = sum(
        batch[0].shape.num_elements() for batch in many.batches(16, shuffle)
    )
    padding = 1 - many.lengths.sum() / cells
    assert padding < 0.1  # a random order has 45%


@pytest.mark.parametrize("shuffle", [True, False])
def test_batches_of_about_as_many_tokens(many, shuffle):
    batches = many.batches(None, shuffle, batch_tokens=500)
    first, second = order_of(batches), order_of(batches)
    assert sorted(first) == sorted(second) == list(range(1, 1_001))
    assert (first != second) == shuffle
    assert len(batches) == len(list(batches)) == -(-many.lengths.sum() // 500)
    cells = 0
    for inputs, labels in batches:
        tokens = many.lengths[labels.numpy() - 1]
        assert tokens.sum() < 500 + tokens.max()
        cells += inputs.shape.num_elements()
    assert many.lengths.sum() / cells > 0.85
    if not shuffle:
        np.testing.assert_array_equal(np.array(first) - 1, many.order())
    with pytest.raises(ValueError, match="`batch_tokens`.*longest"):
        many.batches(None, batch_tokens=100)


def test_unshuffled_batches_say_their_order(many):
    rows = order_of(many.batches(16))
    np.testing.assert_array_equal(np.array(rows) - 1, many.order())
    assert (np.diff(many.lengths[many.order()]) <= 0).all()


def test_columns_and_structures():
    inputs = {
        "words": tf.ragged.constant([[1, 2], [3]]),
        "characters": tf.ragged.constant([[[1], [2, 3]], [[4]]]),
    }
    lengths = np.array([2, 1])
    both = Examples(inputs, np.array([0, 1]), np.array([0.5, 1]), lengths)
    ((batch, labels, weights),) = both.batches(2)
    np.testing.assert_array_equal(batch["words"], [[1, 2], [3, 0]])
    np.testing.assert_array_equal(
        batch["characters"], [[[1, 0], [2, 3]], [[4, 0], [0, 0]]]
    )
    np.testing.assert_array_equal(labels, [0, 1])
    np.testing.assert_array_equal(weights, [0.5, 1])
    ((only,),) = Examples(inputs["words"], None, None, lengths).batches(2)
    np.testing.assert_array_equal(only, [[1, 2], [3, 0]])


def test_split_keeps_the_last_apart():
    raw = {"texts": np.array(list("abcd"), object)}
    first, last = examples([3, 1, 2, 5], weights=np.arange(4), raw=raw).split(
        0.25
    )
    assert list(first.raw["texts"]) == list("abc")
    np.testing.assert_array_equal(first.labels, [1, 2, 3])
    np.testing.assert_array_equal(last.weights, [3])
    np.testing.assert_array_equal(last.inputs.to_tensor(), [[4] * 5])
    np.testing.assert_array_equal(first.lengths, [3, 1, 2])
    for share in (0, 1, -1, 2):
        with pytest.raises(ValueError, match=f"_split`.*_split={share}"):
            examples([1, 1]).split(share)


def test_padding_leaves_a_step_for_empty_examples():
    empty = tf.RaggedTensor.from_row_lengths(np.zeros(0, "int32"), [0, 0])
    np.testing.assert_array_equal(pad(empty), [[0], [0]])
    none = empty[:0]
    assert pad(none).shape == (0, 1)
    nested = tf.RaggedTensor.from_row_lengths(empty, [1, 1, 0])
    assert pad(nested).shape == (3, 1, 1)
    strings = tf.ragged.constant([["a"], []])
    np.testing.assert_array_equal(pad(strings), [[b"a"], [b""]])


def test_long_examples_come_in_smaller_batches(many, monkeypatch):
    most = 1_000
    monkeypatch.setattr("rnnzoo.pipeline.examples.MOST_STEPS", most)
    batches = [inputs for inputs, _ in many.batches(16)]
    sizes = [batch.shape[0] * batch.shape[1] for batch in batches]
    assert max(sizes) <= most
    assert len(many.batches(16)) == len(batches)
    assert max(len(batch) for batch in batches) == 16  # short ones
    for batch in batches[:-1]:  # no batch had room for another row
        assert len(batch) == 16 or (len(batch) + 1) * batch.shape[1] > most
    sums = many.run(lambda ids: tf.reduce_sum(ids, axis=1), 16)
    assert sums == (np.arange(1, 1_001) * many.lengths).tolist()
    # One that is longer than a batch may be is a batch of its own, also if
    # only an inner axis is long.
    words = tf.ragged.constant([[[1, 2]], [[1] * most, [1]], [[3]], []])
    shapes = [ids.shape[:2] for (ids,) in Examples.of(words).batches(8)]
    assert shapes == [(1, 2), (3, 1)]


def test_a_function_runs_over_all_examples_in_their_order(many):
    calls = []

    def function(inputs):
        calls.append(inputs.shape[1])
        return {"first": inputs[:, 0], "sum": tf.reduce_sum(inputs, axis=1)}

    rows = many.run(function, batch_size=64)
    assert [row["first"] for row in rows] == list(range(1, 1_001))
    sums = np.arange(1, 1_001) * many.lengths
    assert [row["sum"] for row in rows] == sums.tolist()
    assert calls == sorted(calls, reverse=True)  # the longest first
    weighted = examples([2, 1], weights=np.ones(2))
    assert weighted.run(lambda ids: ids[:, 0], 2) == [1, 2]


def test_parts_are_joined_in_their_order():
    texts = [np.array(["a", "b"], object), np.array(["c"], object)]
    parts = [
        Examples.of(
            {"ids": tf.ragged.constant(ids)}, np.array(labels), raw={"x": x}
        )
        for ids, labels, x in [
            ([[1], [2, 3]], [0, 1], texts[0]),
            ([[4, 5, 6]], [1], texts[1]),
        ]
    ]
    joined = Examples.join(parts)
    assert joined.inputs["ids"].to_list() == [[1], [2, 3], [4, 5, 6]]
    assert joined.labels.tolist() == [0, 1, 1]
    assert joined.lengths.tolist() == [1, 2, 3]
    assert joined.raw["x"].tolist() == ["a", "b", "c"]
    captions = tf.ragged.constant([[[1, 2], [3]]])
    several = SeveralTargets.of({"target": captions}, captions)
    joined = SeveralTargets.join([several, several])
    assert len(joined.flat()) == 4


def test_targets_count_before_inputs_in_the_order_of_lengths():
    inputs = tf.RaggedTensor.from_row_lengths(np.zeros(9, "int32"), [1, 5, 3])
    labels = tf.RaggedTensor.from_row_lengths(np.zeros(5, "int32"), [2, 1, 2])
    assert Examples.of(inputs, labels).order().tolist() == [2, 0, 1]
    assert Examples.of(inputs, inputs).lengths.tolist() == [1, 5, 3]
    assert Examples.of(tf.zeros([2, 4])).lengths.tolist() == [0, 0]
