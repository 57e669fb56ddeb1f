"""The common part of LSTM, GRU and simple recurrent layers.

Weights, initial states, `stateful` and most of the configuration come from
Keras. The loop over time and all noise are rnnzoo's: from the inputs, the
weights and the masks of a call, a layer makes a `recurrence.Chain`.
"""

import inspect
from typing import Any, NamedTuple

import tensorflow as tf

from rnnzoo.checks import check_choice, check_positive, check_rate
from rnnzoo.layers import cells
from rnnzoo.layers.dropout import draw_mask
from rnnzoo.layers.recurrence import Chain, recur

_TYPES = ("tied", "untied", "candidate")


class Weights(NamedTuple):
    """The weights of a layer in its compute dtype.

    Attributes:
        kernels: Tuple of the kernels of the inputs: one for each gate, or a
            single one for all gates.
        biases: Tuple of the biases, one for each kernel.
        of_step: Tuple of the weights of a step, see
            `rnnzoo.layers.recurrence.Chain`.
    """

    kernels: Any
    biases: Any
    of_step: Any


class Recurrent:
    """Mixin that comes before a recurrent layer of Keras in the bases.

    Keras's cell is built without dropout and only holds the weights.

    Attributes:
        dropout, recurrent_dropout, recurrent_dropout_type, zoneout,
            weight_dropout, layer_norm: The arguments.
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
                "the arguments after it by name. Received: "
                f"args={args[most:]}"
            )
        if unroll or use_cudnn is True:
            raise ValueError(
                "Invalid value for argument `unroll` or `use_cudnn`. Expected "
                "False: the loop can be neither unrolled nor run by cuDNN. "
                f"Received: unroll={unroll}, use_cudnn={use_cudnn}"
            )
        check_positive("units", units)
        # A wrapper gives both directions the same seed; their masks differ.
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
                f"{len(self.state_size)}, one for each state. Received: "
                f"zoneout={zoneout!r}"
            )
        self.step = self._make_step()

    def _make_step(self):
        """The `rnnzoo.layers.cells.Cell` of this layer."""
        raise NotImplementedError

    @property
    def seed_generator(self):
        return self.cell.seed_generator

    def call(self, sequences, initial_state=None, mask=None, training=False):
        # Keras reads the first step. A masked one changes nothing.
        if is_empty := sequences.shape[1] == 0:
            sequences = tf.pad(sequences, [[0, 0], [0, 1], [0, 0]])
            mask = tf.zeros(tf.shape(sequences)[:2], tf.bool)
        outputs = super().call(
            sequences,
            initial_state=initial_state,
            mask=mask,
            training=training,
        )
        if not (is_empty and self.return_sequences):
            return outputs
        if not self.return_state:
            return outputs[:, :0]
        return (outputs[0][:, :0], *outputs[1:])

    def inner_loop(self, sequences, initial_state, mask, training=False):
        # Eagerly, Keras leaves the states of a stateful layer as they are kept.
        initial_state = [
            tf.cast(each, self.compute_dtype) for each in initial_state
        ]
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

    def run(self, sequences, states, training=False, weights=None):
        """Outputs `(batch, time, units)` and list of the final states.

        Args:
            sequences: `(batch, time, features)`, without padding.
            states: List of states `(batch, units)`, in Keras's order.
            training: Whether to draw dropout masks.
            weights: The result of `prepare`, if several runs share it.
        """
        chain = self.chain(sequences, states, None, training, weights)
        (run,) = recur([chain], training=training)
        return self.sequence(run, None), list(run.states)

    def advance(self, inputs, states, weights):
        """One step at inference, without a loop.

        Args:
            inputs: `(batch, features)`.
            states: List of states `(batch, units)`, in Keras's order.
            weights: The result of `prepare_steps`.

        Returns:
            List of the new states; the first one is the output.
        """
        cell, states = self.step, tuple(states)
        if cell.sums:
            # With its bias, a product of one row takes a third of the time.
            product = tf.nn.bias_add(
                tf.matmul(tf.concat([inputs, states[0]], 1), weights.kernels),
                weights.biases,
            )
            sums = tf.split(product, cell.sums, axis=1)
            new, _ = cell.settle(sums, states, weights.of_step, cells.Noise())
        else:
            shares = [each[0] for each in self._project(inputs[None], weights)]
            new, _ = cell.forward(
                shares, states, weights.of_step, cells.Noise()
            )
        return [
            after if not rate else rate * before + (1 - rate) * after
            for before, after, rate in zip(
                states, new, self._zoneout_rates(), strict=True
            )
        ]

    def chain(self, sequences, initial_state, mask, training, weights=None):
        """This layer's run over `sequences`, for `recurrence.recur`.

        Args:
            sequences: `(batch, time, features)`.
            initial_state: List of states `(batch, units)`, in Keras's order.
            mask: Boolean `(batch, time)`, or `None`.
            training: Whether to draw dropout masks.
            weights: The result of `prepare`, if several runs share it.
        """
        mask = _checked_mask(mask, sequences)
        sequences = tf.cast(sequences, self.compute_dtype)
        batch = tf.shape(sequences)[0]
        if training and self.dropout:
            shape = (batch, 1, sequences.shape[-1])
            mask_of_inputs = self._draw(shape, self.dropout, "inputs")
            sequences = sequences * mask_of_inputs
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
        """Prepares the weights for runs.

        Args:
            training: Whether to drop weights.

        Returns:
            `Weights`.
        """
        kernel, recurrent, bias = self._read_weights()
        if training and self.weight_dropout:
            recurrent *= self._draw(
                recurrent.shape, self.weight_dropout, "weights", None
            )
        gates = self.step.gates
        # One product for each gate, because splitting a product of all gates
        # is slower; but layer normalization needs all gates together.
        parts = 1 if self.layer_norm else gates
        return Weights(
            kernels=tuple(tf.split(kernel, parts, axis=1)),
            biases=tuple(tf.split(self._input_bias(bias), parts)),
            of_step=(
                *tf.split(recurrent, gates, axis=1),
                *self._step_weights(bias),
            ),
        )

    def prepare_steps(self):
        """Prepares the weights for `advance`.

        Returns:
            `Weights`, with the joint kernel and bias of
            `rnnzoo.layers.cells.Cell.join` if the cell has them.
        """
        if not self.step.sums:
            return self.prepare()
        kernel, recurrent, bias = self._read_weights()
        of_step = self._step_weights(bias)
        joint = self.step.join(
            kernel, recurrent, self._input_bias(bias), of_step
        )
        return Weights(*joint, of_step)

    def _read_weights(self):
        """Kernel, recurrent kernel and bias, which may be `None`."""
        cell = self.cell
        return [
            None if weight is None else self._cast(weight)
            for weight in (cell.kernel, cell.recurrent_kernel, cell.bias)
        ]

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

        def draw(gate):
            shape = (batch, self.units)
            return self._draw(shape, self.recurrent_dropout, f"state {gate}")

        if self.recurrent_dropout_type == "candidate":
            return cells.Noise(candidate=draw("candidate"))
        tied = self.recurrent_dropout_type == "tied"
        return cells.Noise(
            hidden=tuple(map(draw, range(1 if tied else self.step.gates)))
        )

    def _updates(self, mask, inputs, training):
        """The share of each state that a step replaces, as in a `Chain`."""
        if mask is not None:
            mask = tf.transpose(mask)[..., None]  # (time, batch, 1)
        return tuple(
            self._update(f"zoneout {place}", rate, mask, inputs, training)
            for place, rate in enumerate(self._zoneout_rates())
        )

    def _update(self, name, rate, mask, inputs, training):
        if not rate:
            return mask
        if training:
            shape = (*tf.unstack(tf.shape(inputs)[:2]), self.units)
            update = self._draw(shape, rate, name, batch_axis=1) > 0
            return update if mask is None else update & mask
        if mask is None:
            mask = tf.ones((tf.shape(inputs)[0], 1, 1), bool)
        return tf.cast(mask, inputs.dtype) * (1 - rate)

    def _zoneout_rates(self):
        """One rate for each state, in Keras's order: the hidden one first."""
        rates = _as_tuple(self.zoneout)
        return rates[::-1] if len(rates) > 1 else rates * len(self.state_size)

    def _draw(self, shape, rate, name, batch_axis=0):
        return draw_mask(
            shape,
            rate,
            self.seed_generator,
            self.compute_dtype,
            name,
            batch_axis,
        )

    def _cast(self, weight):
        return tf.cast(tf.convert_to_tensor(weight), self.compute_dtype)

    def _zeros(self, gates=1):
        return tf.zeros((gates * self.units,), self.compute_dtype)

    def _input_bias(self, bias):
        """Bias of the inputs' share, `(gates * units,)`."""
        return self._zeros(self.step.gates) if bias is None else bias

    def _step_weights(self, bias):
        """The weights of a step besides the recurrent kernels."""
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


def split_states(initial_state, layers):
    """Splits a list of the states of several layers into one list a layer.

    Args:
        initial_state: List of the states of all layers.
        layers: Recurrent layers.

    Returns:
        List of lists of states.

    Raises:
        ValueError: If the layers have more or fewer states.
    """
    sizes = [len(layer.state_size) for layer in layers]
    if len(initial_state) != sum(sizes):
        raise ValueError(
            "Invalid value for argument `initial_state`. Expected "
            f"{sum(sizes)} states, {sizes} of the layers. Received: "
            f"{len(initial_state)} states"
        )
    states = iter(initial_state)
    return [[next(states) for _ in range(size)] for size in sizes]


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
