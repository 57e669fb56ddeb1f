"""Summaries of models, beside what their layers do with data."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf

import rnnzoo

TEXTS = ["Ann saw Bonn.", "It rained."]
DATA = {
    "text_classification": (TEXTS, [0, 1]),
    "entity_tagging": (TEXTS, [[(0, 3, "PER"), (8, 12, "LOC")], []]),
    "pair_classification": ([(TEXTS[0], TEXTS[1]), ("", "Rain.")], [0, 1]),
    "summarization": (TEXTS, ["Ann in Bonn", "Rain"]),
    "story_answering": ((TEXTS, TEXTS[::-1]), ["Bonn", "no"]),
    "translation": (TEXTS, TEXTS[::-1]),
    "language_modeling": (TEXTS,),
    "captioning": (np.zeros((2, 16, 16, 3), "uint8"), [["grey"], ["a b"]]),
}
SMALL = {"units": 4, "embedding_dim": 4, "image_size": 16}
ROW = r"│ (\S+) \(\w+\) +│ (.*?) +│ +([\d,]+) │"


@pytest.mark.parametrize("name", rnnzoo.list_models())
def test_a_summary_shows_the_layers_as_data_passes_them(name, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    card = rnnzoo.describe(name)
    small = {key: SMALL[key] for key in SMALL.keys() & card.defaults.keys()}
    model, shown = rnnzoo.build(name, **small), []
    model.summary(200, print_fn=shown.append)
    assert "`adapt(data)` learns" in shown.pop()
    model.adapt(*DATA[card.task], verbose=0)

    outputs, call = {}, keras.layers.Layer.__call__

    def record(layer, *args, **kwargs):
        result = call(layer, *args, **kwargs)
        if layer in model.layers:
            outputs[layer.name] = tf.nest.flatten(result)[0].shape
        return result

    examples = model.encode(*DATA[card.task])
    with monkeypatch.context() as patch:
        patch.setattr(keras.layers.Layer, "__call__", record)
        model(next(iter(examples.batches(2)))[0])
    model.summary(200, print_fn=shown.append)
    rows = re.findall(ROW, shown[-1])
    assert [name for name, _, _ in rows if name in outputs] == list(outputs)
    for name, shape, _ in rows:
        sizes = re.search(r"\(([\w, ]+)\)", shape)[1].split(", ")
        if name in outputs:
            assert len(sizes) == len(outputs[name])
            size = str(outputs[name][-1])
            if getattr(model.get_layer(name), "copy", False):
                size = "None"  # the source has some of its tokens
            assert sizes[-1] == size
    count = sum(weights.size for weights in model.get_weights())
    assert sum(int(each.replace(",", "")) for _, _, each in rows) == count
