"""One step of each recurrent cell, and the way back.

A cell knows equations and nothing else: tensors come in, tensors go out. Each
gate is a tensor of its own, because cutting a wide tensor into gates costs
more time than the matrix products that it saves.
"""

from typing import Any, NamedTuple

import keras
import tensorflow as tf


class Activation(NamedTuple):
    """A function of one variable, and its gradient from its own output."""

    function: Any
    gradient: Any = None

    def __call__(self, x):
        return self.function(x)


# By Keras's functions. TensorFlow differentiates any other.
_ACTIVATIONS = {
    keras.activations.tanh: Activation(
        tf.tanh, lambda y, dy: tf.raw_ops.TanhGrad(y=y, dy=dy)
    ),
    keras.activations.sigmoid: Activation(
        tf.sigmoid, lambda y, dy: tf.raw_ops.SigmoidGrad(y=y, dy=dy)
    ),
    keras.activations.relu: Activation(
        tf.nn.relu, lambda y, dy: tf.raw_ops.ReluGrad(gradients=dy, features=y)
    ),
    keras.activations.linear: Activation(tf.identity, lambda y, dy: dy),
}


class Noise(NamedTuple):
    """Dropout masks of one call, scaled, the same at all steps.

    Attributes:
        hidden: Masks `(batch, units)` of the state where it enters the
            recurrent products: none, one for all gates, or one for each gate.
        candidate: Mask `(batch, units)` of the candidate, or `None`.
    """

    hidden: tuple = ()
    candidate: tf.Tensor | None = None

    def feed(self, h):
        """The state as it enters the recurrent products.

        Returns:
            Tuple of one tensor for all gates, or of one for each gate.
        """
        return tuple(h * mask for mask in self.hidden) or (h,)

    def unfeed(self, slopes):
        """Gradient of the state, from the gradients of its masked copies."""
        if len(self.hidden) > 1:
            slopes = [s * m for s, m in zip(slopes, self.hidden, strict=True)]
        total = tf.add_n(slopes)
        return total * self.hidden[0] if len(self.hidden) == 1 else total

    def drop(self, candidate):
        """The candidate times its mask."""
        return (
            candidate if self.candidate is None else candidate * self.candidate
        )


class Cell:
    """One step of a recurrence.

    Args:
        activation: Function of the candidate and the output.
        recurrent_activation: Function of the gates.

    Attributes:
        gates: Number of gates. Each has a share of the inputs and a recurrent
            kernel.
        slopes: Number of tensors that `backward` makes, the gates' first.
        residuals: Number of tensors that `forward` keeps, without the feeds.
        has_gradient: Whether the cell has its own `backward`. Otherwise
            TensorFlow differentiates `forward`.
        sums: Number of sums that `settle` takes; 0 if the products of a step
            cannot be one.
    """

    gates = 1
    slopes = 1
    residuals = 0
    has_gradient = True
    sums = 1

    def __init__(self, activation, recurrent_activation=None):
        self.activation = _ACTIVATIONS.get(activation, Activation(activation))
        self.squash = _ACTIVATIONS.get(
            recurrent_activation, Activation(recurrent_activation)
        )
        used = [self.activation, self.squash][: 1 + (self.gates > 1)]
        self.has_gradient &= all(each.gradient for each in used)

    def forward(self, z, states, weights, noise):
        """One step.

        Args:
            z: List of the input's share of each gate, `(batch, units)`.
            states: Tuple of the states, `(batch, units)`, the output first.
            weights: Tuple of tensors, the gates' recurrent kernels
                `(units, units)` first.
            noise: `Noise`.

        Returns:
            Tuple of two tuples: the new states, and the tensors that
            `backward` needs. The feeds, which entered the recurrent products,
            come first among these.
        """
        raise NotImplementedError

    def settle(self, sums, states, weights, noise):
        """The part of a step after the products with inputs and state.

        Args:
            sums: List of tensors `(batch, units)`, what `join` multiplies.
            states, weights, noise: As in `forward`.

        Returns:
            Tuple of two tuples, as of `forward` but without the feeds.
        """
        raise NotImplementedError

    def join(self, kernel, recurrent, bias, weights):
        """The weights of all sums, for a single product of inputs and state.

        It makes a step of few rows much faster, and does not know of dropout.

        Args:
            kernel: The inputs' kernel of all gates, `(features, gates *
                units)`.
            recurrent: The recurrent kernel of all gates.
            bias: The bias of the inputs' share.
            weights: The weights of a step that come after the recurrent
                kernels.

        Returns:
            Tuple of a kernel `(features + units, sums * units)` and a bias.
        """
        return tf.concat([kernel, recurrent], axis=0), bias

    def backward(self, d, kept, kernels, noise):
        """One step back.

        Args:
            d: Tuple of the gradients of the new states.
            kept: The tensors that `forward` kept, without the feeds.
            kernels: The gates' recurrent kernels, transposed beforehand
                because a product that transposes takes twice the time.
            noise: As in `forward`.

        Returns:
            Tuple of two tuples: the slopes, which are the gradients of `z`
            and any other gradient of the step that `weight_gradients` needs;
            and the gradients of the old states.
        """
        raise NotImplementedError

    def weight_gradients(self, feeds, slopes):
        """Gradients of the weights, from all steps at once.

        Args:
            feeds: The feeds of all steps, `(time, batch, units)`.
            slopes: The slopes of all steps, `(time, batch, units)`.
        """
        feeds = feeds * self.gates if len(feeds) == 1 else feeds
        return tuple(map(over_all_steps, feeds, slopes))

    def products(self, feeds, weights):
        """The recurrent share of each gate."""
        feeds = feeds * self.gates if len(feeds) == 1 else feeds
        return [
            tf.matmul(feed, weight)
            for feed, weight in zip(feeds, weights, strict=False)
        ]


