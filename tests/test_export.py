"""SavedModels have the weights and the tables that a model holds, and appear
whole or not at all.
"""

import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnzoo.export import export, lookup_tables
from rnnzoo.text import Vocabulary


def table(*keys):
    values = tf.range(len(keys))
    initializer = tf.lookup.KeyValueTensorInitializer(keys, values)
    return tf.lookup.StaticHashTable(initializer, -1)


def test_tables_are_found_wherever_an_object_holds_them():
    first, second, third, fourth = (table(key) for key in "abcd")
    inner = types.SimpleNamespace(deep=(third,))
    inner.itself = inner
    holder = types.SimpleNamespace(
        plain=first, listed=[second, first], named={"x": inner}, number=3
    )
    holder.holder = holder
    found = lookup_tables(holder)
    assert {id(each) for each in found} == {id(first), id(second), id(third)}
    assert len(found) == 3
    # A layer is searched if it is asked for, and not inside of another object.
    layer = keras.layers.Layer()
    layer.reader = types.SimpleNamespace(table=fourth)
    assert lookup_tables(layer) == [fourth]
    assert lookup_tables([layer]) == []


@pytest.fixture
def model():
    dense = keras.layers.Dense(1, kernel_initializer="ones")
    model = keras.Sequential([keras.Input((1,)), dense])
    model.reader = types.SimpleNamespace(vocabularies=[Vocabulary(["a", "b"])])
    return model


def signatures(model):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def serve(text):
        ids = model.reader.vocabularies[0](text)
        return {"sum": model(tf.cast(ids, tf.float32)[:, None])[:, 0]}

    return {"serving_default": serve}


def test_weights_and_tables_are_part_of_the_export(model, tmp_path):
    export(tmp_path / "model", signatures(model), model)
    served = tf.saved_model.load(tmp_path / "model")
    answer = served.signatures["serving_default"](text=tf.constant(["b", "?"]))
    np.testing.assert_array_equal(answer["sum"], [3, 1])


def test_an_export_is_replaced_only_on_purpose(model, tmp_path):
    export(tmp_path / "model", signatures(model), model)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(FileExistsError):
        export(tmp_path / "model", signatures(model), model, overwrite=False)
    export(tmp_path / "model", signatures(model), model)
    assert sorted(tmp_path.rglob("*")) == before
    with pytest.raises(Exception, match="none"):
        export(tmp_path / "other", {"serving_default": "none"}, model)
    assert sorted(tmp_path.rglob("*")) == before
