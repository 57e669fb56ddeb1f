"""A decoder: one token after the other, attending to an encoded source.

Teacher forced over whole targets, for training; and a token at a time, for
`rnnzoo.search`:

```python
logits = decoder(tokens, encoded, memory_mask=mask).logits

memory, state = decoder.start(encoded, mask)
step = functools.partial(decoder.step, memory=memory)
found = rnnzoo.search.beam(step, state, start, end, max_length=50)
```

What does not depend on the step before is computed for all steps at once: the
shares of the token vectors in the gates, the layers above those that read the
context, and, where the recurrence never reads it, attention as a whole.
"""

from typing import Any, NamedTuple

import keras
import tensorflow as tf

from rnnzoo.checks import check_positive, check_rate
from rnnzoo.ids import UNKNOWN
from rnnzoo.layers import pointer
from rnnzoo.layers.attention import Attended
from rnnzoo.layers.decoder_loop import Loop
from rnnzoo.layers.decoding import Decoded
from rnnzoo.layers.dropout import EmbeddingDropout, draw_mask, next_seed
from rnnzoo.layers.recurrence import recur
from rnnzoo.layers.recurrent import recurrent_layer
from rnnzoo.layers.recurrent_base import split_states


class DecoderState(NamedTuple):
    """What a decoder keeps from step to step; its first axis is the rows.

    Attributes:
        layers: For each recurrent layer a tuple of states `(rows, units)`.
        feed: The last attentional vector, with input feeding; otherwise `()`.
        attention: `rnnzoo.layers.attention.AttentionState`, or `()`.
    """

    layers: Any
    feed: Any
    attention: Any


class LayerWeights(NamedTuple):
    """Weights of a layer of a decoder.

    Attributes:
        own: `rnnzoo.layers.recurrent_base.Weights`.
        fed: Tuple of the gates' kernels of what the layer gets in the loop
            over steps, from attention or from the layer below, or empty.
    """

    own: Any
    fed: Any


class DecoderWeights(NamedTuple):
    """Weights as they are needed, made once for all steps.

    Attributes:
        layers: Tuple of `LayerWeights`.
        output_kernel: `(readout_units, tokens)`.
        output_bias: float32 `(tokens,)`, minus infinity for what is forbidden.
    """

    layers: Any
    output_kernel: Any
    output_bias: Any


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


