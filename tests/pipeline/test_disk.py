"""Examples on disk, against the same examples in memory."""

import errno
import json
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnzoo.pipeline import columns, disk, mapped
from rnnzoo.pipeline.examples import Examples, SeveralTargets

MEANING = "words of a test"


def ragged(rng, lengths, most, rank=1):
    """Ragged int32 ids below a number, whose inner rows may be empty."""
    lengths = [np.asarray(lengths)]
    for _ in range(rank - 1):
        lengths.append(rng.integers(0, 4, lengths[-1].sum()))
    ids = rng.integers(2, most, lengths[-1].sum()).astype("int32")
    return tf.RaggedTensor.from_nested_row_lengths(ids, lengths)


def make(count=40, seed=0, **columns):
    """Examples of all kinds of columns."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(0, 9, count)
    made = {
        "inputs": {
            "words": ragged(rng, lengths, 60_000),
            "characters": ragged(rng, lengths, 100, rank=2),
            "deep": ragged(rng, lengths, 70_000, rank=3),
            "vector": rng.normal(size=(count, 3)).astype("float32"),
            "text": tf.constant([f"é\0{i}" for i in range(count)]),
            "pair": (np.arange(count), np.arange(count) % 2 == 0),
        },
        "labels": ragged(rng, lengths, 20),
        "weights": rng.random(count).astype("float32"),
        "raw": {
            "text": np.array([f"{i}\n".encode() for i in range(count)], object),
            "captions": columns_of(
                [[f"ü {i}"] * (i % 3) for i in range(count)]
            ),
        },
    } | columns
    return Examples.of(**made)


def columns_of(rows):
    column = np.empty(len(rows), object)
    column[:] = rows
    return column


def on_disk(examples, folder, cuts=(0, 7, 8, 30)):
    """The same examples, opened from parts that end at some places."""
    bounds = [*cuts, len(examples)]
    for number, first in enumerate(cuts):
        part = examples.take(np.arange(first, bounds[number + 1]))
        disk.write_part(part, folder, number, MEANING)
    disk.finish(folder, MEANING, len(examples))
    return Examples.open(folder)


def assert_same(ours, theirs):
    tf.nest.assert_same_structure(ours, theirs)
    flat = zip(tf.nest.flatten(ours), tf.nest.flatten(theirs), strict=True)
    for one, other in flat:
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


def assert_same_batches(ours, theirs, *args, **kwargs):
    passes = []
    for examples in (ours, theirs):
        keras.utils.set_random_seed(3)
        passes.append(list(examples.batches(*args, **kwargs)))
    for one, other in zip(*passes, strict=True):
        assert_same(one, other)


BATCHES = ((6, True), (6,), (None, True, 30), (None, False, 30))


@pytest.fixture
def pair(tmp_path):
    examples = make()
    return examples, on_disk(examples, tmp_path / "ids")


def test_batches_are_those_of_examples_in_memory(pair, monkeypatch):
    monkeypatch.setattr(mapped, "ROWS", 10)  # unmaps in between
    for arguments in BATCHES:
        assert_same_batches(*pair, *arguments)
    assert_same(*(each.at_once() for each in pair))


def test_what_is_known_of_all_examples_is_the_same(pair):
    ours, theirs = pair
    assert len(theirs) == len(ours)
    for name in ("lengths", "tokens", "steps", "weights"):
        np.testing.assert_array_equal(
            getattr(theirs, name), getattr(ours, name), err_msg=name
        )
    np.testing.assert_array_equal(theirs.order(), ours.order())
    assert theirs.fingerprint == MEANING
    for name, values in ours.raw.items():
        assert list(theirs.raw[name]) == values.tolist()


def test_some_of_the_examples(pair):
    places = np.array([31, 2, 2, 8, 7, 39])
    some = [each.take(places).take(np.array([0, 1, 3, 5])) for each in pair]
    assert_same_batches(*some, 3, True)
    assert list(some[1].raw["text"]) == [b"31\n", b"2\n", b"8\n", b"39\n"]
    np.testing.assert_array_equal(*(each.steps for each in some))
    for one, other in zip(*(each.split(0.3) for each in pair), strict=True):
        assert_same_batches(one, other, 6, True)
    parts = [each.weigh(np.arange(40.0, dtype="float32")) for each in pair]
    assert_same_batches(*parts, 6, True)


def test_weights_of_labels(pair):
    table = np.random.default_rng(1).random(20).astype("float32")
    weighed = []
    for examples in pair:
        weights = columns.looked_up(table, examples.labels)
        more = columns.looked_up(table[::-1].copy(), examples.labels)
        examples = Examples.of(examples.inputs, examples.labels, weights)
        weighed.append(examples.weigh(more))
        counts = columns.value_counts(examples.labels, 20)
        expected = np.bincount(pair[0].labels.flat_values, minlength=20)
        np.testing.assert_array_equal(counts, expected)
    assert_same_batches(*weighed, 6, True)
    assert_same_batches(*(each.take([3, 38, 9]) for each in weighed), 6)


def test_a_function_runs_over_examples_on_disk(pair):
    results = [
        each.run(lambda inputs: tf.reduce_sum(inputs["words"], axis=1), 7)
        for each in pair
    ]
    assert results[0] == results[1]


def test_several_targets(tmp_path):
    rng = np.random.default_rng(0)
    counts = rng.integers(1, 4, 40)
    lengths = rng.integers(1, 6, counts.sum())
    ids = rng.integers(2, 300, lengths.sum()).astype("int32")
    captions = tf.RaggedTensor.from_nested_row_lengths(ids, [counts, lengths])
    examples = SeveralTargets.of(
        {"row": np.arange(40), "target": captions},
        captions,
        np.arange(40, dtype="float32"),
    )
    opened = on_disk(examples, tmp_path / "ids")
    assert isinstance(opened, SeveralTargets)
    for some in (
        [examples, opened],
        [e.take([39, 8, 0]) for e in (examples, opened)],
    ):
        for arguments in ((6, True), (6,)):
            assert_same_batches(*some, *arguments)
        flat = [each.flat() for each in some]
        np.testing.assert_array_equal(flat[1].groups, flat[0].groups)


def test_ids_take_two_bytes_where_they_fit(pair):
    (arrays,) = (pair[1].inputs["words"].parts[i] for i in [0])
    assert arrays["inputs/words"].dtype == "uint16"
    assert arrays["inputs/deep"].dtype == "uint32"
    assert arrays["labels"].dtype == "uint8"
    assert arrays["inputs/vector"].dtype == "float32"
    with np.load(pair[1].inputs["words"].parts.paths[0]) as plain:
        np.testing.assert_array_equal(
            plain["inputs/words"], pair[0].inputs["words"][:7].flat_values
        )


def test_the_same_examples_make_the_same_bytes(tmp_path):
    paths = [disk.write_part(make(), tmp_path / n, 0, MEANING) for n in "ab"]
    assert paths[0].read_bytes() == paths[1].read_bytes()


def folder_of(tmp_path, name="ids"):
    on_disk(make(), tmp_path / name)
    return tmp_path / name


def cut_short(folder):
    path = disk.path_of(folder, 1)
    path.write_bytes(path.read_bytes()[:-1])


def as_long_but_empty(folder):
    path = disk.path_of(folder, 1)
    path.write_bytes(bytes(path.stat().st_size))


def without_a_part(folder):
    disk.path_of(folder, 2).unlink()


def of_another_version(folder):
    path = folder / disk.LIST
    listed = json.loads(path.read_text()) | {"version": 99}
    path.write_text(json.dumps(listed))


def with_a_damaged_list(folder):
    path = folder / disk.LIST
    path.write_text(path.read_text()[:-9])


def interrupted(folder):
    (folder / disk.LIST).unlink()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (cut_short, r"part-00001.npz. Expected [\d,]+ bytes"),
        (as_long_but_empty, r"part-00001.npz.*damaged"),
        (without_a_part, r"part-00002.npz.*Received: 0"),
        (of_another_version, "version 1.*version 99"),
        (with_a_damaged_list, "examples.json.*damaged"),
        (interrupted, "interrupted.*`encode` once more"),
    ],
)
def test_what_is_damaged_is_refused(damage, message, tmp_path):
    folder = folder_of(tmp_path)
    damage(folder)
    with pytest.raises(ValueError, match=message):
        Examples.open(folder)


def test_a_place_without_ids_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match="encode"):
        Examples.open(tmp_path)


def test_parts_that_do_not_belong_together_are_refused(tmp_path):
    examples = make()
    for name, number, meaning, made, message in [
        ("gap", 2, MEANING, examples, "without a gap"),
        ("other", 1, "of another", examples, "words of a test.*another"),
        ("kind", 1, MEANING, make(weights=None), "the same columns"),
        ("count", 1, MEANING, examples, "3 examples.*80"),
    ]:
        folder = tmp_path / name
        disk.write_part(examples, folder, 0, MEANING)
        disk.write_part(made, folder, number, meaning)
        with pytest.raises(ValueError, match=message):
            disk.finish(folder, MEANING, count=3)
        assert not disk.is_finished(folder)
    with pytest.raises(ValueError, match="without a gap.*none"):
        disk.finish(tmp_path / "nothing", MEANING)


def test_a_full_disk_names_the_place_and_leaves_nothing(tmp_path, monkeypatch):
    def save(file, **arrays):
        file.write(b"half of it")
        raise OSError(errno.ENOSPC, "No space left on device")

    disk.write_part(make(), tmp_path / "ids", 0, MEANING)
    monkeypatch.setattr(np, "savez", save)
    with pytest.raises(OSError, match="`out`.*No space left.*ids'") as raised:
        disk.write_part(make(), tmp_path / "ids", 1, MEANING)
    assert raised.value.errno == errno.ENOSPC
    left = [path.name for path in (tmp_path / "ids").iterdir()]
    assert left == ["part-00000.npz"]


def test_a_column_that_no_file_can_hold_is_refused(tmp_path):
    looked_up = columns.Lookup(np.arange(40), tf.identity)
    for bad, message in (
        (make(inputs={"image": looked_up}), "in memory.*Lookup"),
        (make(raw={"text": columns_of([{1, 2}] * 40)}), "JSON.*{1, 2}"),
    ):
        with pytest.raises(ValueError, match=message):
            disk.write_part(bad, tmp_path / "ids", 0, MEANING)
    assert not (tmp_path / "ids").exists()


def test_ids_may_move(tmp_path, monkeypatch):
    folder = folder_of(tmp_path)
    shutil.move(folder, tmp_path / "elsewhere")
    monkeypatch.chdir(tmp_path)
    opened = Examples.open("elsewhere")
    monkeypatch.chdir("/")
    assert_same_batches(make(), opened, 6)
