"""Raw strings to tokens, sentences and ids, with stock TensorFlow ops.

The same ops run in training, in prediction and in an exported graph.

Texts are marked up, then split once. A chain of regular expressions puts
`CUT` around every token and `BREAK` where a sentence ends. Both are control
characters, and those of the text itself are blanked out first, one for one.
So marks are the only thing that a text gains, nothing is ever lost, and the
lengths of the pieces add up to offsets in the original string.
"""

import keras
import tensorflow as tf

from rnnzoo.checks import check_choice, check_positive
from rnnzoo.text.detokenizer import join_words
from rnnzoo.text.strings import lower, replace_invalid
from rnnzoo.text.tokens import Tokens, into_sentences
from rnnzoo.text.vocabulary import Vocabulary

CUT = "\v"  # White space to tf.strings.split, and to nobody else here.
BREAK = "\x1e"  # A token of its own, that only the sentence splitter sees.
_BREAK = CUT + BREAK + CUT

# RE2 has no class subtraction: a word character is what is not punctuation,
# symbol, separator, control, nor of a script that writes words without blanks.
# Soft hyphens and the (non-)joiners of Persian or Hindi are inside of words.
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}"
_LETTER = (
    rf"(?:[^\p{{P}}\p{{S}}\p{{Z}}\p{{C}}{_UNSPACED}]"
    r"|[\x{AD}\x{200C}\x{200D}])"
)
_NUMBER = rf"\p{{Nd}}+(?:[.,:/]\p{{Nd}}+)+{_LETTER}*"  # 10.5 1,000 8/10 3.5mm
_INNER = rf"['-](?:{_NUMBER}|{_LETTER}+)"  # the "-fi" of "sci-fi"
_CLITIC = r"(?i:'(?:s|re|ve|ll|d|m|em)\b)"
_URL_CHARACTER = r"""[^\s\v<>"]"""
_URL_END = r"""[^\s\v<>"'.,;:!?()\[\]{}]"""
_PICTURE = r"[\p{So}\x{1F000}-\x{1FAFF}]"
_MODIFIERS = r"[\x{FE0F}\x{20E3}\x{1F3FB}-\x{1F3FF}\x{E0020}-\x{E007F}]*"
# With these the dot belongs to the word; only the second kind ever ends a
# sentence, if the next word is one that sentences like to begin with.
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

# What is marked as a token; plain words between blanks need no mark. The
# first alternative that matches wins.
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
    r"\B\.\p{Nd}+",
    # :-) <3
    r"[:;=]-?(?:[)(]|[DPp]\b)|<3\b",
    # Flags are pairs; joined pictures are one.
    r"[\x{1F1E6}-\x{1F1FF}]{2}",
    rf"{_PICTURE}{_MODIFIERS}(?:\x{{200D}}{_PICTURE}{_MODIFIERS})*",
    # ... !!! --; runs of any length would be rare tokens, so: up to three.
    r"[-=_*~#+]{4,}",
    r"\.{2,3}|!{2,3}|\?{2,3}|-{2,3}|\*{2,3}|'{2}|`{2}",
    rf"[\p{{P}}\p{{S}}\p{{Co}}{_UNSPACED}]\p{{M}}*",
)

