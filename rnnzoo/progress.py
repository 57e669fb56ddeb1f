"""The state of a training, kept to stop in time and to continue."""

import json
import shutil
import warnings

import keras
import numpy as np

from rnnzoo import replicas
from rnnzoo.files import atomic_path, checksum, write_json
from rnnzoo.optimizers import moving_averages

IDS = "ids"  # Folder of encoded examples, which are made before the state.
_GENERATOR = "seed_generator_state"  # Keras's name for the variable


class Progress(keras.callbacks.Callback):
    """Keeps the best epoch, stops without improvement, and survives a kill.

    The best epoch has the best score and, among equal scores, the lowest loss
    on the validation data. A score that has always been 0, as BLEU is at
    first, does not stop training.

    The directory, if there is one, always holds what training needs to
    continue after the last whole epoch, to the same bits: `adapted.keras`, the
    task before the first step with its vocabularies; `epoch-N.weights.h5` of
    the last and of the best epoch, with the state of the optimizer; and
    `progress.json`, with the state of all random generators, which is replaced
    last, so that the files it names, with their checksums, always exist. If
    they do not, as after a fault of the disk, there is a warning, and training
    starts over.
    Keras's `BackupAndRestore` keeps neither the vocabulary, nor the best
    epoch, nor the history.

    Args:
        monitor: Name of the metric to choose by. That of a training in the
            directory takes its place.
        patience: Epochs without improvement after which training stops.
        directory: Where to keep the state; `None` keeps it in memory only.
            Of several workers, the first one has a directory: the others take
            over its state as training begins.
        falls: Names of the metrics that are better the lower they are.

    Attributes:
        found: Whether the directory holds an unfinished training.
        seed: Seed of the order of epochs.
        history: Dict of a metric to a list, one number an epoch.
        best_weights: The weights after the best epoch, or their moving
            averages.
    """

    def __init__(self, monitor, patience, directory=None, falls=("loss",)):
        super().__init__()
        self.monitor = monitor
        self.falls = falls
        self.patience = patience
        self.directory = directory
        self.history = {}
        self.settings = None
        self.seed = np.random.randint(2**31)
        self.states = []  # of the random generators
        self.best_weights = None
        self.found = directory is not None and self._read()

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
        """Whether there was no improvement for too long."""
        scores = self.history.get(f"val_{self.monitor}", [])
        if scores and not any(scores):
            return False
        return self.epoch - self._best_epoch >= max(self.patience, 1)

    def check(self, settings):
        """Raises `ValueError` if the training there has other settings."""
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
                "Expected the same settings, to continue, or another "
                "directory. "
                f"There: {'; '.join(differing)}"
            )

    def begin(self, task, settings):
        """Puts a compiled task where training stopped, or keeps its start.

        Args:
            task: An adapted task.
            settings: Dict of what must be equal to continue.
        """
        self.check(settings)
        self.settings = settings
        with task.distribute_strategy.scope():
            task.optimizer.build(task.trainable_variables)
        if self.directory is not None and not self.found:
            self._clear()
            task.save(self.adapted)
            self._write(task)
        self._agree(task.distribute_strategy)
        if self.epoch:
            self._load(task, self._best_epoch)
        self._keep(task)
        if self.epoch:
            self._load(task, self.epoch)
        if self.found:
            for state, saved in zip(_states(task), self.states, strict=True):
                state.assign(saved)

    def _agree(self, strategy):
        """Takes over where the first of several workers is."""
        state = (self.found, self.monitor, self.seed, self.states, self.history)
        text = np.frombuffer(json.dumps(state).encode(), "uint8")
        size = replicas.agree(strategy, np.int64(text.size))
        text = np.resize(text, size).astype("int32")
        text = replicas.agree(strategy, text).astype("uint8")
        state = json.loads(text.tobytes())
        self.found, self.monitor, self.seed, self.states, self.history = state

    def _load(self, task, epoch):
        """Loads the weights of an epoch, and the state of the optimizer."""
        if self.directory is not None:
            task.load_weights(self._weights(epoch))
        strategy = task.distribute_strategy
        if replicas.is_spread(strategy):
            for each in (*task.weights, *task.optimizer.variables):
                each.assign(replicas.agree(strategy, each.numpy()))

    def on_epoch_end(self, epoch, logs=None):
        for name, value in logs.items():
            self.history.setdefault(name, []).append(float(value))
        if self._best_epoch == self.epoch:
            self._keep(self.model)
        if self.directory is not None:
            path = self._weights(self.epoch)
            with atomic_path(path) as temporary:
                self.model.save_weights(temporary)
            self._write(self.model)
            self._remove_stale()
        if self.is_over:
            self.model.stop_training = True

    def _keep(self, task):
        with moving_averages(task):
            self.best_weights = task.get_weights()

    @property
    def _best_epoch(self):
        """The number of the best epoch, from 1; 0 before there is one."""
        scores = self.history.get(f"val_{self.monitor}")
        if not scores:
            return 0
        losses = self.history.get("val_loss", [0.0] * len(scores))
        if self.monitor in self.falls:
            scores = np.negative(scores)
        ranks = np.nan_to_num([scores, np.negative(losses)], nan=-np.inf)
        # The last key counts first; of equal epochs, the first is the best.
        return int(np.lexsort((-np.arange(len(scores)), *ranks[::-1]))[-1]) + 1

    @property
    def _file(self):
        return self.directory / "progress.json"

    def _weights(self, epoch):
        return self.directory / f"epoch-{epoch}.weights.h5"

    @property
    def _files(self):
        """The files that continuing needs."""
        epochs = {self.epoch, self._best_epoch} - {0}
        return [self.adapted, *map(self._weights, sorted(epochs))]

    def _write(self, task):
        state = {
            "settings": self.settings,
            "monitor": self.monitor,
            "seed": self.seed,
            "states": [each.numpy().tolist() for each in _states(task)],
            "history": self.history,
            "files": {path.name: checksum(path) for path in self._files},
        }
        write_json(state, self._file)

    def _read(self):
        """Takes the state of the directory; whether there is a whole one."""
        if not self._file.exists():
            return False
        try:
            state = json.loads(self._file.read_text(encoding="utf-8"))
            self.settings = dict(state["settings"])
            self.monitor = state["monitor"]
            self.seed = int(state["seed"])
            self.states = list(state["states"])
            self.history = {
                name: list(map(float, values))
                for name, values in state["history"].items()
            }
            checksums = {path.name: checksum(path) for path in self._files}
            if checksums == state["files"]:
                return True
        except Exception:  # There are many ways to be damaged.
            pass
        self.history, self.settings = {}, None
        warnings.warn(
            f"{self.directory} holds the beginning of a training, but it is "
            "damaged or of another version. Training starts over.",
            stacklevel=3,
        )
        return False

    def _clear(self):
        """Removes what a damaged training left, except for its ids."""
        if not self.directory.is_dir() or self.directory.is_symlink():
            self.directory.unlink(missing_ok=True)
            return
        for path in self.directory.iterdir():
            if path.is_symlink() or not path.is_dir():
                path.unlink()
            elif path.name != IDS:
                shutil.rmtree(path)

    def _remove_stale(self):
        stale = set(self.directory.glob("epoch-*.weights.h5"))
        for path in stale.difference(self._files):
            path.unlink()


def _states(task):
    """The states of the random generators; Keras does not save them."""
    return [each for each in task.variables if each.name == _GENERATOR]
