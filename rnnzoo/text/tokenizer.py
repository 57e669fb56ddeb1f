"""Raw strings to tokens, sentences and ids, with stock TensorFlow ops.

The same ops run in training, in prediction and in an exported graph.

Texts are marked up, then split once. A chain of regular expressions puts
`CUT` around every token and `BREAK` where a sentence ends. Both are control
characters; those of the text itself become spaces first, one for one. So a
text gains nothing but marks and loses nothing, and the lengths of the pieces
add up to offsets in the original string.
"""

import warnings

import keras
import numpy as np
import tensorflow as tf

from rnnzoo.checks import check_choice, check_positive
from rnnzoo.text.detokenizer import join_words
from rnnzoo.text.scripts import CLAUSES, IDEOGRAPHS, SENTENCE_ENDS
from rnnzoo.text.strings import lower, replace_invalid
from rnnzoo.text.tokens import Tokens, into_sentences
from rnnzoo.text.vocabulary import Vocabulary

CUT = "\v"  # White space to tf.strings.split, but to no rule below.
BREAK = "\x1e"  # A token of its own, which only the sentence splitter sees.
_BREAK = CUT + BREAK + CUT

# RE2 has no class subtraction. A word character is none of: punctuation,
# symbol, separator, control, scripts that put no spaces between words. Soft
# hyphens and the (non-)joiners of Persian or Hindi are inside words.
_LETTER = (
    rf"(?:[^\p{{P}}\p{{S}}\p{{Z}}\p{{C}}{IDEOGRAPHS}]"
    r"|[\x{AD}\x{200C}\x{200D}])"
)
# Those that \b and \w do not know.
_FOREIGN = _LETTER.replace(r"\p{P}", r"\x{0}-\x{7F}\p{P}")
_NUMBER = rf"\p{{Nd}}+(?:[.,:/]\p{{Nd}}+)+{_LETTER}*"  # 10.5 1,000 8/10 3.5mm
_INNER = rf"['-](?:{_NUMBER}|{_LETTER}+)"  # the "-fi" of "sci-fi"
_ENDINGS = "'(?:s|re|ve|ll|d|m|em)"
_CLITIC = rf"(?i:{_ENDINGS}\b)"
_URL_CHARACTER = r"""[^\s\v<>"]"""
_URL_END = r"""[^\s\v<>"'.,;:!?()\[\]{}]"""
_PICTURE = r"[\p{So}\x{1F000}-\x{1FAFF}]"
_MODIFIERS = r"[\x{FE0F}\x{20E3}\x{1F3FB}-\x{1F3FF}\x{E0020}-\x{E007F}]*"
# The dot after one of these belongs to the word. After suffixes and initials
# it also ends the sentence, if the next word is a usual first word.
_TITLES = (
    "mr|mrs|ms|messrs|dr|prof|rev|fr|st|mt|ft|lt|col|gen|sgt|capt|cmdr|maj"
    "|gov|sen|rep|hon|vs|v|cf|approx|e\\.g|i\\.e"
)
_SUFFIXES = "jr|sr|inc|corp|co|ltd|bros|dept|etc|al|a\\.m|p\\.m"
_INITIALS = r"(?:\p{L}\.){2,}|[A-HJ-Z]\."
_STARTERS = (
    "The|This|That|These|Those|There|It|Its|He|She|His|Her|They|Their|We|You"
    "|Your|I|My|Our|If|In|On|At|As|And|But|So|Then|When|While|What|Who|Why"
    "|How|Not|No|One|All|After|Also|Although|Even|For|From|Now|Or|Some|Yes"
    "|Yet|An?|Is|Did|Do"
)

