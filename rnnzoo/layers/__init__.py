"""Recurrent layers for Keras, and the layers that belong to them.

Layers see tensors only, never a string, a vocabulary or a dataset.
"""

from rnnzoo.layers.backbone import RecurrentBackbone
from rnnzoo.layers.bahdanau import BahdanauAttention
from rnnzoo.layers.bidirectional import Bidirectional
from rnnzoo.layers.characters import CharCNN, CharLSTM
from rnnzoo.layers.contextual import ContextualEmbedding, LanguageEncoder
from rnnzoo.layers.convolution import (
    ConvolutionalDecoder,
    ConvolutionalEncoder,
)
from rnnzoo.layers.crf import CRF
from rnnzoo.layers.crf_model import CRFModel
from rnnzoo.layers.decoder import AttentionDecoder
from rnnzoo.layers.documents import DocumentAttention, DocumentEncoder
from rnnzoo.layers.dropout import (
    EmbeddingDropout,
    StepDropout,
    VariationalDropout,
)
from rnnzoo.layers.embedding import Embedding
from rnnzoo.layers.esim import ESIM
from rnnzoo.layers.gated_convolution import NormedConvolution
from rnnzoo.layers.hierarchical import HierarchicalAttention
from rnnzoo.layers.image_memory import ImageMemory
from rnnzoo.layers.luong import LuongAttention
from rnnzoo.layers.memory_network import MemoryNetwork
from rnnzoo.layers.multi_head import MultiHeadAttention
from rnnzoo.layers.pooling import (
    AttentionPooling,
    ConcatPooling,
    LastPooling,
    MaxPooling,
    MeanPooling,
    SelfAttentionPooling,
)
from rnnzoo.layers.recurrent import GRU, LSTM, SimpleRNN
from rnnzoo.layers.sequence import SequenceEncoder
from rnnzoo.layers.siamese import Siamese
from rnnzoo.layers.softmax import AdaptiveSoftmax, TokenSoftmax
from rnnzoo.layers.stack import Stack
from rnnzoo.layers.story_reader import StoryReader
from rnnzoo.layers.transformer import TransformerDecoder, TransformerEncoder
from rnnzoo.layers.transformer_block import TransformerBlock
from rnnzoo.layers.words import WordFeatures

__all__ = [
    "CRF",
    "ESIM",
    "GRU",
    "LSTM",
    "AdaptiveSoftmax",
    "AttentionDecoder",
    "AttentionPooling",
    "BahdanauAttention",
    "Bidirectional",
    "CRFModel",
    "CharCNN",
    "CharLSTM",
    "ConcatPooling",
    "ContextualEmbedding",
    "ConvolutionalDecoder",
    "ConvolutionalEncoder",
    "DocumentAttention",
    "DocumentEncoder",
    "Embedding",
    "EmbeddingDropout",
    "HierarchicalAttention",
    "ImageMemory",
    "LanguageEncoder",
    "LastPooling",
    "LuongAttention",
    "MaxPooling",
    "MeanPooling",
    "MemoryNetwork",
    "MultiHeadAttention",
    "NormedConvolution",
    "RecurrentBackbone",
    "SelfAttentionPooling",
    "SequenceEncoder",
    "Siamese",
    "SimpleRNN",
    "Stack",
    "StepDropout",
    "StoryReader",
    "TokenSoftmax",
    "TransformerBlock",
    "TransformerDecoder",
    "TransformerEncoder",
    "VariationalDropout",
    "WordFeatures",
]
