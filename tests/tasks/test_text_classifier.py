"""Classification of raw texts, with the smallest of encoders."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

import rnnzoo
import rnnzoo.datasets
from rnnzoo.layers import MeanPooling
from rnnzoo.tasks import TextClassifier

TEXTS = [
    "A quiet, lovely film.",
    "Bad.",
    "",
    "Dull and long and never again, never ever. Bad, bad.",
    "Lovely!",
    "It was bad: long",
    "I liked it, mostly",
]
LABELS = [1, 0, 0, 0, 1, 0, 1]


@keras.saving.register_keras_serializable(package="test")
class Bag(keras.layers.Layer):
    """The mean of word vectors."""

    def __init__(self, input_dim=100, output_dim=4, **kwargs):
        super().__init__(**kwargs)
        self.output_dim = output_dim
        self.embedding = keras.layers.Embedding(
            input_dim, output_dim, dtype=self.dtype_policy
        )
        self.pool = MeanPooling(dtype=self.dtype_policy)

    def build(self, input_shape):
        self.embedding.build(input_shape)

    def call(self, ids, training=None, return_attention_scores=False):
        return self.pool(
            self.embedding(ids),
            mask=ids != 0,
            return_attention_scores=return_attention_scores,
        )

    def get_config(self):
        return {
            **super().get_config(),
            "input_dim": self.embedding.input_dim,
            "output_dim": self.output_dim,
        }


def build(**arguments):
    keras.utils.set_random_seed(3)
    return TextClassifier(Bag(), **{"num_classes": 2, **arguments})


def trained(**arguments):
    model = build(**arguments)
    model.adapt(TEXTS, LABELS, verbose=0)
    model.compile(run_eagerly=True)  # there is little to run
    model.fit(TEXTS, LABELS, batch_size=3, verbose=0)
    return model


@pytest.fixture(scope="module")
def model():
    return trained()


def pairs(*columns):
    return tf.data.Dataset.from_tensor_slices((TEXTS, *columns))


def features():
    ids = list(map(str, range(len(TEXTS))))
    return tf.data.Dataset.from_tensor_slices(
        {"text": TEXTS, "label": LABELS, "id": ids}
    )


def series():
    pandas = pytest.importorskip("pandas")
    index = range(7, 0, -1)
    return pandas.Series(TEXTS, index), pandas.Series(LABELS, index)


HOLDERS = {
    "lists": lambda: (TEXTS, LABELS),
    "bytes": lambda: ([text.encode() for text in TEXTS], LABELS),
    "arrays": lambda: (np.array(TEXTS), np.array(LABELS)),
    "columns": lambda: (np.array(TEXTS, object), np.array(LABELS)[:, None]),
    "tensors": lambda: (tf.constant(TEXTS), tf.constant(LABELS)),
    "series": series,
    "list of pairs": lambda: (list(zip(TEXTS, LABELS, strict=True)),),
    "pairs": lambda: (pairs(LABELS),),
    "batched pairs": lambda: (pairs(LABELS).batch(2),),
    "triples": lambda: (pairs(LABELS, np.ones(7)),),
    "features": lambda: (features(),),
    "batched features": lambda: (features().batch(3),),
    "floats": lambda: (pairs(np.array(LABELS, "float32")),),
}


@pytest.mark.parametrize("holder", HOLDERS)
def test_whatever_holds_the_examples(model, holder):
    x, *y = HOLDERS[holder]()
    np.testing.assert_allclose(
        model.evaluate(x, *y, batch_size=2, verbose=0),
        model.evaluate(model.encode(TEXTS, LABELS), verbose=0),
        rtol=1e-5,
    )
    np.testing.assert_allclose(
        model.predict(x, batch_size=2), model.predict(TEXTS), rtol=1e-5
    )
    assert [each.text for each in model.explain(x)] == TEXTS
    history = model.fit((x, *y), validation_data=(x, *y), verbose=0).history
    assert np.isfinite(history["val_loss"]).all()


def test_class_names_come_with_the_data(data_dir):
    data, info = tfds.load(
        "imdb_reviews",
        split="train[:20]",
        data_dir=data_dir,
        download=False,
        with_info=True,
    )
    for labels in (info, info.features["label"], ["neg", "pos"]):
        model = build()
        model.adapt(data, labels=labels, verbose=0)
        assert model.labels == ("neg", "pos")
    numbers = model.encode(data).labels
    names = np.array(["neg", "pos"])[numbers]
    texts = [each["text"].decode() for each in tfds.as_numpy(data)]
    for labels in (names, names.astype("S"), names.astype(object)):
        model = build()
        model.adapt(texts, labels, verbose=0)
        assert model.labels == ("neg", "pos")
        np.testing.assert_array_equal(
            model.encode(texts, labels).labels, numbers
        )
    assert {result.label for result in model.classify(texts)} <= {"neg", "pos"}


def test_labels_do_not_matter_to_predictions(model):
    unlabelled = pairs([-1] * 7)  # as TFDS has them
    expected = model.predict(TEXTS)
    np.testing.assert_array_equal(model.predict(unlabelled), expected)
    scores = [result.score for result in model.classify(unlabelled)]
    np.testing.assert_allclose(scores, expected.max(axis=1))
    explained = [each.score for each in model.explain(unlabelled)]
    np.testing.assert_allclose(explained, scores, rtol=1e-5)


def test_one_text_is_a_list_of_one(model):
    (result,) = model.classify("Lovely!")
    assert result == model.classify(["Lovely!"])[0]
    assert model.explain("Lovely!")[0].tokens == ["lovely", "!"]


def test_the_progress_bar_knows_its_end(capfd):
    model = build()
    model.adapt(features())
    model.compile()
    model.fit(features(), epochs=2, batch_size=2, validation_split=0.3)
    out = capfd.readouterr().out
    assert "7/7" in out
    build().adapt(features().batch(3))
    assert re.search(r"7/Unknown.*\n", capfd.readouterr().out)
    assert out.count("2/2") >= 2
    assert "Epoch 2/2" in out
    model.evaluate(features(), batch_size=2)
    assert "4/4" in capfd.readouterr().out


def test_validation_split_takes_the_last(model):
    for data in (TEXTS, pairs(LABELS)):
        y = LABELS if data is TEXTS else None
        copy = trained()
        last = copy.fit(data, y, validation_split=0.4, verbose=0).history
        expected = copy.evaluate(TEXTS[-3:], LABELS[-3:], verbose=0)
        assert last["val_loss"][-1] == pytest.approx(expected[0], rel=1e-5)


def test_weights_of_classes_and_of_samples_agree():
    weights = {0: 0.5, 1: 3.0}
    of_samples = [weights[label] for label in LABELS]
    ways = [
        ((TEXTS, LABELS), {"class_weight": weights}),
        ((TEXTS, LABELS), {"sample_weight": of_samples}),
        ((pairs(LABELS, of_samples),), {}),
        ((TEXTS, LABELS), {}),
    ]
    results = []
    for data, arguments in ways:
        model = build()
        model.adapt(TEXTS, LABELS, verbose=0)
        model.compile(keras.optimizers.SGD(1.0), run_eagerly=True)
        model.fit(*data, shuffle=False, verbose=0, **arguments)
        results.append(model.predict(TEXTS))
    np.testing.assert_allclose(results[0], results[1], rtol=1e-5)
    np.testing.assert_allclose(results[0], results[2], rtol=1e-5)
    assert np.abs(results[0] - results[3]).max() > 1e-3


HARD = ["\x85", "\u2028", "\x1c", "\n", "a\nb", "👍🏽", "\0", "a\0", "日", "'s"]


def test_saving_is_exact(tmp_path):
    model = build(vocabulary=HARD, labels=["\u2028", "👍"])
    model.compile()
    model.fit(TEXTS, LABELS, verbose=0)
    model.save(tmp_path / "model.keras")
    again = rnnzoo.load(tmp_path / "model.keras")
    assert again.vocabulary.tokens == tuple(HARD)
    assert again.labels == ("\u2028", "👍")
    np.testing.assert_array_equal(again.predict(TEXTS), model.predict(TEXTS))
    assert again.optimizer.iterations == model.optimizer.iterations
    results = [
        each.fit(TEXTS, LABELS, shuffle=False, verbose=0).history
        for each in (model, again)
    ]
    assert results[0] == results[1]


def test_compile_survives_with_its_arguments(tmp_path):
    model = trained()
    model.compile(
        optimizer="sgd", metrics=["sparse_top_k_categorical_accuracy"]
    )
    model.fit(TEXTS, LABELS, verbose=0)
    model.save(tmp_path / "model.keras")
    again = rnnzoo.load(tmp_path / "model.keras")
    assert isinstance(again.optimizer, keras.optimizers.SGD)
    metrics = again.evaluate(TEXTS, LABELS, return_dict=True, verbose=0)
    assert "sparse_top_k_categorical_accuracy" in metrics


def test_what_was_learned_may_be_next_to_nothing(tmp_path):
    model = build(min_count=2)
    model.adapt(["a b", "c"], verbose=0)
    model.save(tmp_path / "model.keras")
    again = rnnzoo.load(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict("a"), model.predict("a"))


def test_lent_weights_read_as_they_learned(tmp_path):
    model = build(tokenizer=rnnzoo.text.Tokenizer("character"))
    model.adapt(TEXTS, verbose=0)
    model.save(tmp_path / "model.keras")
    again = build()
    again.restore(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict(TEXTS), model.predict(TEXTS))
    for other, message in (
        (build(num_classes=3), "`weights`.*num_classes=3 classes.*has 2: 0, 1"),
        (TextClassifier(Bag(output_dim=5)), "`weights`.*the same shape"),
    ):
        with pytest.raises(ValueError, match=message):
            other.restore(tmp_path / "model.keras")


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision(tmp_path, policy):
    keras.config.set_dtype_policy(policy)
    try:
        model = trained()
        model.save(tmp_path / "model.keras")
    finally:
        keras.config.set_dtype_policy("float32")
    assert model.encoder.compute_dtype == policy.removeprefix("mixed_")
    probabilities = model.predict(TEXTS)
    assert probabilities.dtype == "float32"
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    again = rnnzoo.load(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict(TEXTS), probabilities)


def test_the_vocabulary_keeps_its_limits():
    model = build(min_count=2)
    model.adapt(TEXTS, verbose=0)
    assert model.vocabulary.tokens[0] == ","  # the most frequent
    assert "quiet" not in model.vocabulary.tokens
    small = TextClassifier(Bag(input_dim=5))
    small.adapt(TEXTS, verbose=0)
    assert len(small.vocabulary) == 5


NOT_ADAPTED = "Expected `adapt\\(data\\)` to be called first"
ENDLESS = pairs(LABELS).repeat()
DATES = tfds.builder("rnnzoo_dates").info  # its labels are texts
BAD = [
    (lambda m: build().fit(TEXTS, LABELS), NOT_ADAPTED),
    (lambda m: build().predict(TEXTS), NOT_ADAPTED),
    (lambda m: build().evaluate(TEXTS, LABELS), NOT_ADAPTED),
    (lambda m: build().explain(TEXTS), NOT_ADAPTED),
    (lambda m: build().save("model.keras"), NOT_ADAPTED),
    (lambda m: build().export("served"), NOT_ADAPTED),
    (lambda m: m.adapt(TEXTS), "Expected a new model"),
    (lambda m: m.fit(["a", None], [0, 1]), r"x\[1\]=None"),
    (lambda m: m.fit(["a", 5], [0, 1]), r"x\[1\]=5 of type int"),
    (lambda m: m.predict(["a"] * 1500 + [5]), r"x\[1500\]=5"),
    (lambda m: m.fit([b"a", b"\xff"], [0, 1]), "not UTF-8"),
    (lambda m: m.predict([b"a", b"\xff"]), "not UTF-8"),
    (lambda m: m.fit(np.ones(3), [0, 1, 1]), "Expected strings"),
    (lambda m: m.fit(TEXTS), "have no label. Expected argument `y`"),
    (
        lambda m: m.evaluate(pairs().map(lambda x: x)),
        "have no label. Expected argument `y`",
    ),
    (lambda m: m.fit(["a", "b"], [0, 2]), "`y`.*from 0 to 1.*Received: .*2"),
    (lambda m: m.fit(["a", "b"], [0, -1]), "`y`.*Received: .*-1"),
    (lambda m: m.fit(["a", "b"], [0, 0.5]), "`y`.*Received: .*0.5"),
    (lambda m: m.fit(["a", "b"], [0, np.nan]), "`y`.*Received: .*nan"),
    (lambda m: m.fit(["a", "b"], ["0", "no"]), "`y`.*Received: .*'no'"),
    (lambda m: m.fit(["a", "b"], ["1", None]), r"y\[1\]=None"),
    (lambda m: m.fit(["a"], [[1, 1]]), r"`y`.*one label.*shape \(1, 2\)"),
    (lambda m: m.fit(["a", "b"], [0]), "`y`.*as many.*2.*Received: 1"),
    (lambda m: m.fit([], []), "at least one example"),
    (lambda m: m.fit(pairs(LABELS).take(0)), "at least one example"),
    (lambda m: m.fit(ENDLESS), "a dataset that ends"),
    (lambda m: m.fit(pairs(LABELS), LABELS), "`y`. Expected None"),
    (lambda m: m.fit(TEXTS, LABELS, validation_split=1), "_split=1"),
    (lambda m: m.fit(TEXTS, LABELS, batch_size=-4), "`batch_size`.*-4"),
    (
        lambda m: m.fit(TEXTS, LABELS, sample_weight=[1] * 6 + [np.nan]),
        r"sample_weight\[6\]=nan",
    ),
    (lambda m: m.fit(m.encode(TEXTS, LABELS), LABELS), "beside encoded"),
    (lambda m: m.save("model"), "`filepath`.*'model'"),
    (lambda m: build().adapt([]), "at least one example"),
    (lambda m: build().adapt(["a", "b"], [0, 7]), "`y`.*from 0 to 1.*7"),
    (lambda m: build().adapt(TEXTS, list("abcdefg")), "`labels`.*7: "),
    (lambda m: build().adapt(TEXTS, labels=["a", "a"]), "`labels`"),
    (lambda m: build().adapt(TEXTS, labels=["a", "b", "b"]), "each once.*3: "),
    (lambda m: build().adapt(TEXTS, labels={"a": 1, "b": 0}), "`labels`.*: 1"),
    (lambda m: build(labels="ab"), "`labels`.*a sequence.*'ab'"),
    (lambda m: build().adapt(["a"] * 9, ["b"] * 8 + [np.nan]), r"y\[8\]=nan"),
    (lambda m: build().adapt(TEXTS, TEXTS, labels=DATES), "`labels`.*7: "),
    (lambda m: build(labels=["a", None]), r"labels\[1\]=None"),
    (lambda m: build(num_classes=1), "`num_classes`.*num_classes=1"),
]


@pytest.mark.parametrize(
    ("call", "message"), BAD, ids=[str(i) for i in range(len(BAD))]
)
def test_bad_input_is_a_clear_error(
    model, tmp_path, monkeypatch, call, message
):
    monkeypatch.chdir(tmp_path)
    before = model.get_weights()
    with pytest.raises(ValueError, match=message):
        call(model)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not list(tmp_path.iterdir())