# Patterns of the tokens to mark; plain words between spaces need no mark. The
# first pattern that matches wins.
_TOKENS = (
    # https://imdb.com/title, www.imdb.com, imdb.com/title, me@imdb.com
    rf"(?i:https?://|www\.){_URL_CHARACTER}*{_URL_END}",
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
    r"\b[\w-]+(?:\.[\w-]+)*\.(?i:com|org|net|edu|gov|info|co\.uk)\b"
    rf"(?:/(?:{_URL_CHARACTER}*{_URL_END})?)?",
    rf"[@#](?:{_LETTER}|_)+",
    # Mr. U.S. J.
    rf"\b(?i:{_TITLES}|{_SUFFIXES})\.",
    rf"\b(?:{_INITIALS})",
    # PTB's contractions, as in GloVe: the "'s" of "it's"; "n't" is a word.
    _CLITIC,
    # 1️⃣
    r"[0-9#*]\x{FE0F}?\x{20E3}",
    # 10.5 1,000 8/10 3.5-inch sci-fi o'clock .5
    rf"{_NUMBER}(?:{_INNER})*",
    rf"{_LETTER}+(?:{_INNER})+",
    # The "st." of "löst." is no title.
    rf"{_LETTER}*{_FOREIGN}{_LETTER}*",
    r"\B\.\p{Nd}+",
    # :-) <3
    r"[:;=]-?(?:[)(]|[DPp]\b)|<3\b",
    # Flags are pairs; joined pictures are one.
    r"[\x{1F1E6}-\x{1F1FF}]{2}",
    rf"{_PICTURE}{_MODIFIERS}(?:\x{{200D}}{_PICTURE}{_MODIFIERS})*",
    # ... !!! --; runs of any length would be rare tokens, so: up to three.
    r"[-=_*~#+]{4,}",
    r"\.{2,3}|!{2,3}|\?{2,3}|-{2,3}|\*{2,3}|'{2}|`{2}",
    rf"[\p{{P}}\p{{S}}\p{{Co}}{IDEOGRAPHS}]\p{{M}}*",
)

# The rules are pairs of a pattern and what replaces it.
_CLEAN = (
    # All other white space, control and invisible characters become spaces.
    (
        r"[\x{0}-\x{9}\x{B}-\x{1F}\x{7F}-\x{90}\x{93}-\x{A0}\x{1680}"
        r"\x{2000}-\x{200B}\x{200E}\x{200F}\x{2028}\x{202A}-\x{202F}\x{205F}-\x{2064}"
        r"\x{2066}-\x{206F}\x{3000}\x{FEFF}]",
        " ",
    ),
    # The apostrophes of word processors, two of them misread as Latin-1.
    (r"[‘’ʼ´＇\x{91}\x{92}]", "'"),
    *(
        (f"(?i:{tag})", _BREAK + " " * len(tag))
        for tag in ("<br />", "<br/>", "<br>", "<p>", "</p>")
    ),
    (r"\n *\n", _BREAK + r"\0"),
    (r"\x{2029}", _BREAK + " "),
)
_WORDS = (
    (rf"(?i:n't\b)|{_CLITIC}", CUT + r"\0"),
    (rf"{CUT}((?i:n't|{_ENDINGS}){_FOREIGN})", r"\1"),  # Turkish: Ankara'sı
    ("|".join(_TOKENS), CUT + r"\0" + CUT),
)
_CLOSING = r"""["'\p{Pe}\p{Pf}]"""
_TURNED = "[“«]"  # quotes that close in German and Danish, and open elsewhere
_SENTENCES = (
    # A full stop ends a sentence, whatever follows: that of an abbreviation is
    # inside its token, and some people never type a capital letter.
    (
        rf"(?:\v+[.!?]+)+\v+{_TURNED}\v+"
        rf"|(?:\v+[{SENTENCE_ENDS}…]+)+\v+(?:{_CLOSING}+\v+)*",
        r"\0" + _BREAK,
    ),
    # Except in `"What?" he said`, `well... no`, `readme.txt` and `Yahoo!,`.
    (
        rf"((?:\.\v*\.|…|{_CLOSING}|{_TURNED})\v+)\x1e(\v*[ \n]*\v*\p{{Ll}})"
        r"|\x1e(\v*[\p{Ll},;:،؛、，；：])",
        r"\1\2\3",
    ),
    (
        rf"(\v(?:(?i:{_SUFFIXES})\.|{_INITIALS})\v+)"
        rf"([ \n]+(?:{_STARTERS})\b)",
        r"\1" + _BREAK + r"\2",
    ),
)


def _rewrite(texts, rules):
    for pattern, rewrite in rules:
        texts = tf.strings.regex_replace(texts, pattern, rewrite)
    return texts


