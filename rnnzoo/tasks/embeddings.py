"""Embeddings of a vocabulary that `adapt` learns."""

import itertools

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

    Attributes of the class:
        counted: Name of the counts of the words.
    """

    counted = "text"

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

    def embedded(self):
        return {**super().embedded(), "vocabulary": self.word_embedding}

    def begin(self, learned, counts, verbose=1):
        vectors = self.word_vectors
        if vectors is None:
            return super().begin(learned, counts, verbose)
        tokens = learned["vocabulary"]
        # Read first: the file may be broken.
        matrix, found = vectors.load(
            tokens, counts[self.counted].counts, verbose, return_found=True
        )
        super().begin(learned, counts, verbose)
        self.word_embedding.embeddings.assign(matrix)
        return {"vocabulary": set(itertools.compress(tokens, found))}
