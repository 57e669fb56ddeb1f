"""How good written texts are, beside references that people wrote."""

import dataclasses
import math
import re
from collections import Counter
from typing import NamedTuple

import numpy as np

CIDER_ORDER = 4  # Words in the longest n-grams.
CIDER_SIGMA = 6.0  # In words, of the penalty of another length.

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
    | \w+(?:(?:[-/&@.]|(?!{_ENDING})')\w+)*         # three-year-old, o'clock
    | [$%&\#+=@*]
    """,
    re.VERBOSE,
)


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
        max_order: Words in the longest n-grams.

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
    streams = [
        [each[place] if place < len(each) else None for each in references]
        for place in range(max(map(len, references)))
    ]
    result = metric.corpus_score(list(hypotheses), streams)
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


def cider_d(hypotheses, references):
    """CIDEr-D of each hypothesis.

    Vedantam et al. 2015, sections 3 and 7. Each text has, for n-grams of one
    to four words, a vector `g` of counts times `log(images / images of whose
    references one has the n-gram)`. With the words `l` of hypothesis `c` and
    reference `s`,

        10 exp(-(l(c) - l(s))^2 / (2 * 6^2)) min(g(c), g(s)) g(s)
            / (|g(c)| |g(s)|)

    is averaged over the references and the four vectors. Words are not
    stemmed, as in the scorer of the COCO challenge.

    Args:
        hypotheses: List of strings; blanks are between their words. See
            `coco_tokenize`.
        references: List of lists of strings, the references of each
            hypothesis; their numbers may differ. An n-gram that is said of
            every image weighs nothing: the score of a single image is 0.

    Returns:
        float64 array, in 0..10. The corpus's score is its mean.

    Raises:
        ValueError: As `bleu`.
    """
    _check(hypotheses, references)
    counts = [[_count_ngrams(text) for text in texts] for texts in references]
    images = Counter(ngram for each in counts for ngram in set().union(*each))
    weights = {
        ngram: math.log(len(references) / count)
        for ngram, count in images.items()
    }
    unseen = math.log(len(references))

    def weigh(counts):
        vectors = [{} for _ in range(CIDER_ORDER)]
        for ngram, count in counts.items():
            vectors[len(ngram) - 1][ngram] = count * weights.get(ngram, unseen)
        return vectors

    scores = []
    for text, texts, each in zip(hypotheses, references, counts, strict=True):
        hypothesis = weigh(_count_ngrams(text))
        similarities = [
            _length_penalty(text, other)
            * np.mean(list(map(_cosine, hypothesis, weigh(reference))))
            for other, reference in zip(texts, each, strict=True)
        ]
        scores.append(10 * np.mean(similarities))
    return np.array(scores)


@dataclasses.dataclass(frozen=True)
class CaptionScores:
    """What `score_captions` returns; printed, a small table.

    Attributes:
        bleu: `Bleu`, with BLEU-1 to BLEU-4 in its `scores`.
        cider_d: CIDEr-D, the mean over the captions.
        words: Mean number of words of a caption, punctuation left out.
        reference_words: The same of the references.
        vocabulary: How many different words the captions have.
        distinct: Share of the captions that are left without repetitions.
    """

    bleu: Bleu
    cider_d: float
    words: float
    reference_words: float
    vocabulary: int
    distinct: float

    def __str__(self):
        expected = f"{self.reference_words:.1f} in references"
        rows = {
            f"BLEU-{order}": f"{score:.1f}"
            for order, score in enumerate(self.bleu.scores, start=1)
        } | {
            "CIDEr-D": f"{self.cider_d:.3f}",
            "words": f"{self.words:.1f} a caption, {expected}",
            "vocabulary": f"{self.vocabulary:,}",
            "distinct": f"{self.distinct:.1%}",
            "signature": self.bleu.signature,
        }
        return "\n".join(f"{name:<12}{row}" for name, row in rows.items())


def score_captions(captions, references):
    """Captions beside all their references, as is usual for images.

    Words are those of `coco_tokenize`, of captions and references alike.
    BLEU's signature therefore names the tokenizer "none".

    Args:
        captions: List of strings.
        references: List of lists of strings, the references of each caption.

    Returns:
        `CaptionScores`.

    Raises:
        ValueError, ImportError: As `bleu`.
    """
    _check(captions, references)
    captions = list(map(coco_tokenize, captions))
    references = [list(map(coco_tokenize, each)) for each in references]
    words = [caption.split() for caption in captions]
    expected = [len(text.split()) for each in references for text in each]
    return CaptionScores(
        bleu=bleu(captions, references, tokenize="none"),
        cider_d=float(np.mean(cider_d(captions, references))),
        words=float(np.mean(list(map(len, words)))),
        reference_words=float(np.mean(expected)),
        vocabulary=len(set().union(*words)),
        distinct=len(set(captions)) / len(captions),
    )


def coco_tokenize(text):
    """A text as the scorer of the COCO challenge reads it.

    In lower case, in words of the Penn Treebank ("do n't", "dog 's",
    "three-year-old"), without punctuation. Of what people write of pictures
    in English, it makes what the challenge's own tokenizer, Stanford's, does;
    rare abbreviations and slang aside, and brackets, of which that one leaves
    words like "-lrb-".

    Returns:
        The words, joined by blanks.
    """
    return " ".join(_TOKENS.findall(text.lower().replace("’", "'")))


def _check(hypotheses, references):
    if not len(hypotheses):
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
        if isinstance(each, str) or not len(each):
            raise ValueError(
                "Invalid value for argument `references`. Expected lists of "
                f"at least one string. Received: references[{place}]={each!r}"
            )


def _geometric_mean(values):
    if not all(values):
        return 0.0
    return math.exp(sum(map(math.log, values)) / len(values))


def _count_ngrams(text):
    words = text.split()
    return Counter(
        tuple(words[start : start + order])
        for order in range(1, CIDER_ORDER + 1)
        for start in range(len(words) - order + 1)
    )


def _cosine(hypothesis, reference):
    """Of vectors as dicts, no number of the first above the second's."""
    product = sum(
        min(value, reference[ngram]) * reference[ngram]
        for ngram, value in hypothesis.items()
        if ngram in reference
    )
    norms = math.hypot(*hypothesis.values()) * math.hypot(*reference.values())
    return product / norms if norms else 0.0


def _length_penalty(hypothesis, reference):
    difference = len(hypothesis.split()) - len(reference.split())
    return math.exp(-(difference**2) / (2 * CIDER_SIGMA**2))


def _sacrebleu():
    try:
        import sacrebleu
    except ImportError as error:
        raise ImportError(
            "Scoring with BLEU needs sacreBLEU. Expected it to be installed: "
            '`pip install "rnnzoo[scoring]"`.'
        ) from error
    return sacrebleu
