"""Tokens, sentences and ids of any text that Unicode can hold."""

import functools
import warnings

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rnnzoo.text import (
    TokenCounter,
    Tokenizer,
    Vocabulary,
    check_texts,
    in_graph,
)
from rnnzoo.text.scripts import CLAUSE_ENDS, SENTENCE_ENDS

ENDINGS = ("<br />", "<br/>", "<br>", "<p>", "</p>")

# Each lies in wait for a rule: marks of ours, breaks, letters that change
# their length when lowered, joiners, flags, private and unassigned characters.
TRAPS = [
    *("\v", "\x1e", "\v\x1e\v", "\0", "\x1c", "\x85", "\u2028", "\ufeff"),
    *("\n\n", " ", "  ", *ENDINGS, "<BR>", "< br >", ".", "...", "?!", '."'),
    *("Mr.", "U.S.", "etc. The", "10.5", "isn't", "it’s", "'em", "sci-fi"),
    *("İ", "ß", "ﬁ", "e\u0301", "ي\u200cم", "\xad", "日本語。", "\u3000"),
    *(
        "🇩🇪",
        "👩\u200d👩\u200d👧",
        "1\ufe0f\u20e3",
        "👍🏽",
        "\ue000",
        "\U000e0fff",
    ),
    *("http://a.b/c?d.", "me@b.org", "#tag", ":-)", "<3", "****", "a", "A"),
]
texts = st.lists(
    st.lists(st.sampled_from(TRAPS) | st.text(max_size=3), max_size=12).map(
        "".join
    ),
    min_size=1,
    max_size=4,
)


def rows(ragged):
    """Nested lists, with strings for bytes."""

    def decoded(value):
        if isinstance(value, list):
            return [decoded(each) for each in value]
        return value.decode() if isinstance(value, bytes) else value

    return decoded(ragged.to_list())


@functools.cache
def graph(unit, lowercase, method):
    """That method as it runs in an exported graph."""
    method = getattr(Tokenizer(unit, lowercase), method)
    return tf.function(method, autograph=False, reduce_retracing=True)


def seen(text):
    """Characters of a text without spaces, controls and line breaks."""
    for ending in ENDINGS:
        for form in (ending, ending.upper()):
            text = text.replace(form, "\0")
    return [c for c in text if not c.isspace() and ord(c) not in UNSEEN]


UNSEEN = {*range(0x20), *range(0x7F, 0xA0), 0x200B, 0x200E, 0x200F, 0xFEFF}
UNSEEN |= {*range(0x202A, 0x202F), *range(0x2060, 0x2065)}
UNSEEN |= {*range(0x2066, 0x2070)}
APOSTROPHES = str.maketrans(dict.fromkeys("‘’ʼ´＇\x91\x92", "'"))


@pytest.mark.parametrize("unit", ["word", "character"])
@settings(max_examples=150, deadline=None)
@given(texts=texts)
@example(texts=["", ".", "a", ""])
def test_tokens_are_places_of_the_text(unit, texts):
    tokens = graph(unit, False, "__call__")(tf.constant(texts))
    for text, *columns in zip(texts, *map(rows, tokens), strict=True):
        place = 0
        for word, start, end in zip(*columns, strict=True):
            assert place <= start < end <= len(text)
            assert not seen(text[place:start])  # nothing is lost
            place = end
            if word != " ":
                assert word == text[start:end].translate(APOSTROPHES)
        assert not seen(text[place:])


