"""The whole recipe: adapt, compile, fit, evaluate, save."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from rnnzoo import registry
from rnnzoo.checks import check_positive, check_positive_number
from rnnzoo.files import require_writable, write_json
from rnnzoo.pipeline.raw import as_columns
from rnnzoo.progress import Progress
from rnnzoo.tasks import Task

UNFINISHED = "unfinished"


def finetune(
    task: Task | str,
    train: Any,
    validation_data: Any = None,
    *,
    test_data: Any = None,
    labels: Any = None,
    out: str | os.PathLike | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    batch_tokens: int | None = None,
    learning_rate: float | None = None,
    class_weight: Any = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: int | str = "auto",
    **overrides: Any,
) -> tuple[Task, dict]:
    """Trains a model by its recipe, and keeps the best epoch.

    Learns the vocabulary if there is none, trains with early stopping on the
    validation data, evaluates, and saves.

    Args:
        task: A `Task`, or the name of a model to build.
        train: Raw examples: a dataset, or a tuple `(x, y)`.
        validation_data: Raw examples; by default a tenth of `train`, drawn at
            random and not trained on.
        test_data: Raw examples, evaluated at the end.
        labels: Names of the classes; see `Task.adapt`.
        out: Directory to save to: `model.keras` and `metrics.json`. If
            training there was interrupted, even by a kill, the same call
            continues after the last whole epoch, and ends with the same bits.
        epochs: Most epochs; like the next three, defaults to the recipe's.
        batch_size: Examples in a batch.
        batch_tokens: Tokens in a batch of training, instead.
        learning_rate: The highest rate.
        class_weight: Weights of classes; see `fit` of a task.
        callbacks: More Keras callbacks; they see each tenth batch.
        verbose: As in Keras.
        **overrides: Arguments of `build`, if `task` is a name.

    Returns:
        Tuple of the task and a dict of metrics: `"history"`, a dict of lists;
        `"validation"` and `"test"`, dicts of the best epoch; and, if there are
        scores, `"signatures"`, how they were counted.

    Examples:

    >>> import rnnzoo
    >>> texts = ["good", "bad", "very good", "very bad"] * 4
    >>> labels = ["pos", "neg", "pos", "neg"] * 4
    >>> model, metrics = rnnzoo.finetune(
    ...     "bilstm_classifier", (texts, labels), units=4, epochs=1, verbose=0
    ... )
    >>> model.labels, sorted(metrics)
    (('neg', 'pos'), ['history', 'validation'])

    Raises:
        ValueError: If an argument or an example is wrong, or if `out` holds
            the beginning of another training.
        OSError: If `out` cannot be written.
    """
    settings = {
        "model": task if isinstance(task, str) else type(task).__name__,
        "overrides": {key: repr(value) for key, value in overrides.items()},
    }
    if isinstance(task, str):
        task = registry.build(task, **overrides)
    elif overrides:
        raise ValueError(
            "Invalid value for argument `task`. Expected the name of a model "
            f"beside overrides. Received overrides: {sorted(overrides)}"
        )
    recipe = task.recipe
    numbers = {
        "epochs": recipe.epochs if epochs is None else epochs,
        "batch_size": recipe.batch_size if batch_size is None else batch_size,
        "learning_rate": recipe.learning_rate
        if learning_rate is None
        else learning_rate,
    }
    if batch_tokens is None and batch_size is None:
        batch_tokens = recipe.batch_tokens
    if batch_tokens is not None:
        numbers["batch_tokens"] = batch_tokens
    check_positive("epochs", numbers["epochs"])
    check_positive("batch_size", numbers["batch_size"])
    check_positive("batch_tokens", batch_tokens, optional=True)
    check_positive_number("learning_rate", numbers["learning_rate"])
    if out is not None:
        require_writable(out)
    unfinished = None if out is None else Path(out, UNFINISHED)
    settings["class_weight"] = (
        None if class_weight is None else repr(class_weight)
    )
    progress = Progress(task.monitor, recipe.patience, unfinished)
    progress.check(settings | numbers)
    if progress.found:
        if verbose:
            print(f"Continuing after epoch {progress.epoch}.")
        task.restore(progress.adapted)
    elif not task.adapted:
        shown = 1 if verbose == "auto" else verbose
        task.adapt(*as_columns(train)[:2], labels=labels, verbose=shown)
    examples, validation, test = _encode_all(
        task, train, validation_data, test_data
    )
    epochs, batch_size = numbers["epochs"], numbers["batch_size"]
    steps = epochs * len(
        examples.batches(batch_size, batch_tokens=batch_tokens)
    )
    task.compile(
        optimizer=task.default_optimizer(steps, numbers["learning_rate"])
    )
    progress.monitor = task.monitor_for(validation)
    progress.begin(
        task,
        settings
        | numbers
        | {"monitor": progress.monitor, "examples": len(examples)},
    )
    task.fit(
        examples,
        batch_size=batch_size,
        batch_tokens=batch_tokens,
        epochs=epochs,
        initial_epoch=epochs if progress.is_over else progress.epoch,
        seed=progress.seed,
        validation_data=validation,
        class_weight=class_weight,
        callbacks=[progress, *keras.tree.flatten(callbacks or [])],
        verbose=verbose,
    )
    task.set_weights(progress.best_weights)
    metrics = {"history": progress.history}
    for name, data in (("validation", validation), ("test", test)):
        if data is not None:
            metrics[name] = task.evaluate(data, return_dict=True, verbose=0)
    if task.signatures:
        metrics["signatures"] = dict(task.signatures)
    if verbose:
        for name, signature in task.signatures.items():
            print(f"{name}: {signature}")
    if out is not None:
        _save(task, metrics, Path(out))
    return task, metrics


def _encode_all(task, train, validation_data, test_data):
    """Three sets of `Examples`, all checked before any is trained on."""
    is_held_out = validation_data is None  # some of the training data
    encoded = {
        name: None
        if data is None
        else task.encode(*as_columns(data), keep_raw=keep_raw)
        for name, data, keep_raw in (
            ("train", train, is_held_out),
            ("validation_data", validation_data, True),
            ("test_data", test_data, True),
        )
    }
    for name, examples in encoded.items():
        if examples is not None and examples.labels is None:
            raise ValueError(
                f"Invalid value for argument `{name}`. Expected examples with "
                "labels: a dataset that has them, or a tuple `(x, y)`."
            )
    examples, validation, test = encoded.values()
    if validation is None:
        examples, validation = _hold_out(examples)
    return examples, validation, test


def _hold_out(examples, share=0.1, seed=0):
    """The rest, and a share drawn at random: data may be sorted by class."""
    count = len(examples)
    if count < 2:
        raise ValueError(
            "Invalid value for argument `train`. Expected at least 2 examples, "
            f"one of them to validate on. Received: {count}"
        )
    order = np.random.default_rng(seed).permutation(count)
    cut = max(round(count * share), 1)
    held_out, rest = np.sort(order[:cut]), np.sort(order[cut:])
    return examples.take(rest), examples.take(held_out)


def _save(task, metrics, out):
    task.save(out / "model.keras")
    write_json(metrics, out / "metrics.json")
    shutil.rmtree(out / UNFINISHED)
