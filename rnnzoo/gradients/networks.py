"""Small networks of about a thousand weights, with and without each cure."""

import functools
from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np

from rnnzoo import layers

SIMPLE, JORDAN_UNITS, GATED = 32, 24, 16  # units: about as many weights
DEPTH = 6  # layers of the deep networks
DEVIATION = 0.1  # of small random weights


class Network(NamedTuple):
    """Settings by which a network is made and trained.

    Attributes:
        name: What it is called.
        layer: Function of the number of steps that returns a new recurrent
            layer, or a stack of some.
        rate: Learning rate.
        clip: Norm to which gradients are clipped; `None` leaves them.
    """

    name: str
    layer: Callable
    rate: float
    clip: float | None = 1.0


def gate_biases(shape, dtype=None, steps=2, forget=0.0, chrono=False):
    """Initial biases of an LSTM.

    Args:
        shape: `(4 * units,)`.
        dtype: Not used; Keras gives it.
        steps: Number of steps of a sequence.
        forget: Bias of the forget gates.
        chrono: Whether each unit gets a time to remember, from 1 step to all
            but one, in place of `forget`. Tallec & Ollivier 2018, section 3:
            `b_f = log(u)` with `u` drawn from 1 to `steps - 1`, `b_i = -b_f`.

    Returns:
        float32 `(4 * units,)` in the order of the gates, i f g o.
    """
    biases = np.zeros((4, shape[0] // 4), "float32")
    biases[1] = forget
    if chrono:
        times = np.random.default_rng(0).uniform(1, steps - 1, biases.shape[1])
        biases[1] = np.log(times)
        biases[0] = -biases[1]
    return biases.reshape(shape)


def _simple(steps, units=SIMPLE, recurrent=None, **settings):
    return layers.SimpleRNN(
        units,
        recurrent_initializer=recurrent() if recurrent else "orthogonal",
        **settings,
    )


def _gru(steps):
    return layers.GRU(GATED)


def _lstm(steps, **biases):
    return layers.LSTM(
        GATED,
        unit_forget_bias=False,
        bias_initializer=functools.partial(gate_biases, steps=steps, **biases),
    )


def _deep(steps, residual):
    each = [layers.GRU(GATED, return_sequences=True) for _ in range(DEPTH)]
    return layers.Stack(each, residual=residual)


_with = functools.partial
_small = _with(keras.initializers.RandomNormal, stddev=DEVIATION)
_identity = keras.initializers.Identity
_rectified = _with(_simple, activation="relu")

ELMAN = Network("Elman, orthogonal", _simple, 0.002)
ELMAN_RANDOM = Network("Elman, random", _with(_simple, recurrent=_small), 0.002)
JORDAN = Network(
    "Jordan", _with(_simple, units=JORDAN_UNITS, feedback="output"), 0.002
)
RELU_RANDOM = Network(
    "Rectified, random", _with(_rectified, recurrent=_small), 0.002
)
RELU_IDENTITY = Network(
    "Rectified, identity", _with(_rectified, recurrent=_identity), 0.002
)
CLIPPED = Network(
    "Clipped",
    _with(_rectified, recurrent=_with(_identity, gain=1.1)),
    0.002,
)
NOT_CLIPPED = CLIPPED._replace(name="Not clipped", clip=None)
GRU = Network("GRU", _gru, 0.02)
LSTM_0 = Network("LSTM, forget bias 0", _lstm, 0.02)
LSTM_1 = Network("LSTM, forget bias 1", _with(_lstm, forget=1.0), 0.02)
LSTM_CHRONO = Network("LSTM, chrono biases", _with(_lstm, chrono=True), 0.02)
PLAIN = Network("Plain stack", _with(_deep, residual=False), 0.01)
RESIDUAL = Network("Residual stack", _with(_deep, residual=True), 0.01)
