"""Pieces of words: those of SentencePiece, in the graph."""

import sys

import pytest
import sentencepiece
import tensorflow as tf

from rnnzoo.ids import pad
from rnnzoo.text import TokenCounter, in_graph
from rnnzoo.text.subwords import LONGEST, SubwordTokenizer

TEXTS = [
    "Zwei Hunde spielen mit dem Ball; ein Hund bellt, der andere spielt.",
    'Der Hundeball (rot) gehört dem Hund, "nicht" dem Mann!',
    "Ein Mann spielt Fußball. Männer spielen Fußballspiele: 10.5 % davon.",
    "aaaaaaa aaaa aa a abababab banana bananas",
]
UNSEEN = [
    "Ballspielende Hundemänner (ein Mann, eine Nanna) bananabanana aaaaa.",
    "",
    "İn 日本 spielenИван, xqy!? It's  “mine”\u2028now \U0001f634\U0001f634",
    "▁_ ba▁ll",
    "bab" * (LONGEST // 3) + " " + "Hund" * 70,
]


@pytest.fixture(scope="module")
def model():
    """A tokenizer, and the SentencePiece model that it was made of."""
    models = []

    class Processor(sentencepiece.SentencePieceProcessor):
        def __init__(self, model_proto):
            super().__init__(model_proto=model_proto)
            models.append(self)

    counter, tokenizer = TokenCounter(), SubwordTokenizer()
    counter.update(tokenizer.to_count(tf.constant(TEXTS)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sentencepiece, "SentencePieceProcessor", Processor)
        pieces = tokenizer.learn(counter.counts, 120)
    assert tokenizer.pieces == pieces
    assert len(pieces) + 2 == 120
    return tokenizer, models[0]


def decoded(strings):
    return [each.decode() for each in strings]


def test_pieces_are_those_of_sentencepiece(model):
    tokenizer, theirs = model
    texts = tf.constant(TEXTS + UNSEEN[:-1])
    words = tokenizer.to_count(texts)
    pieces = in_graph(tokenizer)(texts).words
    for ours, of in zip(pieces, words, strict=True):
        expected = [
            piece
            for word in decoded(of.numpy())
            for piece in theirs.encode(word, out_type=str)
        ]
        assert decoded(ours.numpy()) == expected


def test_long_words_are_cut_before_they_are_split(model):
    tokenizer, theirs = model
    word = "bananas" * 30
    marked = "▁" + word
    expected = []
    for start in range(0, len(marked), LONGEST):
        expected += theirs.encode(marked[start : start + LONGEST], out_type=str)
    assert decoded(tokenizer([word]).words[0].numpy()) == expected


def test_texts_come_back_whole(model):
    tokenizer, _ = model
    pieces = tokenizer(TEXTS + UNSEEN).words
    expected = [*TEXTS, *UNSEEN]
    expected[-3] = expected[-3].replace("  ", " ").replace("\u2028", " ")
    expected[-2] = "__ ba_ll"
    assert decoded(tokenizer.join(pad(pieces)).numpy()) == expected
    assert decoded(tokenizer.join(pieces).numpy()) == expected


def test_offsets_are_places_of_the_text():
    tokenizer = SubwordTokenizer(lowercase=True, pieces=["ab", "▁ab", *"▁abn"])
    text = "Abba's  BANAB, abb"
    words, starts, ends = (column[0].numpy() for column in tokenizer([text]))
    at = [
        text[start:end].lower() for start, end in zip(starts, ends, strict=True)
    ]
    assert at == [word.removeprefix("▁") for word in decoded(words)]
    assert decoded(words)[:3] == ["▁ab", "b", "a"]


def test_any_batch_gives_the_same(model):
    tokenizer, _ = model
    # The last word begins where the one of another text ends.
    texts = [*TEXTS, *UNSEEN, "Ball", "    Ball"]
    together = tokenizer(texts).words.to_list()
    assert together[-1] == together[-2]
    assert together == [tokenizer([text]).words.to_list()[0] for text in texts]
    assert tokenizer(tf.constant([], tf.string)).words.to_list() == []
    assert tokenizer([""]).words.to_list() == [[]]


def test_saving_is_exact(model):
    tokenizer, _ = model
    again = SubwordTokenizer.from_config(tokenizer.get_config())
    texts = TEXTS + UNSEEN
    assert again(texts).words.to_list() == tokenizer(texts).words.to_list()
    assert again.pieces == tokenizer.pieces


def test_what_cannot_be_learned(monkeypatch):
    tokenizer = SubwordTokenizer()
    assert tokenizer.learn({}, 10) == ()
    assert decoded(tokenizer(["a b"]).words[0].numpy()) == ["▁a", "▁b"]
    with pytest.raises(ValueError, match=r"`size`.*at least 6.*size=5"):
        tokenizer.learn({"▁abc": 2}, 5)
    # A rare character is unknown, and its word teaches nothing.
    pieces = SubwordTokenizer().learn({"▁ab": 5, "▁abx": 1}, 9, min_count=2)
    assert set("".join(pieces)) == set("▁ab")
    # SentencePiece would skip these, and fail without another word.
    assert SubwordTokenizer().learn({"▁a▅": 2}, 10) == ()
    pieces = SubwordTokenizer().learn({"▁" + "ab" * 3000: 2}, 20)
    assert "baba" in pieces
    monkeypatch.setitem(sys.modules, "sentencepiece", None)
    with pytest.raises(ImportError, match=r"rnnzoo\[subwords\]"):
        tokenizer.learn({"▁ab": 5}, 10)


def test_a_piece_that_no_word_can_have_is_refused():
    """Finding the parts of a long one would take the square of its length."""
    assert SubwordTokenizer(pieces=["▁" + "a" * 63, "a"]).pieces
    for piece in ("a" * 65, "a" * 200_000):
        with pytest.raises(ValueError, match="`pieces`.*at most 64 characters"):
            SubwordTokenizer(pieces=["a", piece])
