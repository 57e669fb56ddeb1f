"""The loop over the steps of a decoder whose layers wait for a context.

In training TensorFlow differentiates the loop, except for two gradients that
would cost too much one step at a time. The gradients of the layers' kernels
and of the memory's values are single products over all steps, made after the
loop. To this end kernels and values are constants inside the loop. Each step
adds a share to their products, read from a tensor over time, and the gradient
of this tensor gives the gradient of the kernels and values.
"""

import tensorflow as tf

from rnnzoo.layers.attention import Attended
from rnnzoo.layers.cells import over_all_steps
from rnnzoo.layers.recurrence import over_time


class Loop:
    """The steps of a decoder, in one call.

    Everything that is the same at all steps is made here, once: the chains of
    the layers with their dropout masks, and the shares of the token vectors.

    Args:
        decoder: `rnnzoo.layers.AttentionDecoder`.
        vectors: `(rows, steps, features)`, of the tokens.
        memory: `rnnzoo.layers.decoder_start.DecoderMemory`.
        state: `rnnzoo.layers.decoder_start.DecoderState`.
        drop: `rnnzoo.layers.dropout.MasksOverTime`.
        training: Whether to draw dropout masks and to expect a gradient.
    """

    def __init__(self, decoder, vectors, memory, state, drop, training):
        self.decoder = decoder
        self.vectors = vectors
        self.source = memory.source
        self.state = state
        self.training = training
        self.rows, self.steps = tf.unstack(tf.shape(vectors)[:2])
        layers = decoder.layers[: decoder.looped]
        # Otherwise TensorFlow differentiates the whole loop.
        self.by_hand = training and all(x.step.has_gradient for x in layers)
        self.layers = [
            self._layer(i, layer, memory.weights.layers[i])
            for i, layer in enumerate(layers)
        ]
        self.masks = [drop.draw(decoder.units) for _ in layers]
        self.contexts = None
        if self.by_hand:
            self.contexts = _Contexts(self.source, self.steps)
        self.noise = None
        if training and decoder.attention.hard:
            places = tf.shape(self.source.mask)[1]
            self.noise = decoder.attention.draw_noise(
                self.steps, self.rows, places
            )

    def _layer(self, i, layer, weights):
        vectors = self.vectors
        if i:
            # The share of zeros in the gates is the bias.
            shape = [self.rows, 1, self.decoder.units]
            vectors = tf.zeros(shape, vectors.dtype)
        states = self.state.layers[i]
        chain = layer.chain(vectors, states, None, self.training, weights.own)
        if i:
            inputs = [tf.repeat(x, self.steps, axis=0) for x in chain.inputs]
            chain = chain._replace(inputs=tuple(inputs))
        return _Layer(chain, weights.fed, self.by_hand)

    def run(self):
        """Outputs of the last layer in the loop, `Attended`, and the state."""
        state = self.state._replace(
            layers=self.state.layers[: len(self.layers)]
        )
        if self.vectors.shape[1] == 1 and not self.training:
            hidden, attended, state, _ = self._step(0, state)
            hidden, attended = tf.nest.map_structure(
                lambda x: x[:, None], (hidden, attended)
            )
        else:
            hidden, attended, state = self._loop(state)
        layers = (*state.layers, *self.state.layers[len(self.layers) :])
        return hidden, attended, state._replace(layers=layers)

    def _loop(self, state):
        kind, features = self.vectors.dtype, self.source.values.shape[-1]
        arrays = [
            self._array(kind, self.decoder.units),
            self._array(kind, features),
            self._array(tf.float32, None),
            self._array(tf.float32),
        ]
        if self.by_hand:
            arrays += [
                self._array(kind, size)
                for layer in self.layers
                for size in layer.kept_sizes
            ]

        def advance(t, state, arrays):
            hidden, attended, state, kept = self._step(t, state)
            written = [
                array.write(t, value)
                for array, value in zip(
                    arrays, (hidden, *attended, *kept), strict=True
                )
            ]
            return t + 1, state, written

        _, state, arrays = tf.while_loop(
            lambda t, *_: t < self.steps,
            advance,
            (0, state, arrays),
            maximum_iterations=self.steps,
        )
        hidden, context, weights, log_probs, *kept = (
            array.stack() for array in arrays
        )
        if self.by_hand:
            self.contexts.weights = weights
            for layer in self.layers:
                layer.kept = [kept.pop(0) for _ in layer.kept_sizes]
        turn = [1, 0, 2]
        attended = Attended(
            tf.transpose(context, turn),
            tf.transpose(weights, turn),
            tf.transpose(log_probs),
        )
        return tf.transpose(hidden, turn), attended, state

    def _array(self, dtype, *shape):
        """An array of one tensor `(rows, *shape)` for each step."""
        return tf.TensorArray(dtype, self.steps, element_shape=[None, *shape])

    def _step(self, t, state):
        """One step: output, `Attended`, state, and tensors for gradients."""
        decoder, attended, hidden = self.decoder, None, None
        feed = state.feed
        if decoder.attend_first:
            attended, attention = self._attend(state.layers[0][0], t, state)
            feed = attended.context
        states, kept = [], []
        for i, layer in enumerate(self.layers):
            if i:
                feed = hidden * self.masks[i]
            new = layer.step(t, feed, state.layers[i])
            if self.by_hand:
                kept += layer.keep(feed, state.layers[i])
            hidden = new[0]
            if i and decoder.residual:
                hidden += feed
            states.append(new)
        if attended is None:
            attended, attention = self._attend(hidden, t, state)
        feed = state.feed
        if decoder.input_feeding:
            feed = decoder.read_out(hidden, attended, None)
        state = type(state)(tuple(states), feed, attention)
        return hidden, attended, state, kept

    def _attend(self, query, t, state):
        noise = None if self.noise is None else self.noise[t]
        source = self.contexts.source if self.by_hand else self.source
        attended, attention = self.decoder.attention.step(
            query, source, state.attention, noise
        )
        if self.by_hand:
            attended = self.contexts.add(t, attended)
        return self.decoder.gate(query, attended), attention


