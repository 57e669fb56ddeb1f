"""Scores of texts that models wrote, by references that people wrote."""

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
    "rouge",
    "rouge_tokenize",
    "score_captions",
    "share_with_ngrams",
    "tokenizer_for",
]
