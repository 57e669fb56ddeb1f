import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnzoo import layers
from rnnzoo.layers.positions import sinusoids

try:
    import torch
except ImportError:  # it is in the extra `benchmarks`
    torch = None
with_torch = pytest.mark.skipif(torch is None, reason="needs PyTorch")
RNG = np.random.default_rng(0)
TOKENS, UNITS, HEADS, HIDDEN = 9, 8, 2, 12
SOURCE = RNG.normal(size=(3, 5, UNITS)).astype("float32")
MASK = np.arange(5) < np.array([5, 2, 1])[:, None]
TARGETS = RNG.integers(1, TOKENS, size=(3, 6)).astype("int32")


def randomize(layer):
    for weight in layer.trainable_weights:
        weight.assign(RNG.normal(scale=0.4, size=weight.shape))


def places(steps):
    """The formula of the paper, number by number."""
    return np.array(
        [
            [
                (np.sin, np.cos)[k % 2](p / 10_000 ** ((k - k % 2) / UNITS))
                for k in range(UNITS)
            ]
            for p in range(steps)
        ]
    )


def test_sinusoids_are_those_of_the_paper():
    np.testing.assert_allclose(
        sinusoids([[3, 0], [70, 1]], UNITS),
        places(71)[[[3, 0], [70, 1]]],
        atol=1e-5,
    )


@pytest.mark.parametrize("masked", [False, True])
def test_multi_head_attention_is_keras_own(masked):
    query = RNG.normal(size=(3, 4, 6)).astype("float32")
    theirs = keras.layers.MultiHeadAttention(HEADS, 5)
    theirs.build(query.shape, SOURCE.shape)
    randomize(theirs)
    ours = layers.MultiHeadAttention(HEADS, 5)
    ours.build(query.shape, SOURCE.shape)
    ours.set_weights(theirs.get_weights())
    mask = np.repeat(MASK[:, None], 4, axis=1) if masked else None
    expected = theirs(
        query, SOURCE, attention_mask=mask, return_attention_scores=True
    )
    found = ours(query, SOURCE, mask, return_attention_scores=True)
    np.testing.assert_allclose(found[0], expected[0], atol=1e-5)
    np.testing.assert_allclose(found[1], expected[1], atol=1e-6)


def test_a_query_without_places_attends_to_nothing():
    layer = layers.MultiHeadAttention(HEADS, 5)
    outputs, weights = layer(
        SOURCE, SOURCE, np.zeros([3, 1, 5], bool), return_attention_scores=True
    )
    assert not weights.numpy().any()
    assert not outputs.numpy().any()


def test_weights_are_dropped_in_training_only():
    layer = layers.MultiHeadAttention(HEADS, 5, dropout=0.5, seed=1)
    plain = layer(SOURCE, SOURCE)
    np.testing.assert_array_equal(layer(SOURCE, SOURCE, training=False), plain)
    assert not np.allclose(layer(SOURCE, SOURCE, training=True), plain)


def of_torch(weight):
    return torch.tensor(np.array(weight))


def copy_norm(ours, theirs):
    theirs.weight.data = of_torch(ours.gamma)
    theirs.bias.data = of_torch(ours.beta)


def copy_attention(ours, theirs):
    names = ("query", "key", "value")
    kernels = [np.array(getattr(ours, f"{name}_kernel")) for name in names]
    biases = [np.array(getattr(ours, f"{name}_bias")) for name in names]
    theirs.in_proj_weight.data = of_torch(
        np.concatenate([kernel.reshape(UNITS, UNITS).T for kernel in kernels])
    )
    theirs.in_proj_bias.data = of_torch(np.concatenate(biases).reshape(-1))
    kernel = np.array(ours.output_kernel).reshape(UNITS, UNITS)
    theirs.out_proj.weight.data = of_torch(kernel.T)
    theirs.out_proj.bias.data = of_torch(ours.output_bias)


def torch_layer(kind, block, pre_norm):
    """PyTorch's layer with the weights of a block."""
    theirs = kind(
        UNITS, HEADS, HIDDEN, 0.0, batch_first=True, norm_first=pre_norm
    )
    copy_attention(block.self_attention, theirs.self_attn)
    if block.attends:
        copy_attention(block.attention, theirs.multihead_attn)
    for ours, dense in (
        (block.hidden, theirs.linear1),
        (block.output_layer, theirs.linear2),
    ):
        dense.weight.data = of_torch(np.array(ours.kernel).T)
        dense.bias.data = of_torch(ours.bias)
    for i, norm in enumerate(block.norms):
        copy_norm(norm, getattr(theirs, f"norm{i + 1}"))
    return theirs.eval()


def torch_norm(norm):
    theirs = torch.nn.LayerNorm(UNITS)
    copy_norm(norm, theirs)
    return theirs


