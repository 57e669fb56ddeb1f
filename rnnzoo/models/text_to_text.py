"""The base of all models that read a text and write another."""

from rnnzoo.checks import check_positive
from rnnzoo.models.embeddings import token_embedding
from rnnzoo.models.tokenizers import tokenizer_of


def text_to_text(
    kind,
    encoder,
    decoder,
    *,
    embedding_dim,
    options,
    vocabulary_size=5_000,
    target_vocabulary_size=5_000,
    min_count=2,
    word_dropout=0.1,
    label_smoothing=0.1,
    max_length=100,
    length_penalty=1.0,
    unit="subword",
    lowercase=False,
):
    """A task that reads a text and writes another.

    Args:
        kind: Subclass of `rnnzoo.tasks.TextToText`.
        encoder: Layer; see there.
        decoder: Function of the embedding of the target's tokens that returns
            a decoder.
        embedding_dim: Size of the token vectors.
        options: Dict of further arguments of the task.
        vocabulary_size: Most ids of the source, with those of padding and of
            unknown tokens.
        target_vocabulary_size: Most ids of the target, with those of padding,
            unknown tokens, start and end.
        min_count: Tokens seen less often are unknown; of subwords, characters.
        word_dropout: Rate at which types of tokens are dropped.
        label_smoothing: Share of a target's probability that the others get.
        max_length: Most tokens read of a text, and written.
        length_penalty: Exponent of the length in scores.
        unit: What a token is: `"subword"`, a piece of a word, which adapting
            learns with SentencePiece; `"word"` or `"character"`.
        lowercase: Whether texts are lower-cased.
    """
    check_positive("vocabulary_size", vocabulary_size)
    check_positive("target_vocabulary_size", target_vocabulary_size)
    return kind(
        token_embedding(embedding_dim),
        encoder,
        decoder(token_embedding(embedding_dim)),
        tokenizer=tokenizer_of(unit, lowercase),
        vocabulary_size=vocabulary_size,
        target_vocabulary_size=target_vocabulary_size,
        min_count=min_count,
        word_dropout=word_dropout,
        label_smoothing=label_smoothing,
        max_length=max_length,
        length_penalty=length_penalty,
        **options,
    )
