"""The base of all kinds of tasks."""

import functools
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

import rnnzoo
from rnnzoo import search
from rnnzoo.tasks.beam import Beam
from rnnzoo.tasks.embeddings import most_ids, size_embedding
from rnnzoo.tasks.target_text import TargetText
from rnnzoo.text import SubwordTokenizer, Tokenizer

TEXTS = ["Ann saw Bonn. It rained.", "Bad rain!", "", "Ann ran."]
LABELS = ["pos", "neg", "neg", "pos"]
SPANS = [[(0, 3, "PER"), (8, 12, "LOC")], [], [], [(0, 3, "PER")]]
SMALL = {"units": 4, "embedding_dim": 4, "min_count": 1}

ONE_EXAMPLE = {
    "text_classification": (TEXTS[:1], [0]),
    "entity_tagging": (TEXTS[:1], SPANS[:1]),
    "pair_classification": ((TEXTS[:1], TEXTS[1:2]), [0]),
    "story_answering": ((TEXTS[:1], TEXTS[1:2]), ["good"]),
    "summarization": (TEXTS[:1], TEXTS[1:2]),
    "translation": (TEXTS[:1], TEXTS[1:2]),
    "captioning": (np.zeros((1, 16, 16, 3), "uint8"), [["a b"]]),
}


def classifier(**overrides):
    keras.utils.set_random_seed(1)
    model = rnnzoo.build("bilstm_classifier", **SMALL | overrides)
    model.adapt(TEXTS, LABELS, verbose=0)
    return model


class Logs(keras.callbacks.Callback):
    """Keeps the logs of epochs, as a callback of a user's sees them."""

    def __init__(self):
        super().__init__()
        self.seen = []
        self.told = []
        self.tests = 0

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append(dict(logs))
        self.told.append(self.params["epochs"])

    def on_test_end(self, logs=None):
        self.tests += 1


@pytest.mark.parametrize(
    ("frequency", "epochs"), [(1, [1, 2, 3]), (2, [2]), ([1, 3], [1, 3])]
)
def test_validation_comes_as_often_as_asked(frequency, epochs, eagerly):
    model, logs = classifier(), Logs()
    model.compile()
    history = model.fit(
        TEXTS,
        LABELS,
        epochs=3,
        validation_data=(TEXTS, LABELS),
        validation_freq=frequency,
        callbacks=[logs],
        verbose=0,
    ).history
    validated = [n for n, seen in enumerate(logs.seen, 1) if "val_loss" in seen]
    assert validated == epochs
    assert logs.told == [3, 3, 3]  # whatever a validation has of its own
    assert logs.tests == len(epochs) == len(history["val_accuracy"])
    if 3 in epochs:
        expected = model.evaluate(TEXTS, LABELS, return_dict=True, verbose=0)
        assert history["val_loss"][-1] == pytest.approx(expected["loss"])


def test_what_is_validated_are_the_moving_averages():
    model = classifier(dropout=0.0, recurrent_dropout=0.0, word_dropout=0.0)
    model.compile(
        keras.optimizers.SGD(1.0, use_ema=True, ema_momentum=0.5),
        steps_per_execution=1,
    )
    history = model.fit(
        TEXTS, LABELS, epochs=2, validation_data=(TEXTS, LABELS), verbose=0
    ).history
    with rnnzoo.optimizers.moving_averages(model):
        expected = model.evaluate(TEXTS, LABELS, verbose=0)[0]
    assert history["val_loss"][-1] == pytest.approx(expected, rel=1e-5)


def test_only_data_that_is_scored_keeps_its_texts():
    model = rnnzoo.build("luong_translator", unit="word", **SMALL)
    model.adapt(TEXTS, TEXTS, verbose=0)
    kept = model.encode(TEXTS, TEXTS)
    assert [each.decode() for each in kept.raw["target"]] == TEXTS
    assert kept.take([3]).raw["source"].tolist() == [TEXTS[3].encode()]
    assert model.encode(TEXTS, TEXTS, keep_raw=False).raw == {}


