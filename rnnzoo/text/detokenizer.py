"""Tokens back to text, in the graph: the way back from `rnnzoo.text`."""

import tensorflow as tf

from rnnzoo.text.subwords import BLANK

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


def join(tokens, unit):
    """Texts from their tokens.

    Words are joined by blanks, but none is left before a full stop or after
    an opening bracket; subwords say themselves where blanks are. What the
    tokenizer drops, such as line breaks, does not come back.

    Args:
        tokens: String tensor `(..., time)`, "" where there is no token.
        unit: `"word"`, `"character"` or `"subword"`, as of the tokenizer.

    Returns:
        String tensor `(...)`.
    """
    if unit == "character":
        return tf.strings.reduce_join(tokens, axis=-1)
    if unit == "subword":
        texts = tf.strings.reduce_join(tokens, axis=-1)
        return tf.strings.strip(tf.strings.regex_replace(texts, BLANK, " "))
    texts = tf.strings.reduce_join(tokens, axis=-1, separator=" ")
    texts = tf.strings.strip(tf.strings.regex_replace(texts, " +", " "))
    for pattern, rewrite in _JOINED:
        texts = tf.strings.regex_replace(texts, pattern, rewrite)
    return texts
