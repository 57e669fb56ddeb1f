"""BLEU and chrF of texts, counted by sacreBLEU."""

import math
import warnings
from typing import NamedTuple

from rnnzoo.checks import check_choice
from rnnzoo.scoring.words import tokenizer_for

# Of sacreBLEU, and the choice of one by the script of the references.
TOKENIZERS = (
    *("auto", "13a", "zh", "char", "intl", "none", "spm"),
    *("ja-mecab", "ko-mecab", "flores101", "flores200"),
)
BLEU_ORDER = 4  # Words in the longest n-grams.


class Bleu(NamedTuple):
    """BLEU of a corpus, and the numbers that it is made of.

    Attributes:
        score: BLEU of the highest order, in 0..100.
        scores: BLEU of each order, BLEU-1 to BLEU-`max_order`.
        precisions: Share of right n-grams of each order, in 0..100.
        brevity_penalty: Factor in 0..1.
        signature: The settings of the count, as sacreBLEU writes them.
    """

    score: float
    scores: tuple
    precisions: tuple
    brevity_penalty: float
    signature: str


class Chrf(NamedTuple):
    """chrF of a corpus.

    Attributes:
        score: chrF, in 0..100.
        signature: The settings of the count, as sacreBLEU writes them.
    """

    score: float
    signature: str


def bleu(
    hypotheses,
    references,
    tokenize="auto",
    lowercase=False,
    max_order=BLEU_ORDER,
):
    """BLEU of a corpus, counted by sacreBLEU.

    Papineni et al. 2002, Post 2018. With several references, an n-gram is
    right if any of them has it, and the reference whose length is nearest to
    that of the hypothesis counts for the brevity penalty. A warning says
    where all references are too short for the longest n-grams.

    Args:
        hypotheses: List of strings.
        references: List of lists of strings, the references of each
            hypothesis; their numbers may differ.
        tokenize: Name of a tokenizer of sacreBLEU; `"none"` splits at spaces,
            `"auto"` is that of `tokenizer_for`.
        lowercase: Whether to ignore case.
        max_order: Words in the longest n-grams.

    Returns:
        `Bleu`.

    Raises:
        ValueError: If there is no hypothesis, if one has no reference, if
            there are not as many lists of references as hypotheses, or if the
            tokenizer is not known.
        ImportError: If sacreBLEU is not installed.

    Examples:

    >>> from rnnzoo.scoring import bleu
    >>> result = bleu(["the cat sat on a mat"], [["the cat sat on the mat"]])
    >>> round(result.score, 1), [round(each, 1) for each in result.scores]
    (53.7, [83.3, 70.7, 63.0, 53.7])
    >>> result.signature
    'nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:...'
    """
    check_references(hypotheses, references)
    metric = _sacrebleu().BLEU(
        tokenize=_tokenizer_named(tokenize, references),
        lowercase=lowercase,
        max_ngram_order=max_order,
        force=True,  # Tokenized text is no mistake that calls for a warning.
    )
    if not share_with_ngrams(references, tokenize, max_order):
        warnings.warn(
            f"Every reference has fewer than {max_order} tokens, and so BLEU "
            "tells nothing: right texts have 0. chrF has no such limit.",
            stacklevel=2,
        )
    result = metric.corpus_score(list(hypotheses), _streams(references))
    scores = tuple(
        result.bp * _geometric_mean(result.precisions[:order])
        for order in range(1, max_order + 1)
    )
    return Bleu(
        score=scores[-1],
        scores=scores,
        precisions=tuple(result.precisions),
        brevity_penalty=result.bp,
        signature=str(metric.get_signature()),
    )


def chrf(hypotheses, references, lowercase=False):
    """chrF of a corpus, counted by sacreBLEU: an F-score of character n-grams.

    Popović 2015. It needs no words, and so suits every script and texts of any
    length.

    Args:
        hypotheses, references, lowercase: As of `bleu`.

    Returns:
        `Chrf`.

    Raises:
        ValueError, ImportError: As in `bleu`.

    Examples:

    >>> from rnnzoo.scoring import chrf
    >>> result = chrf(["我喜欢这只猫。"], [["我喜欢这只狗。"]])
    >>> round(result.score, 1), result.signature
    (49.3, 'nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:...')
    """
    check_references(hypotheses, references)
    metric = _sacrebleu().CHRF(lowercase=lowercase)
    result = metric.corpus_score(list(hypotheses), _streams(references))
    return Chrf(result.score, str(metric.get_signature()))


def share_with_ngrams(references, tokenize="auto", order=BLEU_ORDER):
    """Share of the texts whose n-grams BLEU can count.

    A right text of fewer tokens than the longest n-gram adds nothing to BLEU,
    and a longer, wrong one may.

    Args:
        references: List of lists of strings, the references of each text.
        tokenize: As of `bleu`.
        order: Words in the longest n-grams.

    Returns:
        Share, in 0..1, of the lists with a reference of so many tokens.

    Raises:
        ValueError, ImportError: As in `bleu`.

    Examples:

    >>> from rnnzoo.scoring import share_with_ngrams
    >>> share_with_ngrams([["good day"], ["how do you do"]])
    0.5
    """
    split = _sacrebleu().BLEU(tokenize=_tokenizer_named(tokenize, references))
    long_enough = [
        any(len(split.tokenizer(text).split()) >= order for text in each)
        for each in references
    ]
    return sum(long_enough) / len(long_enough)


def check_references(hypotheses, references):
    """Raises `ValueError` unless each hypothesis has references."""
    if not len(hypotheses):
        raise ValueError(
            "Invalid value for argument `hypotheses`. Expected at least one "
            "text. Received: none"
        )
    if len(references) != len(hypotheses):
        raise ValueError(
            "Invalid value for argument `references`. Expected a list for each "
            f"of the {len(hypotheses)} hypotheses. Received: {len(references)} "
            "lists"
        )
    for place, each in enumerate(references):
        if isinstance(each, str) or not len(each):
            raise ValueError(
                "Invalid value for argument `references`. Expected lists of "
                f"at least one string. Received: references[{place}]={each!r}"
            )


def _tokenizer_named(name, references):
    """The name of a tokenizer of sacreBLEU."""
    check_choice("tokenize", name, TOKENIZERS)
    return tokenizer_for(references) if name == "auto" else name


def _streams(references):
    """The first references of all texts, the second ones, ..."""
    return [
        [each[place] if place < len(each) else None for each in references]
        for place in range(max(map(len, references)))
    ]


def _geometric_mean(values):
    if not all(values):
        return 0.0
    return math.exp(sum(map(math.log, values)) / len(values))


def _sacrebleu():
    try:
        import sacrebleu
    except ImportError as error:
        raise ImportError(
            "Scoring with BLEU needs sacreBLEU. Install it with "
            '`pip install "rnnzoo[scoring]"`.'
        ) from error
    return sacrebleu
