"""Plain tokenizers against Python's own strings."""

import pytest
import tensorflow as tf

from rnnzoo.text import PlainTokenizer, TokenizerProtocol, Vocabulary

TEXTS = ["the <unk> of N", "", "  ", " a\u3000b\n\nc\td\u00e9 \U0001f634 ", "x"]


@pytest.mark.parametrize("texts", [TEXTS, TEXTS[:1], TEXTS[1:2], []])
def test_spaces_split_and_offsets_are_those_of_the_text(texts):
    found = PlainTokenizer()(tf.constant(texts, tf.string))
    for text, words, starts, ends in zip(
        texts, *(column.to_list() for column in found), strict=True
    ):
        words = [each.decode() for each in words]
        # ASCII's white space, as of tf.strings.split
        assert words == text.replace("\u3000", "_").split() or "\u3000" in text
        spans = zip(starts, ends, strict=True)
        assert [text[start:end] for start, end in spans] == words


def test_characters_lose_nothing():
    tokenizer = PlainTokenizer("character")
    found = tokenizer(TEXTS)
    for text, words in zip(TEXTS, found.words.to_list(), strict=True):
        assert [each.decode() for each in words] == list(text)
    joined = tokenizer.join(found.words).numpy()
    assert [each.decode() for each in joined] == TEXTS
    lower = PlainTokenizer("character", lowercase=True)(["\u00c9A\n"])
    assert b"".join(lower.words[0].numpy()).decode() == "\u00e9a\n"


def test_invalid_bytes_are_replaced():
    (words,) = PlainTokenizer()([b"a\xff b"]).words.to_list()
    assert [each.decode() for each in words] == ["a\ufffd", "b"]


def test_lines_are_sentences():
    texts = ["a b\nc\n\nd e f", "", "x"]
    found = PlainTokenizer().sentences(texts, max_words=2).words.to_list()
    assert found == [
        [[b"a", b"b"], [b"c"], [b"d", b"e"], [b"f"]],
        [],
        [[b"x"]],
    ]
    found = PlainTokenizer("character").sentences(["a\nb"]).words.to_list()
    assert found == [[[b"a", b"\n"], [b"b"]]]


def test_it_joins_with_spaces_and_keeps_the_protocol():
    tokenizer = PlainTokenizer()
    assert isinstance(tokenizer, TokenizerProtocol)
    padded = [["", "a", "", "b", ""], [""] * 5]
    assert tokenizer.join(padded).numpy().tolist() == [b"a b", b""]
    assert tokenizer.learn({"b": 2, "a": 3, "c": 1}, min_count=2) == ("a", "b")
    assert len(Vocabulary(tokenizer.learn({"a": 1}))) == 3
    copy = PlainTokenizer.from_config(tokenizer.get_config())
    assert copy.get_config() == tokenizer.get_config()
    with pytest.raises(ValueError, match="argument `unit`"):
        PlainTokenizer("word")
