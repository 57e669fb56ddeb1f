"""Embeddings that several kinds of models begin with."""

from rnnzoo.checks import check_positive


def word_embedding(embedding_dim, embeddings, trainable):
    """An embedding of words, as large as their vocabulary will be.

    Args:
        embedding_dim: Size of the vectors.
        embeddings: Source of pretrained vectors, whose size comes first, or
            `None`.
        trainable: Whether training changes the vectors.
    """
    from rnnzoo.layers import Embedding
    from rnnzoo.text.word_vectors import PretrainedWords

    if embeddings is not None:
        embedding_dim = PretrainedWords(embeddings).dimension
    check_positive("embedding_dim", embedding_dim)
    return Embedding(None, embedding_dim, trainable=trainable)


def token_embedding(embedding_dim):
    """An embedding of tokens that a tied output layer can share.

    Its vectors begin as long as a unit vector, so that such a layer learns
    from the first step on.
    """
    import keras

    from rnnzoo.layers import Embedding

    check_positive("embedding_dim", embedding_dim)
    initializer = keras.initializers.RandomNormal(stddev=embedding_dim**-0.5)
    return Embedding(None, embedding_dim, initializer)
