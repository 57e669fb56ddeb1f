"""Models for devices appear whole or not at all."""

import json

import keras
import pytest
import tensorflow as tf

from rnnzoo import lite


def convertible(function, model, **facts):
    serve = tf.function(
        lambda x: {"y": function(model(x))},
        input_signature=[tf.TensorSpec([1, 2], name="x")],
    )
    return lite.Convertible(serve, facts)


@pytest.fixture
def model():
    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])


def test_an_export_is_replaced_only_on_purpose(model, tmp_path):
    folder = tmp_path / "device"
    tokens = ["\x85", "\u2028", "\x1c", "\n", "\U0001f634"]
    first = convertible(tf.tanh, model, tokens=tokens)
    lite.export(folder, first, model)
    facts = json.loads((folder / "vocabulary.json").read_text("ascii"))
    assert facts == {"tokens": tokens}
    second = convertible(tf.tanh, model)
    with pytest.raises(FileExistsError):
        lite.export(folder, second, model, overwrite=False)
    assert json.loads((folder / "vocabulary.json").read_text()) == facts
    lite.export(folder, second, model)
    assert json.loads((folder / "vocabulary.json").read_text()) == {}
    assert len(list(tmp_path.rglob("*"))) == 3


def test_operations_that_are_not_built_in(model, tmp_path):
    given = convertible(lambda y: tf.math.betainc(y, y, y), model)
    with pytest.raises(ValueError, match=r"cannot run.*built-in.*Betainc"):
        lite.export(tmp_path / "device", given, model)
    assert not list(tmp_path.iterdir())
