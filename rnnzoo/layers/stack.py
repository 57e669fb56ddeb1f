"""A stack of recurrent layers."""

import keras

from rnnzoo.checks import check_rate
from rnnzoo.layers.dropout import VariationalDropout
from rnnzoo.layers.recurrent_base import split_states


@keras.saving.register_keras_serializable(package="rnnzoo")
class Stack(keras.layers.Layer):
    """Runs recurrent layers one after the other.

    There is a variational dropout between two layers (Gal & Ghahramani 2016:
    one mask over time) and, with `residual`, a residual connection around each
    layer whose inputs and outputs have the same number of features.

    Args:
        layers: List of recurrent or `Bidirectional` layers, all but the last
            with `return_sequences`.
        dropout: Rate of the dropout between layers.
        residual: Whether a layer's inputs are added to its outputs.
        seed: Optional integer that makes the masks between layers
            reproducible.

    Call arguments:
        sequences: `(batch, time, features)`.
        initial_state: List of the states of all layers, the first layer's
            first.
        mask: Boolean `(batch, time)`.
        training: Whether to draw dropout masks.

    Returns:
        The output of the last layer. If the layers have `return_state`, a
        tuple of this output and the final states of all layers.

    Raises:
        ValueError: If there is no layer, if the layers do not fit each other,
            or if they have more or fewer states than `initial_state`.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import layers
        >>> stack = layers.Stack(
        ...     [layers.LSTM(8, return_sequences=True) for _ in range(3)],
        ...     dropout=0.3,
        ...     residual=True,
        ... )
        >>> tuple(stack(np.ones((2, 5, 8))).shape)
        (2, 5, 8)
    """

    def __init__(
        self, layers, dropout=0.0, residual=False, seed=None, **kwargs
    ):
        super().__init__(**kwargs)
        check_rate("dropout", dropout)
        layers = list(layers)
        sequences = [layer.return_sequences for layer in layers[:-1]]
        states = {layer.return_state for layer in layers}
        if not layers or not all(sequences) or len(states) > 1:
            raise ValueError(
                "Invalid value for argument `layers`. Expected recurrent "
                "layers, all but the last with `return_sequences=True`, and "
                "all or none with `return_state=True`. Received: "
                f"layers={layers}"
            )
        self.layers = layers
        self.dropout = dropout
        self.residual = residual
        self.seed = seed
        self.return_sequences = layers[-1].return_sequences
        self.return_state = layers[-1].return_state
        self.supports_masking = True
        self.dropouts = [
            VariationalDropout(
                dropout,
                seed if seed is None else seed + i,
                dtype=self.dtype_policy,
            )
            for i in range(len(layers) - 1)
        ]

    def build(self, sequences_shape, initial_state_shape=None):
        for layer in self.layers:
            if not layer.built:  # by loading
                layer.build(sequences_shape)
            shape = layer.compute_output_shape(sequences_shape)
            sequences_shape = shape[0] if self.return_state else shape

    def call(self, sequences, initial_state=None, mask=None, training=None):
        count = len(self.layers)
        initial_states = [None] * count
        if initial_state is not None:
            initial_states = split_states(initial_state, self.layers)
        states = []
        for i, layer in enumerate(self.layers):
            outputs = layer(
                sequences,
                initial_state=initial_states[i],
                mask=mask,
                training=training,
            )
            if self.return_state:
                outputs, *new = outputs
                states += new
            if self.residual and _same_kind(outputs, sequences):
                outputs = outputs + sequences
            sequences = outputs
            if i < count - 1:
                sequences = self.dropouts[i](sequences, training=training)
        return (sequences, *states) if self.return_state else sequences

    def compute_output_shape(self, sequences_shape):
        shape, states = sequences_shape, []
        for layer in self.layers:
            shape = layer.compute_output_shape(shape)
            if self.return_state:
                shape, *new = shape
                states += new
        return (shape, *states) if self.return_state else shape

    def compute_mask(self, sequences, previous_mask=None):
        mask = previous_mask if self.return_sequences else None
        return mask

    def get_config(self):
        serialize = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            "layers": [serialize(layer) for layer in self.layers],
            "dropout": self.dropout,
            "residual": self.residual,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config):
        layers = map(keras.saving.deserialize_keras_object, config["layers"])
        return cls(**{**config, "layers": list(layers)})


def _same_kind(outputs, inputs):
    """Whether both are sequences, or both vectors, of the same size."""
    # A graph may know the number of steps of only one of them.
    one, other = outputs.shape, inputs.shape
    return len(one) == len(other) and one[-1] == other[-1]
