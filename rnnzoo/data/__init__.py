"""A user's own files as examples: tables, tagged words, pairs, captions."""

from rnnzoo.data.files import SUFFIXES, read
from rnnzoo.data.table import Table

__all__ = ["SUFFIXES", "Table", "read"]
