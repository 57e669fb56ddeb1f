"""Everything that a decoder prepares before its first step."""

from typing import Any, NamedTuple

import tensorflow as tf

from rnnzoo.layers import pointer
from rnnzoo.layers.recurrent_base import split_states


class DecoderState(NamedTuple):
    """The state of a decoder between two steps; its first axis is the rows.

    Attributes:
        layers: For each recurrent layer a tuple of states `(rows, units)`.
        feed: The last attentional vector, with input feeding; otherwise `()`.
        attention: `rnnzoo.layers.attention.AttentionState`; `()` without
            attention.
    """

    layers: Any
    feed: Any
    attention: Any


class LayerWeights(NamedTuple):
    """The weights of one recurrent layer of a decoder.

    Attributes:
        own: `rnnzoo.layers.recurrent_base.Weights`.
        fed: Tuple of the gates' kernels of the input that reaches the layer
            inside the loop over steps, from attention or from the layer below.
            Empty if there is no such input.
    """

    own: Any
    fed: Any


class DecoderWeights(NamedTuple):
    """The weights of a decoder in the form that its steps need.

    Attributes:
        layers: Tuple of `LayerWeights`.
        output: `rnnzoo.layers.decoder_output.OutputWeights`.
    """

    layers: Any
    output: Any


class DecoderMemory(NamedTuple):
    """Everything that is the same at all steps of a decoder.

    Attributes:
        source: `rnnzoo.layers.attention.Memory`; `()` without attention.
        pointers: `rnnzoo.layers.pointer.Pointers` of a decoder that copies;
            otherwise `()`.
        weights: `DecoderWeights`.
    """

    source: Any
    pointers: Any
    weights: Any

    @property
    def mask(self):
        """Boolean `(batch, places)`; `()` without attention."""
        return self.source and self.source.mask


def check_memory(decoder, memory):
    """Raises a `ValueError` if a memory, or its shape, is missing."""
    if memory is None and (decoder.has_bridge or decoder.attention is not None):
        raise ValueError(
            "Missing argument `memory`. A decoder does without a memory only "
            "if it has neither attention nor a bridge: `attention=None, "
            "bridge=False`."
        )


def start(
    decoder,
    memory=None,
    memory_mask=None,
    initial_state=None,
    memory_tokens=None,
    forbidden=(),
    rows=None,
):
    """See `rnnzoo.layers.AttentionDecoder.start`."""
    check_memory(decoder, memory)
    if memory is not None:
        memory = tf.cast(memory, decoder.compute_dtype)
        if memory_mask is None:
            memory_mask = tf.ones(tf.shape(memory)[:2], tf.bool)
    if initial_state is None:
        initial_state = _initial_state(decoder, memory, memory_mask, rows)
    states = split_states(initial_state, decoder.layers)
    layers = tuple(map(tuple, states))
    feed = source = attention = pointers = ()
    if decoder.input_feeding:
        shape = [tf.shape(memory)[0], decoder.readout_units]
        feed = tf.zeros(shape, decoder.compute_dtype)
    if decoder.attention is not None:
        source = decoder.attention.prepare(memory, memory_mask)
        attention = decoder.attention.start(source)
    if decoder.copy:
        pointers = _pointers(memory_tokens, source.mask)
    memory = DecoderMemory(source, pointers, _weights(decoder, forbidden))
    return memory, DecoderState(layers, feed, attention)


def _initial_state(decoder, memory, mask, rows):
    """List of the states of all layers before the first step."""
    if decoder.has_bridge:
        return _bridge(decoder, memory, mask)
    if memory is not None:
        raise ValueError(
            "Missing argument `initial_state`. A decoder without a bridge "
            "cannot make it from the memory."
        )
    if rows is None:
        raise ValueError(
            "Missing argument `rows`. A decoder needs the number of samples "
            "if it gets neither a memory nor an initial state."
        )
    zeros = tf.zeros([rows, decoder.units], decoder.compute_dtype)
    return [zeros] * sum(len(layer.state_size) for layer in decoder.layers)


def _bridge(decoder, memory, mask):
    """Initial states from the mean of the memory."""
    mask = tf.cast(mask, memory.dtype)[..., None]
    count = tf.maximum(tf.reduce_sum(mask, axis=1), 1)
    mean = tf.reduce_sum(memory * mask, axis=1) / count
    states = tf.tanh(tf.matmul(mean, decoder.cast(decoder.bridge)))
    return tf.split(states, states.shape[-1] // decoder.units, axis=1)


def _pointers(tokens, mask):
    if tokens is None:
        raise ValueError(
            "Missing argument `memory_tokens`. A decoder that copies needs "
            "the tokens of the source."
        )
    return pointer.prepare(tokens, mask)


def _weights(decoder, forbidden):
    layers = tuple(_layer_weights(decoder, i) for i in range(decoder.depth))
    return DecoderWeights(layers, decoder.output_weights(forbidden))


def _layer_weights(decoder, i):
    own, fed = decoder.layers[i].prepare(), ()
    if 0 < i < decoder.looped:
        fed = own.kernels
    elif i == 0 and (decoder.attend_first or decoder.input_feeding):
        gates = decoder.layers[0].step.gates
        fed = tuple(tf.split(decoder.cast(decoder.feed_kernel), gates, axis=1))
    return LayerWeights(own, fed)