@pytest.mark.parametrize("unit", ["word", "character"])
@settings(max_examples=100, deadline=None)
@given(texts=texts, max_words=st.sampled_from([None, 1, 3]))
def test_sentences_are_the_same_tokens(unit, texts, max_words):
    texts = tf.constant(texts)
    flat = graph(unit, True, "__call__")(texts)
    sentences = graph(unit, True, "sentences")(texts, max_words)
    lengths = sentences.words.row_lengths(axis=2)
    assert (lengths.flat_values.numpy() > 0).all()
    if max_words:
        assert (lengths.flat_values.numpy() <= max_words).all()
    together = [rows(column.merge_dims(1, 2)) for column in sentences]
    for *ours, theirs in zip(
        *map(rows, flat), zip(*together, strict=True), strict=True
    ):
        ours, theirs = (
            [token for token in zip(*row, strict=True) if token[0] != " "]
            for row in (ours, theirs)
        )
        assert ours == theirs


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("A quiet, LOVELY film!", "a quiet , lovely film !"),
        ("It's good; I don't care.", "it 's good ; i do n't care ."),
        ("It’s Dr. Who's U.S. show", "it 's dr. who 's u.s. show"),
        ("Er löst. C'est idéal. Éd.", "er löst . c'est idéal . éd ."),
        ("Ankara'sı 50'sı can'tı it's", "ankara'sı 50'sı can'tı it 's"),
        ("sci-fi, 10.5 of 1,000: 8/10", "sci-fi , 10.5 of 1,000 : 8/10"),
        ("Why?!?! No.......", "why ? ! ? ! no ... ... ."),
        ("bad<br /><br />worse<BR>worst", "bad worse worst"),
        ("(see http://a.b/c?d=e.)", "( see http://a.b/c?d=e . )"),
        ("me@b.org or imdb.com/title", "me@b.org or imdb.com/title"),
        ("so good :-) <3 👍🏽👍 🇩🇪", "so good :-) <3 👍🏽 👍 🇩🇪"),
        ("我喜歡。ひ", "我 喜 歡 。 ひ"),
        ("شكرا، جميل", "شكرا ، جميل"),
        ("İstanbul ÉCLAIR", "i\u0307stanbul éclair"),
        ("=====  ~~~~~~", "===== ~~~~~~"),
        (" \n\t<p></p> ", ""),
        ("I'd ask 'em; THEY'LL know", "i 'd ask 'em ; they 'll know"),
        ("at 10:30, 3.5mm or .5", "at 10:30 , 3.5mm or .5"),
        ("#so_good @me", "#so_good @me"),
        ("Wow!!!! No-- really---", "wow !!! ! no -- really ---"),
        ("a ** b *** c **** d", "a ** b *** c **** d"),
        ("``So'' -.-", "`` so '' - . -"),
        ("A vs. B, e.g. C, i.e. D", "a vs. b , e.g. c , i.e. d"),
        ("a.co.uk/b, a.b, www.c", "a.co.uk/b , a . b , www.c"),
        ("imdb.com/a?b. (imdb.org/)", "imdb.com/a?b . ( imdb.org/ )"),
        (":-( ;D =P :Dash", ":-( ;d =p : dash"),
        (
            "👩\u200d👩\u200d👧👧 1\ufe0f\u20e32\ufe0f\u20e3#\u20e3",
            "👩\u200d👩\u200d👧 👧 1\ufe0f\u20e3 2\ufe0f\u20e3 #\u20e3",
        ),
        (
            "می\u200cخواهم-a; क\u094d\u200dष-b #co\xadop!",
            "می\u200cخواهم-a ; क\u094d\u200dष-b #co\xadop !",
        ),
        ("a\u3000b\ufeffc\u200bd\x85e\x00f\u2028g", "a b c d e f g"),
        ("\ue000\ue001 !\u0301?", "\ue000 \ue001 !\u0301 ?"),
    ],
)
def test_words(text, tokens):
    assert rows(Tokenizer()([text]).words) == [tokens.split()]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Good. Bad! Why?", ["Good.", "Bad!", "Why?"]),
        ("no capitals. none at all.", ["no capitals.", "none at all."]),
        ("One<br /><br />Two", ["One", "Two"]),
        ("One\n\nTwo\nthree", ["One", "Two\nthree"]),
        ("Mr. X gave it 9.5 stars.", ["Mr. X gave it 9.5 stars."]),
        ("Made in the U.S. It shows.", ["Made in the U.S.", "It shows."]),
        ("Well... no. (Really.) So", ["Well... no.", "(Really.)", "So"]),
        ('"What?" he said. "No."', ['"What?" he said.', '"No."']),
        ("See readme.txt now", ["See readme.txt now"]),
        ("好。不好！", ["好。", "不好！"]),
        ("好｡好…Ok", ["好｡", "好…", "Ok"]),
        ("a<br/>b<BR />c<br>d<p>e</p>f", list("abcdef")),
        ("The U.S. The E.U. Their", ["The U.S.", "The E.U.", "Their"]),
        ("A to Z etc. An end, etc. and", ["A to Z etc.", "An end, etc. and"]),
        ("So do I. Bob left.", ["So do I.", "Bob left."]),
        ("By J. Smith. Mr. The", ["By J. Smith.", "Mr. The"]),
        ("Ask Yahoo!, or ask?: no", ["Ask Yahoo!, or ask?: no"]),
        ("«Nein.» Ja", ["«Nein.»", "Ja"]),
        (
            "(No.) [No.] 'No.' ”No.” So",
            ["(No.)", "[No.]", "'No.'", "”No.”", "So"],
        ),
        ("Es löst. Králův. Idéal. Ja", ["Es löst.", "Králův.", "Idéal.", "Ja"]),
        # Other scripts.
        ("नमस्ते। कैसे हो॥ ठीक", ["नमस्ते।", "कैसे हो॥", "ठीक"]),
        ("كيف حالك؟ بخير۔ لا", ["كيف حالك؟", "بخير۔", "لا"]),
        ("Լավ։ Ոչ", ["Լավ։", "Ոչ"]),
        ("သူသည်။ ငါ", ["သူသည်။", "ငါ"]),
        ("Wait⁇ No‼ So⁉ Yes", ["Wait⁇", "No‼", "So⁉", "Yes"]),
        ("One\u2029two\u2028three", ["One", "two\u2028three"]),
        ("「好。」『好！』（好）好】", ["「好。」", "『好！』", "（好）好】"]),
        ("好！】）好”。", ["好！】）", "好”。"]),
        ("他说：“好。”“不。”", ["他说：“好。”", "“不。”"]),
        ("No. “Yes.” „Ja.“ Er", ["No.", "“Yes.”", "„Ja.“", "Er"]),
        ("»Nej.« »Hvad?« sagde han", ["»Nej.«", "»Hvad?« sagde han"]),
        ("「何？」、と", ["「何？」、と"]),
    ],
)
def test_sentences(text, sentences):
    tokens = Tokenizer().sentences([text])
    starts, ends = rows(tokens.starts)[0], rows(tokens.ends)[0]
    got = [text[s[0] : e[-1]] for s, e in zip(starts, ends, strict=True)]
    assert got == sentences


