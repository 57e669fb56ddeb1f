"""LSTM, GRU and simple recurrent layers with the dropouts of the literature."""

import keras
import tensorflow as tf

from rnnzoo.checks import check_choice
from rnnzoo.layers import cells
from rnnzoo.layers.recurrent_base import Recurrent


@keras.saving.register_keras_serializable(package="rnnzoo")
class LSTM(Recurrent, keras.layers.LSTM):
    """Long short-term memory (Hochreiter & Schmidhuber 1997).

        i = sigmoid(x W_i + h U_i + b_i)
        f = sigmoid(x W_f + h U_f + b_f)
        o = sigmoid(x W_o + h U_o + b_o)
        g = tanh(x W_g + h U_g + b_g)
        c' = f * c + i * g
        h' = o * tanh(c')

    Arguments, defaults, weights and gate order (i f g o) are those of
    `keras.layers.LSTM`: after `set_weights(keras_layer.get_weights())` the
    layer gives the same outputs, states and gradients. The differences:

    - `dropout` draws one mask of the input features for all gates and steps.
    - `recurrent_dropout` and the regularizers below draw their masks once per
      call, in training only. An inference graph has no random op.
    - Rates outside [0, 1) are errors. `unroll` and `use_cudnn=True` are not
      supported.
    - With `training=True` the loop has a gradient of its own and no second
      derivative. In other calls, with layer normalization, and with other
      activations than tanh, sigmoid, relu and linear, TensorFlow
      differentiates the loop, which is slower.

    Args:
        units: Size of the states.
        *args, **kwargs: As `keras.layers.LSTM`. `dropout` and the arguments
            after it must be given by name.
        dropout: Rate of the mask of the inputs.
        recurrent_dropout: Rate of the recurrent masks.
        recurrent_dropout_type: The place where these masks `z`, the same at
            all steps, are applied:
            - `"tied"`: the state, with one mask for all gates, `(h * z) U`.
              Gal & Ghahramani 2016, equation 7.
            - `"untied"`: the state, with one mask for each gate,
              `(h * z_i) U_i`. The code of that paper does so, and Keras.
            - `"candidate"`: the candidate, `c' = f * c + i * (g * z)`.
              Semeniuta et al. 2016.
        zoneout: Rate at which units keep their old state in a step, as
            `(cell, hidden)` or one for both. Inference takes the expectation
            of old and new state. Krueger et al. 2017.
        weight_dropout: Rate at which entries of the recurrent kernel are zero
            for a whole call. Merity et al. 2018.
        layer_norm: Whether to normalize: `LN(x W) + LN(h U) + b` and
            `h' = o * tanh(LN(c'))`. Ba et al. 2016, equations 20 to 22.

    Call arguments:
        sequences: `(batch, time, features)`.
        mask: Boolean `(batch, time)`. At a `False` step the states stay and
            the output is repeated. A fully masked row returns its initial
            state.
        training: Whether to draw masks.
        initial_state: List of `h` and `c`, `(batch, units)`.

    Returns:
        `(batch, units)`, or `(batch, time, units)` with `return_sequences`.
        With `return_state`, a tuple of this output and the final `h` and `c`.

    Raises:
        ValueError: If an option is out of its range, or if a mask does not
            fit the inputs.

    Examples:
        >>> import keras
        >>> import numpy as np
        >>> from rnnzoo import layers
        >>> x = np.random.default_rng(0).normal(size=(2, 5, 3))
        >>> ours = layers.LSTM(4, recurrent_dropout=0.25)
        >>> tuple(ours(x).shape)
        (2, 4)
        >>> theirs = keras.layers.LSTM(4)
        >>> expected = theirs(x)
        >>> ours.set_weights(theirs.get_weights())
        >>> bool(np.allclose(ours(x), expected, atol=1e-6))
        True
    """

    def _make_step(self):
        cell = cells.LayerNormLSTMCell if self.layer_norm else cells.LSTMCell
        return cell(self.activation, self.recurrent_activation)

    def build(self, sequences_shape, initial_state_shape=None):
        super().build(sequences_shape)
        if self.layer_norm:
            self.input_gamma = self._add_norm_weight("input_gamma", 4)
            self.state_gamma = self._add_norm_weight("state_gamma", 4)
            self.cell_gamma = self._add_norm_weight("cell_gamma")
            self.cell_beta = self._add_norm_weight("cell_beta", 1, "zeros")

    def _normalize_inputs(self, product):
        return cells.normalize(product) * self._cast(self.input_gamma)

    def _step_weights(self, bias):
        if not self.layer_norm:
            return ()
        norm = (self.state_gamma, self.cell_gamma, self.cell_beta)
        return tuple(map(self._cast, norm))