# The rules are pairs of a pattern and what replaces it.
_CLEAN = (
    # Every other blank, control or invisible character becomes a space.
    (
        r"[\x{0}-\x{9}\x{B}-\x{1F}\x{7F}-\x{90}\x{93}-\x{A0}\x{1680}"
        r"\x{2000}-\x{200B}\x{200E}\x{200F}\x{2028}-\x{202F}\x{205F}-\x{2064}"
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
)
_WORDS = (
    (rf"(?i:n't\b)|{_CLITIC}", CUT + r"\0"),
    ("|".join(_TOKENS), CUT + r"\0" + CUT),
)
_CLOSING = r"""["')\]}»”]"""
_SENTENCES = (
    # A full stop ends a sentence, whatever follows: abbreviations have theirs
    # inside the token, and some people never type a capital letter.
    (
        rf"(?:\v+[.!?…。！？｡]+)+\v+(?:{_CLOSING}+\v+)*",
        r"\0" + _BREAK,
    ),
    # Except: `"What?" he said`, `well... no`, and `readme.txt`, `Yahoo!,`.
    (
        rf"((?:\.\v*\.|…|{_CLOSING})\v+)\x1e(\v*[ \n]*\v*\p{{Ll}})"
        r"|\x1e(\v*[\p{Ll},;:])",
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
    third. Chinese and Japanese characters are words each. Curly apostrophes
    become straight ones. White space, control characters and HTML line breaks
    (`<br>`, `<p>`) are never tokens.

    Characters are those of Unicode; white space between them is the token
    `" "`, whatever its length.

    Bytes that are not UTF-8 become U+FFFD. An empty text has no tokens.

    Args:
        unit: `"word"` or `"character"`; for pieces of words see
            `rnnzoo.text.subwords`.
        lowercase: Whether tokens are lower-cased.

    Attributes:
        resources: Lookup tables, for `rnnzoo.export`; it needs none.
    """

    resources = ()

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

        A sentence ends at a full stop, `!`, `?` or their runs, with the quotes
        and brackets that close after them; at HTML line breaks (`<br>`, `<p>`)
        and blank lines. It does not end at a dot that belongs to a word
        (`Mr.`, `10.5`), or where an ellipsis or closing quote is followed by a
        small letter. `U.S.`, initials and `etc.` end it if a typical first
        word follows. The sentences of words and of characters are the same.

        Args:
            texts: String tensor `(n,)`, or a list of strings.
            max_words: Most tokens of a sentence. A longer one goes on in the
                next, so that nothing is lost. `None` for no limit.

        Returns:
            `Tokens` of ragged shape `(n, None, None)`: texts, sentences,
            tokens. No sentence is empty; an empty text has none.
        """
        check_positive("max_words", max_words, optional=True)
        tokens, places = self._split(texts, sentences=True)
        rows = tokens.words.value_rowids()
        # A token opens a sentence where a break lay before it, or if the one
        # before is of another text. Rolling takes the last for the one before
        # the first: also not its neighbour.
        opens = places - tf.roll(places, 1, 0) != 1
        opens |= rows != tf.roll(rows, 1, 0)
        return into_sentences(tokens, opens, max_words)

    def to_count(self, texts):
        """What `learn` takes the counts of: the tokens, ragged `(n, None)`."""
        return self(texts).words

    def learn(self, counts, size=None, min_count=1):
        """The tokens of a vocabulary; see `Vocabulary.from_counts`."""
        return Vocabulary.from_counts(counts, size, min_count).tokens

    def join(self, tokens):
        """Texts from their tokens.

        Words are joined by spaces, but none is left before a full stop or
        after an opening bracket. What the tokenizer drops, such as line
        breaks, does not come back.

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
        # Without validation, whose assertions would keep columns alive that
        # nobody asked for.
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
        words, starts, ends = _pieces(marked, keep_blanks=characters)
        if characters:
            blank = tf.strings.regex_replace(words.values, r"^[ \n]+$", " ")
            words = words.with_values(blank)
            if self.lowercase:
                words = words.with_values(lower(words.values))
        else:
            # The same words, for less: whole texts are lowered, blanks never
            # become pieces, and inside a tf.function where nobody asks for
            # offsets the above is pruned.
            words = tf.strings.split(
                lower(marked) if self.lowercase else marked
            )
        return Tokens(words, starts, ends)


def _pieces(marked, keep_blanks):
    """What lies between the marks, with starts and ends, all ragged.

    Blanks are dropped, or kept where both neighbours are visible.
    """
    spaced = tf.strings.regex_replace(marked, r"[ \n]+", CUT + r"\0" + CUT)
    pieces = tf.strings.split(spaced, CUT)
    pieces = tf.ragged.boolean_mask(pieces, pieces != "")
    values, rows = pieces.values, pieces.value_rowids()
    breaks = values == BREAK
    lengths = tf.strings.length(values, unit="UTF8_CHAR")
    lengths = tf.where(breaks, 0, lengths)  # Marks are not of the text.
    ends = tf.cumsum(lengths)
    starts = ends - lengths
    before = tf.gather(tf.concat([starts, [0]], 0), pieces.row_starts())
    before = tf.gather(before, rows)
    blanks = tf.strings.strip(values) == ""
    keep = ~blanks
    if keep_blanks:
        visible = ~(blanks | breaks)
        keep |= _neighbour(visible, rows, 1) & _neighbour(visible, rows, -1)
    keep = pieces.with_values(keep)
    return tuple(
        tf.ragged.boolean_mask(pieces.with_values(column), keep)
        for column in (values, starts - before, ends - before)
    )


def _neighbour(flags, rows, shift):
    """The flag of the next piece to the left (1) or right (-1) in the row."""
    # Rolling wraps round, and so might find the same row at its other end.
    place = tf.range(tf.size(rows)) - shift
    inside = (place >= 0) & (place < tf.size(rows))
    return tf.roll(flags, shift, 0) & (tf.roll(rows, shift, 0) == rows) & inside
