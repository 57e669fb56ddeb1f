"""Tokenizers by the name of their unit."""

from rnnzoo.checks import check_choice


def tokenizer_of(unit, lowercase):
    """A tokenizer of words, characters or subwords.

    Args:
        unit: `"word"`, `"character"` or `"subword"`.
        lowercase: Whether texts are lower-cased.
    """
    from rnnzoo.text import SubwordTokenizer, Tokenizer

    check_choice("unit", unit, ("subword", "word", "character"))
    if unit == "subword":
        return SubwordTokenizer(lowercase)
    return Tokenizer(unit, lowercase)
