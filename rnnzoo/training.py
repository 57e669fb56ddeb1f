"""The whole recipe: adapt, compile, fit, evaluate, save."""

import json
from pathlib import Path

import keras

from rnnzoo import registry
from rnnzoo.files import atomic_path
from rnnzoo.tasks import Task


def load(path):
    """A task that was saved to a `.keras` file, or to the directory it is in.

    Nothing but registered classes is loaded: Keras's `safe_mode` stays on.
    """
    path = Path(path)
    if path.is_dir():
        path = path / "model.keras"
    if not path.exists():
        raise FileNotFoundError(
            f"No saved model at {path}. Expected a `.keras` file, or a "
            "directory that `rnnzoo train` made."
        )
    task = keras.saving.load_model(path)
    if not isinstance(task, Task):
        raise ValueError(
            f"{path} holds no rnnzoo task. Received: {type(task).__name__}"
        )
    return task


def finetune(
    task,
    train,
    validation_data=None,
    *,
    test_data=None,
    labels=None,
    out=None,
    epochs=None,
    batch_size=None,
    learning_rate=None,
    callbacks=(),
    verbose="auto",
    **overrides,
):
    """Trains a model by its recipe, and keeps the best epoch.

    Learns the vocabulary if there is none, trains with early stopping on the
    validation data, evaluates, and saves.

    Args:
        task: A `Task`, or the name of a model to build.
        train: Raw examples: a dataset, or a tuple `(x, y)`.
        validation_data: Likewise; by default the last tenth of `train`.
        test_data: Likewise, evaluated at the end.
        labels: Names of the classes; see `Task.adapt`.
        out: Directory to save to: the model, its metrics and curves. If
            training there was interrupted, it goes on.
        epochs: Defaults to the recipe's, as the two below.
        batch_size: Examples in a batch.
        learning_rate: The highest rate.
        callbacks: More Keras callbacks.
        verbose: As in Keras.
        **overrides: Arguments of `build`, if `task` is a name.

    Returns:
        Tuple of the task and a dict of metrics: `"history"`, a dict of lists,
        and, of the best epoch, `"validation"` and `"test"`, dicts.
    """
    if isinstance(task, str):
        task = registry.build(task, **overrides)
    elif overrides:
        raise ValueError(
            "Invalid value for argument `task`. Expected the name of a model "
            f"beside overrides. Received overrides: {sorted(overrides)}"
        )
    recipe = task.recipe
    epochs = epochs or recipe.epochs
    batch_size = batch_size or recipe.batch_size
    if out is not None:
        out = Path(out)
        out.mkdir(parents=True, exist_ok=True)
    if not task.adapted:
        task.adapt(*_columns(train)[:2], labels=labels)
    examples = task.encode(*_columns(train))
    if validation_data is not None:
        validation = task.encode(*_columns(validation_data))
    else:
        examples, validation = examples.split(0.1)
    steps = epochs * -(-len(examples) // batch_size)
    task.compile(optimizer=task.default_optimizer(steps, learning_rate))
    history = task.fit(
        examples,
        batch_size=batch_size,
        epochs=epochs,
        validation_data=validation,
        callbacks=[*_callbacks(task, recipe, out), *callbacks],
        verbose=verbose,
    ).history
    metrics = {"history": history}
    for name, data in (("validation", validation), ("test", test_data)):
        if data is not None:
            metrics[name] = task.evaluate(
                *_columns(data), return_dict=True, verbose=0
            )
    if out is not None:
        _save(task, metrics, out)
    return task, metrics


def _callbacks(task, recipe, out):
    callbacks = [
        keras.callbacks.EarlyStopping(
            monitor=f"val_{task.monitor}",
            mode="max",
            patience=recipe.patience,
            restore_best_weights=True,
        )
    ]
    if out is not None:
        callbacks.append(keras.callbacks.BackupAndRestore(out / "unfinished"))
    return callbacks


def _save(task, metrics, out):
    task.save(out / "model.keras")
    with (
        atomic_path(out / "metrics.json") as path,
        open(path, "w", encoding="utf-8") as file,
    ):
        json.dump(metrics, file, indent=1)


def _columns(data):
    return data if isinstance(data, tuple) else (data,)
