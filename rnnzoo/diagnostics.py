"""Norms of gradients on their way back through time."""

import functools
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from rnnzoo.layers.recurrence import watched
from rnnzoo.layers.recurrent_base import Recurrent
from rnnzoo.tasks import Task


class GradientNorms(NamedTuple):
    """Norms of the gradient of a loss by the states after each step.

    Attributes:
        h: float32 array `(steps,)`, by the outputs `(batch, units)`.
        c: The same by the cell states of an LSTM; `None` of other layers.
    """

    h: Any
    c: Any = None


def gradient_norms(model: Any, x: Any, y: Any = None, loss: Any = None) -> Any:
    """Norms of the gradient of a loss by the states of recurrent layers.

    Where the norms fall from the last step to the first, what happened early
    teaches nothing: the gradient vanishes. Where they grow, it explodes (Bengio
    et al. 1994; Pascanu et al. 2013, section 2). Nothing is dropped out, and
    the loop runs a step at a time.

    Args:
        model: A recurrent layer of `rnnzoo.layers`, a Keras layer or model that
            has some, or an adapted `rnnzoo.Task`.
        x: What the model is called with; of a task, raw examples.
        y: Targets of a task, if `x` has none.
        loss: Function from what the model returns to a scalar. Defaults to the
            loss of a task and, of others, half the sum of the squares of the
            output, at its last step if it has steps.

    Returns:
        `GradientNorms` of a recurrent layer; of others, a dict of the path of a
        recurrent layer to its `GradientNorms`, without layers that only a
        decoder runs. The steps are in the order of the inputs, also of a layer
        that reads them backward.

    Raises:
        ValueError: If the model has no recurrent layer of `rnnzoo.layers`, or
            if the input of a layer has no steps.

    Examples:

    >>> import keras
    >>> import numpy as np
    >>> from rnnzoo import layers
    >>> from rnnzoo.diagnostics import gradient_norms
    >>> layer = layers.SimpleRNN(
    ...     8,
    ...     activation="linear",
    ...     recurrent_initializer=keras.initializers.Orthogonal(gain=0.5),
    ... )
    >>> norms = gradient_norms(layer, np.ones((2, 4, 3), "float32"))
    >>> (norms.h / norms.h[-1]).round(4).tolist()
    [0.125, 0.25, 0.5, 1.0]
    """
    layers = [
        each for each in model._flatten_layers() if isinstance(each, Recurrent)
    ]
    if not layers:
        raise ValueError(
            "Invalid value for argument `model`. Expected a recurrent layer of "
            "`rnnzoo.layers`, or a model that has some. Received: "
            f"{type(model).__name__}"
        )
    if isinstance(model, Recurrent) and not np.shape(x)[1]:
        raise ValueError(
            "Invalid value for argument `x`. Expected at least one step. "
            f"Received: shape {np.shape(x)}"
        )
    inputs, run = x, loss or _half_square
    if isinstance(model, Task):
        inputs, run = _of_task(model, x, y, loss)
    with tf.GradientTape() as tape, watched() as found:
        value = run(model(inputs, training=False))
    gradients = tape.gradient(value, [states for _, _, states in found])
    steps = {}
    for (cell, step, _), by_state in zip(found, gradients, strict=True):
        norms = [0.0 if g is None else float(tf.norm(g)) for g in by_state]
        steps.setdefault(cell, {})[step] = norms
    results = {
        each.path: GradientNorms(*_columns(steps[each.step]))
        for each in layers
        if each.step in steps
    }
    return results[model.path] if isinstance(model, Recurrent) else results


def _columns(norms):
    rows = [norms[step] for step in sorted(norms)]
    return np.array(rows, "float32").T


def _half_square(outputs):
    outputs = keras.tree.flatten(outputs)[0]
    if outputs.shape.rank > 2:
        outputs = outputs[:, -1]
    return tf.reduce_sum(tf.square(outputs)) / 2


def _of_task(task, x, y, loss):
    """The inputs of a task, and the function from its outputs to a loss."""
    inputs, labels, *_ = task._labelled(x, y, keep_raw=False).at_once()
    if loss is not None:
        return inputs, loss
    if not task.compiled:
        task.compile()
    return inputs, functools.partial(
        task.compute_loss, inputs, labels, training=False
    )
