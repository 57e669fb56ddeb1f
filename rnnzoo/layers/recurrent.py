"""LSTM, GRU and simple recurrent layers with the dropouts of the literature."""

import inspect
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from rnnzoo.checks import check_choice, check_positive, check_rate
from rnnzoo.layers import cells
from rnnzoo.layers.dropout import draw_mask
from rnnzoo.layers.recurrence import Chain, recur

_TYPES = ("tied", "untied", "candidate")


class Weights(NamedTuple):
    """A layer's weights, of the type that it computes in.

    Attributes:
        kernels: Tuple of the inputs' kernels of the gates, or of one of all.
        biases: Likewise.
        of_step: Tuple, see `rnnzoo.layers.recurrence.Chain`.
    """

    kernels: Any
    biases: Any
    of_step: Any


class Recurrent:
    """What the layers here share; stands before a Keras layer.

    Weights, initial states, `stateful` and configuration are Keras's. The loop
    and all noise are ours: Keras's cell is built without dropout, and only
    holds the weights.

    Attributes:
        dropout, recurrent_dropout, recurrent_dropout_type, zoneout,
            weight_dropout, layer_norm: As given.
        seed_generator: The source of all masks of the layer.
    """

    dropout = recurrent_dropout = None  # Keras reads them off its cell.

    def __init__(
        self,
        units,
        *args,
        dropout=0.0,
        recurrent_dropout=0.0,
        recurrent_dropout_type="tied",
        zoneout=0.0,
        weight_dropout=0.0,
        layer_norm=False,
        seed=None,
        unroll=False,
        use_cudnn="auto",
        **kwargs,
    ):
        for name, rate in (
            ("dropout", dropout),
            ("recurrent_dropout", recurrent_dropout),
            ("weight_dropout", weight_dropout),
            *(("zoneout", rate) for rate in _as_tuple(zoneout)),
        ):
            check_rate(name, rate)
        check_choice("recurrent_dropout_type", recurrent_dropout_type, _TYPES)
        most = [*inspect.signature(super().__init__).parameters]
        most = most.index("dropout") - 1
        if len(args) > most:
            raise ValueError(
                "Invalid value for argument `args`. Expected `dropout` and "
                f"what Keras has behind it by name. Received: {args[most:]} "
                "by place"
            )
        if unroll or use_cudnn is True:
            raise ValueError(
                "Invalid value for argument `unroll` or `use_cudnn`. Expected "
                "False: the loop is neither unrolled nor cuDNN's. Received: "
                f"unroll={unroll}, use_cudnn={use_cudnn}"
            )
        check_positive("units", units)
        # Both directions of a wrapper get the same seed, and need other masks.
        backward = kwargs.get("go_backwards", False)
        super().__init__(
            units,
            *args,
            seed=seed + 2**30 if seed is not None and backward else seed,
            **kwargs,
        )
        self.use_cudnn = False
        self.supports_jit = False  # It works, but compiles for each length.
        self.seed = seed
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.recurrent_dropout_type = recurrent_dropout_type
        self.zoneout = zoneout
        self.weight_dropout = weight_dropout
        self.layer_norm = layer_norm
        if len(_as_tuple(zoneout)) not in (1, len(self.state_size)):
            raise ValueError(
                "Invalid value for argument `zoneout`. Expected one rate, or "
                f"{len(self.state_size)}, one a state. Received: "
                f"zoneout={zoneout!r}"
            )
        self.step = self._make_step()

    def _make_step(self):
        """The `rnnzoo.layers.cells.Cell` of this layer."""
        raise NotImplementedError

    @property
    def seed_generator(self):
        return self.cell.seed_generator

    def inner_loop(self, sequences, initial_state, mask, training=False):
        run = recur(
            [self.chain(sequences, initial_state, mask, training)],
            sequences=self.return_sequences,
            training=training,
        )[0]
        last = run.states[0]
        if not self.return_sequences:
            return last, last, list(run.states)
        sequence = self.sequence(run, mask)
        if self.go_backwards:
            sequence = tf.reverse(sequence, axis=[1])
        return last, sequence, list(run.states)

    def sequence(self, run, mask):
        """Outputs `(batch, time, units)` in the order of the inputs."""
        sequence = tf.transpose(run.sequence, [1, 0, 2])
        mask = _checked_mask(mask, sequence)
        if mask is None or not self.zero_output_for_mask:
            return sequence
        return tf.where(mask[..., None], sequence, tf.zeros_like(sequence))

    def chain(self, sequences, initial_state, mask, training, weights=None):
        """This layer's run over `sequences`, for `recurrence.recur`.

        Args:
            sequences: `(batch, time, features)`.
            initial_state: List of states `(batch, units)`, as Keras orders
                them.
            mask: Boolean `(batch, time)`, or `None`.
            training: Whether to draw dropout masks.
            weights: `prepare()`, if several runs share it.
        """
        mask = _checked_mask(mask, sequences)
        sequences = tf.cast(sequences, self.compute_dtype)
        batch = tf.shape(sequences)[0]
        if training and self.dropout:
            shape = (batch, 1, sequences.shape[-1])
            sequences = sequences * self._draw(shape, self.dropout)
        weights = weights or self.prepare(training)
        inputs = tf.transpose(sequences, [1, 0, 2])
        return Chain(
            cell=self.step,
            inputs=self._project(inputs, weights),
            states=tuple(initial_state),
            weights=weights.of_step,
            noise=self._noise(batch, training),
            updates=self._updates(mask, inputs, training),
            reverse=self.go_backwards,
        )

    def prepare(self, training=False):
        """The weights as runs need them.

        Args:
            training: Whether to drop weights.

        Returns:
            `Weights`.
        """
        kernel, recurrent, bias = (
            None if weight is None else self._cast(weight)
            for weight in (
                self.cell.kernel,
                self.cell.recurrent_kernel,
                self.cell.bias,
            )
        )
        if training and self.weight_dropout:
            shape = recurrent.shape
            recurrent *= self._draw(shape, self.weight_dropout)
        gates = self.step.gates
        # A product for each gate, because to split one is slower; but what is
        # normalized is all gates together.
        parts = 1 if self.layer_norm else gates
        return Weights(
            kernels=tuple(tf.split(kernel, parts, axis=1)),
            biases=tuple(tf.split(self._input_bias(bias), parts)),
            of_step=(
                *tf.split(recurrent, gates, axis=1),
                *self._step_weights(bias),
            ),
        )

    def _project(self, inputs, weights):
        """`(time, batch, features)` to the inputs' share of each gate."""
        flat = tf.reshape(inputs, [-1, inputs.shape[-1]])
        products = [tf.matmul(flat, kernel) for kernel in weights.kernels]
        if self.layer_norm:
            products = map(self._normalize_inputs, products)
        shares = list(map(tf.nn.bias_add, products, weights.biases))
        if self.layer_norm:
            shares = tf.split(shares[0], self.step.gates, axis=1)
        steps, batch = tf.unstack(tf.shape(inputs)[:2])
        shape = [steps, batch, self.units]
        return tuple(
            tf.ensure_shape(
                tf.reshape(share, shape), [*inputs.shape[:2], self.units]
            )
            for share in shares
        )

    def _noise(self, batch, training):
        if not training or not self.recurrent_dropout:
            return cells.Noise()

        def draw(_=None):
            return self._draw((batch, self.units), self.recurrent_dropout)

        if self.recurrent_dropout_type == "candidate":
            return cells.Noise(candidate=draw())
        tied = self.recurrent_dropout_type == "tied"
        return cells.Noise(
            hidden=tuple(map(draw, range(1 if tied else self.step.gates)))
        )

    def _updates(self, mask, inputs, training):
        """How much of each state a step replaces; see `recurrence.Chain`."""
        if mask is not None:
            mask = tf.transpose(mask)[..., None]  # (time, batch, 1)
        return tuple(
            self._update(rate, mask, inputs, training)
            for rate in self._zoneout_rates()
        )

    def _update(self, rate, mask, inputs, training):
        if not rate:
            return mask
        if training:
            shape = (*tf.unstack(tf.shape(inputs)[:2]), self.units)
            update = self._draw(shape, rate) > 0
            return update if mask is None else update & mask
        if mask is None:
            mask = tf.ones((tf.shape(inputs)[0], 1, 1), bool)
        return tf.cast(mask, inputs.dtype) * (1 - rate)

    def _zoneout_rates(self):
        """A rate for each state, in Keras's order: first the hidden one."""
        rates = _as_tuple(self.zoneout)
        return rates[::-1] if len(rates) > 1 else rates * len(self.state_size)

    def _draw(self, shape, rate):
        return draw_mask(shape, rate, self.seed_generator, self.compute_dtype)

    def _cast(self, weight):
        return tf.cast(tf.convert_to_tensor(weight), self.compute_dtype)

    def _zeros(self, gates=1):
        return tf.zeros((gates * self.units,), self.compute_dtype)

    def _input_bias(self, bias):
        """Bias of the inputs' share, `(gates * units,)`."""
        return self._zeros(self.step.gates) if bias is None else bias

    def _step_weights(self, bias):
        """What the step needs beside the recurrent kernels."""
        return ()

    def _normalize_inputs(self, product):
        """Layer normalization of the inputs' product with the kernel."""
        return product

    def _add_norm_weight(self, name, gates=1, initializer="ones"):
        return self.add_weight(
            shape=(gates * self.units,), initializer=initializer, name=name
        )

    def get_config(self):
        return {
            **super().get_config(),
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
            "recurrent_dropout_type": self.recurrent_dropout_type,
            "zoneout": self.zoneout,
            "weight_dropout": self.weight_dropout,
            "layer_norm": self.layer_norm,
            "seed": self.seed,
        }