def test_ends_of_sentences_and_clauses_are_unicode_s():
    regex = pytest.importorskip("regex")  # which has newer scripts, too
    characters = [chr(i) for i in range(0x3100)]
    for ours, theirs in (
        (SENTENCE_ENDS, r"\p{Sentence_Terminal}"),
        (SENTENCE_ENDS + CLAUSE_ENDS, r"\p{Terminal_Punctuation}"),
    ):
        found = tf.strings.regex_full_match(characters, f"[{ours}]").numpy()
        expected = [bool(regex.match(theirs, each)) for each in characters]
        assert found.tolist() == expected


@pytest.mark.parametrize("method", ["__call__", "sentences"])
@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("A b", ["a", " ", "b"]),
        (" \t É\n  b", ["é", " ", "b"]),
        (" a", ["a"]),
        ("a ", ["a"]),
        ("  ", []),
    ],
)
def test_characters(method, text, tokens):
    words = getattr(Tokenizer("character"), method)([text]).words
    assert [each.decode() for each in words.flat_values.numpy()] == tokens


def test_words_that_are_clauses_give_a_warning():
    thai, english = "ฉันชอบสุนัขตัวนี้", "I like this dog"
    for unit, texts, warned in (
        ("word", [thai, english], True),
        ("word", ["ខ្ញុំចូលចិត្ត"], True),
        ("word", ["ငါ ကြိုက်တယ်"], True),
        ("word", [thai, *[english] * 3], False),
        ("word", ["我喜欢这只狗。", "नमस्ते"], False),
        ("word", [], False),
        ("character", [thai], False),
    ):
        tokenizer, counter = Tokenizer(unit), TokenCounter()
        counter.update(tokenizer.to_count(tf.constant(texts, tf.string)))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            assert len(tokenizer.learn(counter.counts)) == len(counter.counts)
        assert len(caught) == warned, texts
        if warned:
            assert "whole clauses" in str(caught[0].message)


