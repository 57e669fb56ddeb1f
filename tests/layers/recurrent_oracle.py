"""Recurrent layers in NumPy, step by step, as the papers write them."""

from dataclasses import dataclass

import numpy as np


@dataclass
class Noise:
    """Masks of one call, scaled; the defaults drop nothing.

    Attributes:
        inputs: `(batch, 1, features)`.
        hidden: For each gate `(batch, units)`.
        candidate: `(batch, units)`.
        kernel: Of the shape of the recurrent kernel.
        zoneout: For each state `(time, batch, units)`: 1 where the old state
            is kept, or its probability.
    """

    inputs: np.ndarray | float = 1.0
    hidden: tuple = (1.0,) * 4
    candidate: np.ndarray | float = 1.0
    kernel: np.ndarray | float = 1.0
    zoneout: tuple = ()


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def normalize(x, gamma, epsilon=1e-3):
    """Layer normalization without a shift."""
    centred = x - x.mean(axis=1, keepdims=True)
    variance = (centred**2).mean(axis=1, keepdims=True)
    return gamma * centred / np.sqrt(variance + epsilon)


def lstm(x, states, weights, noise):
    h, c = states
    kernel, recurrent, bias, *norms = weights
    kernels = np.split(recurrent * noise.kernel, 4, axis=1)
    z_x = x @ kernel
    z_h = np.hstack(
        [(h * z) @ u for z, u in zip(noise.hidden, kernels, strict=True)]
    )
    if norms:
        gamma_x, gamma_h, gamma_c, beta_c = norms
        z_x, z_h = normalize(z_x, gamma_x), normalize(z_h, gamma_h)
    i, f, g, o = np.split(z_x + z_h + bias, 4, axis=1)
    i, f, o = sigmoid(i), sigmoid(f), sigmoid(o)
    c = f * c + i * np.tanh(g) * noise.candidate
    normed = normalize(c, gamma_c) + beta_c if norms else c
    return o * np.tanh(normed), c


def gru(x, states, weights, noise, reset_after=True):
    (h,) = states
    kernel, recurrent, bias, *norms = weights
    bias_x, bias_h = bias if reset_after else (bias, np.zeros_like(bias))
    u_z, u_r, u_g = np.split(recurrent * noise.kernel, 3, axis=1)
    feed_z, feed_r, feed_g = (h * mask for mask in noise.hidden[:3])
    gates = x @ kernel[:, : 2 * h.shape[1]]
    gates_h = np.hstack([feed_z @ u_z, feed_r @ u_r])
    g_x, g_h = x @ kernel[:, 2 * h.shape[1] :], feed_g @ u_g
    if norms:
        gamma_x, gamma_h = (np.split(each, 3) for each in norms)
        gates = normalize(gates, np.hstack(gamma_x[:2]))
        gates_h = normalize(gates_h, np.hstack(gamma_h[:2]))
        g_x, g_h = normalize(g_x, gamma_x[2]), normalize(g_h, gamma_h[2])
    b_z, b_r, b_x = np.split(bias_x, 3)
    c_z, c_r, b_h = np.split(bias_h, 3)
    z, r = np.split(gates + gates_h + np.hstack([b_z + c_z, b_r + c_r]), 2, 1)
    z, r = sigmoid(z), sigmoid(r)
    inner = r * (g_h + b_h) if reset_after else (r * feed_g) @ u_g
    g = np.tanh(g_x + b_x + inner)
    return (z * h + (1 - z) * g * noise.candidate,)


def gru_reset_before(*args):
    return gru(*args, reset_after=False)


def elman(x, states, weights, noise):
    (h,) = states
    kernel, recurrent, bias, *norms = weights
    z = x @ kernel + (h * noise.hidden[0]) @ (recurrent * noise.kernel)
    return (np.tanh((normalize(z, *norms) if norms else z) + bias),)


def jordan(x, states, weights, noise):
    *inner, output_kernel, output_bias = weights
    (h,) = elman(x, states, inner, noise)
    return (np.tanh(h @ output_kernel + output_bias),)


def run(step, x, states, weights, noise, mask=None, backwards=False):
    """A layer: `(outputs (batch, time, units), last states)`.

    Args:
        step: One of the functions above.
        x: `(batch, time, features)`.
        states: Initial states, each `(batch, units)`.
        weights: Arrays in the layer's order.
        noise: `Noise`.
        mask: Optional booleans `(batch, time)`.
        backwards: Whether to read, and to write, from the last step on.
    """
    times = range(x.shape[1])
    outputs = []
    for t in reversed(times) if backwards else times:
        new = step((x * noise.inputs)[:, t], states, weights, noise)
        if noise.zoneout:
            new = [
                keep[t] * old + (1 - keep[t]) * each
                for keep, old, each in zip(
                    noise.zoneout, states, new, strict=True
                )
            ]
        if mask is not None:
            visible = mask[:, t, None]
            new = [
                np.where(visible, each, old)
                for each, old in zip(new, states, strict=True)
            ]
        states = new
        outputs.append(states[0])
    return np.stack(outputs, axis=1), states


def slopes(function, arrays, step=1e-5):
    """Central differences of a number with respect to every entry.

    Args:
        function: Of a list of arrays.
        arrays: List of float64 arrays.

    Returns:
        List of arrays of the same shapes.
    """
    results = []
    for array in arrays:
        slope = np.zeros_like(array)
        for index in np.ndindex(array.shape):
            value = array[index]
            array[index] = value + step
            above = function(arrays)
            array[index] = value - step
            below = function(arrays)
            array[index] = value
            slope[index] = (above - below) / (2 * step)
        results.append(slope)
    return results
