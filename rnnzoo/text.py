"""Strings into tokens, sentences and ids, with stock TensorFlow ops.

The same functions run in training, in prediction and inside an exported
SavedModel. Every shape is dynamic; an empty text has no token and no sentence.
"""

from collections import Counter
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

PADDING, UNKNOWN, RESERVED = 0, 1, 2

# Control characters that mark places in a text; blanked out of the input.
_EDGE, _JOINT = "\x1f", "\x1e"

# Blanked or turned into line breaks of the same length, so that the offsets
# stay those of the original text.
_LENGTH_PRESERVING = (
    (f"[{_EDGE}{_JOINT}]", " "),
    (r"(?i)<br />", "\n" * 6),
    (r"(?i)<br/>", "\n" * 5),
    (r"(?i)<br>|</p>", "\n" * 4),
    (r"(?i)<p>", "\n" * 3),
)

_BLANK = r"\s\p{Z}\p{Cc}\p{Cf}"
_EMOJI_PART = r"\p{So}[\x{FE0F}\x{1F3FB}-\x{1F3FF}]*"

# As in the Penn Treebank and GloVe, "don't" is "do n't" and "it's" is "it 's".
_NEGATION = r"(?i)([a-z])(n['’]t)\b"
_TOKEN = "|".join(
    [
        r"(?:https?://|www\.)[^\s<>\"]*[^\s<>\".,;:!?'()\[\]]",
        r"[\x{1F1E6}-\x{1F1FF}]{2}",  # flags
        rf"{_EMOJI_PART}(?:\x{{200D}}{_EMOJI_PART})*",
        r"[:;=]-?[()DP]",  # emoticons
        r"(?i:n['’]t)\b",
        r"(?i:['’](?:s|re|ve|ll|d|m))\b",
        r"\p{N}+(?:[.,]\p{N}+)+",
        r"(?:\p{L}\.){2,}",  # U.S., e.g.
        r"[\p{L}\p{M}\p{N}_]+",
        r"\.{2,}|[!?]{2,}|-{2,}|\*+",
        rf"[^{_BLANK}]",
    ]
)

_SENTENCE_END = r"[.!?…。！？]+|\.{2,}"
_CLOSING = r"[\"'”’»)\]]"
_ABBREVIATION = (
    r"(?i:mr|mrs|ms|dr|prof|rev|gen|sgt|st|sr|jr|vs|no|vol|fig|approx|\p{L})"
)
_BREAK = r"(?s).*\n.*\n.*"  # an HTML break or an empty line


class Tokens(NamedTuple):
    """Tokens of texts: ragged tensors of equal row splits.

    Attributes:
        words: string, the tokens as the vocabulary knows them.
        surfaces: string, the tokens as the text has them.
        starts: int32, where the surface starts in the original text, counted
            in Unicode characters, as Python counts.
        ends: int32, where it ends.
        blanks: string, what stands before the token and after the previous.
    """

    words: tf.RaggedTensor
    surfaces: tf.RaggedTensor
    starts: tf.RaggedTensor
    ends: tf.RaggedTensor
    blanks: tf.RaggedTensor


@keras.saving.register_keras_serializable(package="rnnzoo")
class Tokenizer:
    """Cuts texts into tokens.

    Words are runs of letters, marks and digits; contractions are cut as GloVe
    has them ("do n't", "it 's"); numbers, URLs, emoji and emoticons are one
    token each; so are "...", "?!" and any other single character that is not
    blank. HTML line breaks are blanks.

    Args:
        unit: `"word"`, or `"character"`: every Unicode character is a token,
            blanks too.
        lowercase: Whether `words` are in lower case.
    """

    def __init__(self, unit="word", lowercase=True):
        if unit not in ("word", "character"):
            raise ValueError(
                "Invalid value for argument `unit`. Expected 'word' or "
                f"'character'. Received: unit={unit!r}"
            )
        self.unit = unit
        self.lowercase = lowercase

    def __call__(self, texts):
        """Tokens of texts.

        What a caller does not use costs nothing inside a `tf.function`.

        Args:
            texts: string tensor `(n,)`.

        Returns:
            `Tokens` of ragged shape `(n, None)`.
        """
        texts = _clean(texts)
        pieces = _characters if self.unit == "character" else _words
        surfaces, starts, ends, blanks = pieces(texts)
        words = surfaces
        if self.lowercase:
            words = surfaces.with_values(
                tf.strings.lower(surfaces.values, encoding="utf-8")
            )
        return Tokens(words, surfaces, starts, ends, blanks)

    def sentences(self, texts, max_words=None):
        """Tokens of the sentences of texts.

        A sentence ends with its punctuation, at an HTML line break or at an
        empty line; not after "Mr." or an initial. Nothing is lost: a sentence
        of more than `max_words` tokens goes on in the next.

        Args:
            texts: string tensor `(n,)`.
            max_words: Most tokens of a sentence.

        Returns:
            `Tokens` of ragged shape `(n, None, None)`.
        """
        tokens = self(texts)
        if self.unit == "character":
            words = Tokens(None, *_words(_clean(texts)))
            first = _sentence_starts(words)
            # Character i of a text is its token i.
            rows = tf.gather(
                tokens.starts.row_starts(), words.starts.value_rowids()
            )
            places = rows + tf.cast(words.starts.values, tf.int64)
            first = tf.scatter_nd(
                tf.boolean_mask(places, first)[:, None],
                tf.ones(tf.reduce_sum(tf.cast(first, tf.int32)), tf.int32),
                tf.shape(tokens.starts.values, out_type=tf.int64),
            )
            first = _or_row_start(first > 0, tokens.starts)
        else:
            first = _sentence_starts(tokens)
        if max_words is not None:
            first = _cut_long(first, max_words)
        return Tokens(*(_nest(column, first) for column in tokens))

    def get_config(self):
        return {"unit": self.unit, "lowercase": self.lowercase}


