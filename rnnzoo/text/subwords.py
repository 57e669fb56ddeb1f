"""Words in pieces: SentencePiece learns them, stock TensorFlow ops find them.

Byte-pair encoding (Sennrich et al. 2016): a word starts as its characters, and
the two neighbours that make the piece learned first are merged until no two
neighbours make a piece. All distinct words of a batch take each step at once.
Inside, pieces are ids; words go in and pieces come out as strings.
"""

import io
from collections import Counter

import keras
import tensorflow as tf

from rnnzoo.checks import check_positive
from rnnzoo.ids import RESERVED, UNKNOWN
from rnnzoo.text.strings import lower
from rnnzoo.text.tokenizer import Tokenizer
from rnnzoo.text.tokens import Tokens, into_sentences
from rnnzoo.text.vocabulary import Vocabulary

SPACE = "▁"  # As SentencePiece writes the space before a word.
SKIPPED = "▅"  # SentencePiece uses it itself, and skips words that have it.
LONGEST = 64  # Characters; longer words are cut first, to bound the steps.


@keras.saving.register_keras_serializable(package="rnnzoo")
class SubwordTokenizer:
    """Splits texts into pieces of words, in the graph.

    Words are those of `rnnzoo.text.Tokenizer`, with a "▁" before each that
    follows a space or begins the text. So the pieces of a text, joined, are
    the text again, except for the kind and number of spaces and apostrophes; a
    "▁" in the text itself becomes "_". No piece spans two words. A word of
    more than 64 characters is cut after every 64, and each part is split by
    itself. Neighbouring characters that were not learned are one unknown
    piece together.

    Args:
        lowercase: Whether texts are lower-cased.
        pieces: Strings of at most 64 characters, the piece learned first
            before the others, then the characters. By default, `learn` finds
            them.

    Examples:

    >>> from rnnzoo.text import SubwordTokenizer
    >>> tokenizer = SubwordTokenizer(pieces=["lo", "low", "er", *"▁slower."])
    >>> tokens = tokenizer(["A slower slow."])
    >>> [piece.decode() for piece in tokens.words[0].numpy()]
    ['▁', 'A', '▁', 's', 'low', 'er', '▁', 's', 'low', '.']
    >>> tokenizer.join(tokens.words).numpy().tolist()
    [b'A slower slow.']
    """

    unit = "subword"

    def __init__(self, lowercase=False, pieces=None):
        self.lowercase = lowercase
        self.pieces = None
        self._tokenizer = Tokenizer(lowercase=False)  # Offsets are of the text.
        if pieces is not None:
            self._use(pieces)

    def __call__(self, texts):
        """The pieces of texts.

        Args:
            texts: String tensor `(n,)`, or a list of strings.

        Returns:
            `rnnzoo.text.Tokens` of ragged shape `(n, None)`.

        Raises:
            ValueError: If no pieces were learned.
        """
        return self._pieces_of(self._tokenizer(texts))[0]

    def sentences(self, texts, max_words=None):
        """The pieces of texts, by sentences.

        Args:
            texts: String tensor `(n,)`, or a list of strings.
            max_words: Most pieces of a sentence. A longer one continues in the
                next, so that nothing is lost. `None` for no limit.

        Returns:
            `rnnzoo.text.Tokens` of ragged shape `(n, None, None)`: texts,
            sentences, as `rnnzoo.text.Tokenizer.sentences` finds them, and
            pieces.

        Raises:
            ValueError: If no pieces were learned.
        """
        check_positive("max_words", max_words, optional=True)
        words = self._tokenizer.sentences(texts)
        pieces, firsts = self._pieces_of(
            Tokens(*(column.merge_dims(1, 2) for column in words))
        )
        firsts = tf.gather(firsts, words.words.values.row_starts())
        count = tf.size(pieces.words.values, tf.int64)
        return into_sentences(pieces, _flags(firsts, count), max_words)

    def to_count(self, texts):
        """The words whose counts `learn` takes: strings, ragged `(n, None)`."""
        return self._marked(self._tokenizer(texts))

    def learn(self, counts, size=None, min_count=1):
        """Learns the pieces; where there are some, they stay.

        Then only the characters are added that they lack, whatever the size.

        Args:
            counts: Dict from each word, as `to_count` returns it, to how often
                it occurs.
            size: Most ids of a `Vocabulary` of the pieces. Subwords need this
                limit: without one, every word would be one piece.
            min_count: Characters that occur less often are unknown.

        Returns:
            Tuple of the pieces.

        Raises:
            ValueError: If there is no size, or if there are more characters
                than ids.
            ImportError: If SentencePiece is not installed.
        """
        counts = _trainable(counts)
        characters = Counter()
        for word, count in counts.items():
            for character in word:
                characters[character] += count
        known = {c for c, count in characters.items() if count >= min_count}
        if self.pieces:
            more = sorted(known, key=lambda each: (-characters[each], each))
            self._use(dict.fromkeys((*self.pieces, *more)))
            return self.pieces
        if size is None:
            raise ValueError(
                "Subwords are learned until their vocabulary is full. Give "
                "its size, the argument `vocabulary_size` of a model."
            )
        if len(known) + RESERVED > size:
            raise ValueError(
                "Invalid value for argument `size`. Expected at least "
                f"{len(known) + RESERVED}, the number of characters that occur "
                f"at least {min_count} times. Received: size={size}"
            )
        words = {w: n for w, n in counts.items() if known.issuperset(w)}
        self._use(_learn(words, size - RESERVED) if words else ())
        return self.pieces

    def join(self, tokens):
        """Texts from their pieces, each "▁" a space again.

        Args:
            tokens: String tensor `(..., time)`, dense or ragged; "" stands for
                no piece.

        Returns:
            String tensor `(...)`.
        """
        texts = tf.strings.reduce_join(tokens, axis=-1)
        return tf.strings.strip(tf.strings.regex_replace(texts, SPACE, " "))

    def get_config(self):
        return {"lowercase": self.lowercase, "pieces": self.pieces}

    @classmethod
    def from_config(cls, config):
        return cls(**config)

    def _use(self, pieces):
        self.pieces = tuple(pieces)
        self._ids = Vocabulary(self.pieces)
        longest = max(self.pieces, key=len, default="")
        if len(longest) > LONGEST:  # Finding its parts takes the square.
            raise ValueError(
                "Invalid value for argument `pieces`. Expected strings of at "
                f"most {LONGEST} characters. Received: {longest[:20]!r}... of "
                f"{len(longest):,}"
            )
        with tf.init_scope():
            merges = _merges(self.pieces, self._ids)
            self._merges = tf.lookup.StaticHashTable(
                tf.lookup.KeyValueTensorInitializer(
                    tf.constant(list(merges), tf.int64),
                    tf.constant(list(merges.values()), tf.int64),
                ),
                default_value=len(self._ids),  # after all pieces
            )

    def _marked(self, words):
        """Words as strings `(n, None)`, with a "▁" for the space before."""
        values, rows = words.words.values, words.words.value_rowids()
        # Rolling takes the last word for the one before the first, and never
        # does one end where an earlier one starts.
        touches = words.starts.values == tf.roll(words.ends.values, 1, 0)
        touches &= rows == tf.roll(rows, 1, 0)
        values = tf.strings.regex_replace(values, SPACE, "_")
        if self.lowercase:
            values = lower(values)
        values = tf.where(touches, values, SPACE + values)
        return words.words.with_values(values)

    def _pieces_of(self, words):
        """The pieces of words.

        Args:
            words: `Tokens` of ragged shape `(n, None)`.

        Returns:
            Tuple of the pieces, `Tokens` of the same shape, and of which piece
            is the first of each word, int64 `(words,)`.
        """
        if self.pieces is None:
            raise ValueError(
                "The pieces of words are not known. Expected `learn(counts)` "
                "to be called first."
            )
        marked = self._marked(words)
        distinct, places = tf.unique(marked.values)
        pieces = tf.gather(self._split(distinct), places)  # (words, None)
        starts, ends = _offsets(pieces, words.starts.values, words.ends.values)
        columns = (
            marked.with_values(column).merge_dims(1, 2)
            for column in (pieces, starts, ends)
        )
        return Tokens(*columns), pieces.row_starts()

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
            lambda merged, *_: merged,
            self._merge_once,
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

    def _merge_once(self, _, ids, stretches, firsts):
        """Merges the best two neighbours of each stretch, the left of equals.

        Args:
            ids: int64 `(pieces,)`.
            stretches: int64 `(pieces,)`, the stretch of each piece, sorted.
                Neighbours are merged only within a stretch.
            firsts: int64 `(pieces,)`, the first character of each piece.

        Returns:
            Tuple of whether anything was merged, and the new `ids`,
            `stretches` and `firsts`.
        """
        none = len(self._ids)
        count = tf.size(ids, tf.int64)
        merged = self._merges.lookup(ids[:-1] * none + ids[1:])
        merged = tf.where(stretches[:-1] == stretches[1:], merged, none)
        best = tf.math.unsorted_segment_min(merged, stretches[:-1], count)
        best = tf.gather(best, stretches[:-1])
        found = tf.where((merged == best) & (best < none))[:, 0]
        of = tf.gather(stretches, found)
        is_leftmost = tf.concat([[-1], of[:-1]], axis=0) != of
        found = tf.boolean_mask(found, is_leftmost)
        ids = tf.where(_flags(found, count), tf.pad(merged, [[0, 1]]), ids)
        kept = ~_flags(found + 1, count)
        return (
            tf.size(found) > 0,
            *(tf.boolean_mask(x, kept) for x in (ids, stretches, firsts)),
        )


