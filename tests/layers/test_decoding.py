"""The protocol of decoders, and language models that keep it."""

import functools
import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnzoo import layers, search
from rnnzoo.layers.decoding import Decoded, Decoder

RNG = np.random.default_rng(0)
TOKENS, UNITS, VECTOR, LONGEST = 7, 5, 4, 6
TARGETS = RNG.integers(2, TOKENS, size=(3, LONGEST)).astype("int32")
START, END = 1, 0


def language_model(**options):
    """An `AttentionDecoder` without memory, with random weights."""
    decoder = layers.AttentionDecoder(
        UNITS,
        None,
        layers.Embedding(TOKENS, VECTOR),
        bridge=False,
        **options,
    )
    decoder.build(TARGETS.shape)
    for weight in decoder.trainable_weights:
        weight.assign(RNG.normal(scale=0.7, size=weight.shape))
    return decoder


class Transformer:
    """A layer of masked self-attention that caches keys and values."""

    attention, copy = None, False

    def __init__(self):
        self.embedding = layers.Embedding(TOKENS, UNITS)
        self.embedding.build()
        draw = functools.partial(RNG.normal, scale=0.7)
        kernels = draw(size=(3, UNITS, UNITS)).astype("float32")
        self.query, self.key, self.value = kernels
        self.output = draw(size=(UNITS, TOKENS)).astype("float32")

    def start(
        self,
        memory=None,
        memory_mask=None,
        initial_state=None,
        memory_tokens=None,
        forbidden=(),
        rows=None,
    ):
        cache = tf.zeros([rows, LONGEST + 1, UNITS])
        return (), (cache, cache, tf.zeros([rows], tf.int32))

    def step(self, tokens, state, memory):
        keys, values, position = state
        x = self.embedding(tokens)
        now = tf.range(LONGEST + 1)[None] == position[:, None]
        keys = tf.where(now[..., None], (x @ self.key)[:, None], keys)
        values = tf.where(now[..., None], (x @ self.value)[:, None], values)
        energies = tf.einsum("ru,rpu->rp", x @ self.query, keys)
        future = tf.range(LONGEST + 1)[None] > position[:, None]
        weights = tf.nn.softmax(tf.where(future, -np.inf, energies))
        x += tf.einsum("rp,rpu->ru", weights, values)
        return x @ self.output, (keys, values, position + 1)

    def align(self, tokens, state, memory):
        return ()

    def __call__(
        self,
        tokens,
        memory=None,
        memory_mask=None,
        initial_state=None,
        memory_tokens=None,
        training=None,
    ):
        x = self.embedding(tokens)
        energies = x @ self.query @ tf.transpose(x @ self.key, [0, 2, 1])
        past = np.tri(tokens.shape[1], dtype=bool)
        weights = tf.nn.softmax(tf.where(past, energies, -np.inf))
        x += weights @ (x @ self.value)
        return Decoded(x @ self.output, (), ())


@pytest.fixture(params=[language_model, Transformer], ids=["lstm", "attention"])
def decoder(request):
    return request.param()


def log_prob(decoder, tokens):
    """Log probability of a whole sequence and its end."""
    before = np.array([[START, *tokens]])
    log_probs = tf.nn.log_softmax(decoder(before).logits)[0]
    after = [*tokens, END]
    return sum(float(x[t]) for x, t in zip(log_probs, after, strict=True))


def searches(decoder, rows):
    """Results of each search from the decoder's start, in a graph."""
    memory, state = decoder.start(rows=rows)
    step = functools.partial(decoder.step, memory=memory)
    start = tf.fill([rows], START)
    for find in (
        search.greedy,
        functools.partial(search.sample, count=4, seed=1),
        functools.partial(search.beam, width=4, n_best=3),
    ):
        find = tf.function(find, autograph=False)
        yield find(step, state, start, end=END, max_length=LONGEST)


def test_decoders_keep_the_protocol(decoder):
    assert isinstance(decoder, Decoder)
    assert not isinstance(layers.LSTM(2), Decoder)
    kind = type(decoder)
    for name in ("start", "step", "align", "__call__"):
        ours = "call" if issubclass(kind, keras.Layer) else "__call__"
        method = getattr(kind, name.replace("__call__", ours))
        expected = inspect.signature(getattr(Decoder, name))
        assert inspect.signature(method) == expected


