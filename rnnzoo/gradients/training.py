"""Training on the adding problem, and the gradients meanwhile."""

import functools
import threading
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from rnnzoo.datasets.long_memory import SIZES, adding
from rnnzoo.diagnostics import gradient_norms

SOLVED = 0.01  # mean squared error; who always says 1 has 1/6
BATCH = 32
CHECKS = 20  # in a training
SEED = 1
_BUILDING = threading.Lock()


class Training(NamedTuple):
    """Course of a training, at some moments; the first is before it.

    Attributes:
        name: The network's.
        steps: Number of steps of a sequence.
        updates: int array `(moments,)`: number of updates so far.
        errors: Array `(moments,)`: mean squared error on unseen examples.
        h: Array `(moments, steps)`: norm of the gradient by the output after
            each step, divided by that after the last one. Of a stack,
            `(moments, layers)`: that of each layer after the last step,
            divided by that of the highest. `None` if it was not measured.
        c: The same by the cell states of an LSTM; else `None`.
    """

    name: str
    steps: int
    updates: Any
    errors: Any
    h: Any = None
    c: Any = None

    @property
    def solved(self):
        """Number of updates after which it was solved, or `None`."""
        below = np.flatnonzero(self.errors < SOLVED)
        return int(self.updates[below[0]]) if below.size else None


class Reader(keras.Model):
    """A recurrent layer, and a number from its last output."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer
        self.head = keras.layers.Dense(1)

    def call(self, sequences, training=False):
        outputs = self.layer(sequences, training=training)
        if outputs.shape.rank == 3:
            outputs = outputs[:, -1]
        return self.head(outputs)[:, 0]


def train(network, steps, updates, watch=True):
    """Trains a network on the adding problem.

    Args:
        network: `rnnzoo.gradients.networks.Network`.
        steps: Number of steps of a sequence.
        updates: Number of updates.
        watch: Whether to measure gradients, too. Otherwise the training ends
            when the problem is solved.

    Returns:
        `Training`.
    """
    rng = np.random.default_rng(SEED)
    (sequences, sums), test = problem("train", steps), problem("test", steps)
    few = test[0][:BATCH], test[1][:BATCH]
    with _BUILDING:  # the seed is the process's
        keras.utils.set_random_seed(SEED)
        model = Reader(network.layer(steps))
        model(few[0][:1])
    advance, error = _functions(model, network, *test)
    chunk = max(updates // CHECKS, 1)
    moments = []
    for done in range(0, updates + 1, chunk):
        if done:
            places = rng.integers(len(sums), size=(chunk, BATCH))
            advance(sequences[places], sums[places])
        now = float(error())
        moments.append((done, now, watch and relative_norms(model, *few)))
        if now < SOLVED and not watch:
            break
    done, errors, norms = zip(*moments, strict=True)
    h, c = zip(*norms, strict=True) if watch else (None, None)
    return Training(
        network.name,
        steps,
        np.array(done),
        np.array(errors, "float64"),
        np.array(h) if watch else None,
        np.array(c) if watch and c[0] is not None else None,
    )


@functools.lru_cache(maxsize=8)
def problem(split, steps):
    """Examples as those of the dataset `rnnzoo_adding`.

    Args:
        split: A split of the dataset.
        steps: Number of steps, not only those of the dataset.

    Returns:
        Tuple of float32 `(examples, steps, 2)` and `(examples,)`.
    """
    rng = np.random.default_rng([list(SIZES).index(split), steps])
    examples = [adding(steps, rng) for _ in range(SIZES[split])]
    return tuple(
        np.array([each[name] for each in examples], "float32")
        for name in ("sequence", "sum")
    )


def relative_norms(model, sequences, sums):
    """A row of `h` and, of an LSTM, `c` of a `Training`; else `None`."""
    found = gradient_norms(
        model, sequences, loss=lambda answers: _mean_square(answers - sums)
    )
    stack = getattr(model.layer, "layers", None)
    if stack is not None:
        h, c = np.array([found[each.path].h[-1] for each in stack]), None
    else:
        h, c = found[model.layer.path]
    with np.errstate(divide="ignore", invalid="ignore"):
        return h / h[-1], None if c is None else c / c[-1]


def _functions(model, network, sequences, sums):
    """Graphs that train on batches, and that measure the error on a test."""
    optimizer = keras.optimizers.Adam(
        network.rate, global_clipnorm=network.clip
    )
    optimizer.build(model.trainable_variables)

    # XLA, because operations this small cost less than their dispatch. Where
    # none is repeated often, compiling costs more.
    @tf.function(jit_compile=True)
    def advance(batches, targets):
        for n in tf.range(len(targets)):
            with tf.GradientTape() as tape:
                answers = model(batches[n], training=True)
                loss = _mean_square(answers - targets[n])
            variables = model.trainable_variables
            optimizer.apply(tape.gradient(loss, variables), variables)

    @tf.function
    def error():
        return _mean_square(model(sequences) - sums)

    return advance, error


def _mean_square(differences):
    return tf.reduce_mean(tf.square(differences))
