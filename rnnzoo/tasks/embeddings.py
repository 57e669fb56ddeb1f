"""Embeddings of a vocabulary that `adapt` learns."""

from rnnzoo.text.word_vectors import PretrainedWords


def most_ids(embedding, vocabulary_size):
    """The most ids of a vocabulary that fit, or `None` if any number does.

    Args:
        embedding: Layer with an `input_dim`, which is `None` if the layer
            shall have as many rows as there are ids.
        vocabulary_size: The user's limit, or `None`.
    """
    limits = (embedding.input_dim, vocabulary_size)
    return min((each for each in limits if each is not None), default=None)


def size_embedding(embedding, count):
    """Gives an embedding without a size as many rows as there are ids.

    Raises:
        ValueError: If it has fewer rows than there are ids.
    """
    if embedding.input_dim is None:
        embedding.input_dim = count
    if embedding.input_dim < count:
        raise ValueError(
            f"The vocabulary has {count:,} ids, and the embedding "
            f"{embedding.name!r} only {embedding.input_dim:,} rows. Expected a "
            "row for each id; `input_dim=None` makes as many."
        )


class WithWordVectors:
    """A task one of whose embeddings may begin with pretrained word vectors.

    The task has `embeddings`, a source of word vectors or `None`, and
    `word_embedding`, the layer.
    """

    @property
    def word_vectors(self):
        """`rnnzoo.text.PretrainedWords`, or `None`."""
        if self.embeddings is None:
            return None
        return PretrainedWords(self.embeddings)

    def learning_rates(self):
        if self.embeddings is None or not self.word_embedding.trainable:
            return {}
        return {self.word_embedding.name: self.recipe.vectors_rate}

    def take_with_vectors(self, tokens, counts, verbose, **learned):
        """Takes what was learned, and puts word vectors into the embedding.

        Args:
            tokens: Tokens from id 2 on.
            counts: Dict of a token to how often it occurs.
            verbose: Whether to show progress and what was found.
            **learned: What `take` gets besides the vocabulary.
        """
        vectors = self.word_vectors
        if vectors is not None:  # read first: the file may be broken
            vectors = vectors.load(tokens, counts, verbose)
        self.take(vocabulary=tokens, **learned)
        if vectors is not None:
            self.word_embedding.embeddings.assign(vectors)
