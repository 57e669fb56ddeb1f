"""Answers of TensorFlow Serving to a request, by its REST API's rules.

It is no Python package. https://www.tensorflow.org/tfx/serving/api_rest
"""

import base64
import json

import numpy as np
import tensorflow as tf


def ask(signatures, body):
    """The answer to a request, as strings of JSON.

    Args:
        signatures: What a loaded SavedModel has.
        body: String of a JSON object.
    """
    body = json.loads(body)
    signature = signatures[body.get("signature_name", "serving_default")]
    specs = signature.structured_input_signature[1]
    rows, columns = body.get("instances"), body.get("inputs")
    assert (rows is None) != (columns is None), "one of both"
    if columns is None:
        assert rows, "It refuses a request for nothing."
        columns = rows
        if _has_names(rows[0]):
            columns = {name: [row[name] for row in rows] for name in rows[0]}
            assert all(row.keys() == columns.keys() for row in rows)
    if not _has_names(columns):
        columns = dict.fromkeys(specs, columns)
        assert len(columns) == 1, "Several inputs have names."
    assert columns.keys() == specs.keys()
    inputs = {
        name: tf.constant(_from_json(column), specs[name].dtype)
        for name, column in columns.items()
    }
    outputs = signature(**inputs)
    found = {name: _to_json(name, each) for name, each in outputs.items()}
    if rows is not None:
        assert {len(column) for column in found.values()} == {len(rows)}
        found = [
            dict(zip(found, row, strict=True))
            for row in zip(*found.values(), strict=True)
        ]
    assert len(outputs) > 1, "It leaves out the name of an only output."
    answer = {"outputs" if rows is None else "predictions": found}
    # It would write infinities, which clients cannot read.
    return json.dumps(answer, allow_nan=False)


def _has_names(value):
    return isinstance(value, dict) and value.keys() != {"b64"}


def _from_json(value):
    if isinstance(value, list):
        values = [_from_json(each) for each in value]
        assert len({np.shape(each) for each in values}) <= 1, "ragged"
        return values
    if isinstance(value, dict):
        return base64.b64decode(value["b64"], validate=True)
    return value.encode() if isinstance(value, str) else value


def _to_json(name, tensor):
    def plain(value):
        if isinstance(value, list):
            return [plain(each) for each in value]
        if not isinstance(value, bytes):
            return value
        if name.endswith("_bytes"):
            return {"b64": base64.b64encode(value).decode()}
        return value.decode()  # fails where it is not UTF-8

    return plain(tensor.numpy().tolist())
