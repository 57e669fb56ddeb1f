"""The whole path on data of our own, from raw text to a served model."""

import json
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np

from rnnzoo import registry
from rnnzoo.training import finetune, require_writable

DATASETS = {
    "text_classification": "rnnzoo_reviews",
    "entity_tagging": "rnnzoo_entities",
    "translation": "rnnzoo_dates",
}
SETTINGS = {
    "translation": {
        "unit": "character",
        "units": 64,
        "embedding_dim": 64,
        "dropout": 0.1,
        "recurrent_dropout": 0.0,
        "word_dropout": 0.0,  # a date has no letter to spare
        "label_smoothing": 0.0,
        "learning_rate": 3e-3,
    },
}
EPOCHS, BATCH_SIZE = 3, 32
SHOWN = 4

# A process that serves, with stock TensorFlow and nothing of ours.
SERVE = """
import json, sys
import tensorflow as tf
model = tf.saved_model.load(sys.argv[1])
texts = tf.constant(json.load(sys.stdin))
answer = model.signatures["serving_default"](text=texts)
assert "rnnzoo" not in sys.modules
answer = {name: value.numpy().tolist() for name, value in answer.items()}
json.dump(answer, sys.stdout, default=bytes.decode)
"""


def demo(name="han_classifier", out="rnnzoo_demo", data_dir=None, verbose=1):
    """Trains, evaluates, explains, saves, exports and serves a model.

    Args:
        name: A model of a task that has a dataset inside rnnzoo.
        out: Directory to write to.
        data_dir: Where TFDS keeps datasets.
        verbose: As in Keras.
    """
    start = time.perf_counter()
    out = Path(out)
    card = registry.describe(name)
    if card.task not in DATASETS:
        raise ValueError(
            f"There is no demo of {name!r}. Expected a model of "
            f"{', '.join(DATASETS)}. Its task is {card.task}."
        )
    require_writable(out)
    from rnnzoo.datasets import sources  # TFDS

    source = sources.load(DATASETS[card.task], data_dir)
    _say(f"Training {name} on {source.name}")
    keras.utils.set_random_seed(1)
    task, metrics = finetune(
        name,
        source.split("train"),
        source.split("validation"),
        test_data=source.split("test"),
        labels=source.info,
        out=out,
        epochs=EPOCHS,
        batch_size=BATCH_SIZE,
        verbose=verbose,
        **SETTINGS.get(card.task, {}),
    )
    score = metrics["test"][task.monitor]
    _say(f"{task.monitor.capitalize()} on unseen texts: {score:.3f}")
    texts = _first(source.split("test"), SHOWN)
    for line in _answers(task, texts):
        print(line)
    written = [
        (out / "model.keras", "the model: rnnzoo.load(path)"),
        (out / "metrics.json", "how training went"),
        *_explain(task, texts, out),
        (out / "served", "the SavedModel"),
    ]
    task.export(out / "served")
    difference = serve_and_compare(task, texts, out / "served")
    _say(
        "Served by TensorFlow alone, in a process of its own: the same "
        f"probabilities (largest difference {difference:.1e})"
    )
    _say(f"Done in {time.perf_counter() - start:.0f} seconds")
    width = max(len(str(path)) for path, _ in written)
    for path, what in written:
        print(f"{path!s:<{width}}  {what}")


def serve_and_compare(task, texts, directory):
    """Largest difference of a served model's probabilities to the task's.

    Raises:
        RuntimeError: If the process failed, or the answers differ.
    """
    done = subprocess.run(
        [sys.executable, "-c", SERVE, str(directory)],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{directory} cannot be served: {done.stderr}")
    served = _served_probabilities(json.loads(done.stdout))
    ours = _probabilities(task, texts)
    same = served.shape == ours.shape
    difference = np.abs(served - ours).max(initial=0) if same else np.inf
    if difference > 1e-5:
        raise RuntimeError(
            f"{directory} answers otherwise than the model, by {difference}."
        )
    return float(difference)


def _answers(task, texts):
    """A line for each text."""
    if hasattr(task, "classify"):
        for text, result in zip(texts, task.classify(texts), strict=True):
            yield f"{result.label} {result.score:.3f}  {text}"
        return
    if hasattr(task, "translate"):
        for text, found in zip(texts, task.translate(texts), strict=True):
            yield f"{text} -> {found}"
        return
    for text, entities in zip(texts, task.tag(texts), strict=True):
        found = [f"{e.label} {e.score:.3f} {e.text}" for e in entities]
        yield "\n  ".join([text, *found])


def _probabilities(task, texts):
    """Of all classes of each text; or of each entity, in their order; or of
    each translation, as their logarithm by length.
    """
    if hasattr(task, "classify"):
        return task.predict(texts)
    if hasattr(task, "translate"):
        found = task.translate(texts, return_scores=True)
        return np.array([each.score for each in found])
    entities = [each for found in task.tag(texts) for each in found]
    return np.array([each.score for each in entities])


def _served_probabilities(answer):
    """The same from what a served model answers."""
    if "probabilities" in answer:
        return np.array(answer["probabilities"])
    if "translation" in answer:
        return np.array(answer["score"])
    return np.array(
        [
            score
            for row in zip(answer["tags"], answer["scores"], strict=True)
            for tag, score in zip(*row, strict=True)
            if tag.startswith("B-")
        ]
    )


def _explain(task, texts, out):
    """Writes a page and, if matplotlib is there, a picture."""
    try:
        explanations = task.explain(texts)
    except ValueError as error:  # a model without attention
        print(error)
        return []
    explanations.save(out / "explanation.html")
    written = [(out / "explanation.html", "what it looked at: open it")]
    try:
        explanations.save(out / "explanation.png")
    except ImportError as error:
        print(error)
    else:
        written.append((out / "explanation.png", "the same as a picture"))
    return written


def _first(dataset, count):
    """The first texts, words joined by blanks if there are but words."""
    return [
        (each.get("text") or b" ".join(each.get("tokens"))).decode()
        for each in dataset.take(count).as_numpy_iterator()
    ]


def _say(line):
    print(f"\n{line}", flush=True)
