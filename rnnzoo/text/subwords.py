"""Words in pieces: learned by SentencePiece, found with stock TensorFlow ops.

Byte-pair encoding (Sennrich et al. 2016): a word starts as its characters, and
the two neighbours that make the piece learned first are joined until no two
make one. All distinct words of a batch take that step at once, on ids; the
words go in and the pieces come out as strings.
"""

import io
from collections import Counter

import keras
import tensorflow as tf

from rnnzoo.ids import RESERVED, UNKNOWN
from rnnzoo.text.strings import lower
from rnnzoo.text.tokenizer import Tokenizer, Tokens
from rnnzoo.text.vocabulary import Vocabulary

BLANK = "▁"  # As SentencePiece writes the blank before a word.
UPP = "▅"  # SentencePiece's own; it skips what has it.
LONGEST = 64  # Characters; longer words are cut first, to bound the steps.


@keras.saving.register_keras_serializable(package="rnnzoo")
class SubwordTokenizer:
    """Splits texts into pieces of words, in the graph.

    Words are those of `rnnzoo.text.Tokenizer`, with a "▁" before those that a
    blank, or nothing, precedes. So the text comes back whole from its pieces,
    but for the kind and number of blanks and apostrophes; a "▁" of the text
    itself becomes "_". Pieces never go beyond a word. Of words of more than 64
    characters, each 64 are split by themselves. Characters that were not
    learned stay together, as one unknown piece.

    Args:
        lowercase: Whether texts are lower-cased.
        pieces: Strings, the piece learned first before the others, then the
            characters; by `learn`.
    """

    unit = "subword"

    def __init__(self, lowercase=False, pieces=None):
        self.lowercase = lowercase
        self.pieces = None
        self._tokenizer = Tokenizer(lowercase=False)  # Offsets are of the text.
        if pieces is not None:
            self._take(pieces)

    @property
    def resources(self):
        """Lookup tables, for `rnnzoo.export`."""
        return () if self.pieces is None else (self._ids.table, self._joined)

    def to_count(self, texts):
        """The words whose counts `learn` takes: strings, ragged `(n, None)`."""
        return self._words(texts).words

    def learn(self, counts, size, min_count=1):
        """Learns the pieces.

        Args:
            counts: Dict of words, as `to_count` makes them, to how often they
                occur.
            size: Most ids of a `Vocabulary` of the pieces.
            min_count: Characters that occur less often are unknown.

        Returns:
            Tuple of the pieces.

        Raises:
            ValueError: If there are more characters than ids.
            ImportError: If SentencePiece is not installed.
        """
        counts = _trainable(counts)
        characters = Counter()
        for word, count in counts.items():
            for character in word:
                characters[character] += count
        known = {c for c, count in characters.items() if count >= min_count}
        if len(known) + RESERVED > size:
            raise ValueError(
                "Invalid value for argument `size`. Expected at least "
                f"{len(known) + RESERVED}, the number of characters that occur "
                f"at least {min_count} times. Received: size={size}"
            )
        words = {w: n for w, n in counts.items() if known.issuperset(w)}
        self._take(_learn(words, size - RESERVED) if words else ())
        return self.pieces

    def __call__(self, texts):
        """The pieces of texts.

        Args:
            texts: String tensor `(n,)`, or a list of strings.

        Returns:
            `rnnzoo.text.Tokens` of ragged shape `(n, None)`.

        Raises:
            ValueError: If no pieces were learned.
        """
        if self.pieces is None:
            raise ValueError(
                "The pieces of words are not known. Expected `learn(counts)` "
                "to be called first."
            )
        words = self._words(texts)
        distinct, places = tf.unique(words.words.values)
        pieces = tf.gather(self._split(distinct), places)  # (words, None)
        starts, ends = _offsets(pieces, words.starts.values, words.ends.values)
        return Tokens(
            *(
                words.words.with_values(column).merge_dims(1, 2)
                for column in (pieces, starts, ends)
            )
        )

    def get_config(self):
        return {"lowercase": self.lowercase, "pieces": self.pieces}

    @classmethod
    def from_config(cls, config):
        return cls(**config)

    def _take(self, pieces):
        self.pieces = tuple(pieces)
        self._ids = Vocabulary(self.pieces)
        with tf.init_scope():
            joined = _joined(self.pieces, self._ids)
            self._joined = tf.lookup.StaticHashTable(
                tf.lookup.KeyValueTensorInitializer(
                    tf.constant(list(joined), tf.int64),
                    tf.constant(list(joined.values()), tf.int64),
                ),
                default_value=len(self._ids),  # behind all pieces
            )

    def _words(self, texts):
        """`Tokens` of whole words, with the blanks before them."""
        words, starts, ends = self._tokenizer(texts)
        values, rows = words.values, words.value_rowids()
        # Rolling takes the last word for the one before the first, and never
        # does one end where an earlier one starts.
        touches = starts.values == tf.roll(ends.values, 1, 0)
        touches &= rows == tf.roll(rows, 1, 0)
        values = tf.strings.regex_replace(values, BLANK, "_")
        if self.lowercase:
            values = lower(values)
        values = tf.where(touches, values, BLANK + values)
        return Tokens(words.with_values(values), starts, ends)

    def _split(self, words):
        """Words `(n,)` to ragged pieces `(n, None)`."""
        characters = tf.strings.unicode_split(words, "UTF-8")
        values, rows = characters.values, characters.value_rowids()
        count = tf.size(values, tf.int64)
        place = tf.range(count)
        inside = place - tf.gather(characters.row_starts(), rows)
        stretches = tf.cumsum(tf.cast(inside % LONGEST == 0, tf.int64)) - 1
        ids = tf.cast(self._ids(values), tf.int64)
        any_length = tf.TensorShape([None])
        _, ids, stretches, firsts = tf.while_loop(
            lambda goes_on, *_: goes_on,
            self._join_once,
            (count > 0, ids, stretches, place),
            (tf.TensorShape([]), any_length, any_length, any_length),
        )
        unknown = ids == UNKNOWN
        together = unknown[:-1] & unknown[1:]
        together &= stretches[:-1] == stretches[1:]
        together = tf.pad(together, [[1, 0]])[: tf.size(ids)]
        firsts = tf.boolean_mask(firsts, ~together)
        begins = tf.cast(_flags(firsts, count), tf.int64)
        pieces = tf.strings.unsorted_segment_join(
            values, tf.cumsum(begins) - 1, tf.size(firsts)
        )
        return tf.RaggedTensor.from_value_rowids(
            pieces,
            tf.gather(rows, firsts),
            nrows=tf.size(words, tf.int64),
            validate=False,
        )

    def _join_once(self, _, ids, stretches, firsts):
        """Joins the best two neighbours of each stretch, the left of equals.

        Args:
            ids: int64 `(pieces,)`.
            stretches: int64 `(pieces,)`, what may be joined; sorted.
            firsts: int64 `(pieces,)`, their first characters.

        Returns:
            Tuple of whether anything was joined, and the three anew.
        """
        none = len(self._ids)
        count = tf.size(ids, tf.int64)
        joined = self._joined.lookup(ids[:-1] * none + ids[1:])
        joined = tf.where(stretches[:-1] == stretches[1:], joined, none)
        best = tf.math.unsorted_segment_min(joined, stretches[:-1], count)
        best = tf.gather(best, stretches[:-1])
        found = tf.where((joined == best) & (best < none))[:, 0]
        of = tf.gather(stretches, found)
        is_leftmost = tf.concat([[-1], of[:-1]], axis=0) != of
        found = tf.boolean_mask(found, is_leftmost)
        ids = tf.where(_flags(found, count), tf.pad(joined, [[0, 1]]), ids)
        kept = ~_flags(found + 1, count)
        return (
            tf.size(found) > 0,
            *(tf.boolean_mask(x, kept) for x in (ids, stretches, firsts)),
        )


