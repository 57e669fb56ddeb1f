"""The whole path on embedded data, from raw examples to a served model.

Or, for those who want to see why there are gates, how gradients vanish.
"""

import base64
import functools
import json
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np

from rnnzoo import registry
from rnnzoo.checks import check_positive
from rnnzoo.files import require_writable
from rnnzoo.training import finetune

DEFAULTS = {"epochs": 3, "batch_size": 32}
SHOWN = 4
GRADIENTS, UPDATES = "gradients", 1000  # the demo that is not of a model

# A process that serves, with stock TensorFlow and nothing of ours.
SERVE = """
import json, sys
import tensorflow as tf
served = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
inputs = {
    name: tf.io.decode_base64(tf.constant(values))
    for name, values in json.load(sys.stdin).items()
}
answer = served(**inputs)
assert "rnnzoo" not in sys.modules
answer = {name: value.numpy().tolist() for name, value in answer.items()}
json.dump(answer, sys.stdout, default=bytes.decode)
"""


def demo(
    name="han_classifier",
    out="rnnzoo_demo",
    data_dir=None,
    verbose=1,
    updates=None,
):
    """Trains, evaluates, explains, saves, exports and serves a model.

    Args:
        name: A model that has a demo, or `"gradients"`; see `demo_gradients`.
        out: Directory to write to.
        data_dir: Where TFDS keeps datasets.
        verbose: As in Keras.
        updates: Number of updates of each network, of `"gradients"`.
    """
    if name == GRADIENTS:
        demo_gradients(out, UPDATES if updates is None else updates)
        return
    if updates is not None:
        raise ValueError(
            "Invalid value for argument `updates`. Expected it for the demo "
            f"{GRADIENTS!r} only. Received: updates={updates!r} for {name!r}"
        )
    start = time.perf_counter()
    out = Path(out)
    card = _card(name)
    require_writable(out)
    from rnnzoo.datasets import sources  # TFDS

    source = sources.load(card.demo.dataset, data_dir)
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
        **DEFAULTS | card.demo.settings,
    )
    scores = (f"{name} {value:.3f}" for name, value in metrics["test"].items())
    _say(f"On unseen examples: {', '.join(scores)}")
    if card.demo.report is not None:
        print(card.demo.report(task, source.split("test")) or "")
    inputs = task.to_serve(source.split("test").take(SHOWN))
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
    _finish(start, written)


def demo_gradients(out="rnnzoo_demo", updates=UPDATES):
    """Shows how gradients vanish and explode, and what cures that.

    Small networks learn the adding problem, and their gradients are measured
    meanwhile. A page, and a picture if matplotlib is installed, show maps of
    the gradients, cures beside what lacks them, and which network solved the
    problem at 50, 100 and 200 steps.

    Args:
        out: Directory to write to.
        updates: Number of updates of each network.
    """
    start = time.perf_counter()
    check_positive("updates", updates)
    out = Path(out)
    require_writable(out)
    from rnnzoo.gradients import chapters, experiments  # TFDS

    count = len(experiments.jobs())
    _say(f"Training {count} small networks on the adding problem")
    trainings = experiments.run(updates, functools.partial(print, flush=True))
    shown = chapters.chapters(trainings, updates)
    _finish(start, _save(shown, out / GRADIENTS, "how gradients vanish"))


def _card(name):
    """The card of a model that has a demo."""
    card = registry.describe(name)
    if card.demo is None:
        shown = [
            each
            for each in registry.list_models()
            if registry.describe(each).demo is not None
        ]
        raise ValueError(
            f"There is no demo of {name!r}. Expected one of "
            f"{', '.join([GRADIENTS, *shown])}."
        )
    return card


def serve_and_compare(task, inputs, directory):
    """Largest difference of a served model's numbers from the task's.

    Args:
        task: A trained task.
        inputs: Raw inputs as `to_serve` makes them.
        directory: Where the task was exported.

    Raises:
        RuntimeError: If the process failed, or the answers differ.
    """
    encoded = keras.tree.map_structure(
        lambda each: base64.urlsafe_b64encode(each).decode(), inputs
    )
    done = subprocess.run(
        [sys.executable, "-c", SERVE, str(directory)],
        input=json.dumps(encoded),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{directory} cannot be served: {done.stderr}")
    served = task.comparable_served(json.loads(done.stdout))
    ours = task.comparable(_raw(inputs))
    difference = 0.0
    for (names, numbers), (expected, others) in zip(served, ours, strict=True):
        same = names == expected and np.shape(numbers) == np.shape(others)
        apart = np.abs(np.subtract(numbers, others)) if same else np.inf
        difference = max(difference, float(np.max(apart, initial=0)))
    if difference > 1e-5:
        raise RuntimeError(
            f"{directory} answers differently from the model, by {difference}."
        )
    return difference


def _raw(inputs):
    """Raw inputs for the task, of those for the served model."""
    columns = list(inputs.values())
    return columns[0] if len(columns) == 1 else inputs


def _answers(task, inputs):
    """Yields a line for each example: its inputs, if texts, and the answer."""
    answers = getattr(task, task.verb)(_raw(inputs))
    for place, answer in enumerate(answers):
        shown = [_as_text(values[place]) for values in inputs.values()]
        texts = " | ".join(filter(None, shown)) or f"example {place + 1}"
        yield f"{texts}\n    {task.format_answer(answer)}"


def _as_text(value):
    """Short bytes as a text; an empty string for those of an image."""
    if isinstance(value, list):  # sentences
        return " ".join(filter(None, map(_as_text, value)))
    try:
        return value.decode()
    except UnicodeDecodeError:
        return ""


def _explain(task, inputs, out):
    """Writes what the task looked at."""
    try:
        explanations = task.explain(_raw(inputs))
    except ValueError as error:  # a model without attention
        print(error)
        return []
    return _save(explanations, out / "explanation", "what it looked at")


def _save(items, path, what):
    """Writes a page and, if matplotlib is installed, a picture."""
    page, picture = path.with_suffix(".html"), path.with_suffix(".png")
    items.save(page)
    written = [(page, f"{what}: open it")]
    try:
        items.save(picture)
    except ImportError as error:
        print(error)
    else:
        written.append((picture, "the same as a picture"))
    return written


def _finish(start, written):
    """Says how long it took, and what is where."""
    _say(f"Done in {time.perf_counter() - start:.0f} seconds")
    width = max(len(str(path)) for path, _ in written)
    for path, what in written:
        print(f"{path!s:<{width}}  {what}")


def _say(line):
    print(f"\n{line}", flush=True)
