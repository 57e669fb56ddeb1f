"""Words as ids: of themselves, of their characters and of their case."""

import numpy as np
import tensorflow as tf

from rnnzoo.ids import RESERVED, UNKNOWN
from rnnzoo.text.strings import lower
from rnnzoo.text.vocabulary import Vocabulary

# The first pattern that matches a whole word is its case. Their ids begin at
# 2; 1 is the case of words that match none.
_CASES = (
    r"\p{N}+",  # 1996
    r"[^\p{L}]*\p{N}[^\p{L}]*",  # 10.5
    r".*\p{N}.*",  # F-16
    r"[^\p{L}]*\p{Lu}[^\p{Lu}]*",  # Paris
    r"[^\p{Ll}]*\p{Lu}[^\p{Ll}]*",  # EU
    r"[^\p{Lu}]*\p{Ll}[^\p{Lu}]*",  # word
    r".*\p{Lu}.*",  # McDonald
)
CASES = len(_CASES) + RESERVED


class WordReader(tf.Module):
    """Turns words into ids, in the graph.

    A reader holds two lookup tables; see `rnnzoo.text.Vocabulary`.

    Args:
        words: Words from id 2 on, as `form` returns them.
        characters: Characters from id 2 on.
        lowercase: Whether words are looked up in lower case. Characters and
            case are always those of the word as it is written.
        normalize_digits: Whether words are looked up with every digit a 0.
        max_characters: Most characters of a word, the first ones.

    Attributes:
        vocabulary: `rnnzoo.text.Vocabulary` of the words.
        characters: `rnnzoo.text.Vocabulary` of the characters.

    Examples:

    >>> from rnnzoo.text.words import WordReader, ragged_tokens
    >>> reader = WordReader(["in", "paris"], list("Parinst"))
    >>> ids = reader(ragged_tokens([["In", "Paris"], ["1900"]]))
    >>> ids["words"].to_list()
    [[2, 3], [1]]
    >>> ids["characters"].to_list()
    [[[1, 6], [2, 3, 4, 5, 7]], [[1, 1, 1, 1]]]
    >>> ids["cases"].to_list()
    [[5, 5], [2]]
    """

    def __init__(
        self,
        words,
        characters,
        *,
        lowercase=True,
        normalize_digits=False,
        max_characters=30,
    ):
        super().__init__(name="word_reader")
        self.vocabulary = Vocabulary(words)
        self.characters = Vocabulary(characters)
        self.lowercase = lowercase
        self.normalize_digits = normalize_digits
        self.max_characters = max_characters

    def __call__(self, tokens):
        """The ids of words.

        Args:
            tokens: Ragged strings `(n, None)`, the words as they are written.

        Returns:
            Dict of ragged int32: `"words"` `(n, None)`, `"characters"` `(n,
            None, None)`, `"cases"` `(n, None)`. No id is that of padding, not
            even for an empty word.
        """
        # Each distinct word is read once: regular expressions take time.
        distinct, place = tf.unique(tokens.flat_values)
        words = form(distinct, self.lowercase, self.normalize_digits)
        characters = split_characters(distinct)[:, : self.max_characters]
        ids = {
            "words": tf.maximum(self.vocabulary(words), UNKNOWN),
            "characters": self.characters(characters),
            "cases": case_ids(distinct),
        }
        return {
            name: tokens.with_flat_values(tf.gather(values, place))
            for name, values in ids.items()
        }


def form(words, lowercase=True, normalize_digits=False):
    """Puts words into the form in which a vocabulary knows them.

    Args:
        words: String tensor of any shape.
        lowercase: Whether to lower-case them.
        normalize_digits: Whether to replace every digit with a 0.

    Returns:
        String tensor of the same shape.

    Examples:

    >>> from rnnzoo.text.words import form
    >>> form(["May", "1995"], normalize_digits=True).numpy().tolist()
    [b'may', b'0000']
    """
    if lowercase:
        words = lower(words)
    if normalize_digits:
        words = tf.strings.regex_replace(words, r"\p{Nd}", "0")
    return words


def split_characters(words):
    """Splits words `(n,)` into characters, ragged `(n, None)`.

    Examples:

    >>> from rnnzoo.text.words import split_characters
    >>> split_characters(["to", "be"]).to_list()
    [[b't', b'o'], [b'b', b'e']]
    """
    return tf.strings.unicode_split(words, "UTF-8", errors="replace")


def case_ids(words):
    """Tells how words are written: in small letters, with a capital, ...

    Args:
        words: String tensor of any shape.

    Returns:
        int32 tensor of the same shape, from 1 to `CASES - 1`.

    Examples:

    >>> from rnnzoo.text.words import case_ids
    >>> case_ids(["1996", "10.5", "F-16", "Paris", "EU"]).numpy().tolist()
    [2, 3, 4, 5, 6]
    >>> case_ids(["word", "McDonald", "--"]).numpy().tolist()
    [7, 8, 1]
    """
    ids = tf.ones_like(words, tf.int32)
    for place in reversed(range(len(_CASES))):
        matches = tf.strings.regex_full_match(words, f"(?s:{_CASES[place]})")
        ids = tf.where(matches, place + RESERVED, ids)
    return ids


def ragged_tokens(sentences):
    """Makes ragged strings `(n, None)` of `n` lists of words.

    Examples:

    >>> from rnnzoo.text.words import ragged_tokens
    >>> ragged_tokens([["In", "Paris"], []]).to_list()
    [[b'In', b'Paris'], []]
    """
    lengths = np.array([len(sentence) for sentence in sentences], "int64")
    words = [word for sentence in sentences for word in sentence]
    return tf.RaggedTensor.from_row_lengths(
        tf.constant(words, tf.string, [len(words)]), lengths
    )
