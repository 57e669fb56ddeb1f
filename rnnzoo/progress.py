"""What a training keeps of itself, to stop in time and to go on."""

import json

import keras
import numpy as np

from rnnzoo.files import atomic_path, write_json
from rnnzoo.optimizers import moving_averages


class Progress(keras.callbacks.Callback):
    """Keeps the best epoch, stops without improvement, and survives a kill.

    The directory, if there is one, always holds what training needs to go on
    after the last whole epoch: `adapted.keras`, the task before the first step
    with its vocabularies; `epoch-N.weights.h5` of the last and of the best
    epoch, with the state of the optimizer and of all random generators; and
    `progress.json`. That one is replaced last, so that at any moment it speaks
    of files that are there. Keras's `BackupAndRestore` keeps neither the
    vocabulary, nor the best epoch, nor the history.

    Args:
        monitor: Name of the metric to choose by, higher for better.
        patience: Epochs without improvement after which training stops.
        directory: Where to keep it, or `None`: only in memory.

    Attributes:
        found: Whether the directory holds an unfinished training.
        history: Dict of a metric to a list, one number an epoch.
        best_weights: Those after the best epoch, or their moving averages.
    """

    def __init__(self, monitor, patience, directory=None):
        super().__init__()
        self.monitor = monitor
        self.patience = patience
        self.directory = directory
        self.history = {}
        self.settings = None
        self.best_weights = None
        self.found = directory is not None and self._file.exists()
        if self.found:
            saved = json.loads(self._file.read_text(encoding="utf-8"))
            self.history, self.settings = saved["history"], saved["settings"]

    @property
    def adapted(self):
        """Path of the task before the first step."""
        return self.directory / "adapted.keras"

    @property
    def epoch(self):
        """Number of whole epochs."""
        return max(map(len, self.history.values()), default=0)

    @property
    def is_over(self):
        """Whether the patience is at its end."""
        return self.epoch - self._best_epoch >= max(self.patience, 1)

    def check(self, settings):
        """Raises `ValueError` if what was begun has other settings."""
        if not self.found:
            return
        differing = [
            f"{key} = {self.settings.get(key)!r}, not {value!r}"
            for key, value in settings.items()
            if self.settings.get(key) != value
        ]
        if differing:
            raise ValueError(
                f"{self.directory} holds the beginning of another training. "
                "Expected the same settings, to go on, or another directory. "
                f"There: {'; '.join(differing)}"
            )

    def begin(self, task, settings):
        """Puts a compiled task where training stopped, or keeps its start.

        Args:
            task: An adapted task.
            settings: Dict of what must be equal to go on.
        """
        self.check(settings)
        self.settings = settings
        task.optimizer.build(task.trainable_variables)
        if self.directory is not None and not self.found:
            task.save(self.adapted)
            self._write()
        if self.epoch:
            task.load_weights(self._weights(self._best_epoch))
        self._keep(task)
        if self.epoch:
            task.load_weights(self._weights(self.epoch))

    def on_epoch_end(self, epoch, logs=None):
        for name, value in logs.items():
            self.history.setdefault(name, []).append(float(value))
        if self._best_epoch == self.epoch:
            self._keep(self.model)
        if self.directory is not None:
            path = self._weights(self.epoch)
            with atomic_path(path) as temporary:
                self.model.save_weights(temporary)
            self._write()
            self._remove_stale()
        if self.is_over:
            self.model.stop_training = True

    def _keep(self, task):
        with moving_averages(task):
            self.best_weights = task.get_weights()

    @property
    def _best_epoch(self):
        """The first of the best, from 1; 0 before there is one."""
        scores = self.history.get(f"val_{self.monitor}")
        return int(np.argmax(scores)) + 1 if scores else 0

    @property
    def _file(self):
        return self.directory / "progress.json"

    def _weights(self, epoch):
        return self.directory / f"epoch-{epoch}.weights.h5"

    def _write(self):
        state = {"settings": self.settings, "history": self.history}
        write_json(state, self._file)

    def _remove_stale(self):
        kept = {self._weights(self.epoch), self._weights(self._best_epoch)}
        for path in set(self.directory.glob("epoch-*.weights.h5")) - kept:
            path.unlink()
