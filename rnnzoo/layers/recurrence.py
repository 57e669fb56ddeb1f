"""The time loop of all recurrent layers, and its gradient.

TensorFlow can differentiate a `tf.while_loop`, but then it keeps every
intermediate result of every step, and adds up the gradients of the weights one
step at a time. Here a cell says which tensors it needs for the way back, the
backward loop computes only the gradients that depend on the step after, and
the gradients of the weights are single matrix products over all steps. A cell
without a gradient of its own runs in the same loop, and TensorFlow
differentiates it.

Everything is time-major, `(time, batch, units)`.
"""

import contextlib
import contextvars
from typing import Any, NamedTuple

import tensorflow as tf

# Steps in an iteration of the loop at inference, and from how many units to how
# many they pay (`benchmarks/recurrent.py --steps`). The products of larger
# networks take nearly all of the time. Smaller ones, and training, have little
# to do for the time that it takes to make a larger graph.
GROUP, GROUPED = 4, (16, 128)

_WATCHED = contextvars.ContextVar("watched", default=None)


class Chain(NamedTuple):
    """One run through time. Several may share a loop, as two directions do.

    Attributes:
        cell: The step, a `rnnzoo.layers.cells.Cell`.
        inputs: Tuple of `(time, batch, units)`, the inputs' share of each
            gate.
        states: Tuple of the initial states `(batch, units)`, the output first.
        weights: Tuple of the tensors that the cell's step needs.
        noise: Dropout masks, `rnnzoo.layers.cells.Noise`.
        updates: For each state `None`, or a tensor `(time, batch, 1)` or
            `(time, batch, units)`: the share of the new state that replaces
            the old one, as booleans or as numbers from 0 to 1.
        reverse: Whether time runs backward.
    """

    cell: Any
    inputs: tuple
    states: tuple
    weights: tuple
    noise: Any
    updates: tuple
    reverse: bool = False

    @property
    def leaves(self):
        """The tensors that get gradients."""
        return self.inputs, self.states, self.weights

    def with_leaves(self, leaves):
        inputs, states, weights = leaves
        return self._replace(inputs=inputs, states=states, weights=weights)

    @property
    def feeds(self):
        """Number of the feeds among the tensors that the cell keeps."""
        return max(len(self.noise.hidden), 1)


class Run(NamedTuple):
    """The result of a chain.

    Attributes:
        sequence: Output of each step in the order of the inputs, `(time,
            batch, units)`; `()` unless wanted.
        states: Tuple of the final states `(batch, units)`.
    """

    sequence: Any
    states: tuple


@contextlib.contextmanager
def watched():
    """Collects the states of all steps of loops that run eagerly meanwhile.

    Yields:
        List of tuples of a cell, the step as an integer, and the tuple of its
        new states, which a tape can differentiate by if `training` is off.
    """
    token = _WATCHED.set([])
    try:
        yield _WATCHED.get()
    finally:
        _WATCHED.reset(token)


def recur(chains, sequences=True, training=False):
    """Runs chains of equal length side by side in one loop.

    Args:
        chains: List of `Chain`.
        sequences: Whether the outputs of all steps are wanted.
        training: Whether a gradient is expected. If not, nothing is kept for
            it, exported graphs stay plain, and TensorFlow can still
            differentiate the loop.

    Returns:
        List of `Run`.
    """
    if chains[0].inputs[0].shape[0] == 0:
        return [_run_nothing(chain, sequences) for chain in chains]
    if not training or not all(chain.cell.has_gradient for chain in chains):
        return _forward(chains, sequences, grouped=not training)[0]
    leaves = [chain.leaves for chain in chains]

    @tf.custom_gradient
    def run(*flat):
        packed = _pack(chains, flat)
        runs, kept = _forward(packed, sequences, keep=True)

        def gradient(*d_runs):
            # The gradient of a gather, for one, is sparse.
            d_runs = [tf.convert_to_tensor(each) for each in d_runs]
            d_runs = tf.nest.pack_sequence_as(runs, d_runs)
            gradients = _backward(packed, kept, d_runs)
            return _differentiable_once(tf.nest.flatten(gradients), flat)

        return tf.nest.flatten(runs), gradient

    like = [Run(sequences or (), chain.states) for chain in chains]
    return tf.nest.pack_sequence_as(like, run(*tf.nest.flatten(leaves)))