@keras.saving.register_keras_serializable(package="rnnzoo")
class GRU(Recurrent, keras.layers.GRU):
    """Gated recurrent unit (Cho et al. 2014).

        z = sigmoid(x W_z + h U_z + b_z)
        r = sigmoid(x W_r + h U_r + b_r)
        g = tanh(x W_g + r * (h U_g + b'_g) + b_g)
        h' = z * h + (1 - z) * g

    With `reset_after=False`, as in the paper,
    `g = tanh(x W_g + (r * h) U_g + b_g)`; TensorFlow differentiates that loop,
    which is slower.

    Arguments, defaults, weights and gate order (z r g) are those of
    `keras.layers.GRU`, with the differences that `LSTM` lists.

    Args:
        units: Size of the state.
        *args, **kwargs: As `keras.layers.GRU`. `dropout` and the arguments
            after it must be given by name.
        dropout: Rate of the mask of the inputs.
        recurrent_dropout: Rate of the recurrent masks.
        recurrent_dropout_type: `"tied"`, `"untied"`, or `"candidate"`, which
            is `h' = z * h + (1 - z) * (g * mask)`. See `LSTM`.
        zoneout: Rate at which units keep their old state. See `LSTM`.
        weight_dropout: Rate of zeros in the recurrent kernel. See `LSTM`.
        layer_norm: Whether to normalize: `LN(x W) + LN(h U) + b`, over both
            gates together and over the candidate alone. Ba et al. 2016,
            equations 26 to 29. Only with `reset_after`.

    Call arguments, returns and errors are those of `LSTM`, with one state.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import layers
        >>> gru = layers.GRU(4, return_sequences=True, return_state=True)
        >>> x, mask = np.ones((1, 3, 2)), np.array([[True, True, False]])
        >>> sequence, state = gru(x, mask=mask)
        >>> tuple(sequence.shape), tuple(state.shape)
        ((1, 3, 4), (1, 4))
        >>> bool(np.array_equal(sequence[:, 2], sequence[:, 1]))
        True
    """

    def _make_step(self):
        if not self.cell.reset_after:
            if self.layer_norm:
                raise ValueError(
                    "Invalid value for argument `layer_norm`. Expected False "
                    "with `reset_after=False`. Received: layer_norm=True"
                )
            cell = cells.ResetBeforeGRUCell
        else:
            cell = cells.LayerNormGRUCell if self.layer_norm else cells.GRUCell
        return cell(self.activation, self.recurrent_activation)

    def build(self, sequences_shape, initial_state_shape=None):
        super().build(sequences_shape)
        if self.layer_norm:
            self.input_gamma = self._add_norm_weight("input_gamma", 3)
            self.state_gamma = self._add_norm_weight("state_gamma", 3)

    def _input_bias(self, bias):
        if bias is None or not self.cell.reset_after:
            return super()._input_bias(bias)
        # Only the candidate's recurrent bias is multiplied, by the reset gate.
        gates = bias[1, : 2 * self.units]
        return bias[0] + tf.concat([gates, self._zeros()], axis=0)

    def _step_weights(self, bias):
        if not self.cell.reset_after:
            return ()
        inner = self._zeros() if bias is None else bias[1, 2 * self.units :]
        if not self.layer_norm:
            return (inner,)
        return inner, self._cast(self.state_gamma)

    def _normalize_inputs(self, product):
        gates, candidate = tf.split(
            product, [2 * self.units, self.units], axis=-1
        )
        parts = [cells.normalize(gates), cells.normalize(candidate)]
        return tf.concat(parts, axis=-1) * self._cast(self.input_gamma)


