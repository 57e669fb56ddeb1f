"""From the states and contexts of a decoder to its logits."""

import keras
import tensorflow as tf

from rnnzoo.layers import pointer


class Readout(keras.layers.Layer):
    """Base of decoders: the equations that follow recurrence and attention.

    With the state `h_t` after a step, the state `q_t` that attends, the
    context `c_t` and the vector `y_{t-1}` of the token before:

        c_t <- sigmoid(w_b . q_t + b_b) c_t            with a context gate
        a_t  = tanh(W_r [h_t; c_t])                    with attention
        a_t  = tanh(W_r [h_t; c_t; y_{t-1}])           attending first
        a_t  = h_t                                     without attention
        z_t  = W_o a_t + b_o
        u_t  = w_g . [c_t; h_t; y_{t-1}] + b_g         with copying

    `rnnzoo.layers.pointer` mixes `z_t` and `u_t`. A subclass sets `units`,
    `readout_units`, `attention`, `embedding`, `attend_first`, `context_gate`,
    `copy` and `tied`.
    """

    def build_readout(self, memory):
        """Adds the weights up to `a_t`.

        Args:
            memory: Number of features of the memory, or `None`.
        """
        vector = self.embedding.output_dim
        if self.attention is not None:
            size = self.units + memory + vector * self.attend_first
            self.readout_kernel = self.weight(
                "readout_kernel", size, self.readout_units
            )
        if self.context_gate:
            self.gate_kernel = self.weight("gate_kernel", self.units, 1)
            self.gate_bias = self.weight("gate_bias", 1, initializer="zeros")
        if self.copy:
            size = memory + self.units + vector
            self.generate_kernel = self.weight("generate_kernel", size, 1)
            self.generate_bias = self.weight(
                "generate_bias", 1, initializer="zeros"
            )

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

    def output_weights(self):
        """Kernel `(readout_units, tokens)` and bias `(tokens,)`, float32."""
        if self.tied:
            kernel = tf.transpose(self.cast(self.embedding.embeddings))
        else:
            kernel = self.cast(self.output_kernel)
        return kernel, _as_float(self.output_bias)

    def gate(self, queries, attended):
        """Scales the contexts by a gate of the queries.

        Args:
            queries: `(..., units)`.
            attended: `rnnzoo.layers.attention.Attended`.
        """
        if not self.context_gate:
            return attended
        share = tf.tensordot(queries, self.cast(self.gate_kernel), 1)
        share = tf.sigmoid(share + self.cast(self.gate_bias))
        return attended._replace(context=share * attended.context)

    def read_out(self, hidden, attended, vectors):
        """The attentional vectors `a_t`.

        Args:
            hidden: `(..., units)`.
            attended: `rnnzoo.layers.attention.Attended`.
            vectors: `(..., features)`, of the tokens; not read unless
                `attend_first`.
        """
        if self.attention is None:
            return hidden
        parts = [hidden, attended.context]
        if self.attend_first:
            parts.append(vectors)
        kernel = self.cast(self.readout_kernel)
        return tf.tanh(tf.tensordot(tf.concat(parts, axis=-1), kernel, 1))

    def logits(self, readout, weights):
        """The logits of the vocabulary, float32 `(rows, steps, tokens)`.

        Args:
            readout: `(rows, steps, readout_units)`.
            weights: `rnnzoo.layers.decoder_start.DecoderWeights`.
        """
        kernel = weights.output_kernel
        # A product of two matrices and its bias are one operation.
        flat = tf.reshape(readout, [-1, self.readout_units])
        logits = tf.nn.bias_add(
            _as_float(tf.matmul(flat, kernel)), weights.output_bias
        )
        rows, steps = tf.unstack(tf.shape(readout)[:2])
        return tf.reshape(logits, [rows, steps, kernel.shape[1]])

    def with_copies(self, logits, hidden, attended, vectors, pointers):
        """The logits of the vocabulary's tokens and the source's, and `u_t`."""
        parts = tf.concat([attended.context, hidden, vectors], axis=-1)
        generate = tf.tensordot(parts, self.cast(self.generate_kernel), 1)
        generate = _as_float(generate) + _as_float(self.generate_bias)
        mixed = pointer.mix(logits, generate, attended.weights, pointers)
        return mixed, tf.squeeze(generate, axis=-1)

    def weight(self, name, *shape, initializer="glorot_uniform"):
        return self.add_weight(shape=shape, initializer=initializer, name=name)

    def cast(self, weight):
        return tf.cast(tf.convert_to_tensor(weight), self.compute_dtype)


def _as_float(x):
    """As float32; weights have the compute dtype inside Keras's calls."""
    return tf.cast(tf.convert_to_tensor(x), tf.float32)
