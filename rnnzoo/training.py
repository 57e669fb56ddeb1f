"""The whole recipe: adapt, compile, fit, evaluate, save."""

import dataclasses
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from rnnzoo import presets, registry, replicas
from rnnzoo.files import require_writable, write_json
from rnnzoo.pipeline.passes import Passes
from rnnzoo.pipeline.raw import as_columns
from rnnzoo.progress import IDS, Progress
from rnnzoo.tasks import Task, load
from rnnzoo.tasks.encoding import Folder

UNFINISHED = "unfinished"


def finetune(
    task: Task | str,
    train: Any,
    validation_data: Any = None,
    *,
    test_data: Any = None,
    labels: Any = None,
    weights: Any = None,
    out: str | os.PathLike | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    batch_tokens: int | None = None,
    learning_rate: float | None = None,
    schedule: str | None = None,
    group_decay: float | None = None,
    unfreeze: int | None = None,
    class_weight: Any = None,
    in_memory: bool | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: int | str = "auto",
    **overrides: Any,
) -> tuple[Task, dict]:
    """Trains a model by its recipe, and keeps the best epoch.

    Learns the vocabulary if there is none, trains with early stopping on the
    validation data, evaluates, and saves.

    A training may start from what a saved task has learned of other data:

    - With `weights`, the model is a new one that takes it over, with the
      labels of `train` and more words; see `Task.transfer`.
    - A task that is adapted is trained further, with the vocabulary that it
      has. If `train` has other labels, a new task with the same layers takes
      over what it has learned, and is returned; the given one stays as it is.

    The recipe then has other defaults, `recipe.tuned`.

    Args:
        task: A `Task`, or the name of a model to build.
        train: Raw examples: a dataset, or a tuple `(x, y)`.
        validation_data: Raw examples; by default a tenth of `train`, drawn at
            random and not trained on.
        test_data: Raw examples, evaluated at the end.
        labels: Names of the classes; see `Task.adapt`.
        weights: A saved task to start from: if `task` is a name, the name of
            weights in `describe(task).weights`; a path, as `load` takes it; or
            a task. It has the same class and layers of the same sizes.
        out: Directory to save to: `model.keras` and `metrics.json`. If
            training there was interrupted, even by a kill, the same call
            continues after the last whole epoch, and ends with the same bits.
            Of several workers, only the first one writes.
        epochs: Most epochs; like the next six, defaults to the recipe's.
        batch_size: Examples in a batch.
        batch_tokens: Tokens in a batch of training, instead.
        learning_rate: The highest rate.
        schedule: `"cosine"` or `"slanted_triangular"`.
        group_decay: Rate of each group of layers divided by that of the group
            before it.
        unfreeze: Epochs before the next group of layers is trained, too; 0
            trains all from the start.
        class_weight: Weights of classes; see `fit` of a task.
        in_memory: Whether encoded examples are kept in memory, or on disk; see
            `fit` of a task. With `out`, they are there until training ends,
            and need not be encoded again if it is interrupted.
        callbacks: More Keras callbacks; they see each tenth batch.
        verbose: As in Keras.
        **overrides: Arguments of `build`, if `task` is a name.

    Returns:
        Tuple of the task and a dict of metrics: `"history"`, a dict of lists;
        `"validation"` and `"test"`, dicts of the best epoch; if there are
        scores, `"signatures"`, how they were counted; and, if it started from
        other data, `"transferred"`, the numbers of tokens and labels that
        were `"kept"`, that are `"new"`, and for which there were pretrained
        vectors, `"found"`.

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
        "weights": type(weights).__name__
        if isinstance(weights, Task)
        else repr(weights),
        "class_weight": None if class_weight is None else repr(class_weight),
    }
    if isinstance(task, str):
        if weights is not None and not isinstance(weights, Task):
            card = registry.describe(task)
            weights, named = presets.locate(weights, card.name)
            overrides = named | overrides
        task = registry.build(task, **overrides)
    elif overrides:
        raise ValueError(
            "Invalid value for argument `task`. Expected the name of a model "
            f"beside overrides. Received overrides: {sorted(overrides)}"
        )
    data = as_columns(train)[:2]
    task, lender = _from_weights(task, weights, data, labels)
    recipe = _recipe(
        task.recipe if lender is None else task.recipe.tuned,
        epochs=epochs,
        batch_size=batch_size,
        batch_tokens=batch_tokens,
        learning_rate=learning_rate,
        schedule=schedule,
        group_decay=group_decay,
        unfreeze=unfreeze,
    )
    settings |= dataclasses.asdict(recipe)
    if replicas.places(task.distribute_strategy)[0] > 0:
        out, verbose = None, 0  # The first worker writes and shows.
    if out is not None:
        require_writable(out)
    unfinished = None if out is None else Path(out, UNFINISHED)
    progress = Progress(task.monitor, recipe.patience, unfinished, task.falls)
    progress.check(settings)
    transferred = None
    shown = 1 if verbose == "auto" else verbose
    if progress.found:
        if verbose:
            print(f"Continuing after epoch {progress.epoch}.")
        task.restore(progress.adapted)
        transferred = progress.settings["transferred"]
    elif lender is not None:
        found = task.transfer(lender, *data, labels=labels, verbose=shown)
        transferred = dataclasses.asdict(found)
    elif not task.adapted:
        task.adapt(*data, labels=labels, verbose=shown)
    kept = None if unfinished is None else unfinished / IDS
    examples, validation, test = _encode_all(
        task,
        Folder(kept, in_memory, verbose),
        {
            "train": train,
            "validation_data": validation_data,
            "test_data": test_data,
        },
    )
    epochs, sizes = recipe.epochs, (recipe.batch_size, recipe.batch_tokens)
    batches = task.batches(examples, sizes[0], Passes(0), sizes[1])
    task.compile(
        optimizer=task.default_optimizer(epochs * len(batches), recipe)
    )
    progress.monitor = task.monitor_for(validation)
    progress.begin(
        task,
        settings
        | {
            "monitor": progress.monitor,
            "examples": len(examples),
            "transferred": transferred,
        },
    )
    task.fit(
        examples,
        batch_size=recipe.batch_size,
        batch_tokens=recipe.batch_tokens,
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
    if transferred is not None:
        metrics["transferred"] = transferred
    if task.signatures:
        metrics["signatures"] = dict(task.signatures)
    if verbose:
        for name, signature in task.signatures.items():
            print(f"{name}: {signature}")
    if out is not None:
        _save(task, metrics, Path(out))
    return task, metrics


def _from_weights(task, weights, data, labels):
    """The task to train, and the one whose weights it starts from, if any."""
    if weights is not None:
        if task.adapted:
            raise ValueError(
                "Invalid value for argument `weights`. Expected None for a "
                "task that is adapted: it starts from its own. Received: "
                f"weights={weights!r:.80}"
            )
        return task, weights if isinstance(weights, Task) else load(weights)
    if task.adapted:
        others = task.labels_in(*data, labels=labels)
        if others is not None:
            return task.anew(others), task
    return task, None


def _recipe(recipe, **given):
    """A recipe with what was given in place of its defaults."""
    given = {key: each for key, each in given.items() if each is not None}
    if "batch_size" in given:
        given.setdefault("batch_tokens", None)
    return dataclasses.replace(recipe, **given)


def _encode_all(task, folder, data):
    """Three sets of `Examples`, all checked before any is trained on."""
    is_held_out = data["validation_data"] is None  # some of the training data
    encoded = {
        name: None
        if each is None
        else task.encode_in(
            folder, name, as_columns(each), is_held_out or name != "train"
        )
        for name, each in data.items()
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
    # Raw texts are compared with answers, not trained on.
    trained_on = dataclasses.replace(examples, raw={}).take(rest)
    return trained_on, examples.take(held_out)


def _save(task, metrics, out):
    task.save(out / "model.keras")
    write_json(metrics, out / "metrics.json")
    shutil.rmtree(out / UNFINISHED)
