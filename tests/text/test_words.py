"""Words as ids of themselves, of their characters and of their case."""

import pytest
import tensorflow as tf

from rnnzoo.text.words import (
    CASES,
    WordReader,
    case_ids,
    form,
    ragged_tokens,
    split_characters,
)

# The words of each case, from id 1 on.
WRITTEN = [
    ["", "-", "日本", "\n", "🙂"],
    ["1996", "7", "٣", "½"],
    ["10.5", "-3", "1/2\n"],
    ["F-16", "3rd", "covid19", "1\na"],
    ["Paris", "O'neill", "I", "A.", "(Ein", "Ǆungla"],
    ["EU", "U.S.", "KEY-WORD", "ÄÖ"],
    ["word", "it's", "naïve", "'s"],
    ["McDonald", "eBay", "iOS", "O'Neill"],
]


def test_each_word_has_one_case():
    assert len(WRITTEN) == CASES - 1
    for case, words in enumerate(WRITTEN, start=1):
        assert case_ids(words).numpy().tolist() == [case] * len(words), words
    assert case_ids([["EU", "word"]]).numpy().tolist() == [[6, 7]]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "élan-7 i̇n٣"),
        ({"lowercase": False}, "Élan-7 İn٣"),
        ({"normalize_digits": True}, "élan-0 i̇n0"),
        ({"lowercase": False, "normalize_digits": True}, "Élan-0 İn0"),
    ],
)
def test_words_take_the_form_of_the_vocabulary(options, expected):
    words = form(tf.constant("Élan-7 İn٣"), **options)
    assert words.numpy().decode() == expected


def test_a_reader_reads_words_characters_and_cases():
    tokens = ragged_tokens([["Paris", "paris", "Rome"], [], ["", "Paris"]])
    reader = WordReader(["paris"], list("Pai"), max_characters=3)
    ids = reader(tokens)
    assert ids.keys() == {"words", "characters", "cases"}
    assert ids["words"].to_list() == [[2, 2, 1], [], [1, 2]]
    assert ids["characters"].to_list() == [
        [[2, 3, 1], [1, 3, 1], [1, 1, 1]],
        [],
        [[], [2, 3, 1]],
    ]
    assert ids["cases"].to_list() == [[5, 7, 5], [], [1, 5]]
    assert {each.dtype for each in ids.values()} == {tf.int32}


def test_a_reader_looks_words_up_as_it_is_told():
    words = ragged_tokens([["May", "may", "1995", "0000"]])
    found = {}
    for lowercase in (False, True):
        for digits in (False, True):
            reader = WordReader(
                ["May", "may", "0000"],
                [],
                lowercase=lowercase,
                normalize_digits=digits,
            )
            ids = reader(words)["words"]
            found[lowercase, digits] = ids.to_list()[0]
    assert found == {
        (False, False): [2, 3, 1, 4],
        (False, True): [2, 3, 4, 4],
        (True, False): [3, 3, 1, 4],
        (True, True): [3, 3, 4, 4],
    }


def test_characters_are_those_of_unicode():
    characters = split_characters(["aé\U0001f642", "", b"\xff"])
    assert [[x.decode() for x in row] for row in characters.to_list()] == [
        ["a", "é", "\U0001f642"],
        [],
        ["\ufffd"],
    ]


def test_no_sentence_and_no_word_are_ragged_too():
    for sentences in ([], [[]], [[], ["a"], []]):
        tokens = ragged_tokens(sentences)
        assert tokens.dtype == tf.string
        expected = [[word.encode() for word in each] for each in sentences]
        assert tokens.to_list() == expected
        reader = WordReader(["a"], ["a"])
        assert reader(tokens)["characters"].nrows() == len(sentences)
