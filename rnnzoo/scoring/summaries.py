"""ROUGE of summaries, counted by rouge-score."""

from importlib import metadata
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from rnnzoo.scoring.corpus import check_references
from rnnzoo.scoring.words import rouge_tokenize
from rnnzoo.text import Tokenizer

KINDS = ("rouge1", "rouge2", "rougeLsum")
LONGEST_UNSTEMMED = 3  # as in rouge-score's own tokenizer


class Rouge(NamedTuple):
    """ROUGE of a corpus.

    Attributes:
        scores: Dict of `rouge1`, `rouge2` and `rougeLsum`: mean F-scores, in
            0..100.
        signature: The settings of the count.
    """

    scores: dict
    signature: str


def rouge(hypotheses, references, stem=False):
    """ROUGE-1, ROUGE-2 and ROUGE-L of summaries, counted by rouge-score.

    Lin 2004. The F-scores of words, of pairs of words, and of the longest
    common subsequences of sentences, `rougeLsum`: what papers call ROUGE-L.
    (rouge-score's `rougeL` takes a summary for one sentence.) Of several
    references, the best one counts.

    rouge-score's own tokenizer knows ASCII only: Chinese scores 0, and "Grüße"
    equals "Größe". That of `rnnzoo.scoring.rouge_tokenize` makes the same
    tokens of ASCII. Sentences end at line breaks and where
    `rnnzoo.text.Tokenizer` says.

    Args:
        hypotheses: List of strings.
        references: List of lists of strings, the references of each
            hypothesis.
        stem: Whether words of more than three letters are compared by their
            stems, by Porter's rules for English.

    Returns:
        `Rouge`.

    Raises:
        ValueError: If there is no hypothesis, if one has no reference, or if
            there are not as many lists of references as hypotheses.
        ImportError: If rouge-score is not installed.

    Examples:

    >>> from rnnzoo.scoring import rouge
    >>> found = rouge(["The cat sat."], [["The cat sat on the mat."]])
    >>> {name: round(score, 1) for name, score in found.scores.items()}
    {'rouge1': 66.7, 'rouge2': 57.1, 'rougeLsum': 66.7}
    >>> found.signature
    'nrefs:1|case:lc|tok:unicode|stem:no|sent:rnnzoo|version:...'
    """
    check_references(hypotheses, references)
    rouge_scorer = _rouge_score()
    scorer = rouge_scorer.RougeScorer(KINDS, tokenizer=_Words(stem))
    counts = list(map(len, references))
    flat = [text for each in references for text in each]
    lined = iter(_in_lines([*hypotheses, *flat]))
    hypotheses = [next(lined) for _ in hypotheses]
    found = [
        scorer.score_multi([next(lined) for _ in range(count)], hypothesis)
        for hypothesis, count in zip(hypotheses, counts, strict=True)
    ]
    scores = {
        kind: 100 * float(np.mean([each[kind].fmeasure for each in found]))
        for kind in KINDS
    }
    return Rouge(scores, _signature(counts, stem))


class _Words:
    """A tokenizer as rouge-score takes it."""

    def __init__(self, stem):
        self.stem = None
        if stem:
            from nltk.stem import porter  # which rouge-score needs

            self.stem = porter.PorterStemmer().stem

    def tokenize(self, text):
        words = rouge_tokenize(text).split()
        if self.stem is None:
            return words
        return [
            self.stem(word) if len(word) > LONGEST_UNSTEMMED else word
            for word in words
        ]


def _in_lines(texts):
    """Texts with each of their sentences on a line."""
    paragraphs = [each.replace("\n", "\n\n") for each in texts]
    tokens = Tokenizer().sentences(tf.constant(paragraphs, tf.string))
    starts, ends = (
        reduce(column, axis=2).to_list()
        for reduce, column in (
            (tf.reduce_min, tokens.starts),
            (tf.reduce_max, tokens.ends),
        )
    )
    return [
        "\n".join(
            text[start:end].replace("\n", " ")
            for start, end in zip(*places, strict=True)
        )
        for text, *places in zip(paragraphs, starts, ends, strict=True)
    ]


def _signature(counts, stem):
    number = counts[0] if len(set(counts)) == 1 else "var"
    settings = {
        "nrefs": number,
        "case": "lc",
        "tok": "unicode",
        "stem": "porter" if stem else "no",
        "sent": "rnnzoo",
        "version": metadata.version("rouge-score"),
    }
    return "|".join(f"{name}:{value}" for name, value in settings.items())


def _rouge_score():
    try:
        from rouge_score import rouge_scorer
    except ImportError as error:
        raise ImportError(
            "Scoring with ROUGE needs rouge-score. Install it with "
            '`pip install "rnnzoo[scoring]"`.'
        ) from error
    return rouge_scorer