@with_torch
@pytest.mark.parametrize("pre_norm", [True, False])
def test_the_encoder_is_pytorchs(pre_norm):
    encoder = layers.TransformerEncoder(2, HEADS, HIDDEN, pre_norm=pre_norm)
    encoder.build(SOURCE.shape)
    randomize(encoder)
    x = torch.tensor(SOURCE * UNITS**0.5 + places(5), dtype=torch.float32)
    with torch.no_grad():
        for block in encoder.blocks:
            kind = torch.nn.TransformerEncoderLayer
            theirs = torch_layer(kind, block, pre_norm)
            x = theirs(x, src_key_padding_mask=torch.tensor(~MASK))
        x = torch_norm(encoder.norm)(x) if pre_norm else x
    found = encoder(SOURCE, mask=MASK).numpy()
    np.testing.assert_allclose(found[MASK], x.numpy()[MASK], atol=1e-4)


@with_torch
@pytest.mark.parametrize("pre_norm", [True, False])
def test_the_decoder_is_pytorchs(pre_norm):
    decoder = layers.TransformerDecoder(
        layers.Embedding(TOKENS, UNITS), 2, HEADS, HIDDEN, pre_norm=pre_norm
    )
    decoder.build(TARGETS.shape, SOURCE.shape)
    randomize(decoder)
    table = np.array(decoder.embedding.embeddings)
    vectors = table[TARGETS] * UNITS**0.5 + places(TARGETS.shape[1])
    x = torch.tensor(vectors, dtype=torch.float32)
    steps = TARGETS.shape[1]
    with torch.no_grad():
        for block in decoder.blocks:
            kind = torch.nn.TransformerDecoderLayer
            theirs = torch_layer(kind, block, pre_norm)
            x = theirs(
                x,
                torch.tensor(SOURCE),
                tgt_mask=torch.tensor(~np.tri(steps, dtype=bool)),
                memory_key_padding_mask=torch.tensor(~MASK),
            )
        x = torch_norm(decoder.norm)(x) if pre_norm else x
    expected = x.numpy() @ table.T + np.array(decoder.output_bias)
    found = decoder(TARGETS, SOURCE, memory_mask=MASK).logits
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_padding_changes_nothing():
    encoder = layers.TransformerEncoder(2, HEADS, HIDDEN)
    encoder.build(SOURCE.shape)
    randomize(encoder)
    padded = np.pad(SOURCE, [(0, 0), (0, 3), (0, 0)], constant_values=7.0)
    mask = np.pad(MASK, [(0, 0), (0, 3)])
    np.testing.assert_allclose(
        encoder(padded, mask=mask).numpy()[mask],
        encoder(SOURCE, mask=MASK).numpy()[MASK],
        atol=1e-5,
    )


def test_what_does_not_fit_is_an_error():
    embedding = layers.Embedding(TOKENS, UNITS)
    decoder = layers.TransformerDecoder(embedding, 1, 3, HIDDEN)
    with pytest.raises(ValueError, match="divisor of .* 8. .*num_heads=3"):
        decoder.build(TARGETS.shape, SOURCE.shape)
    decoder = layers.TransformerDecoder(embedding, 1, HEADS, HIDDEN)
    with pytest.raises(ValueError, match="Missing argument `memory`"):
        decoder.start(rows=3)
    with pytest.raises(ValueError, match="argument `initial_state`.*None"):
        decoder(TARGETS, SOURCE, initial_state=[tf.zeros([3, UNITS])])


@with_torch
def test_a_block_called_alone_is_that_of_a_decoder():
    block = layers.TransformerBlock(HEADS, HIDDEN, attends=True)
    x = RNG.normal(size=(3, 4, UNITS)).astype("float32")
    block.build(x.shape, SOURCE.shape)
    randomize(block)
    theirs = torch_layer(torch.nn.TransformerDecoderLayer, block, True)
    with torch.no_grad():
        expected = theirs(
            torch.tensor(x),
            torch.tensor(SOURCE),
            tgt_mask=torch.tensor(~np.tri(4, dtype=bool)),
            memory_key_padding_mask=torch.tensor(~MASK),
        )
    found = block(x, SOURCE, memory_mask=MASK)
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize("pre_norm", [True, False])
def test_a_block_is_made_of_keras_layers(pre_norm):
    block = layers.TransformerBlock(HEADS, HIDDEN, True, pre_norm)
    x = RNG.normal(size=(3, 4, UNITS)).astype("float32")
    block.build(x.shape, SOURCE.shape)
    randomize(block)

    def attend(layer, query, value, mask):
        theirs = keras.layers.MultiHeadAttention(HEADS, UNITS // HEADS)
        theirs.build(query.shape, value.shape)
        theirs.set_weights(layer.get_weights())
        mask = np.broadcast_to(mask, [3, 4, value.shape[1]])
        return theirs(query, value, attention_mask=mask)

    parts = [
        lambda x: attend(block.self_attention, x, x, np.tri(4, dtype=bool)),
        lambda x: attend(block.attention, x, SOURCE, MASK[:, None]),
        lambda x: block.output_layer(block.hidden(x)),
    ]
    found = block(x, SOURCE, memory_mask=MASK)
    for part, norm in zip(parts, block.norms, strict=True):
        x = x + part(norm(x)) if pre_norm else norm(x + part(x))
    np.testing.assert_allclose(found, x, atol=1e-4)
