"""Tasks whose words have ids of one vocabulary."""

from rnnzoo import text
from rnnzoo.checks import check_positive
from rnnzoo.tasks.embeddings import most_ids, size_embedding


class WithVocabulary:
    """A task that reads the tokens of one vocabulary, which `adapt` learns.

    The task has `word_embedding`, the layer that has a vector for each id.

    Args:
        *args, **kwargs: Of the kind of task.
        max_words: Most tokens that are read of a text, or of a sentence.
        tokenizer: `rnnzoo.text.Tokenizer` or `rnnzoo.text.SubwordTokenizer`;
            words in lower case by default.
        vocabulary_size: Most ids that `adapt` gives out, those of padding and
            unknown tokens included.
        min_count: Tokens seen less often in `adapt` are unknown.
    """

    lends = ("tokenizer",)

    def __init__(
        self,
        *args,
        max_words=None,
        tokenizer=None,
        vocabulary_size=None,
        min_count=1,
        **kwargs,
    ):
        super().__init__(*args, **kwargs)
        check_positive("max_words", max_words, optional=True)
        check_positive("vocabulary_size", vocabulary_size, optional=True)
        check_positive("min_count", min_count)
        self.max_words = max_words
        self.tokenizer = tokenizer or text.Tokenizer()
        self.vocabulary_size = vocabulary_size
        self.min_count = min_count
        self.vocabulary = None

    @property
    def adapted(self):
        return self.vocabulary is not None

    @property
    def learned(self):
        tokens = self.vocabulary.tokens if self.adapted else None
        return {"vocabulary": tokens}

    def count_tokens(self, texts, counts):
        """Counts the tokens of texts; see `count`."""
        counts["text"].update(self._to_count(texts))

    def learn_tokens(self, counts):
        """The tokens of a vocabulary, from the counts of all examples."""
        return self.tokenizer.learn(
            counts["text"].counts,
            most_ids(self.word_embedding, self.vocabulary_size),
            self.min_count,
        )

    def take_tokens(self, tokens):
        """Takes the tokens of the vocabulary, from id 2 on; see `take`."""
        self.vocabulary = text.Vocabulary(tokens)
        size_embedding(self.word_embedding, len(self.vocabulary))

    @text.traced_texts
    def _to_count(self, texts):
        return self.tokenizer.to_count(texts)

    def get_config(self):
        return {
            **super().get_config(),
            "max_words": self.max_words,
            "vocabulary_size": self.vocabulary_size,
            "min_count": self.min_count,
        }