@pytest.mark.parametrize("name", rnnzoo.list_models("*er"))
def test_a_task_never_trained_loads_without_a_warning(name, tmp_path):
    model = rnnzoo.build(name, **_only(name, SMALL))
    x, y = ONE_EXAMPLE[model.kind]
    model.adapt(x, y, verbose=0)
    model.compile()
    model.save(tmp_path / "model.keras")
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        again = rnnzoo.load(tmp_path / "model.keras")
    assert len(again.optimizer.variables) == len(model.optimizer.variables)


def _only(name, overrides):
    known = rnnzoo.describe(name).defaults
    return {key: each for key, each in overrides.items() if key in known}


def _saved(model, targets, path):
    """Trains a model of any tokenizer, and returns what is saved of it."""
    model.adapt(TEXTS, targets, verbose=0)
    model.compile()
    model.fit(TEXTS, targets, verbose=0)
    (why,) = model.explain(TEXTS[:1])
    surfaces = [TEXTS[0][start:end] for start, end in why.spans]
    assert "".join(surfaces).replace(" ", "") == TEXTS[0].replace(" ", "")
    model.save(path)
    return rnnzoo.load(path)


@pytest.mark.parametrize("unit", ["character", "subword"])
@pytest.mark.parametrize("name", ["bilstm_classifier", "han_classifier"])
def test_a_classifier_takes_every_tokenizer(name, unit, tmp_path, eagerly):
    model = rnnzoo.build(name, unit=unit, **_only(name, SMALL))
    again = _saved(model, LABELS, tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict(TEXTS), model.predict(TEXTS))
    model.export(tmp_path / name)
    served = tf.saved_model.load(str(tmp_path / name))
    served = served.signatures["serving_default"](text=tf.constant(TEXTS))
    np.testing.assert_allclose(
        served["probabilities"], model.predict(TEXTS), atol=1e-5
    )


def test_a_tagger_takes_every_tokenizer(tmp_path, eagerly):
    for tokenizer in (Tokenizer("character", False), SubwordTokenizer()):
        model = rnnzoo.build("bilstm_crf_tagger", **SMALL)
        model.tokenizer = tokenizer
        again = _saved(model, SPANS, tmp_path / "model.keras")
        assert again.predict(TEXTS) == model.predict(TEXTS)
        model.export(tmp_path / type(tokenizer).__name__)


def test_a_text_may_be_written_by_any_search():
    model = rnnzoo.build("luong_translator", unit="word", **SMALL)
    model.adapt(TEXTS, TEXTS, verbose=0)
    ids = model.encode_inputs(["Ann ran."]).inputs["source"].to_tensor()
    memory, mask, states = model.encode_source({"source": ids}, training=False)
    sample = functools.partial(search.sample, max_length=6, min_length=6)
    texts = [
        model.write(
            functools.partial(sample, seed=seed), memory, mask, states
        ).tokens.numpy()[0, 0]
        for seed in (1, 1, 2)
    ]
    assert texts[0].tolist() == texts[1].tolist() != texts[2].tolist()
    assert (texts[0] != b"").all()
    rain = int(model.target_vocabulary(["rain"])[0])
    six = Beam(width=1, min_length=6, max_length=6)
    only = six.search(
        six.longest(tf.constant([2])), allowed=tf.constant([rain])
    )
    written = model.write(only, memory, mask, states)
    assert set(written.tokens.numpy().ravel()) == {b"rain"}


def test_ids_that_no_vocabulary_has_are_never_written():
    target = TargetText(Tokenizer())
    target.take(["a", "b"], rows=9)
    assert target.start_id == 4
    assert target.unwritten == (0, 4, 6, 7, 8)
    assert target.spell(tf.constant([1, 2, 8])).numpy().tolist() == [
        b"<unk>",
        b"a",
        b"",
    ]


def test_an_embedding_has_the_rows_it_is_given_or_those_of_the_ids():
    sized, free = (
        rnnzoo.layers.Embedding(rows, 3, name="mine") for rows in (7, None)
    )
    assert most_ids(sized, 5) == 5
    assert most_ids(sized, 9) == most_ids(sized, None) == 7
    assert most_ids(free, None) is None
    size_embedding(sized, 6)
    size_embedding(free, 6)
    assert (sized.input_dim, free.input_dim) == (7, 6)
    with pytest.raises(ValueError, match="8 ids, and the embedding 'mine'.* 7"):
        size_embedding(sized, 8)
