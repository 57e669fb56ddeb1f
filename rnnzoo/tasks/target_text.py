"""Texts that a task writes: their tokens, their ids and their spelling."""

import tensorflow as tf

from rnnzoo import text
from rnnzoo.ids import PADDING
from rnnzoo.text import copying


class TargetText:
    """Turns texts into the ids that a task learns to write, and back.

    After the ids of the vocabulary come those of the start and the end of a
    text and, of a task that copies, one for each place of the source. It knows
    nothing of the model that writes.

    Args:
        tokenizer: `rnnzoo.text.Tokenizer` or `rnnzoo.text.SubwordTokenizer`.
        max_length: Most tokens whose ids a text gets, the first ones; `None`
            for all.

    Attributes:
        vocabulary: `rnnzoo.text.Vocabulary`; `None` before `take`.
        size: Number of ids before those of copied places.

    Examples:

    >>> import rnnzoo.text
    >>> from rnnzoo.tasks.target_text import TargetText
    >>> target = TargetText(rnnzoo.text.Tokenizer())
    >>> target.take(["good", "film"])
    >>> before, after = target.around(target.ids(["A good film"]))
    >>> before.to_list(), after.to_list()
    ([[4, 1, 2, 3]], [[1, 2, 3, 5]])
    >>> target.join(target.spell(after)).numpy().tolist()
    [b'<unk> good film']
    """

    def __init__(self, tokenizer, max_length=None):
        self.tokenizer = tokenizer
        self.max_length = max_length
        self.vocabulary = None
        self.size = None

    def take(self, tokens, rows=None):
        """Takes a vocabulary.

        Args:
            tokens: Strings from id 2 on.
            rows: Number of ids that the model scores, at least those of the
                vocabulary, the start and the end; by default these.
        """
        self.vocabulary = text.Vocabulary(tokens)
        self.size = self.end_id + 1 if rows is None else rows

    @property
    def start_id(self):
        """Id before the first token of a text."""
        return len(self.vocabulary)

    @property
    def end_id(self):
        """Id after the last token of a text."""
        return len(self.vocabulary) + 1

    @property
    def unwritten(self):
        """Ids that are never written."""
        return (PADDING, self.start_id, *range(self.end_id + 1, self.size))

    @text.traced_texts
    def to_count(self, texts):
        """Strings whose counts `tokenizer.learn` takes."""
        return self.tokenizer.to_count(texts)

    @text.traced_texts
    def tokens(self, texts):
        """Tokens of texts, ragged strings `(n, None)`."""
        return self.tokenizer(texts).words

    def ids(self, texts, source=None):
        """Ids of texts, ragged int32 `(n, None)`.

        Args:
            texts: Strings `(n,)`.
            source: Tokens of the sources, ragged strings `(n, None)`: unknown
                tokens point to their places there; see
                `rnnzoo.text.copying.point`.
        """
        tokens = self.tokens(texts)[:, : self.max_length]
        return self.ids_of(tokens, source)

    def ids_of(self, tokens, source=None):
        """Ids of tokens; see `ids`."""
        if source is None:
            return self.vocabulary(tokens)
        return copying.point(tokens, self.vocabulary, source, self.size)

    def around(self, ids):
        """Ids after the start, which are read, and before the end, written."""
        column = tf.ones([ids.nrows(), 1], tf.int32)
        return (
            tf.concat([column * self.start_id, ids], axis=1),
            tf.concat([ids, column * self.end_id], axis=1),
        )

    def spell(self, ids, source=None):
        """Ids as strings, "" for padding, start and end.

        Args:
            ids: int32, dense or ragged; dense `(n, n_best, time)` with a
                source.
            source: Strings `(n, places)` of the sources, if the ids may point
                there.
        """
        strings = ["", "<unk>", *self.vocabulary.tokens]
        strings += [""] * (self.size - len(strings))
        strings = tf.constant(strings)
        if source is not None:
            return copying.spell(ids, strings, source)
        if isinstance(ids, tf.RaggedTensor):
            return ids.with_flat_values(tf.gather(strings, ids.flat_values))
        return tf.gather(strings, ids)

    def join(self, tokens):
        """Texts of tokens, "" where there is none."""
        return self.tokenizer.join(tokens)


def begin_with(given, lengths, tokens):
    """Tokens that were written, with those prescribed as they were given.

    Args:
        given: Strings `(n, places)`, "" where none is prescribed.
        lengths: int32 `(n, several)`, numbers of the tokens written.
        tokens: Strings `(n, several, time)`.
    """
    time = tf.shape(tokens)[2]
    given = tf.pad(given, [[0, 0], [0, time]], constant_values="")
    given = tf.broadcast_to(given[:, None, :time], tf.shape(tokens))
    is_given = (given != "") & (tf.range(time) < lengths[..., None])
    return tf.where(is_given, given, tokens)
