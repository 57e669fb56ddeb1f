"""Scores of texts that models wrote, by references that people wrote."""

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


def bleu(hypotheses, references, tokenize="13a", lowercase=False, max_order=4):
    """BLEU of a corpus, counted by sacreBLEU.

    Papineni et al. 2002, Post 2018. With several references, an n-gram is
    right if any of them has it, and the reference whose length is nearest to
    that of the hypothesis counts for the brevity penalty.

    Args:
        hypotheses: List of strings.
        references: List of lists of strings, the references of each
            hypothesis; their numbers may differ.
        tokenize: Name of a tokenizer of sacreBLEU; `"none"` splits at spaces.
        lowercase: Whether to ignore case.
        max_order: Words in the longest n-grams.

    Returns:
        `Bleu`.

    Raises:
        ValueError: If there is no hypothesis, if one has no reference, or if
            there are not as many lists of references as hypotheses.
        ImportError: If sacreBLEU is not installed.

    Examples:

    >>> from rnnzoo.scoring import bleu
    >>> result = bleu(["the cat sat on a mat"], [["the cat sat on the mat"]])
    >>> round(result.score, 1), [round(each, 1) for each in result.scores]
    (53.7, [83.3, 70.7, 63.0, 53.7])
    >>> result.signature
    'nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:...'
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

    Vedantam et al. 2015, sections 3 and 7. A text has four vectors `g`, of its
    n-grams of one, two, three and four words. Each n-gram has the value

        count * log(images / images with a reference that has the n-gram)

    With the number of words `l` of hypothesis `c` and reference `s`, the score

        10 exp(-(l(c) - l(s))^2 / (2 * 6^2)) min(g(c), g(s)) . g(s)
            / (|g(c)| |g(s)|)

    is averaged over the references and the four vectors. As in the scorer of
    the COCO challenge, words are not stemmed.

    Args:
        hypotheses: List of strings, with spaces between words; see
            `coco_tokenize`.
        references: List of lists of strings, the references of each
            hypothesis; their numbers may differ. An n-gram that the references
            of every image have weighs nothing, so the score of a single image
            is 0.

    Returns:
        float64 array, in 0..10. The score of the corpus is its mean.

    Raises:
        ValueError: As in `bleu`.

    Examples:

    >>> from rnnzoo.scoring import cider_d
    >>> references = [["a red cat", "a cat"], ["two dogs", "dogs run"]]
    >>> cider_d(["a cat", "cats"], references).round(2).tolist()
    [3.51, 0.0]
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
    """The scores of captions; `print` shows them as a small table.

    Attributes:
        bleu: `Bleu`, with BLEU-1 to BLEU-4 in its `scores`.
        cider_d: CIDEr-D, the mean over the captions.
        words: Mean number of words of a caption, without punctuation.
        reference_words: Mean number of words of a reference.
        vocabulary: Number of different words in all captions.
        distinct: Number of different captions, as a share of all.
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
    """Scores captions of images by all their references.

    `coco_tokenize` splits captions and references into words, and BLEU's
    signature therefore names the tokenizer "none".

    Args:
        captions: List of strings.
        references: List of lists of strings, the references of each caption.

    Returns:
        `CaptionScores`.

    Raises:
        ValueError, ImportError: As in `bleu`.

    Examples:

    >>> from rnnzoo.scoring import score_captions
    >>> captions = ["A cat on a mat.", "Two dogs run."]
    >>> references = [["A cat is on a mat.", "The cat"], ["Dogs run fast."]]
    >>> scores = score_captions(captions, references)
    >>> scores.words, scores.vocabulary, round(scores.bleu.scores[0], 1)
    (4.0, 7, 77.2)
    >>> print(scores)
    BLEU-1      77.2
    ...
    distinct    100.0%
    signature   nrefs:var|case:mixed|eff:no|tok:none|...
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
    """Splits a text into words as the scorer of the COCO challenge does.

    The words are in lower case and follow the Penn Treebank ("do n't", "dog
    's", "three-year-old"); punctuation is dropped. On English captions, the
    result is that of the challenge's own tokenizer, Stanford's, except for rare
    abbreviations and slang, and for brackets, which Stanford's turns into words
    like "-lrb-".

    Args:
        text: String.

    Returns:
        The words, joined by spaces.

    Examples:

    >>> from rnnzoo.scoring import coco_tokenize
    >>> coco_tokenize("A dog's three-year-old owner doesn't run!")
    "a dog 's three-year-old owner does n't run"
    """
    return " ".join(_TOKENS.findall(text.lower().replace("’", "'")))


def _check(hypotheses, references):
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
    """The similarity of vectors as dicts, the first cut to the second."""
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
            "Scoring with BLEU needs sacreBLEU. Install it with "
            '`pip install "rnnzoo[scoring]"`.'
        ) from error
    return sacrebleu
