"""Exported SavedModels that answer files of rows, with TensorFlow alone."""

from rnnzoo.served.model import Answer, Served
from rnnzoo.served.parts import Summary, score

__all__ = ["Answer", "Served", "Summary", "score"]