def _run_nothing(chain, sequences):
    """The `Run` over no step at all."""
    states = tuple(map(tf.convert_to_tensor, chain.states))
    nothing = tf.zeros_like(states[0])[None][:0]
    return Run(nothing if sequences else (), states)


def _pack(chains, flat):
    leaves = [chain.leaves for chain in chains]
    packed = tf.nest.pack_sequence_as(leaves, flat)
    return [c.with_leaves(p) for c, p in zip(chains, packed, strict=True)]


def _forward(chains, sequences, keep=False, grouped=False):
    """Runs the loop; returns the `Run`s and the arrays for the way back."""
    clock = _Clock(chains, grouped)
    steps = clock.slots
    inputs = [list(map(over_time, chain.inputs)) for chain in chains]
    outputs = [_arrays(chain, steps, int(sequences)) for chain in chains]
    kept = [
        _arrays(chain, steps, chain.feeds + chain.cell.residuals if keep else 0)
        for chain in chains
    ]

    def step(n, is_over, states, outputs, kept):
        results = []
        for chain, shares, old, output, residuals in zip(
            chains, inputs, states, outputs, kept, strict=True
        ):
            t, slot = clock.read(n, is_over, chain.reverse)
            new, values = chain.cell.forward(
                [share.read(t) for share in shares],
                old,
                chain.weights,
                chain.noise,
            )
            new = tuple(
                _mix(update, t, *pair)
                for update, *pair in zip(chain.updates, new, old, strict=True)
            )
            if (found := _WATCHED.get()) is not None:
                found.append((chain.cell, int(t), new))
            new = _unless(is_over, new, old)
            output = _write(output, slot, new[: len(output)])
            residuals = _write(residuals, slot, values[: len(residuals)])
            results.append((new, output, residuals))
        return map(list, zip(*results, strict=True))

    states = [chain.states for chain in chains]
    states, outputs, kept = clock.repeat(step, states, outputs, kept)
    runs = [
        Run(_stack(output[0], chain) if sequences else (), state)
        for chain, output, state in zip(chains, outputs, states, strict=True)
    ]
    return runs, kept


def _backward(chains, kept, d_runs):
    """Gradients of the chains' leaves."""
    steps = tf.shape(chains[0].inputs[0])[0]
    slopes = [_arrays(chain, steps, chain.cell.slopes) for chain in chains]
    kernels = [
        [tf.transpose(kernel) for kernel in chain.weights[: chain.cell.gates]]
        for chain in chains
    ]

    def step(n, d_states, slopes):
        results = []
        for i, chain in enumerate(chains):
            t = n if chain.reverse else steps - 1 - n
            d, d_sequence = d_states[i], d_runs[i].sequence
            if tf.is_tensor(d_sequence):
                d = (d[0] + d_sequence[t], *d[1:])
            d_new, d_past = zip(
                *(
                    _unmix(update, t, each)
                    for update, each in zip(chain.updates, d, strict=True)
                ),
                strict=True,
            )
            residuals = [array.read(t) for array in kept[i][chain.feeds :]]
            slope, d_old = chain.cell.backward(
                d_new, residuals, kernels[i], chain.noise
            )
            d_old = tuple(
                each if past is None else each + past
                for each, past in zip(d_old, d_past, strict=True)
            )
            results.append((d_old, _write(slopes[i], t, slope)))
        return n + 1, *map(list, zip(*results, strict=True))

    _, d_states, slopes = tf.while_loop(
        lambda n, *_: n < steps,
        step,
        (0, [tuple(d_run.states) for d_run in d_runs], slopes),
        maximum_iterations=steps,
    )
    gradients = []
    for i, chain in enumerate(chains):
        slope = [_stack(array, chain) for array in slopes[i]]
        feeds = [_stack(array, chain) for array in kept[i][: chain.feeds]]
        gradients.append(
            (
                tuple(slope[: len(chain.inputs)]),
                d_states[i],
                chain.cell.weight_gradients(feeds, slope),
            )
        )
    return gradients


