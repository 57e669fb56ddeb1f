"""Keras layers; they never see a string, a vocabulary or a dataset."""

from rnnzoo.layers.dropout import EmbeddingDropout, VariationalDropout

__all__ = ["EmbeddingDropout", "VariationalDropout"]
