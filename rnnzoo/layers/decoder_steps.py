"""Some steps of a decoder, from any state.

Everything that does not depend on the step before is computed for all steps at
once: the shares of the token vectors in the gates, the layers above those that
read the context, and, where the recurrence never reads it, attention as a
whole. The rest is a `decoder_loop.Loop`.
"""

import tensorflow as tf

from rnnzoo.layers.attention import Attended
from rnnzoo.layers.decoder_loop import Loop
from rnnzoo.layers.decoding import Decoded
from rnnzoo.layers.dropout import MasksOverTime, draw_mask, next_seed
from rnnzoo.layers.steps import with_a_step


def run(decoder, vectors, memory, state, training):
    """Runs a decoder over some steps.

    Args:
        decoder: `rnnzoo.layers.AttentionDecoder`.
        vectors: `(rows, steps, features)`, of the tokens.
        memory: `rnnzoo.layers.decoder_start.DecoderMemory`.
        state: `rnnzoo.layers.decoder_start.DecoderState`.
        training: Whether to draw dropout masks.

    Returns:
        Tuple of the `rnnzoo.layers.decoding.Decoded` and the new state, which
        means nothing if there is no step.
    """
    drop = MasksOverTime(
        decoder.dropout if training else 0,
        tf.shape(vectors)[0],
        decoder.seed_generator,
        decoder.compute_dtype,
    )
    vectors = hidden = drop(vectors)
    attended, layers = Attended((), (), ()), ()
    if decoder.looped:
        inputs = with_a_step(vectors)
        loop = Loop(decoder, inputs, memory, state, drop, training)
        hidden, attended, state = loop.run()
        if inputs is not vectors:
            steps = tf.shape(vectors)[1]
            hidden, attended = tf.nest.map_structure(
                lambda x: x[:, :steps], (hidden, attended)
            )
        layers = state.layers[: decoder.looped]
    for i in range(decoder.looped, decoder.depth):
        inputs = drop(hidden) if i else vectors
        outputs, states = decoder.layers[i].run(
            inputs, state.layers[i], training, memory.weights.layers[i].own
        )
        hidden = outputs + inputs if i and decoder.residual else outputs
        layers += (tuple(states),)
    state = state._replace(layers=layers)
    if decoder.attention is not None and not decoder.looped:
        attended, state = _attend(decoder, hidden, memory, state, training)
    readout = drop(decoder.read_out(hidden, attended, vectors))
    logits, generate = decoder.logits(readout, memory.weights.output), ()
    if decoder.copy:
        logits, generate = decoder.with_copies(
            logits, hidden, attended, vectors, memory.pointers
        )
    decoded = Decoded(logits, attended.weights, attended.log_probs, generate)
    return decoded, state


def _attend(decoder, queries, memory, state, training):
    """Attention of steps that do not depend on each other."""
    noise = None
    if training and decoder.attention.hard:
        rows, steps = tf.unstack(tf.shape(queries)[:2])
        places = tf.shape(memory.mask)[1]
        noise = decoder.attention.draw_noise(rows, steps, places)
    attended, attention = decoder.attention.steps(
        queries, memory.source, state.attention, noise
    )
    attended = decoder.gate(queries, attended)
    return attended, state._replace(attention=attention)


def with_own_tokens(decoder, tokens, memory, state):
    """Replaces some tokens by those that the decoder would write there.

    Args:
        decoder: `rnnzoo.layers.AttentionDecoder`.
        tokens: int32 `(batch, steps)`, the start token first.
        memory, state: As in `run`.

    Returns:
        int32 `(batch, steps)`. Each token but the first was replaced with the
        probability `decoder.scheduled_sampling`.
    """
    vectors = decoder.embedding(tokens)
    decoded, _ = run(decoder, vectors, memory, state, training=False)
    logits = decoded.logits[:, :-1]
    batch, steps, count = tf.unstack(tf.shape(logits))
    drawn = tf.random.stateless_categorical(
        tf.reshape(logits, [-1, count]),
        1,
        next_seed(decoder.seed_generator),
        dtype=tokens.dtype,
    )
    keep = draw_mask(
        (batch, steps),
        decoder.scheduled_sampling,
        decoder.seed_generator,
        decoder.compute_dtype,
    )
    drawn = decoder.readable(tf.reshape(drawn, [batch, steps]))
    given = tokens[:, 1:]
    return tf.concat([tokens[:, :1], tf.where(keep > 0, given, drawn)], axis=1)
