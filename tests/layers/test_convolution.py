import numpy as np
import pytest

from rnnzoo import layers

RNG = np.random.default_rng(0)
TOKENS, VECTOR, UNITS, STEPS = 9, 4, 6, 5
SOURCE = RNG.normal(size=(2, STEPS, VECTOR)).astype("float32")
LENGTHS = [5, 3]
MASK = np.arange(STEPS) < np.array(LENGTHS)[:, None]
TARGETS = RNG.integers(1, TOKENS, size=(2, 7)).astype("int32")
OPTIONS = {"units": UNITS, "depth": 2, "max_length": 6}


def randomize(layer):
    for weight in layer.trainable_weights:
        weight.assign(RNG.normal(scale=0.5, size=weight.shape))


def convolve(layer, x):
    """The equation of a layer, an output after the other."""
    kernel, scale, bias = (np.array(each) for each in layer.weights)
    kernel = kernel * scale / np.sqrt((kernel**2).sum(axis=(0, 1)))
    size = len(kernel)
    return np.array(
        [
            sum(x[t + k] @ kernel[k] for k in range(size)) + bias
            for t in range(len(x) - size + 1)
        ]
    )


def block(layer, before, x, after):
    """A gated convolution of steps with zeros around them."""
    zeros = [np.zeros((n, UNITS)) for n in (before, after)]
    outputs = convolve(layer, np.concatenate([zeros[0], x, zeros[1]]))
    values, gates = np.split(outputs, 2, axis=1)
    return values / (1 + np.exp(-gates))


def placed(layer, vectors):
    places = np.array(layer.places.embeddings)
    last = len(places) - 1
    return vectors + places[np.minimum(np.arange(len(vectors)), last)]


def encode(encoder, vectors):
    e = placed(encoder, vectors)
    x = convolve(encoder.first, e)
    for layer in encoder.blocks:
        x = (block(layer, 1, x, 1) + x) / np.sqrt(2)
    z = convolve(encoder.last, x)
    return z, (z + e) / np.sqrt(2)


def decode(decoder, tokens, keys, values):
    table = np.array(decoder.embedding.embeddings)
    g = placed(decoder, table[tokens])
    x, found = convolve(decoder.first, g), []
    for i, layer in enumerate(decoder.blocks):
        y = block(layer, 2, x, 0)
        query = (convolve(decoder.queries[i], y) + g) / np.sqrt(2)
        weights = np.exp(query @ keys.T)
        weights /= weights.sum(axis=1, keepdims=True)
        context = np.sqrt(len(keys)) * weights @ values
        y = (y + convolve(decoder.contexts[i], context)) / np.sqrt(2)
        x = (y + x) / np.sqrt(2)
        found.append(weights)
    logits = convolve(decoder.last, x) @ table.T + np.array(decoder.output_bias)
    return logits, np.mean(found, axis=0)


def test_the_layers_are_their_equations():
    encoder = layers.ConvolutionalEncoder(**OPTIONS)
    encoder.build(SOURCE.shape)
    randomize(encoder)
    decoder = layers.ConvolutionalDecoder(
        layers.Embedding(TOKENS, VECTOR), **OPTIONS
    )
    decoder.build(TARGETS.shape, encoder.compute_output_shape(SOURCE.shape))
    randomize(decoder)
    memory = encoder(SOURCE, mask=MASK)
    decoded = decoder(TARGETS, memory, memory_mask=MASK)
    for row, length in enumerate(LENGTHS):
        keys, values = encode(encoder, SOURCE[row, :length])
        np.testing.assert_allclose(
            memory[row, :length], np.hstack([keys, values]), atol=1e-5
        )
        logits, weights = decode(decoder, TARGETS[row], keys, values)
        np.testing.assert_allclose(decoded.logits[row], logits, atol=1e-4)
        np.testing.assert_allclose(
            decoded.weights[row, :, :length], weights, atol=1e-5
        )


def test_outputs_begin_with_the_variance_of_inputs():
    layer = layers.NormedConvolution(400, kernel_size=3)
    x = RNG.normal(size=(4, 50, 100)).astype("float32")
    assert np.var(layer(x)) == pytest.approx(1.0, abs=0.1)


def test_what_does_not_fit_is_an_error():
    with pytest.raises(ValueError, match="odd number.*kernel_size=2"):
        layers.ConvolutionalEncoder(UNITS, 2, kernel_size=2)
    decoder = layers.ConvolutionalDecoder(
        layers.Embedding(TOKENS, VECTOR), **OPTIONS
    )
    with pytest.raises(ValueError, match="4 features each.*5 features"):
        decoder.build(TARGETS.shape, (None, None, 5))