def _clean(texts):
    texts = tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8")
    for pattern, same_length in _LENGTH_PRESERVING:
        texts = tf.strings.regex_replace(texts, pattern, same_length)
    return texts


def _words(texts):
    """Surfaces, starts, ends and blanks of word tokens."""
    marked = tf.strings.regex_replace(texts, _NEGATION, rf"\1{_JOINT}\2")
    # \0 and not a group: without captures RE2 is seven times as fast.
    marked = tf.strings.regex_replace(marked, _TOKEN, rf"{_EDGE}\0{_EDGE}")
    marked = tf.strings.regex_replace(marked, _JOINT, "")
    # blank, token, blank, token, ..., blank
    pieces = tf.strings.split(marked, _EDGE)
    lengths = tf.strings.length(pieces.values, unit="UTF8_CHAR")
    ends = tf.cumsum(lengths)
    place = tf.range(tf.size(pieces.values, tf.int64)) - tf.gather(
        pieces.row_starts(), pieces.value_rowids()
    )
    odd = tf.where(place % 2 == 1)[:, 0]
    counts = pieces.row_lengths() // 2
    before = tf.gather(ends - lengths, pieces.row_starts())
    before = tf.repeat(before, counts)
    ends = tf.gather(ends, odd)
    starts = ends - tf.gather(lengths, odd)

    def ragged(values):
        return tf.RaggedTensor.from_row_lengths(values, counts, validate=False)

    return (
        ragged(tf.gather(pieces.values, odd)),
        ragged(starts - before),
        ragged(ends - before),
        ragged(tf.gather(pieces.values, odd - 1)),
    )


def _characters(texts):
    """Surfaces, starts, ends and blanks of character tokens."""
    surfaces = tf.strings.unicode_split(texts, "UTF-8")
    starts = tf.ragged.range(surfaces.row_lengths())
    starts = tf.cast(starts, tf.int32)
    blanks = surfaces.with_values(tf.fill(tf.shape(surfaces.values), ""))
    return surfaces, starts, starts + 1, blanks


def _sentence_starts(tokens):
    """bool `(total,)`: whether each token begins a sentence."""
    surfaces, blanks = tokens.surfaces.values, tokens.blanks.values
    total = tf.size(surfaces)
    # A token after punctuation, or after punctuation and a closing quote.
    is_end = tf.strings.regex_full_match(surfaces, _SENTENCE_END)
    end = tf.cast(tf.where(is_end)[:, 0], tf.int32)
    closed = _matches(surfaces, end + 1, _CLOSING) & _matches(
        blanks, end + 1, ""
    )
    following = tf.where(closed, end + 2, end + 1)
    spaced = ~_matches(blanks, following, "")
    starts = tf.where(
        spaced,
        ~(
            _matches(surfaces, end, r"\.")
            & _matches(surfaces, end - 1, _ABBREVIATION)
        )
        & ~(
            _matches(surfaces, end, r"\.{2,}|…")
            & _matches(surfaces, following, r"\p{Ll}.*")
        ),
        _matches(surfaces, following, r"\p{Lu}.*"),
    )
    following = tf.boolean_mask(following, starts & (following < total))
    first = tf.tensor_scatter_nd_update(
        tf.strings.regex_full_match(blanks, _BREAK),
        following[:, None],
        tf.ones_like(following, bool),
    )
    return _or_row_start(first, tokens.surfaces)


def _matches(strings, places, pattern):
    """Whether the strings at those places, if there, match the pattern."""
    inside = (places >= 0) & (places < tf.size(strings))
    strings = tf.gather(strings, tf.boolean_mask(places, inside))
    return tf.tensor_scatter_nd_update(
        inside,
        tf.where(inside),
        tf.strings.regex_full_match(strings, pattern),
    )


