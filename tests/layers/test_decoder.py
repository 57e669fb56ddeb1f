import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnzoo import search
from rnnzoo.ids import UNKNOWN
from rnnzoo.layers import AttentionDecoder, BahdanauAttention, LuongAttention
from rnnzoo.layers.decoder_steps import with_own_tokens
from rnnzoo.layers.dropout import next_seed

RNG = np.random.default_rng(0)
TOKENS, UNITS, VECTOR, PLACES, FEATURES = 9, 6, 4, 5, 3
MEMORY = RNG.normal(size=(3, PLACES, FEATURES)).astype("float32")
LENGTHS = [5, 2, 0]
MASK = np.arange(PLACES) < np.array(LENGTHS)[:, None]
TARGETS = RNG.integers(1, TOKENS, size=(3, 7)).astype("int32")
# To copy: one token twice, one unknown token twice, and masked tokens.
COPIES = np.array([[4, 10, 4, 10, 7], [9, 3, 3, 9, 0], [5, 10, 0, 0, 0]])

KINDS = {
    "bahdanau": {"attend_first": True, "rnn": "gru"},
    "bahdanau_deep": {"attend_first": True, "depth": 2, "residual": True},
    "bahdanau_coverage": {"attend_first": True},
    "bahdanau_gated": {"attend_first": True, "context_gate": True},
    "luong": {},
    "luong_gated": {"context_gate": True},
    "luong_deep": {"depth": 2, "residual": True, "rnn": "gru"},
    "luong_feeding": {"input_feeding": True, "rnn": "gru"},
    "luong_feeding_deep": {
        "input_feeding": True,
        "depth": 3,
        "residual": True,
    },
    "luong_feeding_gated": {"input_feeding": True, "context_gate": True},
    "luong_coverage": {"depth": 2},
    "luong_tied": {"tied": True},
    "bahdanau_copy": {"attend_first": True, "copy": True},
    "luong_copy": {"copy": True, "tied": True},
    "luong_feeding_copy": {"input_feeding": True, "copy": True, "depth": 2},
    "plain": {"depth": 2},
}


def attention_of(kind):
    coverage = "coverage" in kind
    if kind == "plain":
        return None
    if "bahdanau" in kind:
        return BahdanauAttention(8, coverage=coverage)
    return LuongAttention(
        "concat" if coverage else "general", coverage=coverage
    )


def built(kind, **options):
    """The decoder with random weights."""
    decoder = AttentionDecoder(
        UNITS,
        attention_of(kind),
        keras.layers.Embedding(TOKENS, VECTOR),
        **{**KINDS[kind], **options},
    )
    decoder.build(TARGETS.shape, MEMORY.shape)
    for weight in decoder.trainable_weights:
        weight.assign(RNG.normal(scale=0.7, size=weight.shape))
    return decoder


def source(kind):
    """The decoder's arguments about the source, by name."""
    given = {"memory": MEMORY, "memory_mask": MASK}
    if "copy" in kind:
        given["memory_tokens"] = COPIES.astype("int32")
    return given


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