def _flags(places, count):
    """Booleans `(count,)`, true at those places."""
    ones = tf.ones_like(places, tf.int32)
    return tf.scatter_nd(places[:, None], ones, [count]) > 0


def _trainable(counts):
    """Counts of words as they are split, that SentencePiece does not skip."""
    parts = Counter()
    for word, count in counts.items():
        for start in range(0, len(word), LONGEST):
            parts[word[start : start + LONGEST]] += count
    return {part: count for part, count in parts.items() if UPP not in part}


def _learn(words, size):
    """The pieces that SentencePiece learns from the counts of words."""
    model = io.BytesIO()
    lines = (
        f"{word}\t{count}"
        for word, count in sorted(words.items(), key=lambda x: (-x[1], x[0]))
    )
    sentencepiece = _sentencepiece()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=lines,
        input_format="tsv",
        model_writer=model,
        model_type="bpe",
        vocab_size=size + 1,  # its "<unk>"
        hard_vocab_limit=False,  # few words make fewer pieces
        character_coverage=1.0,
        # Words are as they should be.
        normalization_rule_name="identity",
        add_dummy_prefix=False,
        remove_extra_whitespaces=False,
        split_by_unicode_script=False,
        split_by_number=False,
        unk_id=0,
        bos_id=-1,
        eos_id=-1,
        pad_id=-1,
        minloglevel=2,
    )
    processor = sentencepiece.SentencePieceProcessor(
        model_proto=model.getvalue()
    )
    return [processor.id_to_piece(i) for i in range(1, len(processor))]


def _sentencepiece():
    try:
        import sentencepiece
    except ImportError as error:
        raise ImportError(
            "Learning subwords needs SentencePiece. Expected it to be "
            'installed: `pip install "rnnzoo[subwords]"`; or '
            '`unit="word"`, which needs nothing.'
        ) from error
    return sentencepiece


def _joined(pieces, ids):
    """Dict of all pairs of ids, in one number, to the id of what they make."""
    place = {piece: i for i, piece in enumerate(pieces, RESERVED)}
    joined = {-1: len(ids)}  # TensorFlow has no empty tables.
    for piece, i in place.items():
        for cut in range(1, len(piece)):
            left, right = place.get(piece[:cut]), place.get(piece[cut:])
            if left is not None and right is not None:
                joined[left * len(ids) + right] = i
    return joined


def _offsets(pieces, starts, ends):
    """Where pieces `(words, None)` start and end, from their words' places."""
    lengths = tf.strings.length(pieces.values, unit="UTF8_CHAR")
    marked = tf.strings.regex_full_match(pieces.values, f"{BLANK}.*")
    lengths -= tf.cast(marked, tf.int32)
    rows = pieces.value_rowids()
    behind = tf.cumsum(lengths)
    before = tf.concat([[0], behind], axis=0)
    before = tf.gather(before, tf.gather(pieces.row_starts(), rows))
    ends = tf.gather(ends, rows)
    stops = tf.gather(starts, rows) + behind - before
    # Lower-cased words may be longer than those of the text.
    return (
        pieces.with_values(tf.minimum(stops - lengths, ends)),
        pieces.with_values(tf.minimum(stops, ends)),
    )
