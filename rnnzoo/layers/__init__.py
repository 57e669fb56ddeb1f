"""Keras layers; they never see a string, a vocabulary or a dataset."""

from rnnzoo.layers.bidirectional import Bidirectional
from rnnzoo.layers.crf import CRF
from rnnzoo.layers.dropout import EmbeddingDropout, VariationalDropout
from rnnzoo.layers.hierarchical import HierarchicalAttention
from rnnzoo.layers.pooling import AttentionPooling, MaxPooling, MeanPooling
from rnnzoo.layers.recurrent import GRU, LSTM, SimpleRNN
from rnnzoo.layers.sequence import SequenceEncoder
from rnnzoo.layers.stack import Stack

__all__ = [
    "CRF",
    "GRU",
    "LSTM",
    "AttentionPooling",
    "Bidirectional",
    "EmbeddingDropout",
    "HierarchicalAttention",
    "MaxPooling",
    "MeanPooling",
    "SequenceEncoder",
    "SimpleRNN",
    "Stack",
    "VariationalDropout",
]
