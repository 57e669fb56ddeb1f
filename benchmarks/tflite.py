"""Models for devices, beside the models that they were made of.

    python benchmarks/tflite.py [--reviews 1000] [--repeats 5]

Exports the classifiers whose weights come with the package, lets each export
classify the first reviews of IMDb's test split, one at a time, and times some
of them. Writes results/tflite.csv.
"""

import argparse
import os
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import harness
import numpy as np
import tensorflow as tf

import rnnzoo
from rnnzoo import presets
from rnnzoo.datasets import sources

DATASET = "imdb_reviews"
TIMED = 20  # reviews in each turn


def load_reviews(count):
    """The texts of the first test reviews, and their labels."""
    data_dir = os.environ.get("RNNZOO_DATA_DIR", "../shared/tfds")
    split = sources.load(DATASET, data_dir=data_dir).split("test")
    rows = list(split.take(count).as_numpy_iterator())
    texts, labels = ([row[key] for row in rows] for key in ("text", "label"))
    return texts, np.array(labels)


def saved_model(task, texts, path):
    """Exports to `path`; a function from the number of a review to answers."""
    task.export(path)
    serve = tf.saved_model.load(path).signatures["serving_default"]
    return lambda i: serve(text=tf.constant(texts[i : i + 1]))


def lite_model(task, texts, path, quantize):
    """The same of a model for devices, which takes ids."""
    task.export(path, format="tflite", quantize=quantize)
    serve = tf.lite.Interpreter(str(path / "model.tflite"))
    serve = serve.get_signature_runner()
    shape = serve.get_input_details()["ids"]["shape"].tolist()
    ids = task.encode_inputs(texts).inputs
    ids = ids.to_tensor(shape=(None, *shape[1:])).numpy()
    return lambda i: serve(ids=ids[i : i + 1])


def measure(weights, texts, labels, repeats, folder):
    """The rows of a model."""
    task = rnnzoo.build(weights.model, weights=weights.name)
    served, plain, small = (folder / each for each in "abc")
    exports = {
        "SavedModel": saved_model(task, texts, served),
        "tflite": lite_model(task, texts, plain, quantize=False),
        "tflite, 8 bits": lite_model(task, texts, small, quantize=True),
    }
    sizes = {
        ".keras": weights.size,
        "SavedModel": sum(path.stat().st_size for path in served.rglob("*.*")),
        "tflite": (plain / "model.tflite").stat().st_size,
        "tflite, 8 bits": (small / "model.tflite").stat().st_size,
    }
    classes = {".keras": task.predict(texts).argmax(axis=1)}
    for name, answer in exports.items():
        answers = [answer(i)["probabilities"] for i in range(len(texts))]
        classes[name] = np.concatenate(answers).argmax(axis=1)
    turns = {name: turn(answer) for name, answer in exports.items()}
    times = harness.interleave(turns, repeats)
    return [
        {
            "model": weights.model,
            "file": name,
            "MB": f"{sizes[name] / 1e6:.1f}",
            "accuracy": f"{(found == labels).mean():.3f}",
            "same class": f"{(found == classes['.keras']).mean():.3f}",
            "ms a review": f"{times[name] / TIMED * 1e3:.0f}"
            if name in times
            else "",
        }
        for name, found in classes.items()
    ]


def turn(answer):
    """A function that answers the first reviews, one at a time."""

    def run():
        for i in range(TIMED):
            answer(i)

    return run


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reviews", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    texts, labels = load_reviews(args.reviews)
    rows = []
    for weights in presets.index():
        if weights.name == DATASET:
            with tempfile.TemporaryDirectory() as folder:
                rows += measure(
                    weights, texts, labels, args.repeats, Path(folder)
                )
    harness.write_csv("tflite", rows)
    print(harness.machine())
    print(harness.markdown(rows))


if __name__ == "__main__":
    main()