class Oracle:
    """The equations in NumPy, for one sample and one step at a time."""

    def __init__(self, decoder):
        self.d = decoder
        self.w = {w.name: w.numpy() for w in decoder.weights}
        self.a = {}
        if decoder.attention is not None:
            self.a = {w.name: w.numpy() for w in decoder.attention.weights}

    def cell(self, i, z, states):
        """New states, from the inputs' share `z` of the gates."""
        kernel, bias = (
            w.numpy() for w in self.d.layers[i].trainable_weights[1:]
        )
        if self.d.rnn == "lstm":
            h, c = states
            gates = np.split(z + h @ kernel + bias, 4)
            i, f, o = (sigmoid(gates[k]) for k in (0, 1, 3))
            c = f * c + i * np.tanh(gates[2])
            return [o * np.tanh(c), c]
        (h,) = states
        x, u = np.split(z + bias[0], 3), np.split(h @ kernel + bias[1], 3)
        update, reset = sigmoid(x[0] + u[0]), sigmoid(x[1] + u[1])
        candidate = np.tanh(x[2] + reset * u[2])
        return [update * h + (1 - update) * candidate]

    def attend(self, query, memory, seen):
        if not len(memory):
            return np.zeros(FEATURES), np.zeros(PLACES)
        if "vector" in self.a:
            hidden = query @ self.a["query_kernel"]
            hidden = hidden + memory @ self.a["memory_kernel"]
            hidden = hidden + self.a.get("bias", 0)
            if "coverage_kernel" in self.a:
                seen = seen[: len(memory), None]
                hidden = hidden + seen * self.a["coverage_kernel"]
            energies = np.tanh(hidden) @ self.a["vector"][:, 0]
        else:
            energies = memory @ self.a["kernel"] @ query
        weights = softmax(energies)
        padded = np.zeros(PLACES)
        padded[: len(memory)] = weights
        share = 1
        if self.d.context_gate:
            share = query @ self.w["gate_kernel"] + self.w["gate_bias"]
            share = sigmoid(share)
        return share * (weights @ memory), padded

    def run(self, row):
        d, w = self.d, self.w
        memory = MEMORY[row, : LENGTHS[row]]
        mean = memory.mean(axis=0) if len(memory) else np.zeros(FEATURES)
        parts = np.tanh(mean @ w["bridge"]).reshape(d.depth, -1, UNITS)
        states = [list(part) for part in parts]
        feed = np.zeros(d.readout_units)
        seen, logits, weights = np.zeros(PLACES), [], []
        for token in TARGETS[row]:
            y = d.embedding.embeddings.numpy()[token]
            if d.attend_first:
                context, share = self.attend(states[0][0], memory, seen)
                feed = context
            x = y
            for i, layer in enumerate(d.layers):
                z = x @ layer.trainable_weights[0].numpy()
                if i == 0 and "feed_kernel" in w:
                    z = z + feed @ w["feed_kernel"]
                states[i] = self.cell(i, z, states[i])
                x = states[i][0] + (x if i and d.residual else 0)
            if d.attention is None:
                out = x
            else:
                if not d.attend_first:
                    context, share = self.attend(x, memory, seen)
                seen = seen + share
                weights.append(share)
                parts = [x, context, y] if d.attend_first else [x, context]
                out = np.tanh(np.concatenate(parts) @ w["readout_kernel"])
            if d.input_feeding:
                feed = out
            kernel = w.get("output_kernel", d.embedding.embeddings.numpy().T)
            logits.append(out @ kernel + w["output_bias"])
            if d.copy:
                parts = np.concatenate([context, x, y])
                (generate,) = parts @ w["generate_kernel"] + w["generate_bias"]
                share = sigmoid(generate) if len(memory) else 1
                mixed = np.zeros(TOKENS + PLACES)
                mixed[:TOKENS] = share * softmax(logits[-1])
                for place in range(len(memory)):
                    copied = (1 - share) * weights[-1][place]
                    mixed[COPIES[row, place]] += copied
                with np.errstate(divide="ignore"):
                    logits[-1] = np.log(mixed)
        return np.array(logits), np.array(weights)


