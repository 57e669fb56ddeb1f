"""Raw strings to tokens and ids, and back."""

from rnnzoo.text.counts import Counts, TokenCounter
from rnnzoo.text.plain import PlainTokenizer
from rnnzoo.text.rhymes import RhymeTable
from rnnzoo.text.strings import (
    as_text,
    check_texts,
    in_graph,
    lower,
    traced_texts,
)
from rnnzoo.text.subwords import SubwordTokenizer
from rnnzoo.text.tokenizer import Tokenizer
from rnnzoo.text.tokens import TokenizerProtocol, Tokens
from rnnzoo.text.vocabulary import Vocabulary
from rnnzoo.text.word_vectors import PretrainedWords

__all__ = [
    "Counts",
    "PlainTokenizer",
    "PretrainedWords",
    "RhymeTable",
    "SubwordTokenizer",
    "TokenCounter",
    "Tokenizer",
    "TokenizerProtocol",
    "Tokens",
    "Vocabulary",
    "as_text",
    "check_texts",
    "in_graph",
    "lower",
    "traced_texts",
]
