"""Rows of files as inputs, what is wrong with bad ones, and odd signatures."""

import base64
import json

import pytest
import tensorflow as tf

from rnnzoo.served import Answer, Served
from rnnzoo.served.rows import Reader

INPUTS = {
    "text": tf.TensorSpec([None], tf.string),
    "words": tf.TensorSpec([None, None], tf.string),
    "count": tf.TensorSpec([None], tf.int32),
    "x_bytes": tf.TensorSpec([None], tf.string),
}
ROW = {
    "text": "Grüße\x00",
    "words": ["a", ""],
    "count": 3,
    "x_bytes": {"b64": base64.b64encode(b"\xff\0").decode()},
    "id": 5,
}
VALUES = {
    "text": "Grüße\x00".encode(),
    "words": [b"a", b""],
    "count": 3,
    "x_bytes": b"\xff\0",
}


def record(**columns):
    features = {}
    for name, values in columns.items():
        if isinstance(values[0], int):
            kind = {"int64_list": tf.train.Int64List(value=values)}
        else:
            kind = {"bytes_list": tf.train.BytesList(value=values)}
        features[name] = tf.train.Feature(**kind)
    features = tf.train.Features(feature=features)
    return tf.train.Example(features=features).SerializeToString()


def test_values_are_read_from_json_and_records():
    assert Reader("jsonl", INPUTS)(json.dumps(ROW).encode()) == VALUES
    columns = {
        name: value if isinstance(value, list) else [value]
        for name, value in VALUES.items()
    }
    columns["body"] = columns.pop("text")
    reader = Reader("tfrecord", INPUTS, columns={"text": "body"})
    assert reader(record(**columns)) == VALUES


def bad(**changes):
    return json.dumps({**ROW, **changes}).encode()


@pytest.mark.parametrize(
    ("kind", "row", "message"),
    [
        ("jsonl", b"", "expected JSON. Python says: .*, in column 1"),
        ("jsonl", b'{"text": ', "expected JSON.*column 10"),
        ("jsonl", b"[" * 100_000, "less nested"),
        ("jsonl", b"[1]", r"expected an object. Received: \[1\]"),
        ("jsonl", b'{"text": "caf\xe9"}', "text in UTF-8"),
        ("jsonl", b"9" * 5000, "digits"),
        ("jsonl", b"{}", "a value of 'text', the text. Received: none"),
        ("jsonl", bad(text=3), "'text': expected a text. Received: 3"),
        ("jsonl", bad(text="\ud800"), "'text': expected text"),
        ("jsonl", bad(x_bytes={"b64": "?"}), "'x_bytes': expected .* Base64"),
        ("jsonl", bad(words="a b"), "'words': expected a list"),
        ("jsonl", bad(count=True), "'count': expected an integer"),
        ("jsonl", bad(count=0.5), "'count': expected an integer"),
        ("tfrecord", b"\xff", "a tf.train.Example"),
        ("tfrecord", record(text=[b"a", b"b"]), "one value. Received: 2"),
        ("tfrecord", record(text=[b"\xff"]), "text in UTF-8"),
        ("tfrecord", record(body=[b"a"]), "a value of 'text'.*'body'"),
    ],
)
def test_what_is_wrong_with_a_row_is_said(kind, row, message):
    with pytest.raises(ValueError, match=message):
        Reader(kind, INPUTS)(row)


@pytest.mark.parametrize(
    ("inputs", "values"),
    [
        (INPUTS, {}),
        ({"x_bytes": INPUTS["x_bytes"]}, {}),
        ({"count": INPUTS["count"]}, {}),
        ({"text": INPUTS["text"]}, {"text": ["a"]}),
    ],
)
def test_lines_are_texts(inputs, values):
    with pytest.raises(ValueError, match=r"argument `(rows|values)`"):
        Reader("lines", inputs, values=values)


def saved(folder, function, *specs):
    module = tf.Module()
    made = tf.function(function, input_signature=specs)
    tf.saved_model.save(module, str(folder), made)
    return Served(str(folder))


def test_rows_of_words_are_filled_up(tmp_path):
    served = saved(
        tmp_path,
        lambda words: {"all": words, "first": words[:, 0]},
        tf.TensorSpec([None, None], tf.string, "words"),
    )
    rows = [{"words": [b"a", b"\xff"]}, {"words": [b"b"]}]
    assert served(rows) == [
        Answer({"all": ["a", {"b64": "/w=="}], "first": "a"}, None),
        Answer({"all": ["b", ""], "first": "b"}, None),
    ]


def test_a_row_that_makes_the_call_fail_is_found(tmp_path):
    served = saved(
        tmp_path,
        lambda text: {"number": tf.strings.to_number(text)},
        tf.TensorSpec([None], tf.string, "text"),
    )
    first, bad, last = served([{"text": each} for each in (b"1", b"x", b"2")])
    assert first.record == {"number": 1}
    assert last.record == {"number": 2}
    assert bad.record is None
    assert "could not correctly convert string: x" in bad.problem


def test_numbers_that_json_lacks_are_null(tmp_path):
    served = saved(
        tmp_path,
        lambda x: {"inverse": 1 / x},
        tf.TensorSpec([None], tf.float32, "x"),
    )
    records = [answer.record for answer in served([{"x": 4}, {"x": 0.0}])]
    assert records == [{"inverse": 0.25}, {"inverse": None}]


def test_a_signature_that_answers_all_rows_at_once_is_refused(tmp_path):
    served = saved(
        tmp_path,
        lambda x: {"sum": tf.reduce_sum(x)},
        tf.TensorSpec([None], tf.float32, "x"),
    )
    with pytest.raises(ValueError, match=r"answers each row.*'sum' of shape"):
        served([{"x": 4.0}, {"x": 0.0}])
