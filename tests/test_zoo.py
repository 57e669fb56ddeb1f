"""What holds for every model: registered is tested."""

import json
import subprocess
import sys

import keras
import numpy as np
import pytest

import rnnzoo

SMALL = {
    "text_classification": {
        "vocabulary_size": 200,
        "min_count": 1,
        "embedding_dim": 8,
    },
}
TEXTS = [
    "A quiet, lovely film. I'd see it again!",
    "Bad.",
    "",
    "?!... ---",
    "Dull<br /><br />and long \U0001f634 http://a.b/c. " + "never again " * 60,
    "The plot was thin. The acting was not. I liked it, mostly.",
]
LABELS = [1, 0, 0, 0, 0, 1]

SERVE = """
import json, sys
import tensorflow as tf
served = tf.saved_model.load(sys.argv[1])
texts = json.load(sys.stdin)
out = served.signatures["serving_default"](text=tf.constant(texts))
out = {name: value.numpy() for name, value in out.items()}
assert "rnnzoo" not in sys.modules and "keras" not in sys.modules
json.dump({"probabilities": out["probabilities"].tolist(),
           "label": [label.decode() for label in out["label"]],
           "score": out["score"].tolist()}, sys.stdout)
"""


@pytest.fixture(scope="module", params=rnnzoo.list_models())
def model(request):
    keras.utils.set_random_seed(1)
    card = rnnzoo.describe(request.param)
    model = rnnzoo.build(request.param, **SMALL[card.task])
    model.adapt(TEXTS, LABELS)
    model.compile()
    model.fit(TEXTS, LABELS, batch_size=3, epochs=1, verbose=0)
    return model


def test_the_batch_changes_nothing(model):
    together = model.predict(TEXTS)
    alone = np.concatenate([model.predict([text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert np.isfinite(together).all()
    np.testing.assert_allclose(together.sum(axis=1), 1, atol=1e-5)


def test_padding_changes_nothing(model):
    ids = model.encode(TEXTS).inputs.to_tensor().numpy()
    wider = np.pad(ids, [(0, 2)] + [(0, 3)] * (ids.ndim - 1))
    np.testing.assert_allclose(
        model(wider)[: len(TEXTS)], model(ids), atol=1e-5
    )


def test_saving_is_exact(model, tmp_path):
    model.save(tmp_path / "model.keras")
    again = rnnzoo.load(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict(TEXTS), model.predict(TEXTS))
    assert again.vocabulary.tokens == model.vocabulary.tokens
    assert again.labels == model.labels
    again.fit(TEXTS, LABELS, batch_size=3, verbose=0)  # it came compiled


def test_export_stands_alone(model, tmp_path):
    model.export(tmp_path / "served")
    done = subprocess.run(
        [sys.executable, "-c", SERVE, str(tmp_path / "served")],
        input=json.dumps(TEXTS),
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    served = json.loads(done.stdout)
    np.testing.assert_allclose(
        served["probabilities"], model.predict(TEXTS), atol=1e-5
    )
    results = model.classify(TEXTS)
    assert served["label"] == [result.label for result in results]
    np.testing.assert_allclose(
        served["score"], [result.score for result in results], atol=1e-5
    )


def test_the_explanation_is_of_the_original_text(model):
    for text, explanation in zip(TEXTS, model.explain(TEXTS), strict=True):
        assert explanation.text == text
        surfaces = [text[start:end] for start, end in explanation.spans]
        assert [s.lower() for s in surfaces] == list(explanation.tokens)
        if explanation.tokens:
            total = len(explanation.sentences or [None])
            assert np.sum(explanation.weights) == pytest.approx(total, abs=1e-4)


def test_training_learns(model):
    before = model.evaluate(TEXTS, LABELS, verbose=0)[0]
    model.fit(TEXTS, LABELS, batch_size=3, epochs=20, verbose=0)
    assert model.evaluate(TEXTS, LABELS, verbose=0)[0] < before