class _Layer:
    """A layer in the loop.

    A layer may be fed a vector that is known only at its step: the context,
    the last attentional vector, or the output of the layer below.

    Args:
        chain: `rnnzoo.layers.recurrence.Chain`. Its inputs are the shares of
            all gates, without the share of the vector that is fed.
        kernels: Tuple of the gates' kernels of the vector that is fed, or
            empty.
        by_hand: Whether the layer computes its own gradients.

    Attributes:
        kept: The factors of the products, over time; set after the loop.
        kept_sizes: The sizes of these tensors.
    """

    def __init__(self, chain, kernels, by_hand):
        self.chain = chain
        self.kernels = kernels
        self.by_hand = by_hand
        self.kept = None
        self.kept_sizes = [chain.states[0].shape[-1]] * chain.feeds
        self.kept_sizes += [kernel.shape[0] for kernel in kernels[:1]]
        shares = chain.inputs
        if by_hand:
            self._make_constant()
            more = chain.cell.slopes - len(shares)
            shares = _attach(
                (*shares, *[tf.zeros_like(shares[0])] * more),
                (*chain.weights, *kernels),
                self._weight_gradients,
            )
        self.shares = [over_time(share) for share in shares]

    def _make_constant(self):
        stop = tf.stop_gradient
        weights = tuple(map(stop, self.chain.weights))
        self.chain = self.chain._replace(weights=weights)
        self.kernels = tuple(map(stop, self.kernels))
        # A product with a transposed matrix takes twice the time.
        self.turned = [
            [tf.transpose(kernel) for kernel in kernels]
            for kernels in (weights[: self.chain.cell.gates], self.kernels)
        ]

    def step(self, t, feed, states):
        """The new states.

        Args:
            t: The step.
            feed: `(rows, features)`, the vector that is fed; not read without
                kernels for it.
            states: Tuple of the old states.
        """
        shares = [share.read(t) for share in self.shares]
        if self.by_hand:
            return self._differentiable(feed, shares, states)
        return self._forward(feed, shares, states)[0]

    def _forward(self, feed, shares, states):
        shares = list(shares)
        for gate, kernel in enumerate(self.kernels):
            shares[gate] += tf.matmul(feed, kernel)
        chain = self.chain
        return chain.cell.forward(shares, states, chain.weights, chain.noise)

    def _differentiable(self, feed, shares, states):
        chain, (recurrent, fed) = self.chain, self.turned
        inputs = [shares, states, [feed] if fed else []]

        @tf.custom_gradient
        def step(*flat):
            shares, states, feed = tf.nest.pack_sequence_as(inputs, flat)
            new, kept = self._forward(*feed or [None], shares, states)

            def gradient(*d):
                slopes, d_states = chain.cell.backward(
                    d, kept[chain.feeds :], recurrent, chain.noise
                )
                reached = list(map(tf.matmul, slopes, fed))
                d_feed = [tf.add_n(reached)] if fed else []
                return (*slopes, *d_states, *d_feed)

            return new, gradient

        return step(*tf.nest.flatten(inputs))

    def keep(self, feed, states):
        """The factors of the products of a step."""
        feeds = [*self.chain.noise.feed(states[0])]
        if self.kernels:
            feeds.append(feed)
        return map(tf.stop_gradient, feeds)

    def _weight_gradients(self, slopes):
        chain = self.chain
        return (
            *chain.cell.weight_gradients(self.kept[: chain.feeds], slopes),
            *(
                over_all_steps(self.kept[-1], slope)
                for slope in slopes[: len(self.kernels)]
            ),
        )


class _Contexts:
    """Zeros that are added to the context of each step for their gradient.

    Attributes:
        source: `Memory` whose values are constants.
        weights: `(time, rows, places)`; set after the loop.
    """

    def __init__(self, source, steps):
        values = source.values
        self.source = source._replace(values=tf.stop_gradient(values))
        self.weights = None
        rows, features = tf.shape(values)[0], values.shape[-1]
        zeros = tf.zeros([steps, rows, features], values.dtype)
        (zeros,) = _attach((zeros,), (values,), self._values_gradient)
        self.zeros = over_time(zeros)

    def add(self, t, attended):
        context = attended.context + self.zeros.read(t)
        return attended._replace(context=context)

    def _values_gradient(self, slopes):
        turn = [1, 2, 0]  # (time, rows, places) to (rows, places, time)
        weights = tf.transpose(self.weights, turn)
        slopes = tf.transpose(slopes[0], [1, 0, 2])
        return [tf.matmul(tf.cast(weights, slopes.dtype), slopes)]


def _attach(tensors, weights, gradient):
    """Makes the gradients of tensors the source of the gradients of weights.

    Args:
        tensors: Tuple of tensors.
        weights: Tuple of tensors.
        gradient: Function from the gradients of the tensors to the gradients
            of the weights.

    Returns:
        The same tensors, attached to the weights.
    """

    @tf.custom_gradient
    def attach(*flat):
        def backward(*d):
            d = [tf.convert_to_tensor(each) for each in d]
            return (*d, *gradient(d))

        return [tf.identity(x) for x in flat[: len(tensors)]], backward

    return attach(*tensors, *weights)