def over_all_steps(feed, slope):
    """Gradient of a kernel, summed over all steps.

    Args:
        feed: `(time, batch, features)`, the left factor of its products.
        slope: `(time, batch, units)`, the gradient of the products.
    """
    feed, slope = (tf.reshape(t, [-1, t.shape[-1]]) for t in (feed, slope))
    return tf.matmul(feed, slope, transpose_a=True)


def _reached(slopes, kernels):
    """Gradients of the feeds, from the gradients of their products."""
    return [tf.matmul(s, k) for s, k in zip(slopes, kernels, strict=True)]


class LSTMCell(Cell):
    """h = o * tanh(c'), c' = f * c + i * d(g); the gates' order is i f g o."""

    gates = 4
    slopes = 4
    residuals = 6
    sums = 4

    def forward(self, z, states, weights, noise):
        feeds = noise.feed(states[0])
        products = self.products(feeds, weights)
        sums = [a + b for a, b in zip(z, products, strict=True)]
        new, kept = self.settle(sums, states, weights, noise)
        return new, (*feeds, *kept)

    def settle(self, sums, states, weights, noise):
        c = states[1]
        i, f, g, o = sums
        i, f, g, o = self.squash(i), self.squash(f), self.activation(g), o
        o = self.squash(o)
        new = f * c + i * noise.drop(g)
        out = self.activation(self.normalize(new, weights))
        return (o * out, new), (c, i, f, g, o, out)

    def normalize(self, c, weights):
        return c

    def backward(self, d, kept, kernels, noise):
        d_h, d_c = d
        c, i, f, g, o, out = kept
        d_c = d_c + self.activation.gradient(out, d_h * o)
        slopes = (
            self.squash.gradient(i, d_c * noise.drop(g)),
            self.squash.gradient(f, d_c * c),
            self.activation.gradient(g, noise.drop(d_c * i)),
            self.squash.gradient(o, d_h * out),
        )
        return slopes, (noise.unfeed(_reached(slopes, kernels)), d_c * f)


class GRUCell(Cell):
    """h' = z * h + (1 - z) * d(c), c = tanh(x_c + r * (U_c h + b)).

    The order of the gates is z r c. The reset gate comes after the recurrent
    product. The weights are the kernels and the bias b `(units,)`.
    """

    gates = 3
    slopes = 4
    residuals = 5
    sums = 4

    def forward(self, z, states, weights, noise):
        feeds = noise.feed(states[0])
        update, reset, product = self.products(feeds, weights)
        sums = z[0] + update, z[1] + reset, z[2], product + weights[3]
        new, kept = self.settle(sums, states, weights, noise)
        return new, (*feeds, *kept)

    def settle(self, sums, states, weights, noise):
        update, reset, share, product = sums
        update, reset = self.squash(update), self.squash(reset)
        candidate = self.activation(share + reset * product)
        dropped = noise.drop(candidate)
        change = states[0] - dropped
        new = dropped + update * change
        return (new,), (change, update, reset, product, candidate)

    def join(self, kernel, recurrent, bias, weights):
        *gates, inner = tf.split(recurrent, 3, axis=1)
        recurrent = tf.concat([*gates, tf.zeros_like(inner), inner], axis=1)
        kernel = tf.pad(kernel, [[0, 0], [0, inner.shape[1]]])
        bias = tf.concat([bias, weights[0]], axis=0)
        return super().join(kernel, recurrent, bias, weights)

    def backward(self, d, kept, kernels, noise):
        (d_h,) = d
        change, update, reset, product, candidate = kept
        direct = d_h * update
        d_candidate = self.activation.gradient(
            candidate, noise.drop(d_h - direct)
        )
        d_update = self.squash.gradient(update, d_h * change)
        d_reset = self.squash.gradient(reset, d_candidate * product)
        d_product = d_candidate * reset
        reached = _reached((d_update, d_reset, d_product), kernels)
        slopes = (d_update, d_reset, d_candidate, d_product)
        return slopes, (direct + noise.unfeed(reached),)

    def weight_gradients(self, feeds, slopes):
        d_update, d_reset, _, d_product = slopes
        return (
            *super().weight_gradients(feeds, (d_update, d_reset, d_product)),
            tf.reduce_sum(d_product, axis=[0, 1]),
        )