def test_bytes_that_are_not_utf8_become_replacement_characters():
    tokens = Tokenizer()([b"ok", b"caf\xe9 \xff."])
    assert rows(tokens.words) == [["ok"], ["caf", "\ufffd", "\ufffd", "."]]


HARD = ["\x85", "\u2028", "\x1c", "\n", "a\nb", "👍🏽", "\0", "a\0", "日", "'s"]


def test_vocabulary_knows_any_string():
    vocabulary = Vocabulary(HARD)
    ids = vocabulary(tf.constant([[*HARD, "other", ""]])).numpy()
    np.testing.assert_array_equal(ids, [[*range(2, 2 + len(HARD)), 1, 0]])
    again = Vocabulary.from_config(vocabulary.get_config())
    assert again.tokens == tuple(HARD)
    assert len(again) == len(HARD) + 2


def test_vocabulary_takes_the_most_frequent():
    counter = TokenCounter()
    counter.update(tf.ragged.constant([["b", "a", "c"], ["a", "b", "d"]]))
    counter.update(tf.constant(["d", "a", ""]))
    counts = counter.counts
    assert counts == {"a": 3, "b": 2, "d": 2, "c": 1}
    assert Vocabulary.from_counts(counts).tokens == ("a", "b", "d", "c")
    assert Vocabulary.from_counts(counts, size=4).tokens == ("a", "b")
    assert Vocabulary.from_counts(counts, min_count=3).tokens == ("a",)


def test_texts_from_anywhere():
    for given_texts in [
        ["é", b"\xc3\xa9"],
        np.array(["é", "é"]),
        np.array(["é", "é"], object),
        tf.constant(["é", "é"]),
    ]:
        np.testing.assert_array_equal(
            check_texts(given_texts), ["é".encode()] * 2
        )
    assert list(check_texts("é")) == ["é".encode()]


@pytest.mark.parametrize("unit", ["word", "character"])
def test_the_graph_is_small(unit):
    """Each task makes it several times, and each export has it."""
    graph = in_graph(Tokenizer(unit)).get_concrete_function().graph
    assert len(graph.get_operations()) < 350


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: check_texts(["a", None]), r"texts\[1\]=None of type NoneType"),
        (lambda: check_texts(["a", 3.5]), r"texts\[1\]=3.5 of type float"),
        (lambda: check_texts([b"a", b"\xff"]), r"texts\[1\]=.*not UTF-8"),
        (lambda: check_texts(["\ud800"]), "not UTF-8"),
        (lambda: check_texts(tf.constant([b"\xff"])), "not UTF-8"),
        (lambda: check_texts(tf.constant([1])), "a tensor of int32"),
        (lambda: check_texts(7), "texts=7 of type int"),
        (lambda: Vocabulary(["a", "b", "a"]), "`tokens`.*each once.*'a'"),
        (lambda: Vocabulary([""]), "`tokens`.*not empty"),
        (lambda: Vocabulary.from_counts({}, size=1), "`size`.*size=1"),
        (lambda: Tokenizer("byte"), "`unit`.*unit='byte'"),
        (lambda: Tokenizer()([["a"]]), r"`texts`.*shape \(1, 1\)"),
        (lambda: Tokenizer().sentences(["a"], 0), "`max_words`.*=0"),
    ],
)
def test_bad_input_is_a_clear_error(call, message):
    with pytest.raises(ValueError, match=message):
        call()