@pytest.mark.parametrize("kind", KINDS)
def test_the_decoder_is_that_of_the_papers(kind):
    decoder = built(kind)
    decoded = decoder(TARGETS, **source(kind))
    oracle = Oracle(decoder)
    found = decoded.logits
    if decoder.copy:  # Logits of a mixture are known up to a constant.
        found = tf.nn.log_softmax(found)
    for row in range(3):
        logits, weights = oracle.run(row)
        np.testing.assert_allclose(found[row], logits, atol=2e-5)
        if decoder.attention is not None:
            np.testing.assert_allclose(decoded.weights[row], weights, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_stepping_is_the_same_for_any_number_of_rows(kind):
    decoder = built(kind)
    expected = decoder(TARGETS, **source(kind)).logits
    memory, state = decoder.start(**source(kind))
    state = tf.nest.map_structure(lambda x: tf.repeat(x, 2, axis=0), state)
    step = tf.function(decoder.step, autograph=False, reduce_retracing=True)
    for t in range(TARGETS.shape[1]):
        # The other hypothesis of each sample has another past.
        other = np.full(3, t % 4 + 1)
        tokens = np.stack([TARGETS[:, t], other], axis=1).ravel()
        logits, state = step(tf.constant(tokens, tf.int32), state, memory)
        np.testing.assert_allclose(logits[::2], expected[:, t], atol=2e-5)


@pytest.mark.parametrize(
    "kind",
    [
        "bahdanau",
        "bahdanau_gated",
        "luong",
        "luong_gated",
        "luong_feeding_deep",
        "luong_feeding_copy",
    ],
)
def test_gradients_are_finite_differences(kind):
    decoder = built(kind)

    @tf.function(autograph=False)
    def loss(training):
        logits = decoder(TARGETS, **source(kind), training=training).logits
        # Tokens that cannot be copied have the logit minus infinity.
        return tf.reduce_sum(tf.sin(tf.maximum(logits, -50)))

    @tf.function(autograph=False)
    def gradients_of():
        with tf.GradientTape() as tape:
            value = loss(True)
        return tape.gradient(value, decoder.trainable_weights)

    for weight, gradient in zip(
        decoder.trainable_weights, gradients_of(), strict=True
    ):
        assert gradient is not None, weight.path
        gradient = tf.convert_to_tensor(gradient)
        direction = RNG.normal(size=weight.shape).astype("float32")
        before = weight.numpy()
        values = []
        for sign in (1, -1):
            weight.assign(before + sign * 3e-3 * direction)
            values.append(float(loss(False)))
        weight.assign(before)
        expected = (values[0] - values[1]) / 6e-3
        found = float(tf.reduce_sum(gradient * direction))
        assert found == pytest.approx(expected, rel=3e-2, abs=3e-2), weight.path


@pytest.mark.parametrize(
    "kind",
    ["bahdanau_copy", "bahdanau_gated", "luong_coverage", "luong_feeding_deep"],
)
def test_the_gradient_of_the_loop_is_tensorflows(kind):
    found = []
    for by_hand in (True, False):
        keras.utils.set_random_seed(0)
        decoder = AttentionDecoder(
            UNITS,
            attention_of(kind),
            keras.layers.Embedding(TOKENS, VECTOR),
            **KINDS[kind],
            dropout=0.3,
            recurrent_dropout=0.3,
            seed=1,
        )
        decoder.build(TARGETS.shape, MEMORY.shape)
        for layer in decoder.layers:
            layer.step.has_gradient = by_hand

        @tf.function(autograph=False)
        def gradients(memory, decoder=decoder):
            given = {**source(kind), "memory": memory}
            with tf.GradientTape() as tape:
                tape.watch(memory)
                logits = decoder(TARGETS, **given, training=True).logits
                loss = tf.reduce_sum(tf.sin(tf.maximum(logits, -50)))
            return tape.gradient(loss, [*decoder.trainable_weights, memory])

        each = gradients(tf.constant(MEMORY))
        found.append(list(map(tf.convert_to_tensor, each)))
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.parametrize("kind", ["bahdanau_deep", "luong", "luong_feeding"])
def test_dropout_draws_only_in_training(kind):
    decoder = built(
        kind, dropout=0.3, recurrent_dropout=0.3, word_dropout=0.1, seed=1
    )
    one = decoder(TARGETS, MEMORY, memory_mask=MASK)
    same = decoder(TARGETS, MEMORY, memory_mask=MASK)
    np.testing.assert_array_equal(one.logits, same.logits)
    noisy, other = (
        decoder(TARGETS, MEMORY, memory_mask=MASK, training=True)
        for _ in range(2)
    )
    assert np.isfinite(noisy.logits).all()
    assert (noisy.logits.numpy() != one.logits.numpy()).any()
    assert (noisy.logits.numpy() != other.logits.numpy()).any()


def test_parts_of_a_decoder_with_a_seed_draw_each_their_own():
    decoder = built("plain", word_dropout=0.5, recurrent_dropout=0.5, seed=3)
    parts = [decoder, decoder.word_dropout, *decoder.layers]
    draws = {tuple(next_seed(x.seed_generator).numpy()) for x in parts}
    assert len(draws) == len(parts)


def test_scheduled_sampling_reads_what_the_model_would_write():
    decoder = built("bahdanau", scheduled_sampling=0.3, seed=1)
    times = 4000
    tokens = np.repeat(TARGETS[:1, :3], times, axis=0)
    memory, state = decoder.start(np.repeat(MEMORY[:1], times, axis=0))
    mixed = with_own_tokens(decoder, tf.constant(tokens), memory, state)
    np.testing.assert_array_equal(mixed[:, 0], tokens[:, 0])
    logits = decoder(TARGETS[:1, :3], MEMORY[:1]).logits[0]
    for t in (1, 2):
        expected = 0.3 * tf.nn.softmax(logits[t - 1]).numpy()
        expected[tokens[0, t]] += 0.7
        found = np.bincount(mixed[:, t], minlength=TOKENS) / times
        np.testing.assert_allclose(found, expected, atol=0.03)
    noisy = decoder(TARGETS, MEMORY, training=True).logits
    assert (noisy.numpy() != decoder(TARGETS, MEMORY).logits.numpy()).any()


@pytest.mark.parametrize(
    "kind", ["bahdanau_coverage", "bahdanau_copy", "luong_feeding", "plain"]
)
def test_a_beam_finds_what_the_whole_call_scores(kind):
    decoder = built(kind)
    memory, state = decoder.start(**source(kind))

    @tf.function(autograph=False)
    def find():
        return search.beam(
            functools.partial(decoder.step, memory=memory),
            state,
            start=tf.fill([3], 1),
            end=2,
            max_length=6,
            width=4,
            n_best=2,
        )

    found = find()
    for n in range(2):
        tokens = found.tokens[:, n]
        inputs = tf.pad(tokens, [[0, 0], [1, 0]], constant_values=1)
        outputs = tf.pad(tokens, [[0, 0], [0, 1]], constant_values=2)
        logits = decoder(inputs, **source(kind)).logits
        log_probs = tf.gather(tf.nn.log_softmax(logits), outputs, batch_dims=2)
        places = tf.range(tf.shape(outputs)[1]) <= found.lengths[:, n, None]
        total = tf.reduce_sum(tf.where(places, log_probs, 0), axis=1)
        np.testing.assert_allclose(found.log_probs[:, n], total, rtol=1e-4)


@pytest.mark.parametrize("kind", ["bahdanau", "luong_copy"])
def test_padding_changes_nothing(kind):
    decoder, given = built(kind), source(kind)
    expected = decoder(TARGETS, **given).logits
    padding = [(0, 0), (0, 2), (0, 0)]
    longer = decoder(
        TARGETS,
        **{
            key: np.pad(
                x, padding[: x.ndim], constant_values=7 * (key != "memory_mask")
            )
            for key, x in given.items()
        },
    ).logits
    tokens = expected.shape[-1]
    np.testing.assert_allclose(longer[..., :tokens], expected, atol=1e-5)
    assert (longer.numpy()[..., tokens:] == -np.inf).all()
    alone = {key: x[1:2, :2] for key, x in given.items()}
    logits = decoder(TARGETS[1:2], **alone).logits
    tokens = logits.shape[-1]
    np.testing.assert_allclose(logits[0], expected[1, :, :tokens], atol=1e-5)


@pytest.mark.parametrize(
    "kind", ["bahdanau_deep", "luong_gated", "luong_copy", "plain"]
)
def test_a_saved_decoder_is_the_same(kind):
    decoder = built(kind)
    copy = AttentionDecoder.from_config(decoder.get_config())
    copy.build(TARGETS.shape, MEMORY.shape)
    copy.set_weights(decoder.get_weights())
    np.testing.assert_array_equal(
        copy(TARGETS, **source(kind)).logits,
        decoder(TARGETS, **source(kind)).logits,
    )


@pytest.mark.parametrize("kind", ["bahdanau_copy", "luong"])
def test_half_precision_differs_little(kind):
    decoder = built(kind)
    expected = tf.nn.softmax(decoder(TARGETS, **source(kind)).logits)
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        config = built(kind).get_config()
    finally:
        keras.config.set_dtype_policy("float32")
    # The decoder is loaded in a process with another policy.
    half = AttentionDecoder.from_config(config)
    half.build(TARGETS.shape, MEMORY.shape)
    half.set_weights(decoder.get_weights())
    logits = half(TARGETS, **source(kind)).logits
    assert logits.dtype == tf.float32
    np.testing.assert_allclose(tf.nn.softmax(logits), expected, atol=0.1)


def test_a_copied_word_is_read_as_unknown():
    decoder, given = built("bahdanau_copy"), source("bahdanau_copy")
    copied = np.where(TARGETS == 3, 10, TARGETS)
    unknown = np.where(TARGETS == 3, UNKNOWN, TARGETS)
    assert (copied != unknown).any()
    expected = decoder(unknown, **given).logits
    np.testing.assert_array_equal(decoder(copied, **given).logits, expected)
    memory, state = decoder.start(**given)
    for t, tokens in enumerate(copied.T):
        logits, state = decoder.step(tf.constant(tokens), state, memory)
        np.testing.assert_allclose(logits, expected[:, t], atol=2e-5)
    with pytest.raises(ValueError, match="argument `memory_tokens`"):
        decoder(TARGETS, MEMORY)


def test_an_initial_state_may_be_given():
    decoder = built("plain", bridge=False)
    with pytest.raises(ValueError, match="argument `initial_state`"):
        decoder(TARGETS, MEMORY)
    states = [RNG.normal(size=(3, UNITS)).astype("float32") for _ in range(4)]
    logits = decoder(TARGETS, MEMORY, initial_state=states).logits
    x = decoder.embedding(TARGETS)
    for i, layer in enumerate(decoder.layers):
        x = layer(x, initial_state=states[2 * i : 2 * i + 2])
    expected = x @ decoder.output_kernel + decoder.output_bias
    np.testing.assert_allclose(logits, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"rnn": "rnn"}, "rnn"),
        ({"depth": 0}, "depth"),
        ({"dropout": 1.0}, "dropout"),
        ({"attend_first": True, "input_feeding": True}, "input_feeding"),
        ({"tied": True, "readout_units": 5}, "readout_units"),
        ({"attention": None, "context_gate": True}, "context_gate"),
        ({"attention": LuongAttention(hard=True), "copy": True}, "copy"),
    ],
)
def test_what_does_not_go_together_is_an_error(options, name):
    options = {"attention": LuongAttention(), **options}
    with pytest.raises(ValueError, match=f"argument `{name}`"):
        AttentionDecoder(
            UNITS, embedding=keras.layers.Embedding(TOKENS, VECTOR), **options
        )