def _or_row_start(first, ragged):
    starts = tf.boolean_mask(ragged.row_starts(), ragged.row_lengths() > 0)
    return tf.tensor_scatter_nd_update(
        first, starts[:, None], tf.ones_like(starts, bool)
    )


def _cut_long(first, max_words):
    starts = tf.where(first)[:, 0]
    sentence = tf.cumsum(tf.cast(first, tf.int32)) - 1
    place = tf.range(tf.size(first, tf.int64)) - tf.gather(starts, sentence)
    return place % max_words == 0


def _nest(column, first):
    """`(n, None)` to `(n, sentences, words)`."""
    counts = tf.reduce_sum(
        column.with_values(tf.cast(first, tf.int64)), axis=1
    )
    inner = tf.concat(
        [tf.where(first)[:, 0], [tf.size(first, tf.int64)]], axis=0
    )
    sentences = tf.RaggedTensor.from_row_splits(
        column.values, inner, validate=False
    )
    return tf.RaggedTensor.from_row_lengths(sentences, counts, validate=False)


class Vocabulary:
    """Tokens and their ids: 0 is padding, 1 unknown, the rest from 2 on.

    Args:
        tokens: The tokens, from id 2 on; any strings that UTF-8 can hold.
    """

    def __init__(self, tokens=()):
        self.tokens = tuple(tokens)
        if len(set(self.tokens)) != len(self.tokens):
            twice = [t for t, n in Counter(self.tokens).items() if n > 1]
            raise ValueError(
                "Invalid value for argument `tokens`. Expected each token "
                f"once. Received more than once: {twice[:5]}"
            )
        ids = tf.range(RESERVED, len(self), dtype=tf.int32)
        keys = tf.constant([t.encode() for t in self.tokens], tf.string)
        self.table = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(keys, ids), UNKNOWN
        )

    @classmethod
    def from_counts(cls, counts, size=None, min_count=1):
        """The most frequent tokens; ties in the order of their characters.

        Args:
            counts: Dict of token to how often it occurs.
            size: Most ids, those of padding and unknown included.
            min_count: Rarer tokens are left out.
        """
        frequent = [t for t, n in counts.items() if n >= min_count]
        frequent.sort(key=lambda token: (-counts[token], token))
        if size is not None:
            frequent = frequent[: max(size - RESERVED, 0)]
        return cls(frequent)

    def __len__(self):
        return len(self.tokens) + RESERVED

    def __call__(self, tokens):
        """int32 ids of a string tensor, ragged or dense."""
        if isinstance(tokens, tf.RaggedTensor):
            return tokens.with_flat_values(
                self.table.lookup(tokens.flat_values)
            )
        return self.table.lookup(tokens)


class TokenCounter:
    """Counts tokens, a batch at a time.

    Attributes:
        counts: `collections.Counter` of strings.
    """

    def __init__(self):
        self.counts = Counter()

    def update(self, tokens):
        """Adds the tokens of a ragged or dense string tensor."""
        if isinstance(tokens, tf.RaggedTensor):
            tokens = tokens.flat_values
        distinct, _, counts = tf.unique_with_counts(tf.reshape(tokens, [-1]))
        for token, count in zip(
            distinct.numpy(), counts.numpy().tolist(), strict=True
        ):
            self.counts[token.decode()] += count


def check_texts(texts, name="x"):
    """Texts as a string tensor, or an error that names the bad one.

    Args:
        texts: A string, or a list, array or tensor of strings (or of bytes in
            UTF-8).
        name: What the error calls them.

    Returns:
        string tensor `(n,)`.

    Raises:
        ValueError: If anything else is among them.
    """
    if isinstance(texts, (str, bytes)):
        texts = [texts]
    if isinstance(texts, tf.Tensor):
        texts = texts.numpy()
    texts = np.asarray(texts, dtype=object)
    if texts.ndim == 2 and texts.shape[1] == 1:
        texts = texts[:, 0]
    if texts.ndim != 1:
        raise ValueError(
            f"Invalid value for argument `{name}`. Expected one string an "
            f"example. Received an array of shape {texts.shape}"
        )
    return tf.constant(
        [_utf8(text, i, name) for i, text in enumerate(texts)], tf.string
    )


def _utf8(text, i, name):
    try:
        if isinstance(text, str):
            return text.encode()
        if isinstance(text, bytes):
            text.decode()
            return text
    except UnicodeError as error:
        raise ValueError(
            f"Invalid value for argument `{name}`. Expected text in UTF-8. "
            f"Received at index {i}: {text[:40]!r} ({error.reason})"
        ) from None
    raise ValueError(
        f"Invalid value for argument `{name}`. Expected strings. Received at "
        f"index {i}: {text!r} (of type {type(text).__name__})"
    )