def test_searches_find_what_the_whole_call_scores(decoder):
    for found in searches(decoder, rows=2):
        tokens, lengths = found.tokens.numpy(), found.lengths.numpy()
        for row in range(2):
            for n, length in enumerate(lengths[row]):
                expected = log_prob(decoder, tokens[row, n, :length])
                assert float(found.log_probs[row, n]) == pytest.approx(
                    expected, abs=1e-4
                )


def test_stepping_is_calling(decoder):
    expected = decoder(TARGETS).logits
    memory, state = decoder.start(rows=3)
    for t in range(LONGEST):
        logits, state = decoder.step(TARGETS[:, t], state, memory)
        np.testing.assert_allclose(logits, expected[:, t], atol=1e-5)


@pytest.mark.parametrize("rnn", ["lstm", "gru"])
def test_a_decoder_without_memory_is_its_layers_one_by_one(rnn):
    decoder = language_model(rnn=rnn, depth=2)
    x = decoder.embedding(TARGETS)
    for ours in decoder.layers:
        layer = {"lstm": layers.LSTM, "gru": layers.GRU}[rnn](
            UNITS, return_sequences=True
        )
        layer.build(x.shape)
        layer.set_weights([w.numpy() for w in ours.trainable_weights])
        x = layer(x)
    dense = keras.layers.Dense(TOKENS)
    dense.build(x.shape)
    dense.set_weights([decoder.output_kernel, decoder.output_bias])
    decoded = decoder(TARGETS)
    np.testing.assert_allclose(decoded.logits, dense(x), atol=1e-5)
    assert decoded.weights == decoded.log_probs == ()
    memory, state = decoder.start(rows=3)
    assert memory.mask == decoder.align(TARGETS, state, memory) == ()


def test_a_decoder_without_memory_continues_given_states():
    decoder = language_model()
    memory, state = decoder.start(rows=3)
    for t in range(3):
        _, state = decoder.step(TARGETS[:, t], state, memory)
    states = list(state.layers[0])
    logits = decoder(TARGETS[:, 3:], initial_state=states).logits
    np.testing.assert_allclose(
        logits, decoder(TARGETS).logits[:, 3:], atol=1e-5
    )
    _, same = decoder.start(initial_state=states)
    assert same.layers == state.layers


def test_a_decoder_without_memory_never_writes_what_is_forbidden():
    decoder = language_model()
    memory, state = decoder.start(rows=1, forbidden=(2, 4))
    logits, _ = decoder.step(np.array([START]), state, memory)
    assert np.isneginf(logits[0]).nonzero()[0].tolist() == [2, 4]


def test_a_decoder_without_memory_is_saved(tmp_path):
    tokens = keras.Input((None,), dtype="int32")
    model = keras.Model(tokens, language_model()(tokens).logits)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(TARGETS), model(TARGETS))


@pytest.mark.parametrize(
    ("options", "given", "missing"),
    [
        ({"bridge": False}, {}, "rows"),
        ({"bridge": True}, {"rows": 3}, "memory"),
        (
            {"bridge": False, "attention": layers.LuongAttention()},
            {"rows": 3},
            "memory",
        ),
    ],
)
def test_missing_arguments_are_errors(options, given, missing):
    options = {"attention": None, **options}
    decoder = layers.AttentionDecoder(
        UNITS, embedding=layers.Embedding(TOKENS, VECTOR), **options
    )
    with pytest.raises(ValueError, match=f"Missing argument `{missing}`"):
        decoder.start(**given)
    if missing == "memory":
        with pytest.raises(ValueError, match="Missing argument `memory`"):
            decoder.build(TARGETS.shape)


@keras.saving.register_keras_serializable(package="tests")
class Stepwise(keras.Model):
    """Reads a memory, and one token, by the methods of a decoder only."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.decoder = layers.AttentionDecoder(
            4, layers.BahdanauAttention(4), layers.Embedding(9, 4)
        )

    def call(self, memory):
        memory, state = self.decoder.start(memory)
        tokens = tf.ones(tf.shape(memory.mask)[:1], tf.int32)
        return self.decoder.step(tokens, state, memory)[0]


def test_a_model_that_takes_steps_only_is_saved_whole(tmp_path):
    model, memory = Stepwise(), np.ones((2, 3, 5), "float32")
    expected = model(memory)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(memory), expected)


def test_attention_that_was_not_built_has_no_steps():
    with pytest.raises(ValueError, match="no weights yet"):
        layers.LuongAttention().prepare(np.ones((2, 3, 5)))
