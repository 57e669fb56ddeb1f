"""From the vectors of a decoder to the logits of tokens."""

from typing import Any, NamedTuple

import keras
import tensorflow as tf


class OutputWeights(NamedTuple):
    """The weights of an output layer, the same at all steps.

    Attributes:
        kernel: `(readout_units, tokens)`.
        bias: float32 `(tokens,)`, minus infinity for forbidden tokens.
    """

    kernel: Any
    bias: Any


class DecoderOutput(keras.layers.Layer):
    """Base of decoders: their output layer.

        z_t = W_o a_t + b_o

    A subclass sets `embedding`, `readout_units` (the size of `a_t`) and
    `tied`: whether `W_o` is the embedding matrix, whose vectors have that size
    then (Press & Wolf 2017).
    """

    @property
    def output_shape(self):
        """Shape of the logits, for a model's summary."""
        return (None, None, self.embedding.input_dim)

    def build_output(self):
        """Adds the weights from `a_t` to the logits."""
        tokens = self.embedding.input_dim
        self.output_bias = self.weight(
            "output_bias", tokens, initializer="zeros"
        )
        if not self.tied:
            self.output_kernel = self.weight(
                "output_kernel", self.readout_units, tokens
            )

    def by_token(self):
        """Tuples of a weight of the output layer and its axis of tokens."""
        if self.tied:
            return [(self.output_bias, 0)]
        return [(self.output_bias, 0), (self.output_kernel, 1)]

    def output_weights(self, forbidden=()):
        """The `OutputWeights`.

        Args:
            forbidden: Tuple of tokens that get no probability.
        """
        if self.tied:
            kernel = tf.transpose(self.cast(self.embedding.embeddings))
        else:
            kernel = self.cast(self.output_kernel)
        bias = as_float(self.output_bias)
        if forbidden:
            tokens = tf.range(tf.size(bias))[:, None]
            is_forbidden = tf.reduce_any(tokens == list(forbidden), axis=1)
            bias = tf.where(is_forbidden, -float("inf"), bias)
        return OutputWeights(kernel, bias)

    def logits(self, readout, weights):
        """The logits of the vocabulary, float32 `(rows, steps, tokens)`.

        Args:
            readout: `(rows, steps, readout_units)`.
            weights: `OutputWeights`.
        """
        # A product of two matrices and its bias are one operation.
        flat = tf.reshape(readout, [-1, self.readout_units])
        logits = tf.nn.bias_add(
            as_float(tf.matmul(flat, weights.kernel)), weights.bias
        )
        rows, steps = tf.unstack(tf.shape(readout)[:2])
        return tf.reshape(logits, [rows, steps, weights.kernel.shape[1]])

    def weight(self, name, *shape, initializer="glorot_uniform"):
        return self.add_weight(shape=shape, initializer=initializer, name=name)

    def cast(self, weight):
        return tf.cast(tf.convert_to_tensor(weight), self.compute_dtype)


def as_float(x):
    """As float32; weights have the compute dtype inside Keras's calls."""
    return tf.cast(tf.convert_to_tensor(x), tf.float32)
