"""The rules that join words to texts, in the graph.

Each word first stands between two spaces of its own. A rule turns one of them
into `GLUE` where the neighbour touches. Between an ideograph and a word of
letters there is a space; ideographs touch each other, and numbers and
punctuation, which take marks of both kinds. Words hold no control characters,
so that no mark is part of a word.
"""

import tensorflow as tf

from rnnzoo.text.scripts import CLAUSE_ENDS, IDEOGRAPHS, SENTENCE_ENDS

GLUE = "\v"
IDEOGRAPH = "\x1c"  # beside one
NO_WORD = "\x1d"  # beside what touches ideographs

_IDEOGRAPH = rf"[{IDEOGRAPHS}\x{{30FC}}\x{{FF70}}]"  # and its length mark
_NO_WORD = r"[\p{Nd}\p{Ps}\p{Pe}\p{Pi}\p{Pf}\p{Pd}\p{Sc}…·%‰]"
# Chinese and Japanese punctuation is as wide as a character, spaces included.
_WIDE = (
    r"[\x{3001}-\x{3003}\x{3008}-\x{3011}\x{3014}-\x{301F}\x{30FB}"
    r"\x{FE30}-\x{FE4F}\x{FF01}-\x{FF0F}\x{FF1A}-\x{FF20}\x{FF3B}-\x{FF40}"
    r"\x{FF5B}-\x{FF65}]+"
)
# a/b, col·lecció, hyphens, and what is inside of Hebrew, Armenian, Tibetan and
# Ethiopic words, or between them.
_INNER = (
    r"[/·\x{2010}\x{2011}\x{5BE}\x{5F4}\x{55B}\x{55C}\x{55E}"
    r"\x{F0B}\x{F0C}\x{1361}]"
)
_CLOSING = rf"[{SENTENCE_ENDS}{CLAUSE_ENDS}\p{{Pe}}…\x{{55D}}\x{{5F3}}]+"
_OPENING = r"[\p{Ps}¿¡#@]+"
# The German “ is the English one that opens.
_QUOTES = ('""', "„“", "“”", "””", "‚'", "‚‘")

# Pairs of a pattern and what replaces it.
_RULES = (
    *(
        (
            f" {left} ([^{left}{right}]*) {right} ",
            rf" {left}{GLUE}\1{GLUE}{right} ",
        )
        for left, right in _QUOTES
    ),
    # «French», »Danish«: the first mark of a text tells which.
    (
        " (?:(«) ([^«»]*) (»)|(») ([^«»]*) («)) ",
        rf" \1\4{GLUE}\2\5{GLUE}\3\6 ",
    ),
    (" ' (.*?) ' ", rf" '{GLUE}\1{GLUE}' "),
    ("([sS])  ' ", rf"\1{GLUE}' "),  # the dogs' toys
    (r"(?i) (n't|'(?:s|re|ve|ll|d|m)) ", rf"{GLUE}\1 "),
    (r"(\p{Sc})  (\p{Nd})", rf"\1{GLUE}\2"),
    (r"(\p{Nd})  (\p{Sc}) ", rf"\1{GLUE}\2 "),
    (r"(\p{Nd})  ([%‰٪°′″])", rf"\1{GLUE}\2"),
    (r"(%)  (\p{Nd})", rf"\1{GLUE}\2"),  # Turkish
    (r"(\p{Nd})  –  (\p{Nd})", rf"\1{GLUE}–{GLUE}\2"),
    (r"(\p{Greek})  · ", rf"\1{GLUE}· "),  # its semicolon
    (f" ({_WIDE}|{_INNER}) ", rf"{GLUE}\1{GLUE}"),
    (f" ({_CLOSING}) ", rf"{GLUE}\1 "),
    (f" ({_OPENING}) ", rf" \1{GLUE}"),
    *(
        rule
        for each, mark in ((_IDEOGRAPH, IDEOGRAPH), (_NO_WORD, NO_WORD))
        for rule in ((f" ({each})", rf"{mark}\1"), (f"({each}) ", rf"\1{mark}"))
    ),
    (f"{IDEOGRAPH}[{IDEOGRAPH}{NO_WORD}]|{NO_WORD}{IDEOGRAPH}", ""),
    (f"[ {IDEOGRAPH}{NO_WORD}]*{GLUE}[ {GLUE}{IDEOGRAPH}{NO_WORD}]*", ""),
    (f"[ {IDEOGRAPH}{NO_WORD}]+", " "),
)


def join_words(words):
    """Joins words to texts; see `rnnzoo.text.Tokenizer.join`.

    Args:
        words: String tensor `(..., time)`, "" where there is no word.

    Returns:
        String tensor `(...)`.
    """
    words = tf.strings.regex_replace(words, "(?s).+", r" \0 ")
    texts = tf.strings.reduce_join(words, axis=-1)
    for pattern, rewrite in _RULES:
        texts = tf.strings.regex_replace(texts, pattern, rewrite)
    return tf.strings.strip(texts)