class _Clock:
    """Counts the steps of a loop that takes several in an iteration.

    The last iteration may run over the end. Its steps from there on read the
    last one again, change no state, and write into slots of their own.

    Args:
        chains: List of `Chain`.
        grouped: Whether an iteration may take several steps.

    Attributes:
        slots: Number of the steps that run.
    """

    def __init__(self, chains, grouped):
        shape = chains[0].inputs[0].shape
        sizes = [chain.states[0].shape[-1] for chain in chains]
        pays = GROUPED[0] <= min(sizes) and max(sizes) <= GROUPED[1]
        grouped = grouped and pays and not tf.executing_eagerly()
        self.steps = tf.shape(chains[0].inputs[0])[0]
        self.group = GROUP if grouped else 1
        # Whether the end may lie within an iteration.
        self.overruns = bool(shape[0] is None or shape[0] % self.group)
        self.iterations = self.steps
        if self.group > 1:
            self.iterations = -(-self.steps // self.group)
        self.slots = self.iterations * self.group

    def repeat(self, step, *variables):
        """Runs all steps.

        Args:
            step: Function `(n, is_over, *variables)` that returns the
                variables after the step, where `is_over` is a boolean scalar,
                or `None` for no.
            *variables: Structures of tensors and arrays before the first step.

        Returns:
            List of the variables after the last step.
        """

        def iterate(n, *variables):
            for i in range(self.group):
                is_over = None
                if i and self.overruns:
                    is_over = n >= self.steps
                variables = step(n, is_over, *variables)
                n += 1
            return n, *variables

        _, *variables = tf.while_loop(
            lambda n, *_: n < self.steps,
            iterate,
            (0, *variables),
            maximum_iterations=self.iterations,
        )
        return variables

    def read(self, n, is_over, reverse):
        """Where step `n` reads and where it writes."""
        last = self.steps - 1
        if is_over is None:
            t = last - n if reverse else n
            return t, t
        t = tf.minimum(n, last)
        t = last - t if reverse else t
        return t, tf.where(is_over, n, t)


def _unless(is_over, new, old):
    """The states after a step, if there was one."""
    if is_over is None:
        return new
    # `tf.where` would broadcast the scalar, which is slow.
    return tuple(
        tf.raw_ops.Select(condition=is_over, x=before, y=after)
        for before, after in zip(old, new, strict=True)
    )


def over_time(tensor):
    """Turns a tensor into an array over its first axis.

    The gradient of a step read from the array is as large as the step. The
    gradient of an indexed tensor is as large as the whole tensor.
    """
    array = tf.TensorArray(
        tensor.dtype, tf.shape(tensor)[0], element_shape=tensor.shape[1:]
    )
    return array.unstack(tensor)


def _arrays(chain, steps, count):
    """Arrays over time of tensors in the shape of the chain's states."""
    like = chain.states[0]
    return [
        tf.TensorArray(
            like.dtype, steps, clear_after_read=False, element_shape=like.shape
        )
        for _ in range(count)
    ]


def _write(arrays, t, values):
    return [a.write(t, value) for a, value in zip(arrays, values, strict=True)]


def _stack(array, chain):
    """The values of all steps; those in slots after them are left out."""
    like, steps = chain.states[0], chain.inputs[0].shape[0]
    if tf.executing_eagerly():
        return array.stack()
    # An array of nothing does not know its shape.
    stacked = tf.raw_ops.TensorListStack(
        input_handle=array.flow,
        element_shape=tf.shape(like),
        element_dtype=like.dtype,
    )
    stacked = stacked[: tf.shape(chain.inputs[0])[0]]
    return tf.ensure_shape(stacked, [steps, *like.shape])


def _mix(update, t, new, old):
    """The state after a step that may replace only part of the old one."""
    if update is None:
        return new
    if update.dtype == tf.bool:
        return tf.where(update[t], new, old)
    return old + update[t] * (new - old)


def _unmix(update, t, d):
    """Splits a gradient between the new state and, past it, the old one."""
    if update is None:
        return d, None
    if update.dtype == tf.bool:
        d_new = tf.where(update[t], d, tf.zeros_like(d))
    else:
        d_new = update[t] * d
    return d_new, d - d_new


def _differentiable_once(gradients, leaves):
    """The gradients, with an error in place of their own gradients."""

    @tf.custom_gradient
    def once(*tensors):
        def gradient(*_):
            raise NotImplementedError(
                "The recurrent layers of rnnzoo have no second derivatives in "
                "training. Keras's recurrent layers have them, and take the "
                "same weights."
            )

        return list(map(tf.identity, tensors[: len(gradients)])), gradient

    # The leaves are arguments so that their second derivatives end here.
    return once(*gradients, *leaves)
