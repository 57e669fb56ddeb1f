"""Models for devices answer as the models that they were made of do."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

import rnnzoo

WORDS, SENTENCES = 6, 3
FULL = "One quiet , lovely film ."
TEXTS = [
    "Good",
    FULL,
    " ".join([FULL] * SENTENCES),
    "I liked it a lot, more than the book \U0001f634. Not dull! " * 4,
    "Unseen words, zyx",
    "",
]
LEARNED = [*TEXTS[:4], "0 1 2 3 4 5 6 7 8 9 10 11 12 13"]
SMALL = {"embedding_dim": 32, "min_count": 1, "max_words": WORDS}
CLASSIFIERS = rnnzoo.list_models(task="text_classification")
OTHERS = sorted(set(rnnzoo.list_models()) - set(CLASSIFIERS))
CASES = [(name, {}) for name in CLASSIFIERS] + [
    (
        "bilstm_classifier",
        {"rnn": "gru", "depth": 2, "pooling": "mean", "multi_label": True},
    ),
    ("bilstm_classifier", {"pooling": "max", "unit": "character"}),
]


def build(name, **options):
    keras.utils.set_random_seed(1)
    if name.startswith("han"):
        options["max_sentences"] = SENTENCES
    model = rnnzoo.build(name, **SMALL, **options)
    labels = ["pos", "neg"] * 3
    if options.get("multi_label"):
        labels = [[label] for label in labels]
    model.adapt(LEARNED, labels[: len(LEARNED)], verbose=0)
    # Answers as far apart as those of a trained model.
    model.set_weights([weight * 3 for weight in model.get_weights()])
    return model


class App:
    """An app on a device, which knows only the two files."""

    def __init__(self, folder):
        self.facts = json.loads((folder / "vocabulary.json").read_text())
        model = tf.lite.Interpreter(str(folder / "model.tflite"))
        self.run = model.get_signature_runner()
        self.tokenizer = keras.saving.deserialize_keras_object(
            self.facts["tokenizer"]
        )

    def ids(self, text):
        """int32 ids of a text, of the shape that the model takes."""
        first, shape = self.facts["first_id"], self.facts["shape"]
        known = {each: i for i, each in enumerate(self.facts["tokens"], first)}
        ids = np.full(shape, self.facts["padding"], "int32")
        sentences = self.tokenizer([text]).words.to_list()
        if len(shape) == 3:
            (sentences,) = self.tokenizer.sentences(
                [text], shape[-1]
            ).words.to_list()
        rows = ids.reshape(-1, shape[-1])  # a view
        for row, words in zip(rows, sentences, strict=False):
            for i, word in enumerate(words[: len(row)]):
                row[i] = known.get(word.decode(), self.facts["unknown"])
        return ids

    def answers(self):
        rows = [self.run(ids=self.ids(text)) for text in TEXTS]
        return np.concatenate([each["probabilities"] for each in rows])


@pytest.fixture(params=CASES, ids=str)
def model(request):
    name, options = request.param
    return build(name, **options)


@pytest.mark.filterwarnings("ignore:\\s+Warning. tf.lite.Interpreter")
def test_a_device_answers_the_same(model, tmp_path):
    model.export(tmp_path / "plain", format="tflite")
    model.export(tmp_path / "small", format="tflite", quantize=True)
    plain, small = (App(tmp_path / name) for name in ("plain", "small"))
    ids = model.encode_inputs(TEXTS).inputs.to_tensor(
        shape=(None, *plain.facts["shape"][1:])
    )
    np.testing.assert_array_equal(
        ids, np.concatenate([plain.ids(text) for text in TEXTS])
    )
    expected = model.predict(TEXTS)
    np.testing.assert_allclose(plain.answers(), expected, atol=1e-5)
    assert tuple(plain.facts["labels"]) == model.label_names
    assert plain.facts["activation"] == model.activation
    # Steps of 8 bits are small, beside the differences between texts.
    error = np.abs(small.answers() - expected).max()
    assert 0 < error < 0.1 * np.ptp(expected)
    sizes = [
        (tmp_path / name / "model.tflite").stat().st_size
        for name in ("plain", "small")
    ]
    assert sizes[1] < 0.6 * sizes[0]


@pytest.mark.filterwarnings("ignore:\\s+Warning. tf.lite.Interpreter")
def test_an_app_may_take_less(tmp_path):
    model = build("han_classifier")
    sizes = {"max_words": 4, "max_sentences": 2}
    model.export(tmp_path / "less", format="tflite", **sizes)
    app = App(tmp_path / "less")
    assert app.facts["shape"] == [1, 2, 4]
    ids = app.ids(TEXTS[1])
    assert (ids > 0).sum(axis=-1).tolist() == [[4, 2]]
    np.testing.assert_allclose(
        app.run(ids=ids)["probabilities"], model(ids), atol=1e-5
    )


@pytest.mark.parametrize("name", OTHERS)
def test_other_tasks_say_that_they_have_no_such_format(name, tmp_path):
    model = rnnzoo.build(name)
    with pytest.raises(
        ValueError,
        match="argument `format`. Expected 'tf_saved_model' or, of a text "
        f"classifier, 'tflite'.*of a `{type(model).__name__}`",
    ):
        model.export(tmp_path / "model", format="tflite")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_words": 7}, "`max_words`. Expected at most 6.*max_words=7"),
        ({"max_words": 0}, "`max_words`. Expected a positive integer"),
        ({"max_sentences": 1}, "`max_sentences`. Expected None"),
        ({"quantize": "int8"}, "`quantize`. Expected one of False, True"),
        ({"samples": 3}, "Unknown options.*: `samples`. .*`quantize`"),
    ],
)
def test_wrong_sizes_are_found_at_the_door(options, message, tmp_path):
    model = build("bilstm_classifier")
    with pytest.raises(ValueError, match=message):
        model.export(tmp_path / "model", format="tflite", **options)
    assert not list(tmp_path.iterdir())


def test_a_model_of_any_length_needs_a_size(tmp_path):
    embedding = rnnzoo.layers.Embedding(None, 4)
    encoder = rnnzoo.layers.SequenceEncoder(2, embedding=embedding)
    model = rnnzoo.TextClassifier(encoder)
    model.adapt(["a"], [0], verbose=0)
    with pytest.raises(ValueError, match="`max_words`.*Received: .*=None"):
        model.export(tmp_path / "model", format="tflite")
