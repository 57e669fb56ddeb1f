"""How good written texts are, beside references that people wrote."""

import math
from typing import NamedTuple


class Bleu(NamedTuple):
    """What `bleu` returns.

    Attributes:
        score: Of the highest order, in 0..100.
        scores: Of each order, BLEU-1 to BLEU-`max_order`.
        precisions: Of n-grams of each order, in 0..100.
        brevity_penalty: Factor in 0..1.
        signature: How it was counted, as sacreBLEU writes it.
    """

    score: float
    scores: tuple
    precisions: tuple
    brevity_penalty: float
    signature: str


def bleu(hypotheses, references, tokenize="13a", lowercase=False, max_order=4):
    """BLEU of a corpus, counted by sacreBLEU.

    Papineni et al. 2002, Post 2018. Of several references an n-gram may be in
    any, and the length nearest to the hypothesis's counts.

    Args:
        hypotheses: List of strings.
        references: List of lists of strings, the references of each
            hypothesis; their numbers may differ.
        tokenize: Name of a tokenizer of sacreBLEU; `"none"` splits at blanks.
        lowercase: Whether case does not matter.
        max_order: Longest n-grams counted.

    Returns:
        `Bleu`.

    Raises:
        ValueError: If there is no hypothesis, if one has no reference, or if
            the numbers differ.
        ImportError: If sacreBLEU is not installed.
    """
    _check(hypotheses, references)
    metric = _sacrebleu().BLEU(
        tokenize=tokenize,
        lowercase=lowercase,
        max_ngram_order=max_order,
        force=True,  # Tokenized text is no mistake that calls for a warning.
    )
    most = max(map(len, references))
    streams = [
        [each[place] if place < len(each) else None for each in references]
        for place in range(most)
    ]
    result = metric.corpus_score(list(hypotheses), streams)
    scores = tuple(
        _geometric_mean(result.precisions[:order]) * result.bp
        for order in range(1, max_order + 1)
    )
    return Bleu(
        score=scores[-1],
        scores=scores,
        precisions=tuple(result.precisions),
        brevity_penalty=result.bp,
        signature=str(metric.get_signature()),
    )


def _check(hypotheses, references):
    if not hypotheses:
        raise ValueError(
            "Invalid value for argument `hypotheses`. Expected at least one. "
            "Received none."
        )
    if len(references) != len(hypotheses):
        raise ValueError(
            "Invalid value for argument `references`. Expected a list of "
            f"references for each hypothesis, {len(hypotheses)}. Received: "
            f"{len(references)}"
        )
    for place, each in enumerate(references):
        if isinstance(each, str) or not each:
            raise ValueError(
                "Invalid value for argument `references`. Expected lists of "
                f"at least one string. Received: references[{place}]={each!r}"
            )


def _geometric_mean(values):
    if not all(values):
        return 0.0
    return math.exp(sum(map(math.log, values)) / len(values))


def _sacrebleu():
    try:
        import sacrebleu
    except ImportError as error:
        raise ImportError(
            "Scoring with BLEU needs sacreBLEU. Expected it to be installed: "
            '`pip install "rnnzoo[scoring]"`.'
        ) from error
    return sacrebleu
