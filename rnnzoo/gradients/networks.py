"""Small networks of about a thousand weights, each with or without a cure."""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np

from rnnzoo.layers import GRU, LSTM, SimpleRNN, Stack

DEPTH = 10  # layers of the deep networks


class Network(NamedTuple):
    """How a network is made and trained.

    Attributes:
        name: What it is called.
        layer: Function of the number of steps that returns a new recurrent
            layer, or a stack of some.
        rate: Learning rate.
        optimizer: Class of the optimizer.
        clip: Norm to which gradients are clipped; `None` leaves them.
    """

    name: str
    layer: Callable
    rate: float
    optimizer: Any = keras.optimizers.Adam
    clip: float | None = 1.0


def _simple(units=32, **settings):
    return lambda steps: SimpleRNN(units, **settings)


def _rectified(recurrent, gain=1.0):
    if recurrent == "identity":
        recurrent = keras.initializers.Identity(gain)
    return _simple(activation="relu", recurrent_initializer=recurrent)


def _lstm(**biases):
    def layer(steps):
        return LSTM(
            16,
            unit_forget_bias=False,
            bias_initializer=lambda shape, dtype=None: gate_biases(
                shape, steps, **biases
            ),
        )

    return layer


def _deep(residual):
    def layer(steps):
        layers = [GRU(16, return_sequences=True) for _ in range(DEPTH)]
        return Stack(layers, residual=residual)

    return layer


def gate_biases(shape, steps, forget=0.0, chrono=False):
    """Initial biases of an LSTM.

    Args:
        shape: `(4 * units,)`.
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


ELMAN = Network("Elman, orthogonal", _simple(), 0.002)
ELMAN_RANDOM = Network(
    "Elman, random", _simple(recurrent_initializer="glorot_uniform"), 0.002
)
JORDAN = Network("Jordan", _simple(24, feedback="output"), 0.002)
RELU_RANDOM = Network("Relu, random", _rectified("glorot_uniform"), 0.002)
RELU_IDENTITY = Network("Relu, identity", _rectified("identity"), 0.002)
GATED = Network("GRU", lambda steps: GRU(16), 0.02)
LSTM_0 = Network("LSTM, forget bias 0", _lstm(), 0.02)
LSTM_1 = Network("LSTM, forget bias 1", _lstm(forget=1.0), 0.02)
LSTM_CHRONO = Network("LSTM, chrono biases", _lstm(chrono=True), 0.02)
CLIPPED = Network(
    "Clipped",
    _rectified("identity", 1.1),
    0.03,
    keras.optimizers.SGD,
)
NOT_CLIPPED = CLIPPED._replace(name="Not clipped", clip=None)
PLAIN_STACK = Network("Plain stack", _deep(residual=False), 0.01)
RESIDUAL_STACK = Network("Residual stack", _deep(residual=True), 0.01)