def _flags(places, count):
    """Booleans `(count,)`, true at the given places."""
    ones = tf.ones_like(places, tf.int32)
    return tf.scatter_nd(places[:, None], ones, [count]) > 0


def _trainable(counts):
    """Counts of words cut as `_split` cuts them, without those skipped."""
    parts = Counter()
    for word, count in counts.items():
        for start in range(0, len(word), LONGEST):
            parts[word[start : start + LONGEST]] += count
    return {part: count for part, count in parts.items() if SKIPPED not in part}


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
            "Learning subwords needs SentencePiece. Install it with "
            '`pip install "rnnzoo[subwords]"`, or use `unit="word"`, which '
            "needs nothing."
        ) from error
    return sentencepiece


def _merges(pieces, ids):
    """Dict from each pair of ids, as one number, to the id of their merger."""
    place = {piece: i for i, piece in enumerate(pieces, RESERVED)}
    merges = {-1: len(ids)}  # TensorFlow has no empty tables.
    for piece, i in place.items():
        for cut in range(1, len(piece)):
            left, right = place.get(piece[:cut]), place.get(piece[cut:])
            if left is not None and right is not None:
                merges[left * len(ids) + right] = i
    return merges


def _offsets(pieces, starts, ends):
    """Starts and ends of pieces `(words, None)`, from those of their words."""
    lengths = tf.strings.length(pieces.values, unit="UTF8_CHAR")
    marked = tf.strings.regex_full_match(pieces.values, f"{SPACE}.*")
    lengths -= tf.cast(marked, tf.int32)
    rows = pieces.value_rowids()
    through = tf.cumsum(lengths)  # of all words up to the end of a piece
    before = tf.concat([[0], through], axis=0)
    before = tf.gather(before, tf.gather(pieces.row_starts(), rows))
    ends = tf.gather(ends, rows)
    stops = tf.gather(starts, rows) + through - before
    # Lower-cased words may be longer than those of the text.
    return (
        pieces.with_values(tf.minimum(stops - lengths, ends)),
        pieces.with_values(tf.minimum(stops, ends)),
    )
