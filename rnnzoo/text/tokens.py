"""Tokens of texts, and the protocol of the tokenizers that find them."""

from typing import NamedTuple, Protocol, runtime_checkable

import tensorflow as tf


class Tokens(NamedTuple):
    """Tokens of texts: three ragged tensors of the same shape.

    Inside a `tf.function`, a tensor that nobody uses is not computed.

    Attributes:
        words: string, the tokens as the vocabulary knows them.
        starts: int32, where each token starts in the original text, counted
            in Unicode characters: in Python, `text[start:end]` is the token as
            it was written.
        ends: int32, where each token ends.

    Examples:

    >>> from rnnzoo.text import Tokenizer
    >>> tokens = Tokenizer()(["Quite GOOD."])
    >>> tokens.words.to_list()
    [[b'quite', b'good', b'.']]
    >>> tokens.starts.to_list(), tokens.ends.to_list()
    ([[0, 6, 10]], [[5, 10, 11]])
    """

    words: tf.RaggedTensor
    starts: tf.RaggedTensor
    ends: tf.RaggedTensor


@runtime_checkable
class TokenizerProtocol(Protocol):
    """The methods and attributes that tasks use of a tokenizer.

    `rnnzoo.text.Tokenizer` and `rnnzoo.text.SubwordTokenizer` have them, and
    every task takes either. A tokenizer of your own needs all of them. Its
    `__call__`, `sentences` and `join` use only stock TensorFlow ops, because
    they are exported with a model, and lookup tables that are its attributes.
    Its class is registered with `keras.saving.register_keras_serializable`.

    A vocabulary is learned from counts, a batch of texts at a time:

    Examples:

    >>> from rnnzoo.text import TokenCounter, Tokenizer, TokenizerProtocol
    >>> tokenizer, counter = Tokenizer(), TokenCounter()
    >>> isinstance(tokenizer, TokenizerProtocol)
    True
    >>> for texts in (["a good film"], ["good acting.", "a good end."]):
    ...     counter.update(tokenizer.to_count(texts))
    >>> tokenizer.learn(counter.counts, size=5)
    ('good', '.', 'a')

    Attributes:
        unit: Name of the kind of token: `"word"`, `"character"` or
            `"subword"`.
        lowercase: Whether tokens are in lower case.
    """

    unit: str
    lowercase: bool

    def __call__(self, texts):
        """Splits texts.

        Args:
            texts: String tensor `(n,)`, or a list of strings.

        Returns:
            `Tokens` of ragged shape `(n, None)`.
        """

    def sentences(self, texts, max_words=None):
        """Splits texts into sentences, and these into tokens.

        Args:
            texts: String tensor `(n,)`, or a list of strings.
            max_words: Most tokens of a sentence. A longer one continues in the
                next, so that nothing is lost. `None` for no limit.

        Returns:
            `Tokens` of ragged shape `(n, None, None)`: texts, sentences,
            tokens. No sentence is empty; an empty text has none.
        """

    def to_count(self, texts):
        """Strings whose counts `learn` takes, ragged `(n, None)`."""

    def learn(self, counts, size=None, min_count=1):
        """Learns which tokens a vocabulary should have.

        Args:
            counts: Dict from each string of `to_count` to its frequency.
            size: Most ids of the vocabulary, including the two for padding
                and unknown tokens. `None` for no limit, where there can be
                none.
            min_count: Least frequency of what is learned.

        Returns:
            Tuple of the tokens, from id 2 on; see `rnnzoo.text.Vocabulary`.
        """

    def join(self, tokens):
        """Makes texts of tokens again.

        Args:
            tokens: String tensor `(..., time)`, dense or ragged; "" stands for
                no token.

        Returns:
            String tensor `(...)`.
        """

    def get_config(self):
        """Arguments that make the same tokenizer, learned pieces included."""

    @classmethod
    def from_config(cls, config):
        """Makes a tokenizer from what `get_config` returned."""


def into_sentences(tokens, opens, max_words=None):
    """Groups the tokens of texts by sentences.

    Args:
        tokens: `Tokens` of ragged shape `(n, None)`.
        opens: Boolean `(tokens,)`, whether a token opens a sentence. The first
            one of each text does.
        max_words: Most tokens of a sentence; see `TokenizerProtocol`.

    Returns:
        `Tokens` of ragged shape `(n, None, None)`.
    """
    rows = tokens.words.value_rowids()
    if max_words is not None:
        sentence = tf.cumsum(tf.cast(opens, tf.int32)) - 1
        first = tf.gather(tf.where(opens)[:, 0], sentence)
        place = tf.range(tf.size(opens, tf.int64)) - first
        opens = place % max_words == 0
    starts = tf.where(opens)[:, 0]

    def nest(column):
        # No validation: its assertions would compute columns that nobody uses.
        sentences = tf.RaggedTensor.from_row_starts(
            column.values, starts, validate=False
        )
        return tf.RaggedTensor.from_value_rowids(
            sentences,
            tf.gather(rows, starts),
            nrows=tokens.words.nrows(),
            validate=False,
        )

    return Tokens(*map(nest, tokens))