@keras.saving.register_keras_serializable(package="rnnzoo")
class Tokenizer:
    """Splits texts into words or characters, in the graph.

    Words follow the Penn Treebank, and so the vocabulary of GloVe: punctuation
    marks are tokens, `don't` is `do` `n't`, `it's` is `it` `'s`, while
    `sci-fi`, `10.5`, `8/10`, `Mr.`, `U.S.`, `:-)`, URLs and emoji are one token
    each. A run of full stops, exclamation or question marks is cut after every
    third mark. Each Chinese or Japanese character is a word. Thai, Lao, Khmer
    and Burmese have spaces only between clauses, and each clause is a word:
    use characters or subwords there. Curly apostrophes become straight ones.
    White space, control characters and HTML line breaks (`<br>`, `<p>`) are
    never tokens.

    Characters are those of Unicode; white space between them, of any length,
    is one token, `" "`.

    Bytes that are not UTF-8 become U+FFFD. An empty text has no tokens.

    Args:
        unit: `"word"` or `"character"`; for pieces of words, see
            `rnnzoo.text.SubwordTokenizer`.
        lowercase: Whether tokens are lower-cased.

    Examples:

    >>> from rnnzoo.text import Tokenizer
    >>> tokenizer = Tokenizer()
    >>> words = tokenizer(["It's 10.5 stars. Isn't it?"]).words
    >>> [word.decode() for word in words[0].numpy()]
    ['it', "'s", '10.5', 'stars', '.', 'is', "n't", 'it', '?']
    >>> tokenizer.join(words).numpy().tolist()
    [b"it's 10.5 stars. isn't it?"]
    >>> tokenizer.sentences(["Mr. X? No. Sorry"]).words.to_list()
    [[[b'mr.', b'x', b'?'], [b'no', b'.'], [b'sorry']]]
    >>> Tokenizer("character")(["A b"]).words.to_list()
    [[b'a', b' ', b'b']]
    """

    def __init__(self, unit="word", lowercase=True):
        check_choice("unit", unit, ("word", "character"))
        self.unit = unit
        self.lowercase = lowercase

    def __call__(self, texts):
        """The tokens of texts.

        Args:
            texts: String tensor `(n,)`, or a list of strings.

        Returns:
            `Tokens` of ragged shape `(n, None)`.
        """
        return self._split(texts)[0]

    def sentences(self, texts, max_words=None):
        """The tokens of texts, by sentences.

        A sentence ends after a full stop, `!`, `?` or a run of them, and the
        quotes and brackets that close there; of any script, as Unicode's
        property Sentence_Terminal lists them, which Thai and Lao do not have.
        It ends at HTML line breaks (`<br>`, `<p>`), at paragraph separators
        and at empty lines. It does not end at a dot that belongs to a
        word (`Mr.`, `10.5`), or where a small letter follows an ellipsis or a
        closing quote. After `U.S.`, initials and `etc.` it ends if a usual
        first word follows. Words and characters have the same sentences.

        Args:
            texts: String tensor `(n,)`, or a list of strings.
            max_words: Most tokens of a sentence. A longer one continues in the
                next, so that nothing is lost. `None` for no limit.

        Returns:
            `Tokens` of ragged shape `(n, None, None)`: texts, sentences,
            tokens. No sentence is empty; an empty text has none.
        """
        check_positive("max_words", max_words, optional=True)
        tokens, places = self._split(texts, sentences=True)
        rows = tokens.words.value_rowids()
        # A token opens a sentence if a break lies before it, or if the token
        # before is of another text. Rolling puts the last token before the
        # first, which is no neighbour either.
        opens = places - tf.roll(places, 1, 0) != 1
        opens |= rows != tf.roll(rows, 1, 0)
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
        if self.unit == "word":
            _warn_of_clauses(counts)
        return Vocabulary.from_counts(counts, size, min_count).tokens

    def join(self, tokens):
        """Texts from their tokens.

        Words are joined by spaces, with none before a full stop, after an
        opening bracket or between Chinese or Japanese characters; the rules
        are those of `rnnzoo.text.detokenizer`. What the tokenizer drops, such
        as line breaks, does not come back.

        Args:
            tokens: String tensor `(..., time)`, dense or ragged; "" stands for
                no token.

        Returns:
            String tensor `(...)`.
        """
        if self.unit == "word":
            return join_words(tokens)
        return tf.strings.reduce_join(tokens, axis=-1)

    def get_config(self):
        return {"unit": self.unit, "lowercase": self.lowercase}

    @classmethod
    def from_config(cls, config):
        return cls(**config)

    def _split(self, texts, sentences=False):
        """The tokens of texts, and their places between the `BREAK`s."""
        columns = self._columns(self._mark(texts, sentences))
        tokens = columns.words
        places = tf.where(tokens.values != BREAK)[:, 0]
        rows = tf.gather(tokens.value_rowids(), places)
        # No validation: its assertions would compute columns that nobody uses.
        kept = (
            tf.RaggedTensor.from_value_rowids(
                tf.gather(column.values, places),
                rows,
                nrows=tokens.nrows(),
                validate=False,
            )
            for column in columns
        )
        return Tokens(*kept), places

    def _mark(self, texts, sentences=False):
        """Texts with marks around tokens, and at the ends of sentences."""
        texts = tf.convert_to_tensor(texts, tf.string)
        if texts.shape.rank not in (1, None):
            raise ValueError(
                "Invalid value for argument `texts`. Expected a list of "
                f"strings, of shape (n,). Received: shape {texts.shape}"
            )
        texts = _rewrite(replace_invalid(texts), _CLEAN)
        if sentences or self.unit == "word":
            texts = _rewrite(texts, _WORDS)
        if sentences:
            texts = _rewrite(texts, _SENTENCES)
        if self.unit == "character":
            texts = _rewrite(texts, [(CUT, ""), (r"[^ \n]", CUT + r"\0" + CUT)])
        return texts

    def _columns(self, marked):
        """The tokens and `BREAK`s of marked texts."""
        characters = self.unit == "character"
        words, starts, ends = _pieces(marked, keep_spaces=characters)
        if characters:
            space = tf.strings.regex_replace(words.values, r"^[ \n]+$", " ")
            words = words.with_values(space)
            if self.lowercase:
                words = words.with_values(lower(words.values))
        else:
            # The same words for less work: whole texts are lowered, spaces
            # never become pieces, and a tf.function that uses no offsets drops
            # the pieces above.
            words = tf.strings.split(
                lower(marked) if self.lowercase else marked
            )
        return Tokens(words, starts, ends)


