"""Each dropout of the features of words, alone."""

import numpy as np
import pytest

from rnnzoo.layers import CharCNN, CharLSTM, Embedding, WordFeatures

RANDOM = np.random.default_rng(0)
WORDS, CASES = RANDOM.integers(1, 20, (8, 12)), RANDOM.integers(1, 5, (8, 12))
SPELLINGS = RANDOM.integers(1, 9, (20, 5))  # of each word
INPUTS = {"words": WORDS, "characters": SPELLINGS[WORDS], "cases": CASES}
WORD, CASE = slice(0, 6), slice(36, 39)
CHARACTERS = slice(6, 36)


def make(character_dropout=0.0, **options):
    layer = WordFeatures(
        Embedding(20, 6),
        characters=CharCNN(9, dropout=character_dropout),
        cases=5,
        case_dim=3,
        **options,
    )
    return layer, layer(INPUTS).numpy()


@pytest.mark.parametrize("kind", [CharCNN, CharLSTM])
def test_characters_are_dropped_in_training_alone(kind):
    layer = kind(9, dropout=0.5)
    ids = INPUTS["characters"]
    kept = layer(ids).numpy()
    np.testing.assert_array_equal(layer(ids), kept)
    dropped, other = (layer(ids, training=True).numpy() for _ in range(2))
    assert (dropped != kept).any()
    assert (dropped != other).any()
    # A word that occurs twice is computed, and dropped, once.
    for word in np.unique(WORDS):
        assert len(np.unique(dropped[word == WORDS], axis=0)) == 1


def test_dropped_characters_leave_the_other_features():
    layer, kept = make(character_dropout=0.5)
    dropped = layer(INPUTS, training=True).numpy()
    assert (dropped[..., CHARACTERS] != kept[..., CHARACTERS]).any()
    for part in (WORD, CASE):
        np.testing.assert_array_equal(dropped[..., part], kept[..., part])


def test_dropped_words_leave_their_characters_and_case():
    layer, kept = make(word_dropout=0.5)
    dropped = layer(INPUTS, training=True).numpy()
    factors = dropped[..., WORD] / kept[..., WORD]
    np.testing.assert_allclose(np.unique(factors.round(4)), [0, 2])
    for ids, row in zip(WORDS, factors, strict=True):
        for word in np.unique(ids):  # everywhere in a sentence, or nowhere
            assert len(np.unique(row[ids == word].round(4))) == 1
    for part in (CHARACTERS, CASE):
        np.testing.assert_array_equal(dropped[..., part], kept[..., part])


def test_dropout_of_all_features_has_one_mask_over_time():
    layer, kept = make(dropout=0.5)
    factors = layer(INPUTS, training=True).numpy() / kept
    np.testing.assert_allclose(np.unique(factors.round(4)), [0, 2])
    np.testing.assert_allclose(factors, factors[:, :1].repeat(12, axis=1))
    for part in (WORD, CHARACTERS, CASE):
        assert len(np.unique(factors[..., part].round(4))) == 2


def test_ids_may_be_floats():
    """Over replicas, Keras tries a model on averages of ids."""
    layer, expected = make()
    floats = {**INPUTS, "words": WORDS.astype("float32")}
    np.testing.assert_array_equal(layer(floats), expected)