@keras.saving.register_keras_serializable(package="rnnzoo")
class SimpleRNN(Recurrent, keras.layers.SimpleRNN):
    """Simple recurrent network of Elman (1990) or Jordan (1986).

        Elman:   h' = tanh(x W + h U + b)
        Jordan:  h = tanh(x W + y U + b),    y' = tanh(h V + c)

    Arguments, defaults and weights are those of `keras.layers.SimpleRNN`, with
    the differences that `LSTM` lists.

    Args:
        units: Size of the state, and of the hidden layer.
        *args, **kwargs: As `keras.layers.SimpleRNN`. `dropout` and the
            arguments after it must be given by name.
        dropout: Rate of the mask of the inputs.
        recurrent_dropout: Rate of the mask of the state.
        recurrent_dropout_type: `"tied"` or `"untied"`, which are the same for
            a single gate.
        zoneout: Rate at which units keep their old state. See `LSTM`.
        weight_dropout: Rate of zeros in the recurrent kernel. See `LSTM`.
        layer_norm: Whether to normalize: `tanh(LN(x W + h U) + b)`. Ba et al.
            2016, equation 4. Only for Elman's network.
        feedback: The vector that enters the next step: `"hidden"` (Elman) or
            `"output"` (Jordan). Jordan's network has two more weights, V and
            c: `output_kernel` `(units, units)` and `output_bias` `(units,)`.
            Its state and output are y.

    Call arguments, returns and errors are those of `LSTM`, with one state.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import layers
        >>> elman = layers.SimpleRNN(4)
        >>> jordan = layers.SimpleRNN(4, feedback="output")
        >>> x = np.ones((1, 3, 2))
        >>> tuple(elman(x).shape), tuple(jordan(x).shape)
        ((1, 4), (1, 4))
        >>> len(elman.get_weights()), len(jordan.get_weights())
        (3, 5)
    """

    def __init__(self, units, *args, feedback="hidden", **kwargs):
        check_choice("feedback", feedback, ("hidden", "output"))
        self.feedback = feedback
        super().__init__(units, *args, **kwargs)

    def _make_step(self):
        if self.recurrent_dropout_type == "candidate":
            raise ValueError(
                "Invalid value for argument `recurrent_dropout_type`. Expected "
                "'tied' or 'untied': a simple network has no candidate. "
                "Received: recurrent_dropout_type='candidate'"
            )
        if self.feedback == "output":
            if self.layer_norm:
                raise ValueError(
                    "Invalid value for argument `layer_norm`. Expected False "
                    "with `feedback='output'`. Received: layer_norm=True"
                )
            cell = cells.JordanCell
        else:
            cell = (
                cells.LayerNormSimpleCell
                if self.layer_norm
                else cells.SimpleCell
            )
        return cell(self.activation)

    def build(self, sequences_shape, initial_state_shape=None):
        super().build(sequences_shape)
        if self.layer_norm:
            self.gamma = self._add_norm_weight("gamma")
        if self.feedback == "output":
            self.output_kernel = self.add_weight(
                shape=(self.units, self.units),
                initializer=_fresh(self.kernel_initializer),
                regularizer=self.kernel_regularizer,
                constraint=self.kernel_constraint,
                name="output_kernel",
            )
            self.output_bias = self.add_weight(
                shape=(self.units,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="output_bias",
            )

    def _input_bias(self, bias):
        # With normalization the step adds the bias, after normalizing.
        return super()._input_bias(None if self.layer_norm else bias)

    def _step_weights(self, bias):
        if self.layer_norm:
            return self._cast(self.gamma), super()._input_bias(bias)
        if self.feedback == "output":
            return self._cast(self.output_kernel), self._cast(self.output_bias)
        return ()

    def get_config(self):
        return {**super().get_config(), "feedback": self.feedback}


_NAMED = {"lstm": LSTM, "gru": GRU}


def recurrent_layer(rnn):
    """The recurrent layer class of the name `"lstm"` or `"gru"`.

    Raises:
        ValueError: If the name is another one.
    """
    check_choice("rnn", rnn, _NAMED)
    return _NAMED[rnn]


def _fresh(initializer):
    """A copy of the initializer, because one object repeats its draws."""
    if isinstance(initializer, keras.initializers.Initializer):
        return initializer.clone()
    return initializer  # a function
