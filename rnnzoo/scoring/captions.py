"""Scores of captions, beside all that people wrote about an image."""

import dataclasses
import math
import warnings
from collections import Counter

import numpy as np

from rnnzoo.scoring.corpus import Bleu, bleu, check_references
from rnnzoo.scoring.words import coco_tokenize

CIDER_ORDER = 4  # Words in the longest n-grams.
CIDER_SIGMA = 6.0  # In words, of the penalty of another length.


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
            is 0, with a warning.

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
    check_references(hypotheses, references)
    counts = [[_count_ngrams(text) for text in texts] for texts in references]
    images = Counter(ngram for each in counts for ngram in set().union(*each))
    weights = {
        ngram: math.log(len(references) / count)
        for ngram, count in images.items()
    }
    unseen = math.log(len(references))
    if not any(weights.values()):
        warnings.warn(
            "CIDEr-D tells nothing, and is 0: the references of every image "
            "have the same n-grams. Expected references of several images.",
            stacklevel=2,
        )

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
    check_references(captions, references)
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
