"""The protocol of decoders, and language models that keep it."""

import functools
import inspect
import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnzoo import layers, search
from rnnzoo.layers.decoding import Decoder

RNG = np.random.default_rng(0)
TOKENS, UNITS, VECTOR, LONGEST = 7, 5, 4, 6
TARGETS = RNG.integers(2, TOKENS, size=(3, LONGEST)).astype("int32")
MEMORY = RNG.normal(size=(3, 5, 2 * VECTOR)).astype("float32")
MASK = np.arange(5) < np.array([5, 2, 0])[:, None]
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


def with_memory(kind, **options):
    """A decoder without recurrence, with random weights."""
    decoder = kind(layers.Embedding(TOKENS, VECTOR), **options)
    decoder.build(TARGETS.shape, MEMORY.shape)
    for weight in decoder.trainable_weights:
        weight.assign(RNG.normal(scale=0.7, size=weight.shape))
    return decoder


DECODERS = {
    "recurrent": language_model,
    "transformer": lambda: with_memory(
        layers.TransformerDecoder, depth=2, num_heads=2, hidden_units=6
    ),
    "post_norm": lambda: with_memory(
        layers.TransformerDecoder,
        depth=1,
        num_heads=4,
        hidden_units=6,
        pre_norm=False,
        tied=False,
    ),
    "convolution": lambda: with_memory(
        layers.ConvolutionalDecoder, units=6, depth=2, max_length=4
    ),
}


@pytest.fixture(params=DECODERS)
def decoder(request):
    return DECODERS[request.param]()


def source(decoder, rows):
    """Arguments of a call: a memory, for those that take one."""
    if not decoder.attends:
        return {}
    return {"memory": MEMORY[:rows], "memory_mask": MASK[:rows]}


def log_probs(decoder, row, tokens):
    """Log probabilities of whole sequences, each with its end.

    Args:
        row: The number of the sample that they are about.
        tokens: Sequences of the same length.
    """
    tokens = np.reshape(tokens, [len(tokens), -1]).astype("int32")
    before = np.pad(tokens, [(0, 0), (1, 0)], constant_values=START)
    after = np.pad(tokens, [(0, 0), (0, 1)], constant_values=END)
    about = {
        key: np.repeat(each[row : row + 1], len(tokens), axis=0)
        for key, each in source(decoder, rows=3).items()
    }
    each = tf.nn.log_softmax(decoder(before, **about).logits)
    return tf.reduce_sum(tf.gather(each, after, batch_dims=2), axis=1).numpy()


def find(decoder, search, max_length=LONGEST):
    """Searches from the decoder's start, in a graph."""
    memory, state = decoder.start(
        **source(decoder, rows=2), rows=2, steps=max_length + 1
    )
    step = functools.partial(decoder.step, memory=memory)
    run = tf.function(search, autograph=False)
    return run(step, state, tf.fill([2], START), END, max_length=max_length)


def test_decoders_keep_the_protocol(decoder):
    assert isinstance(decoder, Decoder)
    assert not isinstance(layers.LSTM(2), Decoder)
    kind = type(decoder)
    for name in ("start", "step", "align", "__call__"):
        ours = "call" if issubclass(kind, keras.Layer) else "__call__"
        method = getattr(kind, name.replace("__call__", ours))
        expected = inspect.signature(getattr(Decoder, name))
        assert inspect.signature(method) == expected


@pytest.mark.parametrize(
    "search",
    [
        search.greedy,
        functools.partial(search.sample, count=4, seed=1),
        functools.partial(search.beam, width=4, n_best=3),
    ],
    ids=["greedy", "sample", "beam"],
)
def test_searches_find_what_the_whole_call_scores(decoder, search):
    found = find(decoder, search)
    tokens, lengths = found.tokens.numpy(), found.lengths.numpy()
    for row, n in np.ndindex(lengths.shape):
        expected = log_probs(decoder, row, [tokens[row, n, : lengths[row, n]]])
        assert float(found.log_probs[row, n]) == pytest.approx(
            expected[0], abs=1e-4
        )


def test_a_wide_beam_finds_the_best_of_all(decoder):
    found = find(
        decoder, functools.partial(search.beam, width=300, n_best=9), 3
    )
    others = [token for token in range(TOKENS) if token != END]
    for row in range(2):
        scores = {}
        for length in range(4):
            all_of_them = list(itertools.product(others, repeat=length))
            each = log_probs(decoder, row, all_of_them)
            scores |= dict(zip(all_of_them, each, strict=True))
        best = sorted(scores, key=scores.get, reverse=True)[:9]
        ours = zip(
            found.tokens[row].numpy(), found.lengths[row].numpy(), strict=True
        )
        assert [tuple(x[:length]) for x, length in ours] == best


def test_stepping_is_calling(decoder):
    about = source(decoder, rows=3)
    expected = decoder(TARGETS, **about)
    memory, state = decoder.start(**about, rows=3, steps=LONGEST)
    assert np.isfinite(expected.logits).all()
    for t in range(LONGEST):
        logits, state = decoder.step(TARGETS[:, t], state, memory)
        np.testing.assert_allclose(logits, expected.logits[:, t], atol=1e-5)


def test_several_rows_of_a_sample_share_its_memory(decoder):
    about, rows = source(decoder, rows=3), np.arange(6) // 2
    memory, state = decoder.start(**about, rows=3, steps=LONGEST)
    state = tf.nest.map_structure(lambda x: tf.gather(x, rows), state)
    tokens = np.concatenate([TARGETS, TARGETS[:, ::-1]])
    logits, _ = decoder.step(tokens[:, 0], state, memory)
    several = {key: each[rows] for key, each in about.items()}
    expected = decoder(tokens, **several)
    np.testing.assert_allclose(logits, expected.logits[:, 0], atol=1e-5)
    if decoder.attends:
        _, state = decoder.start(**about)
        np.testing.assert_allclose(
            decoder.align(tokens, state, memory), expected.weights, atol=1e-6
        )


@pytest.mark.parametrize("decoder", list(DECODERS)[1:], indirect=True)
def test_the_weights_are_the_mean_of_those_of_the_heads(decoder):
    memory, state = decoder.start(**source(decoder, rows=3))
    each = [
        decoder.align(TARGETS, state, memory, head)
        for head in np.ndindex(*decoder.heads)
    ]
    assert len({float(weights[0, 0, 0]) for weights in each}) == len(each)
    weights = decoder(TARGETS, **source(decoder, rows=3)).weights
    np.testing.assert_allclose(np.mean(each, axis=0), weights, atol=1e-6)
    sums = tf.reduce_sum(weights, axis=2)
    np.testing.assert_allclose(
        sums, MASK.any(axis=1)[:, None] * np.ones([3, LONGEST]), atol=1e-5
    )


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
