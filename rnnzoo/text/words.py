"""What a model reads of words: ids of words, of characters and of cases."""

import numpy as np
import tensorflow as tf

from rnnzoo.ids import RESERVED, UNKNOWN
from rnnzoo.text.strings import lower
from rnnzoo.text.vocabulary import Vocabulary

# The first that matches a whole word; ids from 2 on, 1 is for the rest.
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

    It holds two lookup tables; see `rnnzoo.Vocabulary`.

    Args:
        words: Words from id 2 on, as `form` makes them.
        characters: Characters from id 2 on.
        lowercase: Whether the words of the vocabulary are in lower case. Cases
            and characters are read of the word as it is written.
        normalize_digits: Whether all digits are 0 in words of the vocabulary.
        max_characters: Characters read of a word, the first ones.
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
            tokens: Ragged strings `(n, None)`, as they are written.

        Returns:
            Dict of ragged int32: `"words"` `(n, None)`, `"characters"` `(n,
            None, None)`, `"cases"` `(n, None)`. No token has an id of padding.
        """
        # Most words occur often, and regular expressions cost something.
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
    """Words as a vocabulary knows them."""
    if lowercase:
        words = lower(words)
    if normalize_digits:
        words = tf.strings.regex_replace(words, r"\p{Nd}", "0")
    return words


def split_characters(words):
    """Characters of words, ragged `(n, None)`."""
    return tf.strings.unicode_split(words, "UTF-8", errors="replace")


def case_ids(words):
    """How words are written, int32 from 1 to `CASES - 1`."""
    ids = tf.ones_like(words, tf.int32)
    for place in reversed(range(len(_CASES))):
        matches = tf.strings.regex_full_match(words, f"(?s:{_CASES[place]})")
        ids = tf.where(matches, place + RESERVED, ids)
    return ids


def ragged_tokens(sentences):
    """Ragged strings `(n, None)` of lists of words."""
    lengths = np.array([len(sentence) for sentence in sentences], "int64")
    words = [word for sentence in sentences for word in sentence]
    return tf.RaggedTensor.from_row_lengths(
        tf.constant(words, tf.string, [len(words)]), lengths
    )