@keras.saving.register_keras_serializable(package="rnnzoo")
class AttentionDecoder(keras.layers.Layer):
    """Recurrent decoder with attention.

    Luong et al. 2015 attend with the new state:

        h_t = RNN(y_{t-1}, h_{t-1})    or, fed, RNN([y_{t-1}; a_{t-1}], h_{t-1})
        c_t = attention(h_t, memory)
        a_t = tanh(W_r [h_t; c_t])
        p(y_t) = softmax(W_o a_t + b_o)

    Bahdanau et al. 2015, with `attend_first`, with the old one:

        c_t = attention(h_{t-1}, memory)
        h_t = RNN([y_{t-1}; c_t], h_{t-1})
        a_t = tanh(W_r [h_t; c_t; y_{t-1}])

    where of a deep stack the first layer attends (Wu et al. 2016), and those
    above it run outside of the loop. With a context gate, the state `q_t` that
    attends, `h_t` or `h_{t-1}`, says how much of the context there is (Xu et
    al. 2015, section 4.2.1):

        c_t = b_t attention(q_t, memory),    b_t = sigmoid(w_b . q_t + b_b)

    Without attention, `a_t = h_t` (Sutskever et al. 2014). Unless an initial
    state is given, it is `tanh(W m)` with the mean `m` of the memory (Sennrich
    et al. 2017, section 2).

    A context has as many features as the memory. Those of an image are better
    projected to `units` before: then no step multiplies with more.

    Args:
        units: Units of each recurrent layer.
        attention: `rnnzoo.layers.BahdanauAttention`, `LuongAttention`, or
            `None`.
        embedding: `rnnzoo.layers.Embedding` of the target tokens; its
            `input_dim` is their number.
        rnn: `"lstm"` or `"gru"`.
        depth: Number of recurrent layers.
        attend_first: Whether the state before the step attends.
        input_feeding: Whether the attentional vector `a_{t-1}` enters the
            first layer. Luong et al. 2015, section 3.3.
        context_gate: Whether a number in (0, 1), made of the state, scales
            each context.
        copy: Whether tokens of the source may be copied. See et al. 2017; the
            tokens and the equations are those of `rnnzoo.layers.pointer`.
        readout_units: Size of `a_t`; defaults to `units`, or to the size of
            the token vectors if `tied`.
        residual: Whether the inputs of each layer but the first are added to
            its outputs.
        bridge: Whether there are weights that make an initial state of the
            memory; without, it must be given.
        tied: Whether `W_o` is the embedding matrix. Press & Wolf 2017.
        dropout: Rate at the inputs of each layer and at `a_t`, one mask over
            time.
        recurrent_dropout: Rate at the states, one mask over time.
        word_dropout: Rate at which token types are dropped.
        scheduled_sampling: Rate at which tokens of a target are replaced, in
            training, by what the model would write there. Bengio et al. 2015;
            drawn for all steps at once, after the true tokens before, as in
            Duckworth et al. 2019.
        seed: Optional integer that makes the masks reproducible.

    Call arguments:
        tokens: int32 `(batch, steps)`: the start token and the target, without
            its last token. One that is copied, out of the vocabulary, is read
            as `rnnzoo.UNKNOWN`.
        memory: `(batch, places, features)`. `None` for a language model: a
            decoder with neither attention nor a bridge.
        memory_mask: Boolean `(batch, places)`.
        memory_tokens: int32 `(batch, places)`, the token that each place would
            be copied as; needed by a decoder that copies.
        initial_state: List of the states of all layers, `(batch, units)`. By
            default the bridge makes them of the memory; they are zeros
            without a memory.
        training: Whether to draw dropout masks.

    Returns:
        `Decoded`.

    Raises:
        ValueError: If options do not go together.
    """

    def __init__(
        self,
        units,
        attention,
        embedding,
        *,
        rnn="lstm",
        depth=1,
        attend_first=False,
        input_feeding=False,
        context_gate=False,
        copy=False,
        readout_units=None,
        residual=False,
        bridge=True,
        tied=False,
        dropout=0.0,
        recurrent_dropout=0.0,
        word_dropout=0.0,
        scheduled_sampling=0.0,
        seed=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_rate("dropout", dropout)
        check_rate("word_dropout", word_dropout)
        check_rate("scheduled_sampling", scheduled_sampling)
        check_positive("depth", depth)
        if attend_first + input_feeding > (attention is not None):
            raise ValueError(
                "Invalid value for argument `input_feeding`. Expected at most "
                "one of `attend_first` and `input_feeding`, and none without "
                f"attention. Received: attend_first={attend_first}, "
                f"input_feeding={input_feeding}, attention={attention}"
            )
        if context_gate and attention is None:
            raise ValueError(
                "Invalid value for argument `context_gate`. Expected False "
                "without attention. Received: context_gate=True"
            )
        if copy and (attention is None or attention.hard):
            raise ValueError(
                "Invalid value for argument `copy`. Expected False unless "
                "there is attention that is not hard. Received: copy=True, "
                f"attention={attention}"
            )
        self.units = units
        self.attention = attention
        self.embedding = embedding
        self.rnn = rnn
        self.depth = depth
        self.attend_first = attend_first
        self.input_feeding = input_feeding
        self.context_gate = context_gate
        self.copy = copy
        self.residual = residual
        self.has_bridge = bridge
        self.tied = tied
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.word_dropout = EmbeddingDropout(
            word_dropout,
            None if seed is None else seed + depth + 1,
            dtype=self.dtype_policy,
        )
        self.scheduled_sampling = scheduled_sampling
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.readout_units = self._checked_readout(readout_units)
        self.layers = [
            recurrent_layer(rnn)(
                units,
                return_sequences=True,
                recurrent_dropout=recurrent_dropout,
                seed=None if seed is None else seed + i + 1,
                name=f"layer_{i}",
                dtype=self.dtype_policy,
            )
            for i in range(depth)
        ]

    def _checked_readout(self, readout_units):
        size = self.embedding.output_dim if self.tied else readout_units
        size = size or self.units
        if readout_units not in (None, size) or (
            self.attention is None and size != self.units
        ):
            raise ValueError(
                "Invalid value for argument `readout_units`. Expected the "
                "size of the token vectors if `tied`, and `units` without "
                f"attention. Received: readout_units={readout_units}, "
                f"units={self.units}, "
                f"embedding.output_dim={self.embedding.output_dim}"
            )
        return size

    @property
    def looped(self):
        """How many layers run in the loop over steps: those that wait for a
        context, or, from the second on, for those that do.
        """
        if self.attention is None:
            return 0
        if self.attend_first:
            return 1
        in_turn = self.input_feeding or self.attention.coverage
        return self.depth if in_turn else 0

    def build(self, tokens_shape, memory_shape=None):
        self._check_memory(memory_shape)
        memory = None if memory_shape is None else memory_shape[-1]
        vector = self.embedding.output_dim
        parts = [(self.embedding, (tokens_shape,))]
        for i, layer in enumerate(self.layers):
            parts.append((layer, ((None, None, self.units if i else vector),)))
        if self.attention is not None:
            queries = (None, None, self.units)
            parts.append((self.attention, (queries, memory_shape)))
        for part, shapes in parts:
            if not part.built:  # by loading
                part.build(*shapes)
        gates = self.layers[0].step.gates
        states = sum(len(layer.state_size) for layer in self.layers)
        if self.has_bridge:
            self.bridge = self._weight("bridge", memory, states * self.units)
        if self.attention is not None:
            size = self.units + memory + vector * self.attend_first
            self.readout_kernel = self._weight(
                "readout_kernel", size, self.readout_units
            )
        if self.context_gate:
            self.gate_kernel = self._weight("gate_kernel", self.units, 1)
            self.gate_bias = self._weight("gate_bias", 1, initializer="zeros")
        if self.copy:
            size = memory + self.units + vector
            self.generate_kernel = self._weight("generate_kernel", size, 1)
            self.generate_bias = self._weight(
                "generate_bias", 1, initializer="zeros"
            )
        if self.attend_first or self.input_feeding:
            fed = memory if self.attend_first else self.readout_units
            self.feed_kernel = self._weight(
                "feed_kernel", fed, gates * self.units
            )
        tokens = self.embedding.input_dim
        self.output_bias = self._weight(
            "output_bias", tokens, initializer="zeros"
        )
        if not self.tied:
            self.output_kernel = self._weight(
                "output_kernel", self.readout_units, tokens
            )

    # A token at a time.

    def start(
        self,
        memory=None,
        memory_mask=None,
        initial_state=None,
        memory_tokens=None,
        forbidden=(),
        rows=None,
    ):
        """Prepares what the first step needs.

        Args:
            memory, memory_mask, initial_state, memory_tokens: As in a call.
            forbidden: Tuple of tokens that get no probability.
            rows: Number of samples, which a decoder needs if it gets neither
                a memory nor an initial state.

        Returns:
            Tuple of the `DecoderMemory` and the `DecoderState`, which has one
            row for each sample.
        """
        self._check_memory(memory)
        if memory is not None:
            memory = tf.cast(memory, self.compute_dtype)
            if memory_mask is None:
                memory_mask = tf.ones(tf.shape(memory)[:2], tf.bool)
        if initial_state is None:
            initial_state = self._initial_state(memory, memory_mask, rows)
        states = split_states(initial_state, self.layers)
        layers = tuple(map(tuple, states))
        feed = source = attention = pointers = ()
        if self.input_feeding:
            shape = [tf.shape(memory)[0], self.readout_units]
            feed = tf.zeros(shape, self.compute_dtype)
        if self.attention is not None:
            source = self.attention.prepare(memory, memory_mask)
            attention = self.attention.start(source)
        if self.copy:
            pointers = self._pointers(memory_tokens, source.mask)
        memory = DecoderMemory(source, pointers, self._weights(forbidden))
        return memory, DecoderState(layers, feed, attention)

    def _check_memory(self, memory):
        if memory is None and (self.has_bridge or self.attention is not None):
            raise ValueError(
                "Missing argument `memory`. A decoder does without a memory "
                "only if it has neither attention nor a bridge: "
                "`attention=None, bridge=False`."
            )

    def _initial_state(self, memory, mask, rows):
        """List of the states of all layers before the first step."""
        if self.has_bridge:
            return self._bridge(memory, mask)
        if memory is not None:
            raise ValueError(
                "Missing argument `initial_state`. A decoder without a bridge "
                "cannot make it of the memory."
            )
        if rows is None:
            raise ValueError(
                "Missing argument `rows`. A decoder needs the number of "
                "samples if it gets neither a memory nor an initial state."
            )
        zeros = tf.zeros([rows, self.units], self.compute_dtype)
        return [zeros] * sum(len(layer.state_size) for layer in self.layers)

    def _weights(self, forbidden):
        bias = _as_float(self.output_bias)
        if self.tied:
            kernel = tf.transpose(self.cast(self.embedding.embeddings))
        else:
            kernel = self.cast(self.output_kernel)
        if forbidden:
            tokens = tf.range(tf.size(bias))[:, None]
            is_forbidden = tf.reduce_any(tokens == list(forbidden), axis=1)
            bias = tf.where(is_forbidden, -float("inf"), bias)
        layers = tuple(map(self._layer_weights, range(self.depth)))
        return DecoderWeights(layers, kernel, bias)

    def _layer_weights(self, i):
        own, fed = self.layers[i].prepare(), ()
        if 0 < i < self.looped:
            fed = own.kernels
        elif i == 0 and (self.attend_first or self.input_feeding):
            gates = self.layers[0].step.gates
            fed = tuple(tf.split(self.cast(self.feed_kernel), gates, axis=1))
        return LayerWeights(own, fed)

    @staticmethod
    def _pointers(tokens, mask):
        if tokens is None:
            raise ValueError(
                "Invalid value for argument `memory_tokens`. Expected the "
                "tokens of the source, which are copied. Received: "
                "memory_tokens=None"
            )
        return pointer.prepare(tokens, mask)

    def step(self, tokens, state, memory):
        """One step.

        Args:
            tokens: int32 `(rows,)`, the last tokens.
            state: `DecoderState`.
            memory: As `start` made it; the rows are as many as its samples, or
                several for each.

        Returns:
            Tuple of the logits of the next tokens, `(rows, tokens)`, with
            copying `(rows, tokens + places)`, and the new `DecoderState`.
        """
        vectors = self.embedding(self._readable(tokens)[:, None])
        logits, _, state = self._run(vectors, memory, state, training=False)
        return logits[:, 0], state

    # Whole targets.

    def align(self, tokens, state, memory):
        """What is attended to at each token of given targets.

        Args:
            tokens: int32 `(rows, steps)`, beginning with the start token.
            state: `DecoderState` as `start` made it; a row a sample.
            memory: As `start` made it; the rows are as many as its samples, or
                several for each.

        Returns:
            float32 `(rows, steps, places)`.
        """
        samples = tf.shape(state.layers[0][0])[0]
        several = tf.shape(tokens)[0] // tf.maximum(samples, 1)
        state = tf.nest.map_structure(
            lambda x: tf.repeat(x, several, axis=0), state
        )
        vectors = self.embedding(self._readable(tokens))
        _, attended, _ = self._run(vectors, memory, state, training=False)
        return attended.weights

    def call(
        self,
        tokens,
        memory=None,
        memory_mask=None,
        initial_state=None,
        memory_tokens=None,
        training=None,
    ):
        memory, state = self.start(
            memory,
            memory_mask,
            initial_state,
            memory_tokens,
            rows=tf.shape(tokens)[0],
        )
        tokens = self._readable(tokens)
        if training and self.scheduled_sampling:
            tokens = self._with_own_tokens(tokens, memory, state)
        vectors = self.embedding(tokens)
        vectors = self.word_dropout(vectors, tokens, training=training)
        logits, attended, _ = self._run(vectors, memory, state, training)
        return Decoded(logits, attended.weights, attended.log_probs)

    def _readable(self, tokens):
        """The tokens, unknown where they were copied out of the vocabulary."""
        if not self.copy:
            return tokens
        return tf.where(tokens < self.embedding.input_dim, tokens, UNKNOWN)

    def _with_own_tokens(self, tokens, memory, state):
        """The tokens, some replaced by what the model would write there."""
        vectors = self.embedding(tokens)
        logits, _, _ = self._run(vectors, memory, state, training=False)
        logits = logits[:, :-1]
        batch, steps, count = tf.unstack(tf.shape(logits))
        drawn = tf.random.stateless_categorical(
            tf.reshape(logits, [-1, count]),
            1,
            next_seed(self.seed_generator),
            dtype=tokens.dtype,
        )
        keep = draw_mask(
            (batch, steps),
            self.scheduled_sampling,
            self.seed_generator,
            self.compute_dtype,
        )
        drawn = self._readable(tf.reshape(drawn, [batch, steps]))
        given = tokens[:, 1:]
        return tf.concat(
            [tokens[:, :1], tf.where(keep > 0, given, drawn)], axis=1
        )

    def _run(self, vectors, memory, state, training):
        """Runs over some steps from any state.

        Args:
            vectors: `(rows, steps, features)`, of the tokens.
            memory, state: As in `step`.
            training: Whether to draw dropout masks.

        Returns:
            Tuple of the logits `(rows, steps, ...)`, `Attended` of shape
            `(rows, steps, ...)`, and the new state.
        """
        drop = _Dropout(self, tf.shape(vectors)[0], training)
        vectors = hidden = drop(vectors)
        attended, layers = Attended((), (), ()), ()
        if self.looped:
            loop = Loop(self, vectors, memory, state, drop, training)
            hidden, attended, state = loop.run()
            layers = state.layers[: self.looped]
        for i in range(self.looped, self.depth):
            inputs = drop(hidden) if i else vectors
            outputs, states = self._recur(i, inputs, memory, state, training)
            hidden = outputs + inputs if i and self.residual else outputs
            layers += (states,)
        state = state._replace(layers=layers)
        if self.attention is not None and not self.looped:
            attended, state = self._attend_at_once(
                hidden, memory, state, training
            )
        logits = self._logits(
            drop(self.read_out(hidden, attended, vectors)), memory.weights
        )
        if self.copy:
            logits = self._with_copies(
                logits, hidden, attended, vectors, memory.pointers
            )
        return logits, attended, state

    def _recur(self, i, inputs, memory, state, training):
        """A whole layer: its outputs and final states."""
        layer, weights = self.layers[i], memory.weights.layers[i].own
        chain = layer.chain(inputs, state.layers[i], None, training, weights)
        (run,) = recur([chain], training=training)
        return layer.sequence(run, None), run.states

    def _attend_at_once(self, queries, memory, state, training):
        """Attention of steps that do not depend on each other."""
        noise = None
        if training and self.attention.hard:
            rows, steps = tf.unstack(tf.shape(queries)[:2])
            places = tf.shape(memory.mask)[1]
            noise = self.attention.draw_noise(rows, steps, places)
        attended, attention = self.attention.steps(
            queries, memory.source, state.attention, noise
        )
        return self.gate(queries, attended), state._replace(attention=attention)

    def gate(self, queries, attended):
        """The contexts, scaled by what attends; of any leading axes."""
        if not self.context_gate:
            return attended
        share = tf.tensordot(queries, self.cast(self.gate_kernel), 1)
        share = tf.sigmoid(share + self.cast(self.gate_bias))
        return attended._replace(context=share * attended.context)

    def read_out(self, hidden, attended, vectors):
        """The attentional vectors `a_t`, from what has any leading axes."""
        if self.attention is None:
            return hidden
        parts = [hidden, attended.context]
        if self.attend_first:
            parts.append(vectors)
        kernel = self.cast(self.readout_kernel)
        return tf.tanh(tf.tensordot(tf.concat(parts, axis=-1), kernel, 1))

    def _logits(self, hidden, weights):
        kernel = weights.output_kernel
        # A product of two matrices and its bias are one operation.
        flat = tf.reshape(hidden, [-1, self.readout_units])
        logits = tf.nn.bias_add(
            _as_float(tf.matmul(flat, kernel)), weights.output_bias
        )
        rows, steps = tf.unstack(tf.shape(hidden)[:2])
        return tf.reshape(logits, [rows, steps, kernel.shape[1]])

    def _with_copies(self, logits, hidden, attended, vectors, pointers):
        """Logits of the vocabulary's tokens and the source's."""
        parts = tf.concat([attended.context, hidden, vectors], axis=-1)
        generate = tf.tensordot(parts, self.cast(self.generate_kernel), 1)
        generate = _as_float(generate) + _as_float(self.generate_bias)
        rows, steps, count = tf.unstack(tf.shape(logits))
        # All rows of a sample are so many steps of it.
        batch, places = tf.unstack(tf.shape(pointers.tokens))
        several = rows * steps // tf.maximum(batch, 1)
        mixed = pointer.mix(
            *(
                tf.reshape(x, [batch, several, tf.shape(x)[2]])
                for x in (logits, generate, attended.weights)
            ),
            pointers,
        )
        return tf.reshape(mixed, [rows, steps, count + places])

    def _bridge(self, memory, mask):
        """Initial states from the mean of the memory."""
        mask = tf.cast(mask, memory.dtype)[..., None]
        count = tf.maximum(tf.reduce_sum(mask, axis=1), 1)
        mean = tf.reduce_sum(memory * mask, axis=1) / count
        states = tf.tanh(tf.matmul(mean, self.cast(self.bridge)))
        return tf.split(states, states.shape[-1] // self.units, axis=1)

    def _weight(self, name, *shape, initializer="glorot_uniform"):
        return self.add_weight(shape=shape, initializer=initializer, name=name)

    def cast(self, weight):
        return tf.cast(tf.convert_to_tensor(weight), self.compute_dtype)

    def compute_mask(self, tokens, previous_mask=None):
        return None

    def get_config(self):
        serialize = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            "units": self.units,
            "attention": self.attention and serialize(self.attention),
            "embedding": serialize(self.embedding),
            "rnn": self.rnn,
            "depth": self.depth,
            "attend_first": self.attend_first,
            "input_feeding": self.input_feeding,
            "context_gate": self.context_gate,
            "copy": self.copy,
            "readout_units": self.readout_units,
            "residual": self.residual,
            "bridge": self.has_bridge,
            "tied": self.tied,
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
            "word_dropout": self.word_dropout.rate,
            "scheduled_sampling": self.scheduled_sampling,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config):
        deserialize = keras.saving.deserialize_keras_object
        parts = {
            key: config[key] and deserialize(config[key])
            for key in ("attention", "embedding")
        }
        return cls(**{**config, **parts})


def _as_float(x):
    """As float32; weights are of the compute type inside of Keras's calls."""
    return tf.cast(tf.convert_to_tensor(x), tf.float32)


class _Dropout:
    """Draws masks that are the same at all steps of a call."""

    def __init__(self, decoder, rows, training):
        self.decoder = decoder
        self.rows = rows
        self.rate = decoder.dropout if training else 0

    def draw(self, size):
        """A mask `(rows, size)`, or 1."""
        if not self.rate:
            return 1
        return draw_mask(
            (self.rows, size),
            self.rate,
            self.decoder.seed_generator,
            self.decoder.compute_dtype,
        )

    def __call__(self, sequences):
        """Of `(rows, steps, features)`."""
        if not self.rate:
            return sequences
        return sequences * self.draw(sequences.shape[-1])[:, None]
