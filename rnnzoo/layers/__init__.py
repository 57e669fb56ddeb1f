"""Keras layers; they never see a string, a vocabulary or a dataset."""

from rnnzoo.layers.crf import CRF
from rnnzoo.layers.dropout import EmbeddingDropout, VariationalDropout
from rnnzoo.layers.hierarchical import HierarchicalAttention
from rnnzoo.layers.pooling import AttentionPooling, MaxPooling, MeanPooling
from rnnzoo.layers.sequence import SequenceEncoder

__all__ = [
    "AttentionPooling",
    "CRF",
    "EmbeddingDropout",
    "HierarchicalAttention",
    "MaxPooling",
    "MeanPooling",
    "SequenceEncoder",
    "VariationalDropout",
]
