"""Words that know their sentences, and attention to both."""

from itertools import pairwise

import numpy as np
import pytest

from rnnzoo.layers import BahdanauAttention, DocumentAttention, DocumentEncoder

RNG = np.random.default_rng(0)
LENGTHS = [[2, 4, 1], [3], [], [1, 1]]  # words of the sentences of documents
SENTENCES = np.array(
    [
        np.pad(np.repeat(range(len(own)), own), (0, 7 - sum(own)))
        for own in LENGTHS
    ]
).astype(int)
MASK = np.arange(7) < np.array([sum(own) for own in LENGTHS])[:, None]
WORDS = RNG.normal(size=(4, 7, 5)).astype("float32")


@pytest.fixture(scope="module", params=["lstm", "gru"])
def encoder(request):
    encoder = DocumentEncoder(3, request.param)
    encoder.build(WORDS.shape)
    for weight in encoder.trainable_weights:
        weight.assign(RNG.normal(size=weight.shape))
    return encoder


def test_each_sentence_is_read_by_itself_and_then_all(encoder):
    found = encoder(WORDS, sentences=SENTENCES, mask=MASK).numpy()
    assert found.shape == (4, 7, 12)
    for document, own in enumerate(LENGTHS):
        ends = np.cumsum([0, *own])
        words = [
            encoder.words(WORDS[document : document + 1, start:end])
            for start, end in pairwise(ends)
        ]
        if words:
            vectors = np.stack([encoder.pool(each)[0] for each in words])
            sentences = encoder.sentences(vectors[None])[0]
            expected = np.concatenate(
                [
                    np.concatenate([each[0] for each in words]),
                    np.repeat(sentences, own, axis=0),
                ],
                axis=1,
            )
            np.testing.assert_allclose(
                found[document, : ends[-1]], expected, atol=1e-5
            )
        assert not found[document, ends[-1] :].any()


def test_padding_and_numbers_change_nothing(encoder):
    whole = encoder(WORDS, sentences=SENTENCES, mask=MASK).numpy()
    more = [(0, 1), (0, 3)]  # and a document without words
    padded = encoder(
        np.pad(WORDS, [*more, (0, 0)], constant_values=9),
        sentences=np.pad(7 - 2 * SENTENCES, more, constant_values=8),
        mask=np.pad(MASK, more),
    ).numpy()
    np.testing.assert_allclose(padded[:4, :7], whole, atol=1e-5)
    assert not padded[:, 7:].any()
    assert not padded[4].any()
    nothing = encoder(WORDS, sentences=SENTENCES, mask=MASK & False)
    assert not nothing.numpy().any()


def test_weights_are_the_product_of_those_of_words_and_of_sentences():
    queries = RNG.normal(size=(4, 2, 3)).astype("float32")
    sentences = RNG.normal(size=(4, 3, 5)).astype("float32")
    of_words = np.take_along_axis(sentences, SENTENCES[..., None], axis=1)
    layer = DocumentAttention(6)
    _, weights = layer(
        queries,
        np.concatenate([WORDS, of_words], axis=2),
        memory_mask=MASK,
        return_attention_scores=True,
    )
    w = {weight.name: weight for weight in layer.trainable_weights}

    def alone(prefix, memory, mask):
        plain = BahdanauAttention(6)
        plain.build(queries.shape, memory.shape)
        for weight in plain.trainable_weights:
            weight.assign(w[prefix + weight.name])
        return plain(
            queries, memory, memory_mask=mask, return_attention_scores=True
        )[1].numpy()

    exists = np.arange(3) < np.array(list(map(len, LENGTHS)))[:, None]
    p, q = alone("", WORDS, MASK), alone("sentence_", sentences, exists)
    product = p * np.take_along_axis(q, SENTENCES[:, None], axis=2)
    total = product.sum(axis=2, keepdims=True)
    expected = np.divide(product, total, where=total > 0, out=product)
    np.testing.assert_allclose(weights, expected, atol=1e-5)
    assert not weights.numpy()[2].any()
