"""A recurrent layer in both directions, in one loop."""

import keras
import tensorflow as tf

from rnnzoo.layers.recurrence import recur
from rnnzoo.layers.recurrent_base import Recurrent, split_states


@keras.saving.register_keras_serializable(package="rnnzoo")
class Bidirectional(keras.layers.Bidirectional):
    """Runs a recurrent layer of rnnzoo in both directions.

    Schuster & Paliwal 1997. Arguments, weights and results are those of
    `keras.layers.Bidirectional`. Both directions run side by side in one loop,
    and each draws its own dropout masks, even if the layer has a seed.

    Args:
        layer: `rnnzoo.layers.LSTM`, `GRU` or `SimpleRNN`. It is copied.
        merge_mode: `"concat"`, `"sum"`, `"mul"`, `"ave"`, or `None` for a
            tuple of both outputs.
        weights: Optional list of initial weights, the forward layer's first.
        backward_layer: The layer that runs backward; by default a copy of
            `layer`.

    Call arguments:
        sequences: `(batch, time, features)`.
        initial_state: List of the forward states and the backward states.
        mask: Boolean `(batch, time)`. With `return_sequences`, the outputs at
            masked steps are zero.
        training: Whether to draw dropout masks.

    Returns:
        With `merge_mode="concat"` `(batch, 2 * units)`, or `(batch, time,
        2 * units)` with `return_sequences`. With `return_state`, a tuple of
        this output and the final states of both directions.

    Raises:
        ValueError: If the layer is not one of rnnzoo's, or if it has more or
            fewer states than `initial_state`.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import layers
        >>> both = layers.Bidirectional(layers.GRU(4, return_sequences=True))
        >>> tuple(both(np.ones((2, 5, 3))).shape)
        (2, 5, 8)
    """

    def __init__(
        self,
        layer,
        merge_mode="concat",
        weights=None,
        backward_layer=None,
        **kwargs,
    ):
        for each in (layer, backward_layer):
            known = isinstance(each, Recurrent) and not each.stateful
            if each is not None and not known:
                raise ValueError(
                    "Invalid value for argument `layer` or `backward_layer`. "
                    "Expected a recurrent layer of rnnzoo that is not "
                    "stateful; `keras.layers.Bidirectional` takes others. "
                    f"Received: {each}"
                )
        super().__init__(
            layer,
            merge_mode=merge_mode,
            backward_layer=backward_layer,
            **kwargs,
        )
        self._first_weights = weights
        # While a model is loaded, Keras tells layers apart by `id`. If this
        # one were freed, another would get its id and be taken for its copy.
        self._given = lambda: layer

    def build(self, sequences_shape, initial_state_shape=None):
        super().build(sequences_shape)
        if self._first_weights is not None:
            self.set_weights(self._first_weights)

    @property
    def state_size(self):
        return self.forward_layer.state_size + self.backward_layer.state_size

    def call(self, sequences, initial_state=None, mask=None, training=None):
        layers = [self.forward_layer, self.backward_layer]
        if initial_state is None:
            batch = tf.shape(sequences)[0]
            states = [layer.get_initial_state(batch) for layer in layers]
        else:
            states = split_states(initial_state, layers)
        runs = recur(
            [
                layer.chain(sequences, state, mask, training)
                for layer, state in zip(layers, states, strict=True)
            ],
            sequences=self.return_sequences,
            training=training,
        )
        if self.return_sequences:
            outputs = [
                layer.sequence(run, mask)
                for layer, run in zip(layers, runs, strict=True)
            ]
        else:
            outputs = [run.states[0] for run in runs]
        outputs = self._merge(*outputs)
        if not self.return_state:
            return outputs
        outputs = outputs if self.merge_mode is None else (outputs,)
        return (*outputs, *runs[0].states, *runs[1].states)

    def _merge(self, forward, backward):
        if self.merge_mode == "concat":
            return tf.concat([forward, backward], axis=-1)
        if self.merge_mode == "sum":
            return forward + backward
        if self.merge_mode == "ave":
            return (forward + backward) / 2
        if self.merge_mode == "mul":
            return forward * backward
        return forward, backward
