"""A kind of task that rnnzoo does not know: registered, trained and served."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

import rnnzoo
from rnnzoo.cli import main
from rnnzoo.datasets import reviews
from rnnzoo.demo import serve_and_compare
from rnnzoo.ids import pad
from rnnzoo.pipeline.schema import Label, Schema, Text
from rnnzoo.tasks import Columns


# <task>
@keras.saving.register_keras_serializable(package="mine")
class TextRater(rnnzoo.Task):
    """Rates texts by the sum of what their words count."""

    kind, verb, monitor = "rating", "rate", "negative_error"
    schema = Schema((Text("text"),), (Label("label"),))
    vocabulary = None

    def __init__(self, vocabulary=None, **kwargs):
        super().__init__(**kwargs)
        self.tokenizer = rnnzoo.text.Tokenizer()
        self.worth = rnnzoo.layers.Embedding(None, 1)
        if vocabulary is not None:
            self.take(vocabulary)

    adapted = property(lambda self: self.vocabulary is not None)

    @property
    def learned(self):
        tokens = self.vocabulary.tokens if self.adapted else None
        return {"vocabulary": tokens}

    def embedded(self):
        return {"vocabulary": self.worth}

    def count(self, chunk, counts, labels):
        counts["text"].update(self.tokenizer(chunk["text"]).words)

    def learn(self, counts, labels):
        return {"vocabulary": self.tokenizer.learn(counts["text"].counts)}

    def take(self, vocabulary):
        self.vocabulary = rnnzoo.text.Vocabulary(vocabulary)
        self.worth.input_dim = len(self.vocabulary)
        self.build()

    def build(self, input_shape=None):
        self.worth.build((None, None))
        self.built = True

    def encode_chunk(self, chunk):
        ids = self.vocabulary(self.tokenizer(chunk["text"]).words)
        return Columns(ids, chunk.columns.get("label"))

    def call(self, ids, training=None):
        is_word = tf.cast(ids[..., None] > 0, tf.float32)
        return tf.reduce_sum(self.worth(ids) * is_word, axis=1)

    def default_loss(self):
        return "mse"

    def score(self, examples, quick=False):
        return {"negative_error": -self.metrics[0].result()}

    def rate(self, x, batch_size=32, verbose=0):
        return [float(row) for (row,) in self.encode_inputs(x).run(self, 32)]

    def served(self):
        def serve(text):
            ids = pad(self.vocabulary(self.tokenizer(text).words))
            return {"rating": self(ids)[:, 0]}

        text = tf.TensorSpec([None], tf.string, name="text")
        return {"serving_default": tf.function(serve, input_signature=[text])}

    def to_serve(self, x):
        (chunk,) = self.read_inputs(x)
        return {"text": list(chunk["text"])}

    def comparable(self, x):
        return [([], [rating]) for rating in self.rate(x)]

    def comparable_served(self, outputs):
        return [([], [rating]) for rating in outputs["rating"]]


# </task>


def test_a_task_of_a_user_is_one_of_the_house(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(rnnzoo.registry, "_CARDS", dict(rnnzoo.registry._CARDS))

    @rnnzoo.register(TextRater, recipe=rnnzoo.Recipe(learning_rate=0.1))
    def my_rater():
        """Rates texts."""
        return TextRater()

    assert rnnzoo.list_models(task="rating") == ["my_rater"]
    data = {"text": ["good", "bad", "good film"] * 9, "label": [1, 0, 1] * 9}
    task, metrics = rnnzoo.finetune(
        "my_rater", data, data, epochs=30, verbose=0
    )
    assert metrics["validation"]["loss"] < 0.1
    good, bad = task.rate(["good", "bad"])
    assert good > bad
    task.save(tmp_path / "mine.keras")
    assert rnnzoo.load(tmp_path / "mine.keras").rate(["good"]) == [good]
    again = rnnzoo.build("my_rater", weights=tmp_path / "mine.keras")
    assert again.rate(["bad"]) == [bad]
    other = my_rater()
    report = other.transfer(task, {"text": ["good", "end"], "label": [1, 0]})
    assert (report.kept, report.new) == ({"vocabulary": 3}, {"vocabulary": 1})
    assert other.rate(["good"]) == [good]
    task.export(tmp_path / "served")
    inputs = task.to_serve(["good film", ""])
    assert serve_and_compare(task, inputs, tmp_path / "served") < 1e-5
    sizes = {"train": 40, "validation": 10, "test": 10}
    monkeypatch.setattr(reviews, "SIZES", sizes)
    folder, out = str(tmp_path / "data"), str(tmp_path / "out")
    reviews.RnnzooReviews(data_dir=folder).download_and_prepare()
    of_reviews = ["--dataset", "rnnzoo_reviews", "--data-dir", folder]
    assert main(["train", "my_rater", *of_reviews, "--out", out]) == 0
    assert main(["evaluate", out, *of_reviews]) == 0
    assert main(["predict", out, "Not dull."]) == 0
    rating, text = capsys.readouterr().out.splitlines()[-1].split("\t")
    assert np.isfinite(float(rating))
    assert text == "Not dull."
    assert main(["predict", out, "Not dull.", "--format", "jsonl"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert f"{record['answer']:.4f}" == rating
    assert record["text"] == "Not dull."
    assert main(["explain", out, "Not dull."]) == 2


def test_it_is_short():
    with open(__file__, encoding="utf-8") as file:
        task = file.read().split("# <task>")[1].split("# </task>")[0]
    assert len([line for line in task.splitlines() if line.strip()]) < 60


def test_what_it_lacks_is_said():
    with pytest.raises(TypeError, match="a class with a `kind`"):
        rnnzoo.register(rnnzoo.Task)
