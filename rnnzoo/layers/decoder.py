"""A recurrent decoder: one token after the other, attending to a source."""

import keras
import tensorflow as tf

from rnnzoo.checks import check_positive, check_rate
from rnnzoo.ids import UNKNOWN
from rnnzoo.layers import decoder_start, decoder_steps
from rnnzoo.layers.decoder_readout import Readout
from rnnzoo.layers.dropout import EmbeddingDropout
from rnnzoo.layers.recurrent import recurrent_layer


@keras.saving.register_keras_serializable(package="rnnzoo")
class AttentionDecoder(Readout):
    """Recurrent decoder with attention, or without.

    Luong et al. 2015 attend with the new state:

        h_t = RNN(y_{t-1}, h_{t-1})
        c_t = attention(h_t, memory)
        a_t = tanh(W_r [h_t; c_t])
        p(y_t) = softmax(W_o a_t + b_o)

    and with input feeding, `h_t = RNN([y_{t-1}; a_{t-1}], h_{t-1})`. Bahdanau
    et al. 2015 attend with the old state, `attend_first`:

        c_t = attention(h_{t-1}, memory)
        h_t = RNN([y_{t-1}; c_t], h_{t-1})
        a_t = tanh(W_r [h_t; c_t; y_{t-1}])

    In a deep stack that attends first, the first layer attends (Wu et al.
    2016) and the layers above it run outside the loop. A context gate scales
    the context by a number that depends on the state `q_t` that attends, `h_t`
    or `h_{t-1}` (Xu et al. 2015, section 4.2.1):

        c_t = b_t attention(q_t, memory),    b_t = sigmoid(w_b . q_t + b_b)

    Without attention, `a_t = h_t` (Sutskever et al. 2014). Unless an initial
    state is given, the bridge makes it from the mean `m` of the memory,
    `tanh(W m)` (Sennrich et al. 2017, section 2). With neither attention nor a
    bridge the decoder is a language model and takes no memory.

    A context has as many features as the memory. Project the features of an
    image to `units` first, so that no step multiplies by a larger matrix.

    The layer keeps the protocol of `rnnzoo.layers.decoding.Decoder`.

    Args:
        units: Units of each recurrent layer.
        attention: `rnnzoo.layers.BahdanauAttention`, `LuongAttention`, or
            `None`.
        embedding: `rnnzoo.layers.Embedding` of the target tokens. Its
            `input_dim` is the number of tokens.
        rnn: `"lstm"` or `"gru"`.
        depth: Number of recurrent layers.
        attend_first: Whether the state before the step attends.
        input_feeding: Whether the attentional vector `a_{t-1}` enters the
            first layer. Luong et al. 2015, section 3.3.
        context_gate: Whether to scale each context by a number in (0, 1)
            that depends on the state.
        copy: Whether tokens of the source may be copied (See et al. 2017).
            `rnnzoo.layers.pointer` defines the tokens and the equations.
        readout_units: Size of `a_t`. Defaults to `units`, or to the size of
            the token vectors if `tied`.
        residual: Whether the inputs of each layer but the first are added to
            its outputs.
        bridge: Whether there are weights that make an initial state from the
            memory. Without them, a decoder with a memory must be given one.
        tied: Whether `W_o` is the embedding matrix. Press & Wolf 2017.
        dropout: Rate of the dropout of each layer's inputs and of `a_t`, one
            mask over time.
        recurrent_dropout: Rate of the dropout of the states, one mask over
            time.
        word_dropout: Rate at which token types are dropped.
        scheduled_sampling: Rate at which training replaces tokens of a target
            by tokens that the model would write there (Bengio et al. 2015).
            They are drawn for all steps at once, each after the true tokens
            before it, as in Duckworth et al. 2019.
        seed: Optional integer that makes masks and draws reproducible.

    Call arguments:
        tokens: int32 `(batch, steps)`: the start token and the target without
            its last token. A token that was copied and is not in the
            vocabulary is read as `rnnzoo.ids.UNKNOWN`.
        memory: `(batch, places, features)`; `None` for a language model.
        memory_mask: Boolean `(batch, places)`.
        memory_tokens: int32 `(batch, places)`, the token that each place would
            be copied as. A decoder that copies needs it.
        initial_state: List of the states of all layers, `(batch, units)`. By
            default the bridge makes them from the memory; without a memory
            they are zeros.
        training: Whether to draw dropout masks.

    Returns:
        `rnnzoo.layers.decoding.Decoded`.

    Raises:
        ValueError: If options exclude each other, or if an argument is
            missing.

    Examples:
        Training reads whole targets:

        >>> import functools
        >>> import numpy as np
        >>> from rnnzoo import layers, search
        >>> decoder = layers.AttentionDecoder(
        ...     8, layers.LuongAttention(), layers.Embedding(20, 8)
        ... )
        >>> tokens, encoded = np.array([[1, 5, 9]]), np.ones((1, 4, 6))
        >>> tuple(decoder(tokens, encoded).logits.shape)
        (1, 3, 20)

        A search takes one step after the other:

        >>> memory, state = decoder.start(encoded)
        >>> step = functools.partial(decoder.step, memory=memory)
        >>> found = search.greedy(step, state, [1], end=2, max_length=5)
        >>> tuple(found.tokens.shape[:2])
        (1, 1)
        >>> tuple(decoder.align(tokens, state, memory).shape)
        (1, 3, 4)

        A language model has no memory:

        >>> model = layers.AttentionDecoder(
        ...     8, None, layers.Embedding(20, 8), bridge=False
        ... )
        >>> tuple(model(tokens).logits.shape)
        (1, 3, 20)
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
                "one of `attend_first` and `input_feeding`, and neither "
                f"without attention. Received: attend_first={attend_first}, "
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

    heads = (1, 1)

    @property
    def attends(self):
        """Whether there is attention."""
        return self.attention is not None

    @property
    def hard(self):
        """Whether attention chooses a single place."""
        return self.attends and self.attention.hard

    @property
    def covers(self):
        """1, or 0 while the coverage of attention is switched off."""
        return self.attention.covers if self.attends else 1.0

    @property
    def looped(self):
        """Number of layers that run in the loop over steps.

        A layer runs there if it waits for a context, or if it is above such a
        layer and attention waits for it.
        """
        if self.attention is None:
            return 0
        if self.attend_first:
            return 1
        in_turn = self.input_feeding or self.attention.coverage
        return self.depth if in_turn else 0

    @property
    def output_shape(self):
        """Shape of the logits, for a model's summary."""
        tokens = None if self.copy else self.embedding.input_dim
        return (None, None, tokens)

    def build(self, tokens_shape, memory_shape=None):
        decoder_start.check_memory(self, memory_shape)
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
        # Saved files hold the weights in this order.
        if self.has_bridge:
            self.bridge = self.weight("bridge", memory, states * self.units)
        self.build_readout(memory)
        if self.attend_first or self.input_feeding:
            fed = memory if self.attend_first else self.readout_units
            self.feed_kernel = self.weight(
                "feed_kernel", fed, gates * self.units
            )
        self.build_output()

    def start(
        self,
        memory=None,
        memory_mask=None,
        initial_state=None,
        memory_tokens=None,
        forbidden=(),
        rows=None,
        steps=None,
    ):
        """Prepares the memory, and the state before the first step.

        Args:
            memory, memory_mask, initial_state, memory_tokens: As in a call.
            forbidden: Tuple of tokens that get no probability.
            rows: Number of samples, which a decoder needs if it gets neither
                a memory nor an initial state.
            steps: Not needed: states keep their size.

        Returns:
            Tuple of the `rnnzoo.layers.decoder_start.DecoderMemory` and the
            `DecoderState`, which has one row for each sample.
        """
        if not self.built:
            self.build((None, None), getattr(memory, "shape", None))
        return decoder_start.start(
            self,
            memory,
            memory_mask,
            initial_state,
            memory_tokens,
            forbidden,
            rows,
        )

    def step(self, tokens, state, memory):
        """Reads one more token of each row.

        Args:
            tokens: int32 `(rows,)`, the last tokens.
            state: `DecoderState`.
            memory: The memory from `start`. There is one row for each of its
                samples, or the same number of rows for each.

        Returns:
            Tuple of the logits of the next tokens, `(rows, tokens)`, with
            copying `(rows, tokens + places)`, and the new `DecoderState`.
        """
        vectors = self.embedding(self.readable(tokens)[:, None])
        decoded, state = decoder_steps.run(
            self, vectors, memory, state, training=False
        )
        return decoded.logits[:, 0], state

    def align(self, tokens, state, memory, head=None):
        """Finds what given targets attend to.

        Args:
            tokens: int32 `(rows, steps)`, the start token first.
            state: The state from `start`, with one row for each sample.
            memory: As in `step`.
            head: `(0, 0)` or `None`: there is only one.

        Returns:
            float32 `(rows, steps, places)`, the weights of attention.
        """
        samples = tf.shape(state.layers[0][0])[0]
        several = tf.shape(tokens)[0] // tf.maximum(samples, 1)
        state = tf.nest.map_structure(
            lambda x: tf.repeat(x, several, axis=0), state
        )
        vectors = self.embedding(self.readable(tokens))
        decoded, _ = decoder_steps.run(
            self, vectors, memory, state, training=False
        )
        return decoded.weights

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
        tokens = self.readable(tokens)
        if training and self.scheduled_sampling:
            tokens = decoder_steps.with_own_tokens(self, tokens, memory, state)
        vectors = self.embedding(tokens)
        vectors = self.word_dropout(vectors, tokens, training=training)
        decoded, _ = decoder_steps.run(self, vectors, memory, state, training)
        return decoded

    def readable(self, tokens):
        """Replaces copied tokens that have no vector by the unknown token."""
        if not self.copy:
            return tokens
        return tf.where(tokens < self.embedding.input_dim, tokens, UNKNOWN)

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
