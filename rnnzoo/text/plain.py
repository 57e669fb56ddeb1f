"""Texts split at spaces only, or into characters, of which none is lost."""

import keras
import tensorflow as tf

from rnnzoo.checks import check_choice, check_positive
from rnnzoo.text.strings import lower, replace_invalid
from rnnzoo.text.tokens import Tokens, into_sentences
from rnnzoo.text.vocabulary import Vocabulary

_SEPARATORS = {"space": " ", "character": ""}


@keras.saving.register_keras_serializable(package="rnnzoo")
class PlainTokenizer:
    """Splits texts without a rule of any language, in the graph.

    It keeps what `rnnzoo.text.Tokenizer` would change: tokens that were made
    before, such as `<unk>` and `N` of the Penn Treebank, which stand between
    spaces; or line breaks, indents and all other characters of a text, of which
    each is a token, so that `join` gives back the same text.

    Bytes that are not UTF-8 become U+FFFD. A sentence is a line.

    Args:
        unit: `"space"`: what stands between white space is a token; or
            `"character"`: each Unicode character is one.
        lowercase: Whether tokens are lower-cased.

    Examples:

    >>> from rnnzoo.text import PlainTokenizer
    >>> tokens = PlainTokenizer()(["the <unk> of N cars"]).words
    >>> tokens.to_list()
    [[b'the', b'<unk>', b'of', b'N', b'cars']]
    >>> lines = PlainTokenizer("character")
    >>> lines.join(lines(["No.\\n  Yes."]).words).numpy().tolist()
    [b'No.\\n  Yes.']
    """

    def __init__(self, unit="space", lowercase=False):
        check_choice("unit", unit, _SEPARATORS)
        self.unit = unit
        self.lowercase = lowercase

    def __call__(self, texts):
        """The tokens of texts.

        Args:
            texts: String tensor `(n,)`, or a list of strings.

        Returns:
            `rnnzoo.text.Tokens` of ragged shape `(n, None)`.
        """
        texts = replace_invalid(tf.convert_to_tensor(texts, tf.string))
        characters = tf.strings.unicode_split(texts, "UTF-8")
        if self.unit == "character":
            starts = _places(characters)
            words = characters
            if self.lowercase:
                words = words.with_values(lower(words.values))
            return Tokens(words, starts, starts + 1)
        words = tf.strings.split(lower(texts) if self.lowercase else texts)
        is_space = tf.strings.strip(characters.values) == ""
        inside = characters.with_values(~is_space)
        return Tokens(words, *_runs(inside))

    def sentences(self, texts, max_words=None):
        """The tokens of texts, by lines.

        Args:
            texts: String tensor `(n,)`, or a list of strings.
            max_words: Most tokens of a line. A longer one continues in the
                next, so that nothing is lost. `None` for no limit.

        Returns:
            `rnnzoo.text.Tokens` of ragged shape `(n, None, None)`: texts,
            lines that have tokens, tokens.
        """
        check_positive("max_words", max_words, optional=True)
        tokens = self(texts)
        characters = tf.strings.unicode_split(replace_invalid(texts), "UTF-8")
        rows = tokens.words.value_rowids()
        firsts = tf.gather(characters.row_starts(), rows)
        places = firsts + tf.cast(tokens.starts.values, tf.int64)
        breaks = tf.cast(characters.values == "\n", tf.int32)
        line = tf.gather(tf.cumsum(breaks, exclusive=True), places)
        opens = (line != tf.roll(line, 1, 0)) | (rows != tf.roll(rows, 1, 0))
        opens |= tf.range(tf.size(line)) == 0
        return into_sentences(tokens, opens, max_words)

    def to_count(self, texts):
        """The tokens, for `learn` to take their counts: ragged `(n, None)`."""
        return self(texts).words

    def learn(self, counts, size=None, min_count=1):
        """Chooses the tokens of a vocabulary.

        Args:
            counts, size, min_count: See `Vocabulary.from_counts`.

        Returns:
            Tuple of the tokens.
        """
        return Vocabulary.from_counts(counts, size, min_count).tokens

    def join(self, tokens):
        """Texts from their tokens.

        Args:
            tokens: String tensor `(..., time)`, dense or ragged; "" stands for
                no token.

        Returns:
            String tensor `(...)`.
        """
        separator = _SEPARATORS[self.unit]
        texts = tf.strings.reduce_join(tokens, axis=-1, separator=separator)
        if not separator:
            return texts
        texts = tf.strings.regex_replace(texts, " {2,}", " ")
        return tf.strings.strip(texts)

    def get_config(self):
        return {"unit": self.unit, "lowercase": self.lowercase}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def _places(ragged):
    """The place of each value in its row, ragged int32."""
    counts = ragged.row_lengths()
    return tf.RaggedTensor.from_row_splits(
        tf.cast(tf.ragged.range(counts).values, tf.int32),
        ragged.row_splits,
        validate=False,
    )


def _runs(inside):
    """Starts and ends of the runs of true values in ragged `(n, None)`."""
    places, rows = _places(inside), inside.value_rowids()
    flags = inside.values
    same_row = rows == tf.roll(rows, 1, 0)  # as the value before
    # A single value is its own neighbour.
    same_row &= tf.range(tf.size(flags)) > 0
    begins = flags & ~(tf.roll(flags, 1, 0) & same_row)
    ends = flags & ~tf.roll(flags & same_row, -1, 0)
    return tuple(
        tf.RaggedTensor.from_value_rowids(
            tf.boolean_mask(places.values + more, marks),
            tf.boolean_mask(rows, marks),
            nrows=inside.nrows(),
            validate=False,
        )
        for marks, more in ((begins, 0), (ends, 1))
    )
