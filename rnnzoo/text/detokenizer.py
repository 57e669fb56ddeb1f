"""The rules that join words to texts, in the graph."""

import tensorflow as tf

# Pairs of a pattern and what replaces it. Quotes close what they open: the
# German “ is the English one that opens.
_JOINED = (
    (r" ([.,!?;:%)\]}…]+)", r"\1"),
    (r"([(\[{#@$€£]) ", r"\1"),
    (r"(?i) (n't|'(?:s|re|ve|ll|d|m|em))\b", r"\1"),
    *(
        (f"{left} ([^{left}{right}]*) {right}", rf"{left}\1{right}")
        for left, right in ('""', "„“", "“”", "‚‘", "«»")
    ),
)


def join_words(words):
    """Joins words to texts; see `rnnzoo.text.Tokenizer.join`.

    Args:
        words: String tensor `(..., time)`, "" where there is no word.

    Returns:
        String tensor `(...)`.
    """
    texts = tf.strings.reduce_join(words, axis=-1, separator=" ")
    texts = tf.strings.strip(tf.strings.regex_replace(texts, " +", " "))
    for pattern, rewrite in _JOINED:
        texts = tf.strings.regex_replace(texts, pattern, rewrite)
    return texts
