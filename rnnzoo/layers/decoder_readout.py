"""From the states and contexts of a recurrent decoder to its logits."""

import tensorflow as tf

from rnnzoo.layers import pointer
from rnnzoo.layers.decoder_output import DecoderOutput, as_float


class Readout(DecoderOutput):
    """Base of decoders: the equations that follow recurrence and attention.

    With the state `h_t` after a step, the state `q_t` that attends, the
    context `c_t` and the vector `y_{t-1}` of the token before:

        c_t <- sigmoid(w_b . q_t + b_b) c_t            with a context gate
        a_t  = tanh(W_r [h_t; c_t])                    with attention
        a_t  = tanh(W_r [h_t; c_t; y_{t-1}])           attending first
        a_t  = h_t                                     without attention
        u_t  = w_g . [c_t; h_t; y_{t-1}] + b_g         with copying

    `rnnzoo.layers.pointer` mixes the logits and `u_t`. Beside what its base
    needs, a subclass sets `units`, `attention`, `attend_first`, `context_gate`
    and `copy`.
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

    def with_copies(self, logits, hidden, attended, vectors, pointers):
        """The logits of the vocabulary's tokens and the source's, and `u_t`."""
        parts = tf.concat([attended.context, hidden, vectors], axis=-1)
        generate = tf.tensordot(parts, self.cast(self.generate_kernel), 1)
        generate = as_float(generate) + as_float(self.generate_bias)
        mixed = pointer.mix(logits, generate, attended.weights, pointers)
        return mixed, tf.squeeze(generate, axis=-1)