def _warn_of_clauses(counts):
    """Warns if a tenth of all words are clauses of scripts without spaces."""
    words = tf.constant(list(counts), tf.string)
    found = tf.strings.regex_full_match(words, f"(?s:.*[{CLAUSES}].*)").numpy()
    many = np.fromiter(counts.values(), "int64", len(counts))
    if len(counts) and many[found].sum() > many.sum() / 10:
        warnings.warn(
            "These texts have spaces only between clauses, as Thai, Lao, Khmer "
            f"and Burmese do: words such as {list(counts)[found.argmax()]!r} "
            'are whole clauses. Use `unit="character"` or `unit="subword"`.',
            stacklevel=3,
        )


def _pieces(marked, keep_spaces):
    """The strings between marks, their starts and their ends, all ragged.

    Spaces are dropped, or kept where both neighbours are visible.
    """
    spaced = tf.strings.regex_replace(marked, r"[ \n]+", CUT + r"\0" + CUT)
    pieces = tf.strings.split(spaced, CUT)
    # Flat, as masks of ragged tensors are many operations.
    values, rows = pieces.values, pieces.value_rowids()
    values, rows = _kept(values != "", values, rows)
    breaks = values == BREAK
    lengths = tf.strings.length(values, unit="UTF8_CHAR")
    lengths = tf.where(breaks, 0, lengths)  # Marks are no part of the text.
    ends = tf.cumsum(lengths)
    starts = ends - lengths
    before = tf.gather(tf.math.segment_min(starts, rows), rows)
    spaces = tf.strings.strip(values) == ""
    keep = ~spaces
    if keep_spaces:
        visible = ~(spaces | breaks)
        keep |= _neighbour(visible, rows, 1) & _neighbour(visible, rows, -1)
    rows, *columns = _kept(keep, rows, values, starts - before, ends - before)
    return tuple(
        tf.RaggedTensor.from_value_rowids(
            column, rows, nrows=pieces.nrows(), validate=False
        )
        for column in columns
    )


def _kept(keep, *columns):
    """The values of columns `(n,)` where a boolean says to keep them."""
    places = tf.where(keep)[:, 0]
    return [tf.gather(column, places) for column in columns]


def _neighbour(flags, rows, shift):
    """The flag of the neighbour in the row, to the left (1) or right (-1)."""
    # Rolling wraps around, and might find the same row again at its other end.
    place = tf.range(tf.size(rows)) - shift
    inside = (place >= 0) & (place < tf.size(rows))
    return tf.roll(flags, shift, 0) & (tf.roll(rows, shift, 0) == rows) & inside
