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


def exact_tokenizer_of(unit, lowercase):
    """A tokenizer of texts that a model writes as they were.

    Args:
        unit: `"space"`, what stands between spaces, or `"character"`, each of
            them; or `"word"` or `"subword"`, as of `tokenizer_of`.
        lowercase: Whether texts are lower-cased.
    """
    from rnnzoo.text import PlainTokenizer

    check_choice("unit", unit, ("space", "word", "subword", "character"))
    if unit in ("space", "character"):
        return PlainTokenizer(unit, lowercase)
    return tokenizer_of(unit, lowercase)
