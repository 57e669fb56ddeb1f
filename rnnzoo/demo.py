"""The whole path on data of our own, from raw examples to a served model."""

import base64
import json
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np

from rnnzoo import registry
from rnnzoo.files import require_writable
from rnnzoo.training import finetune

DATASETS = {
    "text_classification": "rnnzoo_reviews",
    "entity_tagging": "rnnzoo_entities",
    "translation": "rnnzoo_dates",
    "captioning": "rnnzoo_shapes",
}
SETTINGS = {  # of a task, and of a model
    "show_attend_tell_captioner": {"attention_penalty": 0.0},  # look closely
    "captioning": {
        "epochs": 20,
        "units": 128,
        "embedding_dim": 64,
        "dropout": 0.1,
        "recurrent_dropout": 0.0,
        "word_dropout": 0.0,
        "label_smoothing": 0.0,
        "learning_rate": 2e-3,
    },
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
DEFAULTS = {"epochs": 3, "batch_size": 32}
SHOWN = 4
MEASURED = 200

# A process that serves, with stock TensorFlow and nothing of ours.
SERVE = """
import base64, json, sys
import tensorflow as tf
served = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
inputs = [base64.b64decode(each) for each in json.load(sys.stdin)]
(name,) = served.structured_input_signature[1]
answer = served(**{name: tf.constant(inputs)})
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
        verbose=verbose,
        **DEFAULTS | SETTINGS.get(card.task, {}) | SETTINGS.get(name, {}),
    )
    scores = (f"{name} {value:.3f}" for name, value in metrics["test"].items())
    _say(f"On unseen examples: {', '.join(scores)}")
    if card.task == "captioning" and task.decoder.attention is not None:
        print(_pointing(task, source.split("test")))
    inputs = _first(source.split("test"), SHOWN)
    for line in _answers(task, inputs):
        print(line)
    written = [
        (out / "model.keras", "the model: rnnzoo.load(path)"),
        (out / "metrics.json", "how training went"),
        *_explain(task, inputs, out),
        (out / "served", "the SavedModel"),
    ]
    task.export(out / "served")
    difference = serve_and_compare(task, inputs, out / "served")
    _say(
        "Served by TensorFlow alone, in a process of its own: the same "
        f"numbers (largest difference {difference:.1e})"
    )
    _say(f"Done in {time.perf_counter() - start:.0f} seconds")
    width = max(len(str(path)) for path, _ in written)
    for path, what in written:
        print(f"{path!s:<{width}}  {what}")


def serve_and_compare(task, inputs, directory):
    """Largest difference of a served model's probabilities to the task's.

    Raises:
        RuntimeError: If the process failed, or the answers differ.
    """
    done = subprocess.run(
        [sys.executable, "-c", SERVE, str(directory)],
        input=json.dumps(
            [base64.b64encode(each).decode() for each in _as_bytes(inputs)]
        ),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{directory} cannot be served: {done.stderr}")
    served = _served_probabilities(json.loads(done.stdout))
    ours = _probabilities(task, inputs)
    same = served.shape == ours.shape
    difference = np.abs(served - ours).max(initial=0) if same else np.inf
    if difference > 1e-5:
        raise RuntimeError(
            f"{directory} answers otherwise than the model, by {difference}."
        )
    return float(difference)


def _as_bytes(inputs):
    return [x if isinstance(x, bytes) else x.encode() for x in inputs]


def _pointing(task, dataset):
    """How much attention is on a shape while its name is written."""
    examples = list(dataset.take(MEASURED).as_numpy_iterator())
    looks = task.explain([example["image"] for example in examples])
    on_shapes, areas = [], []
    for example, look in zip(examples, looks, strict=True):
        objects = example["objects"]
        for box, label in zip(objects["bbox"], objects["label"], strict=True):
            name = label.decode().split()  # such as "red circle"
            shares = look.share_inside(box)
            for start in range(len(look.tokens)):
                if look.tokens[start : start + 2] == name:
                    on_shapes.append(shares[start : start + 2].mean())
                    areas.append((box[2] - box[0]) * (box[3] - box[1]))
    if not areas:
        return "It names no shape of a picture."
    return (
        f"While it names a shape, {np.mean(on_shapes):.0%} of the attention is "
        f"on its box, which has {np.mean(areas):.0%} of the picture"
    )


def _answers(task, texts):
    """A line for each text."""
    if hasattr(task, "caption"):
        for place, found in enumerate(task.caption(texts), 1):
            yield f"picture {place}: {found}"
        return
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
    each translation or caption, as their logarithm by length.
    """
    if hasattr(task, "classify"):
        return task.predict(texts)
    for verb in {"translate", "caption"} & set(dir(task)):
        found = getattr(task, verb)(texts, return_scores=True)
        return np.array([each.score for each in found])
    entities = [each for found in task.tag(texts) for each in found]
    return np.array([each.score for each in entities])


def _served_probabilities(answer):
    """The same from what a served model answers."""
    if "probabilities" in answer:
        return np.array(answer["probabilities"])
    if "score" in answer:
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
    """The first images as files, or the first texts, words joined by blanks if
    there are but words.
    """
    first = dataset.take(count).as_numpy_iterator()
    return [
        each.get("image")
        or (each.get("text") or b" ".join(each.get("tokens"))).decode()
        for each in first
    ]


def _say(line):
    print(f"\n{line}", flush=True)
