"""Words as scores of texts count them, in any script."""

import re
import unicodedata

import tensorflow as tf

from rnnzoo.text.scripts import UNSPACED

CHINESE_SHARE = 0.95  # Japanese has more kana, save in headlines.

# Python's \w leaves out the marks of vowels and tones.
_MARKS = "".join(
    character
    for character in map(chr, range(0x300, 0x1F000))
    if unicodedata.category(character).startswith("M")
)
_LETTER = rf"[\w{_MARKS}\u200c\u200d]"
_WORDS = re.compile(rf"[^\W_](?:[^\W_]|[{_MARKS}\u200c\u200d])*")
_ENDING = r"'(?:s|m|d|re|ve|ll)\b"  # of contractions
_TOKENS = re.compile(
    rf"""
      n't\b
    | {_ENDING}
    | (?:mr|mrs|ms|dr|st|jr|sr)\.
    | (?:[a-z]\.){{2,}}                             # u.s.
    | \d+(?:[.,:/]\d+)+                             # 3,000.50
    | can(?=not\b)
    | \w+?(?=n't\b)                                 # do of don't
    | {_LETTER}+(?:(?:[-/&@.]|(?!{_ENDING})'){_LETTER}+)*  # o'clock, t-shirt
    | [$%&\#+=@*]
    """,
    re.VERBOSE,
)


def tokenizer_for(references):
    """The tokenizer of sacreBLEU that fits the script of references.

    sacreBLEU's default, `"13a"`, splits at spaces and punctuation. Where most
    words are of a script that puts no spaces between words, it takes a clause
    for one token; characters are tokens there instead.

    Args:
        references: List of lists of strings.

    Returns:
        `"zh"` for Chinese, which keeps numbers and Latin words whole; `"char"`
        for Japanese, Thai, Lao, Khmer, Burmese and Tibetan; else `"13a"`.

    Examples:

    >>> from rnnzoo.scoring import tokenizer_for
    >>> tokenizer_for([["The cat sat."]]), tokenizer_for([["我喜欢这只狗。"]])
    ('13a', 'zh')
    >>> tokenizer_for([["犬が好きです。"]]), tokenizer_for([["ฉันชอบสุนัข"]])
    ('char', 'char')
    """
    text = "\n".join(text for each in references for text in each)
    words = len(_rewrite(text, f"[{UNSPACED}]", " ").split())
    unspaced = _rewrite(text, f"[^{UNSPACED}]", "")
    if len(unspaced) <= words:
        return "13a"
    chinese = _rewrite(unspaced, r"\P{Han}", "")
    return "zh" if len(chinese) > CHINESE_SHARE * len(unspaced) else "char"


def coco_tokenize(text):
    """Splits a text into words as the scorer of the COCO challenge does.

    The words are in lower case and follow the Penn Treebank ("do n't", "dog
    's", "three-year-old"); punctuation is dropped. On English captions, the
    result is that of the challenge's own tokenizer, Stanford's, except for rare
    abbreviations and slang, and for brackets, which Stanford's turns into words
    like "-lrb-". In scripts without spaces between words, such as Chinese,
    Japanese and Thai, each character is a word.

    Args:
        text: String.

    Returns:
        The words, joined by spaces.

    Examples:

    >>> from rnnzoo.scoring import coco_tokenize
    >>> coco_tokenize("A dog's three-year-old owner doesn't run!")
    "a dog 's three-year-old owner does n't run"
    >>> coco_tokenize("两只狗在跑。")
    '两 只 狗 在 跑'
    """
    text = _spaced(text).lower().replace("’", "'")
    return " ".join(_TOKENS.findall(text))


def rouge_tokenize(text):
    """Splits a text into words as ROUGE compares them, in any script.

    The words are in lower case, and runs of letters and digits; punctuation is
    dropped. On ASCII, the result is that of rouge-score's own tokenizer. In
    scripts without spaces between words, such as Chinese, Japanese and Thai,
    each character is a word.

    Args:
        text: String.

    Returns:
        The words, joined by spaces.

    Examples:

    >>> from rnnzoo.scoring import rouge_tokenize
    >>> rouge_tokenize("The dog's 3.5-year-old owner, GRÜẞE!")
    'the dog s 3 5 year old owner grüße'
    >>> rouge_tokenize("两只狗在跑。")
    '两 只 狗 在 跑'
    """
    text = unicodedata.normalize("NFC", text)
    return " ".join(_WORDS.findall(_spaced(text).lower()))


def _spaced(text):
    """A text with spaces around the characters of scripts without spaces."""
    if text.isascii():
        return text
    return _rewrite(text, rf"[{UNSPACED}]\p{{M}}*", r" \0 ")


def _rewrite(text, pattern, rewrite):
    """A string rewritten by RE2, which, unlike `re`, knows scripts."""
    return tf.strings.regex_replace(text, pattern, rewrite).numpy().decode()
