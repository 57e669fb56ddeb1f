"""The same examples, whatever holds them."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

import rnnzoo
from rnnzoo.pipeline.raw import count, read, read_inputs
from rnnzoo.pipeline.schema import CHUNK, Feature, Label, Schema, Text
from rnnzoo.pipeline.sentences import SCHEMA as SENTENCES

SCHEMA = Schema((Text("text"),), (Label("label"),))
TWO = Schema((Text("question"), Text("story")), (Text("answer"),))
PAIRS = tf.data.Dataset.from_tensor_slices((["a", "b", "c"], [0, 1, 2]))
UNSHAPED = tf.data.Dataset.from_generator(
    lambda: iter([("a", 0)]), output_types=(tf.string, tf.int32)
)


def features(**columns):
    columns = {"text": ["a", "b"], "label": [1, 0], **columns}
    return tf.data.Dataset.from_tensor_slices(columns)


def rows(chunks):
    """Dict of the columns of all chunks, lists, with the weights if any."""
    found = {}
    for chunk in chunks:
        columns = dict(chunk.columns)
        if chunk.weights is not None:
            columns["weight"] = chunk.weights
        for name, column in columns.items():
            assert len(column) == len(chunk)
            found.setdefault(name, []).extend(map(plain, column))
    return found


def plain(value):
    if isinstance(value, bytes):
        return value.decode()
    return value.tolist() if hasattr(value, "tolist") else value


def test_lists_come_in_chunks():
    x = list(map(str, range(2 * CHUNK + 1)))
    chunks = list(read(SCHEMA, x, range(len(x)), np.ones(len(x))))
    assert [len(chunk) for chunk in chunks] == [CHUNK, CHUNK, 1]
    assert [chunk.first for chunk in chunks] == [0, CHUNK, 2 * CHUNK]
    assert chunks[2]["text"].tolist() == [x[-1].encode()]
    assert chunks[2]["label"].tolist() == [2 * CHUNK]
    assert rows(chunks)["label"] == list(range(len(x)))


@pytest.mark.parametrize("batch", [None, 2])
def test_datasets_are_batched_or_not(batch):
    def maybe(dataset):
        return dataset if batch is None else dataset.batch(batch)

    abc, ab = {"text": ["a", "b", "c"]}, {"text": ["a", "b"]}
    weights = {"weight": [0.5] * 3}
    for dataset, expected in [
        (PAIRS, abc | {"label": [0, 1, 2]}),
        (PAIRS.map(lambda x, y: x), abc),
        (
            PAIRS.map(lambda x, y: (x, y, 0.5)),
            abc | {"label": [0, 1, 2]} | weights,
        ),
        (features(), ab | {"label": [1, 0]}),
        (features(id=["u", "v"]), ab | {"label": [1, 0]}),
        (features(vector=[[1], [2]]), ab | {"label": [1, 0]}),
        (features(label=["n", "p"]), ab | {"label": ["n", "p"]}),
        (
            features().map(lambda f: {"review": f["text"], "n": f["label"]}),
            ab | {"label": [1, 0]},
        ),
        (
            features().map(lambda f: ({"text": f["text"]}, f["label"])),
            ab | {"label": [1, 0]},
        ),
    ]:
        assert rows(read(SCHEMA, maybe(dataset))) == expected
        inputs = rows(read_inputs(SCHEMA, maybe(dataset)))
        assert inputs == {"text": expected["text"]}
        if batch is None:
            assert count(SCHEMA, dataset) == len(expected["text"])


@pytest.mark.parametrize("batch", [None, 2])
def test_sequences_are_batched_or_not(data_dir, batch):
    data = tfds.load("conll2003", split="dev[:5]", data_dir=data_dir)
    expected = {
        "tokens": [list(map(plain, f["tokens"])) for f in tfds.as_numpy(data)],
        "tags": [f["ner"].tolist() for f in tfds.as_numpy(data)],
    }
    data = data if batch is None else data.ragged_batch(batch)
    found = rows(read(SENTENCES, data))
    found["tokens"] = [list(map(plain, words)) for words in found["tokens"]]
    assert found == expected
    assert set(rows(read_inputs(SENTENCES, data))) == {"tokens"}


class Frame:
    """A frame of pandas after a choice of rows: its places are labels."""

    def __init__(self, columns):
        self.columns = columns
        self.iloc = None

    def __getitem__(self, name):
        return Series(self.columns[name])


class Series:
    def __init__(self, values):
        self.values = np.array(values, object)

    def __len__(self):
        return len(self.values)

    def __getitem__(self, place):
        raise KeyError(place)

    def to_numpy(self):
        return self.values


class HuggingFace:
    """A dataset that reads rows when they are asked for."""

    column_names = ("text", "label", "idx")

    def __init__(self, columns):
        self.columns = columns

    def __len__(self):
        return len(self.columns["text"])

    def __getitem__(self, place):
        return {name: column[place] for name, column in self.columns.items()}


TABLE = {"text": ["a", "b", "c"], "label": [0, 1, 0], "idx": [7, 8, 9]}
HOLDERS = {
    "dictionary of columns": lambda: TABLE,
    "dictionary of arrays": lambda: {k: np.array(v) for k, v in TABLE.items()},
    "rows": lambda: [
        dict(zip(TABLE, row, strict=True))
        for row in zip(*TABLE.values(), strict=True)
    ],
    "frame": lambda: Frame(TABLE),
    "pandas": lambda: pytest.importorskip("pandas").DataFrame(TABLE)[::-1][
        ::-1
    ],
    "arrow": lambda: pytest.importorskip("pyarrow").table(TABLE),
    "hugging face": lambda: HuggingFace(TABLE),
    "dataset": lambda: tf.data.Dataset.from_tensor_slices(TABLE),
    "pairs": lambda: list(zip(TABLE["text"], TABLE["label"], strict=True)),
}


@pytest.mark.parametrize("holder", HOLDERS)
def test_tables_are_read_by_the_names_of_their_columns(holder):
    table = HOLDERS[holder]()
    expected = {"text": ["a", "b", "c"], "label": [0, 1, 0]}
    assert rows(read(SCHEMA, table)) == expected
    assert rows(read_inputs(SCHEMA, table)) == {"text": ["a", "b", "c"]}
    assert count(SCHEMA, table) == 3


@pytest.mark.parametrize(
    "data",
    [
        ({"question": ["q"], "story": ["s"], "answer": ["a"]},),
        ([{"question": "q", "story": "s", "answer": "a"}],),
        ([("q", "s", "a")],),
        ({"question": ["q"], "story": ["s"]}, ["a"]),
        ((["q"], ["s"]), ["a"]),
        (
            tf.data.Dataset.from_tensors(
                {"story": "s", "answer": "a", "question": "q", "id": "i"}
            ),
        ),
        (
            tf.data.Dataset.from_tensors(
                ({"story": "s", "question": "q"}, "a")
            ).batch(1),
        ),
        (tf.data.Dataset.from_tensors((("q", "s"), "a")),),
    ],
)
def test_a_task_may_have_several_inputs(data):
    inputs = {"question": ["q"], "story": ["s"]}
    assert rows(read(TWO, *data)) == inputs | {"answer": ["a"]}
    assert rows(read_inputs(TWO, data[0])) == inputs


@pytest.mark.parametrize(
    "table",
    [
        {"Review Text": ["a"], "Stars": ["p"], "summary": ["b"]},
        {"body": ["b"], "text": ["a"], "score": ["p"], "id": [7]},
        {"content": ["a"], "class": [["x"]], "star-rating": ["p"]},
        {"sentence": ["a"], "review": [1], "topic": ["p"]},
    ],
)
def test_columns_are_found_by_the_names_that_people_give_them(table):
    schema = rnnzoo.TextClassifier.schema
    assert rows(read(schema, table)) == {"text": ["a"], "label": ["p"]}
    assert rows(read_inputs(schema, table)) == {"text": ["a"]}


def test_two_names_that_fit_are_too_many():
    schema = rnnzoo.TextClassifier.schema
    texts = {"review": ["a"], "comment": ["b"], "label": ["p"]}
    labels = {"text": ["a"], "stars": ["p"], "class": ["q"]}
    with pytest.raises(ValueError, match=r'is the text.*`text="name"`'):
        list(read(schema, texts))
    with pytest.raises(ValueError, match="is the label"):
        list(read(schema, labels))
    assert rows(read_inputs(schema, labels)) == {"text": ["a"]}


def test_the_inputs_of_one_example_are_a_column_of_one():
    assert rows(read_inputs(SCHEMA, "a b")) == {"text": ["a b"]}
    one = {"question": ["q"], "story": ["s"]}
    assert rows(read_inputs(TWO, {"question": "q", "story": "s"})) == one
    assert rows(read_inputs(TWO, ("q", "s"))) == one
    assert list(read_inputs(SCHEMA, [])) == []


def test_missing_labels_stay_what_they_are():
    texts, labels = Series(["a", "b"]), Series(["p", float("nan")])
    found = rows(read(SCHEMA, texts, labels, Series([1, 2])))
    assert found["text"] == ["a", "b"]
    assert found["label"][0] == "p"
    assert found["weight"] == [1, 2]
    assert rows(read(SCHEMA, ["a", "b"], ["p", None]))["label"] == ["p", None]
    assert np.isnan(rows(read(SCHEMA, ["a", "b"], ["p", np.nan]))["label"][1])


def test_weights_are_a_number_an_example():
    weighted = read(SCHEMA, ["a", "b"], [0, 1], [[1], [3]])
    assert rows(weighted)["weight"] == [1, 3]
    for weights in ([[1, 2], [3, 4]], [[[1]], [[2]]]):
        with pytest.raises(ValueError, match=r"`sample_weight`.*shape \(2, "):
            list(read(SCHEMA, ["a", "b"], [0, 1], weights))


def test_unknown_counts_are_none():
    assert count(SCHEMA, ["a", "b"]) == 2
    assert count(SCHEMA, PAIRS.filter(lambda x, y: y > 0)) is None
    assert count(SCHEMA, PAIRS.batch(2)) is None


def test_a_kind_of_feature_says_what_fits():
    with pytest.raises(NotImplementedError):
        Feature("any").fits("S", 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": []}, "at least one example"),
        ({"x": PAIRS.take(0)}, "at least one example"),
        ({"x": PAIRS.repeat()}, "a dataset that ends"),
        ({"x": PAIRS, "y": [0]}, "`y`. Expected None"),
        ({"x": PAIRS, "sample_weight": [0]}, "`sample_weight`. Expected None"),
        ({"x": "text"}, "`x`.*Received: 'text'"),
        ({"x": iter("ab")}, "`x`. Expected a dataset, or a list"),
        ({"x": ["a"], "y": [0, 1]}, "`y`.*1. Received: 2"),
        ({"x": ["a"], "sample_weight": []}, "`sample_weight`.*Received: 0"),
        ({"x": {"text": ["a"], "label": []}}, "`'label'`.*1. Received: 0"),
        ({"x": [{"text": "a"}, {"txt": "b"}]}, r"`x`.*same keys.*x\[1\]"),
        ({"x": tf.data.Dataset.zip(*[PAIRS] * 4)}, "Received tuples of 4"),
        ({"x": {"label": [1]}}, r"which feature is the text.*\['label'\]"),
        ({"x": features().map(lambda f: {"label": f["label"]})}, "Cannot tell"),
        (
            {"x": features().map(lambda f: {"p": f["text"], "q": f["text"]})},
            r"Cannot tell.*\['p', 'q'\]",
        ),
        (
            {"x": {"text": ["a"], "stars": [1], "votes": [2]}},
            r"which feature is the label.*\['stars', 'text', 'votes'\]",
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
        list(read(SCHEMA, **arguments))


def test_several_inputs_need_all_their_columns():
    for x in ({"question": ["q"]}, (["q"],), ["q"]):
        with pytest.raises(ValueError, match="question|story"):
            list(read(TWO, x, ["a"]))
