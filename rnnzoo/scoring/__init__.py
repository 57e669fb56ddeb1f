"""Scores of what models wrote or found, by what people wrote or found."""

from rnnzoo.scoring.captions import (
    CIDER_ORDER,
    CIDER_SIGMA,
    CaptionScores,
    cider_d,
    score_captions,
)
from rnnzoo.scoring.corpus import (
    TOKENIZERS,
    Bleu,
    Chrf,
    bleu,
    chrf,
    share_with_ngrams,
)
from rnnzoo.scoring.correlation import pearson, spearman
from rnnzoo.scoring.ranking import mean_average_precision, mean_reciprocal_rank
from rnnzoo.scoring.summaries import Rouge, rouge
from rnnzoo.scoring.words import coco_tokenize, rouge_tokenize, tokenizer_for

__all__ = [
    "CIDER_ORDER",
    "CIDER_SIGMA",
    "TOKENIZERS",
    "Bleu",
    "CaptionScores",
    "Chrf",
    "Rouge",
    "bleu",
    "chrf",
    "cider_d",
    "coco_tokenize",
    "mean_average_precision",
    "mean_reciprocal_rank",
    "pearson",
    "rouge",
    "rouge_tokenize",
    "score_captions",
    "share_with_ngrams",
    "spearman",
    "tokenizer_for",
]