@keras.saving.register_keras_serializable(package="rnnzoo")
class LSTM(Recurrent, keras.layers.LSTM):
    """Long short-term memory (Hochreiter & Schmidhuber 1997).

        i = sigmoid(x W_i + h U_i + b_i)    f, o likewise
        g = tanh(x W_g + h U_g + b_g)
        c' = f * c + i * g
        h' = o * tanh(c')

    Same arguments, defaults, weights and gate order (i f g o) as
    `keras.layers.LSTM`: `set_weights(keras_layer.get_weights())` gives the
    same outputs, states and gradients. What differs:

    - `dropout` draws one mask of the input features for all gates and steps.
    - `recurrent_dropout` and the regularizers below draw their masks once a
      call, in training only; the graph of inference has no random op.
    - Rates outside [0, 1) are errors. `unroll` and `use_cudnn=True` are not
      supported, nor are second derivatives with `training=True`. Without it,
      with other activations than tanh, sigmoid, relu and linear, or with layer
      normalization TensorFlow differentiates the loop, slower.

    Args:
        units: Size of the states.
        *args, **kwargs: As `keras.layers.LSTM`; by name from `dropout` on.
        dropout: Rate of the inputs' mask.
        recurrent_dropout: Rate of the recurrent masks.
        recurrent_dropout_type: Where these masks `z`, the same at all steps,
            are applied:
            - `"tied"`: to the state, one for all gates, `(h * z) U`. Gal &
              Ghahramani 2016, equation 7.
            - `"untied"`: to the state, one a gate, `(h * z_i) U_i`. As in the
              code of that paper, and as Keras does.
            - `"candidate"`: `c' = f * c + i * (g * z)`. Semeniuta et al. 2016.
        zoneout: Rates with which a unit keeps its old state in a step, as
            `(cell, hidden)` or one for both; at inference the expectation of
            old and new. Krueger et al. 2017.
        weight_dropout: Rate of the entries of the recurrent kernel that are
            zero for a call. Merity et al. 2018.
        layer_norm: Whether to normalize, `LN(x W) + LN(h U) + b` and
            `h' = o * tanh(LN(c'))`. Ba et al. 2016, equations 20 to 22.

    Call arguments:
        sequences: `(batch, time, features)`.
        mask: Boolean `(batch, time)`: at a `False` step the states stay and
            the output is repeated. A row that is masked as a whole returns its
            initial state.
        training: Whether to draw masks.
        initial_state: List of `h` and `c`, `(batch, units)`.

    Returns:
        `(batch, units)`, or `(batch, time, units)` with `return_sequences`;
        with `return_state`, that and the final `h` and `c`.

    Raises:
        ValueError: If an option is out of its range, or if a mask does not
            fit the inputs.
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

        z = sigmoid(x W_z + h U_z + b_z)    r likewise
        g = tanh(x W_g + r * (h U_g + b'_g) + b_g)
        h' = z * h + (1 - z) * g

    With `reset_after=False`, the paper's, `g = tanh(x W_g + (r * h) U_g +
    b_g)`; TensorFlow differentiates that loop, slower.

    Same arguments, defaults, weights and gate order (z r g) as
    `keras.layers.GRU`. What differs, and the arguments beyond Keras's, are
    those of `LSTM`, where they apply:

    Args:
        units: Size of the state.
        *args, **kwargs: As `keras.layers.GRU`; by name from `dropout` on.
        dropout: Rate of the inputs' mask.
        recurrent_dropout: Rate of the recurrent masks.
        recurrent_dropout_type: `"tied"`, `"untied"`, or `"candidate"`:
            `h' = z * h + (1 - z) * (g * mask)`.
        zoneout: Rate.
        weight_dropout: Rate.
        layer_norm: Whether to normalize: `LN(x W) + LN(h U) + b`, over both
            gates together and over the candidate by itself. Ba et al. 2016,
            equations 26 to 29. Only with `reset_after`.

    Call arguments, returns and errors are those of `LSTM`, with one state.
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
        # Of the recurrent bias, only the candidate's is inside of a product.
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

    Same arguments, defaults and weights as `keras.layers.SimpleRNN`. What
    differs, and the arguments beyond Keras's, are those of `LSTM`, where they
    apply:

    Args:
        units: Size of the state, and of the hidden layer.
        *args, **kwargs: As `keras.layers.SimpleRNN`; by name from `dropout` on.
        dropout: Rate of the inputs' mask.
        recurrent_dropout: Rate of the mask of the state.
        recurrent_dropout_type: `"tied"` or `"untied"`, the same with one gate.
        zoneout: Rate.
        weight_dropout: Rate.
        layer_norm: Whether to normalize: `tanh(LN(x W + h U) + b)`. Ba et al.
            2016, equation 4. Only Elman's.
        feedback: What comes back: `"hidden"` (Elman) or `"output"` (Jordan),
            which has two more weights, V and c, `output_kernel` `(units,
            units)` and `output_bias` `(units,)`; its state and output are y.

    Call arguments, returns and errors are those of `LSTM`, with one state.
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
        # Behind the normalization the bias is added by the step.
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
    """The class of a name, `"lstm"` or `"gru"`.

    Raises:
        ValueError: If it is another one.
    """
    check_choice("rnn", rnn, _NAMED)
    return _NAMED[rnn]


def split_states(initial_state, layers):
    """The states of each of some layers, from a list of those of all.

    Raises:
        ValueError: If they are not as many as the layers have.
    """
    sizes = [len(layer.state_size) for layer in layers]
    if len(initial_state) != sum(sizes):
        raise ValueError(
            "Invalid value for argument `initial_state`. Expected "
            f"{sum(sizes)} states, {sizes} of the layers. Received: "
            f"{len(initial_state)}"
        )
    states = iter(initial_state)
    return [[next(states) for _ in range(size)] for size in sizes]


def _fresh(initializer):
    """The initializer, but for its draws: one object repeats them."""
    if isinstance(initializer, keras.initializers.Initializer):
        return initializer.clone()
    return initializer  # a function


def _as_tuple(zoneout):
    return tuple(zoneout) if isinstance(zoneout, (tuple, list)) else (zoneout,)


def _checked_mask(mask, sequences):
    if isinstance(mask, (list, tuple)):
        mask = mask[0]
    if mask is None:
        return None
    mask = tf.cast(mask, tf.bool)
    if not mask.shape.is_compatible_with(sequences.shape[:2]):
        raise ValueError(
            "Invalid value for argument `mask`. Expected the shape (batch, "
            f"time) of the inputs, {tuple(sequences.shape[:2])}. Received: a "
            f"mask of shape {tuple(mask.shape)}"
        )
    return mask
