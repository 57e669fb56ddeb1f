"""Saved tasks, read again."""

import zipfile
from pathlib import Path

import keras

from rnnzoo.tasks.task import Task


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
    if not zipfile.is_zipfile(path):  # which Keras calls not found
        raise ValueError(
            f"Cannot load {path}. Expected a whole `.keras` file. Received "
            "another kind of file, or a part of one."
        )
    try:
        task = keras.saving.load_model(path)
    except (TypeError, KeyError, zipfile.BadZipFile) as error:
        # Keras repeats the whole configuration before and behind the cause.
        cause = str(error).rpartition("Exception encountered: ")[2]
        raise ValueError(
            f"Cannot load {path}. Expected a saved task, and the modules that "
            f"register its classes to be imported. Received: {cause:.200}"
        ) from error
    if not isinstance(task, Task):
        raise ValueError(
            f"{path} holds no rnnzoo task. Received: {type(task).__name__}"
        )
    return task