class ResetBeforeGRUCell(Cell):
    """The GRU of Cho et al. 2014: c = tanh(x_c + U_c (r * h))."""

    gates = 3
    has_gradient = False
    sums = 0

    def forward(self, z, states, weights, noise):
        (h,) = states
        feeds = noise.feed(h)
        update, reset = self.products((feeds * 3)[:2], weights[:2])
        update = self.squash(z[0] + update)
        reset = self.squash(z[1] + reset)
        product = tf.matmul(reset * feeds[-1], weights[2])
        candidate = noise.drop(self.activation(z[2] + product))
        return (candidate + update * (h - candidate),), ()


class SimpleCell(Cell):
    """h' = tanh(x + U h)."""

    residuals = 1

    def forward(self, z, states, weights, noise):
        feeds = noise.feed(states[0])
        (product,) = self.products(feeds, weights)
        new, kept = self.settle([z[0] + product], states, weights, noise)
        return new, (*feeds, *kept)

    def settle(self, sums, states, weights, noise):
        new = self.activation(self.normalize(sums[0], weights))
        return (new,), (new,)

    def normalize(self, z, weights):
        return z

    def backward(self, d, kept, kernels, noise):
        slopes = (self.activation.gradient(kept[0], d[0]),)
        return slopes, (noise.unfeed(_reached(slopes, kernels)),)


class JordanCell(Cell):
    """h = tanh(x + U y), y' = tanh(V h + b); the state is the output y.

    The weights are U, V and b.
    """

    has_gradient = False
    sums = 0

    def forward(self, z, states, weights, noise):
        recurrent, kernel, bias = weights
        (product,) = self.products(noise.feed(states[0]), (recurrent,))
        h = self.activation(z[0] + product)
        return (self.activation(tf.matmul(h, kernel) + bias),), ()


# Layer normalization (Ba et al. 2016, supplement, equations 20 to 29).


class LayerNormLSTMCell(LSTMCell):
    """Weights: the kernels; gamma `(4 * units,)`; gamma and beta of c."""

    has_gradient = False
    sums = 0

    def products(self, feeds, weights):
        product = tf.concat(super().products(feeds, weights[:4]), axis=-1)
        return tf.split(normalize(product) * weights[4], 4, axis=-1)

    def normalize(self, c, weights):
        return normalize(c) * weights[5] + weights[6]


class LayerNormGRUCell(GRUCell):
    """Weights: the kernels, the bias, and gamma `(3 * units,)`.

    The two gates are normalized together, and the candidate alone.
    """

    has_gradient = False
    sums = 0

    def products(self, feeds, weights):
        *gates, candidate = super().products(feeds, weights[:3])
        gates = normalize(tf.concat(gates, axis=-1))
        product = tf.concat([gates, normalize(candidate)], axis=-1)
        return tf.split(product * weights[4], 3, axis=-1)


class LayerNormSimpleCell(SimpleCell):
    """Weights: the kernel, gamma and beta, which is the bias."""

    has_gradient = False
    sums = 0

    def normalize(self, z, weights):
        return normalize(z) * weights[1] + weights[2]


def normalize(x, epsilon=1e-3):
    """Zero mean and unit variance over the last axis, in float32."""
    y = tf.cast(x, tf.float32) if x.dtype.size < 4 else x
    mean, variance = tf.nn.moments(y, axes=[-1], keepdims=True)
    return tf.cast((y - mean) * tf.math.rsqrt(variance + epsilon), x.dtype)
