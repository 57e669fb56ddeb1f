"""Tokens and their ids."""

from collections import Counter

import keras
import numpy as np
import tensorflow as tf

from rnnzoo.ids import PADDING, RESERVED, UNKNOWN
from rnnzoo.text.strings import as_text


@keras.saving.register_keras_serializable(package="rnnzoo")
class Vocabulary(tf.Module):
    """Tokens and their ids, in the graph.

    Id 0 is padding and also the id of the empty string, id 1 stands for
    unknown tokens, and the tokens begin at id 2.

    A vocabulary holds a lookup table, which an exported `tf.Module` must track:
    as an attribute, the vocabulary or its `table` will do.

    Args:
        tokens: Strings, not empty, each once.

    Attributes:
        tokens: Tuple of the strings, from id 2 on.
        table: The lookup table.

    Examples:

    >>> from rnnzoo.text import Vocabulary
    >>> vocabulary = Vocabulary(["good", "film"])
    >>> vocabulary([["good", "grief", ""]]).numpy().tolist()
    [[2, 1, 0]]
    >>> len(vocabulary), vocabulary.tokens
    (4, ('good', 'film'))
    """

    def __init__(self, tokens=()):
        super().__init__(name="vocabulary")
        tokens = [as_text(token, "tokens", i) for i, token in enumerate(tokens)]
        # An array, because tf.Module would wrap and walk a list or a tuple.
        self._tokens = np.array(tokens, object)
        if len(set(tokens)) < len(tokens) or "" in tokens:
            token = next(
                token
                for token, count in Counter(tokens).items()
                if count > 1 or not token
            )
            raise ValueError(
                "Invalid value for argument `tokens`. Expected strings that "
                f"are not empty, each once. Received: {token!r}"
            )
        with tf.init_scope():
            # Through bytes, because NumPy's strings drop trailing NULs.
            keys = [b"", *(token.encode() for token in tokens)]
            ids = [PADDING, *range(RESERVED, len(self))]
            self.table = tf.lookup.StaticHashTable(
                tf.lookup.KeyValueTensorInitializer(
                    tf.constant(keys, tf.string), tf.constant(ids, tf.int32)
                ),
                default_value=UNKNOWN,
            )

    @classmethod
    def from_counts(cls, counts, size=None, min_count=1):
        """Makes a vocabulary of the most frequent tokens.

        The most frequent token comes first; equally frequent ones are in
        alphabetical order.

        Args:
            counts: Dict from tokens to how often they occur.
            size: Most ids, including the two for padding and unknown tokens.
                `None` for no limit.
            min_count: Tokens that occur less often are unknown.

        Returns:
            `Vocabulary`.

        Examples:

        >>> from rnnzoo.text import Vocabulary
        >>> counts = {"film": 2, "good": 5, "bad": 2, "plot": 1}
        >>> Vocabulary.from_counts(counts, size=4).tokens
        ('good', 'bad')
        """
        if size is not None and size < RESERVED:
            raise ValueError(
                "Invalid value for argument `size`. Expected at least "
                f"{RESERVED}: padding and unknown tokens have ids too. "
                f"Received: size={size!r}"
            )
        tokens = [t for t, n in counts.items() if n >= min_count]
        tokens.sort(key=lambda token: (-counts[token], token))
        return cls(tokens if size is None else tokens[: size - RESERVED])

    def __call__(self, tokens):
        """The ids of tokens.

        Args:
            tokens: String tensor, ragged or dense.

        Returns:
            int32 tensor of the same shape and kind.
        """
        if isinstance(tokens, tf.RaggedTensor):
            ids = self.table.lookup(tokens.flat_values)
            return tokens.with_flat_values(ids)
        return self.table.lookup(tf.convert_to_tensor(tokens, tf.string))

    def __len__(self):
        """The number of ids, including those of padding and unknown tokens."""
        return len(self._tokens) + RESERVED

    def __repr__(self):
        return f"<Vocabulary of {len(self):,} ids>"

    @property
    def tokens(self):
        return tuple(self._tokens)

    def get_config(self):
        return {"tokens": list(self._tokens)}

    @classmethod
    def from_config(cls, config):
        return cls(**config)
