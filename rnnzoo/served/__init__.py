"""Exported SavedModels that answer files of rows, with TensorFlow alone."""

from rnnzoo.served.model import Answer, Served
from rnnzoo.served.parts import Scoring, Summary, score

__all__ = ["Answer", "Scoring", "Served", "Summary", "score"]
