"""Layers of language models: steps against calls, and torch's softmax."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnzoo import layers
from rnnzoo.layers.softmax import cross_entropy

IDS = np.random.default_rng(0).integers(0, 9, (3, 6)).astype("int32")


@pytest.mark.parametrize(
    "stack",
    [
        lambda: [layers.LSTM(5), layers.LSTM(4)],
        lambda: [layers.GRU(5), layers.SimpleRNN(4)],
        lambda: [layers.LSTM(5, zoneout=(0.3, 0.1)), layers.GRU(4)],
        lambda: [layers.LSTM(5, layer_norm=True), layers.LSTM(4)],
        lambda: [layers.GRU(5, reset_after=False), layers.GRU(4)],
        lambda: [layers.SimpleRNN(4, feedback="output")],
        lambda: [layers.GRU(5, use_bias=False), layers.GRU(4)],
    ],
)
def test_steps_and_calls_agree(stack):
    backbone = layers.RecurrentBackbone(layers.Embedding(9, 3), stack())
    read = backbone(IDS)
    draw = np.random.default_rng(1).normal
    backbone.set_weights([draw(size=e.shape) for e in backbone.weights])
    read = backbone(IDS)
    weights, states = backbone.prepare(), backbone.start(len(IDS))
    for t in range(IDS.shape[1]):
        vectors, states = backbone.step(IDS[:, t], states, weights)
        np.testing.assert_allclose(vectors, read.vectors[:, t], atol=1e-5)
    for one, two in zip(states, read.states, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-5)


def test_cross_entropy_is_that_of_tensorflow():
    draw = np.random.default_rng(2)
    scores = (20 * draw.normal(size=(5, 7))).astype("float32")
    scores[:, 3] = -np.inf  # a token that is never written
    tokens = tf.constant([0, 6, 2, 2, 5])
    factors = tf.constant([1.0, -2.0, 0.0, 3.0, 0.5])

    def run(function):
        with tf.GradientTape() as tape:
            x = tf.constant(scores)
            tape.watch(x)
            losses = function(x)
            loss = tf.reduce_sum(factors * losses)
        return losses, tape.gradient(loss, x)

    expected = run(
        lambda x: tf.nn.sparse_softmax_cross_entropy_with_logits(tokens, x)
    )
    for graph in (False, True):
        found = (tf.function(run) if graph else run)(
            lambda x: cross_entropy(x, tokens)
        )
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_cross_entropy_has_no_second_derivatives():
    x = tf.ones([1, 3])
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            loss = cross_entropy(x, tf.constant([1]))
        slope = inner.gradient(loss, x)[0, 0]
    with pytest.raises(NotImplementedError, match="second derivatives"):
        outer.gradient(slope, x)


def test_a_saved_backbone_reads_the_same():
    backbone = layers.RecurrentBackbone(
        layers.Embedding(9, 3),
        [layers.LSTM(5, weight_dropout=0.2), layers.LSTM(4)],
        word_dropout=0.1,
        input_dropout=0.2,
        dropout=0.3,
        output_dropout=0.4,
        variational=False,
    )
    read = backbone(IDS)
    config = keras.saving.serialize_keras_object(backbone)
    copy = keras.saving.deserialize_keras_object(config)
    copy(IDS)
    copy.set_weights(backbone.get_weights())
    np.testing.assert_array_equal(copy(IDS).vectors, read.vectors)
    assert copy.get_config() == backbone.get_config()


@pytest.mark.parametrize("variational", [True, False])
def test_each_dropout_is_at_its_place(variational):
    def zeros(**rates):
        backbone = layers.RecurrentBackbone(
            layers.Embedding(9, 64, "ones"),
            [layers.LSTM(64), layers.LSTM(64)],
            variational=variational,
            seed=1,
            **rates,
        )
        backbone(IDS)
        read = backbone(IDS, training=True)
        return np.asarray(read.vectors) == 0, np.asarray(read.raw) == 0

    dropped, raw = zeros(output_dropout=0.5)
    assert 0.4 < dropped.mean() < 0.6
    assert not raw.any()
    assert (dropped == dropped[:, :1]).all() == variational
    assert not zeros(input_dropout=0.5, dropout=0.5)[0].any()


def test_the_adaptive_softmax_is_torchs():
    torch = pytest.importorskip("torch")
    softmax = layers.AdaptiveSoftmax(20, cutoffs=[4, 10], ratio=2)
    vectors = np.random.default_rng(0).normal(size=(7, 8)).astype("float32")
    log_probs = softmax(vectors).numpy()
    theirs = torch.nn.AdaptiveLogSoftmaxWithLoss(
        8, 20, [4, 10], div_value=2.0, head_bias=True
    )
    kernel, bias, *tails = map(torch.tensor, softmax.get_weights())
    with torch.no_grad():
        theirs.head.weight.copy_(kernel.T)
        theirs.head.bias.copy_(bias)
        for i in range(2):
            for j in range(2):
                theirs.tail[i][j].weight.copy_(tails[2 * i + j].T)
        expected = theirs.log_prob(torch.tensor(vectors)).numpy()
    ours = np.roll(log_probs, 1, axis=1)  # it has the last token first
    np.testing.assert_allclose(ours, expected, atol=1e-5)
    for most in (None, 3):
        for tokens in ([0, 1, 5, 9, 18, 19, 12], [0] * 7, [15] * 7):
            losses = softmax.losses_of(vectors, tokens, most)
            np.testing.assert_allclose(
                losses, -log_probs[np.arange(7), tokens], atol=1e-5
            )


@pytest.mark.parametrize("kind", ["TokenSoftmax", "AdaptiveSoftmax"])
def test_unwritten_tokens_have_no_probability_and_no_gradient(kind):
    options = {"cutoffs": [4, 8]} if kind == "AdaptiveSoftmax" else {}
    softmax = getattr(layers, kind)(12, unwritten=(0, 10), **options)
    vectors = tf.random.stateless_normal((5, 6), [1, 2])
    probabilities = np.exp(softmax(vectors))
    assert not probabilities[:, [0, 10]].any()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    with tf.GradientTape() as tape:
        tape.watch(vectors)
        loss = tf.reduce_sum(softmax.losses_of(vectors, [1, 5, 9, 11, 2]))
    gradients = tape.gradient(loss, [vectors, *softmax.trainable_weights])
    assert all(np.isfinite(each).all() for each in gradients)


def test_the_tied_softmax_learns_the_embedding():
    embedding = layers.Embedding(7, 4)
    embedding.build()
    softmax = layers.TokenSoftmax(7, tied=True)
    softmax.tie(embedding)
    vectors = tf.ones((2, 4))
    expected = vectors @ tf.transpose(embedding.embeddings)
    found = softmax(vectors)
    np.testing.assert_allclose(found, tf.nn.log_softmax(expected), atol=1e-6)
    wrong = layers.TokenSoftmax(7, tied=True)
    wrong.tie(embedding)
    with pytest.raises(ValueError, match="argument `tied`"):
        wrong(tf.ones((2, 5)))


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="does not know its number"):
        layers.TokenSoftmax()(tf.ones((1, 2)))
    for cutoffs in ([], [5, 5], [7, 3], [0, 4]):
        with pytest.raises(ValueError, match="argument `cutoffs`"):
            layers.AdaptiveSoftmax(20, cutoffs=cutoffs)
    backward = layers.LSTM(3, go_backwards=True)
    with pytest.raises(ValueError, match="argument `layers`"):
        layers.RecurrentBackbone(layers.Embedding(3, 2), [backward])
    backbone = layers.RecurrentBackbone(
        layers.Embedding(9, 3), [layers.LSTM(4)]
    )
    with pytest.raises(ValueError, match="argument `initial_state`"):
        backbone(IDS, initial_state=[tf.zeros((3, 4))])
