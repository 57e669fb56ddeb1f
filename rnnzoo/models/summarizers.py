"""Summarizers."""

from rnnzoo.cards import Demo, LateTask
from rnnzoo.checks import check_positive
from rnnzoo.models.embeddings import token_embedding
from rnnzoo.models.tokenizers import tokenizer_of
from rnnzoo.recipe import Recipe
from rnnzoo.registry import register

SUMMARIZATION = LateTask("summarization", "rnnzoo.tasks:Summarizer")


def _share_exact(task, data):
    """A line that says how many summaries are those that were expected.

    Args:
        task: The trained task.
        data: Examples of `rnnzoo_notices`, whose names training never showed.
    """
    expected = [each["summary"].decode() for each in data.as_numpy_iterator()]
    found = task.summarize(data)
    right = sum(map(str.__eq__, found, expected))
    return (
        f"{right / len(expected):.1%} of the subjects are right, word for "
        "word; training has shown none of their names"
    )


@register(
    SUMMARIZATION,
    paper="See et al. 2017, Get To The Point: Summarization with "
    "Pointer-Generator Networks",
    dataset="aeslc",
    recipe=Recipe(
        batch_size=32,
        epochs=16,
        learning_rate=1e-3,
        clipnorm=2.0,
        patience=12,  # so that coverage begins in any case
        ema_momentum=0.998,
    ),
    demo=Demo(
        "rnnzoo_notices",
        {
            "units": 48,
            "embedding_dim": 48,
            "dropout": 0.1,
            "recurrent_dropout": 0.0,
            "word_dropout": 0.0,
            "label_smoothing": 0.0,
            "learning_rate": 3e-3,
            "min_count": 5,
            "epochs": 4,
        },
        _share_exact,
    ),
)
def pointer_generator_summarizer(
    *,
    units=256,
    coverage=True,
    coverage_loss=1.0,
    coverage_from=0.75,
    vocabulary_size=20_000,
    target_vocabulary_size=10_000,
    min_count=3,
    embedding_dim=128,
    hierarchical=False,
    rnn="lstm",
    dropout=0.3,
    recurrent_dropout=0.0,
    word_dropout=0.1,
    label_smoothing=0.1,
    tied=True,
    source_length=400,
    max_length=100,
    length_penalty=1.0,
    unit="word",
    lowercase=False,
    stem=False,
):
    """A pointer-generator: each word is written, or copied from the text.

    Args:
        units: Units of each direction of the encoder; the decoder has as many
            as both together.
        coverage: Whether attention sees what it has attended to.
        coverage_loss: Factor of the loss for attending to a place again.
        coverage_from: Share of the epochs before coverage begins, and its
            loss.
        vocabulary_size: Most ids of the texts, with those of padding and of
            unknown tokens.
        target_vocabulary_size: Most ids of the summaries, with those of
            padding, unknown tokens, start and end. Other words are copied.
        min_count: Tokens seen less often are unknown; of subwords, characters.
        embedding_dim: Size of the token vectors.
        hierarchical: Whether the encoder reads words, then sentences, with
            attention to both. Nallapati et al. 2016.
        rnn: `"gru"` or `"lstm"`.
        dropout: Rate at the layers' inputs and before the output.
        recurrent_dropout: Rate at the layers' states.
        word_dropout: Rate at which types of tokens are dropped.
        label_smoothing: Share of a target's probability that the others get.
        tied: Whether the output layer is the embedding of the summaries.
        source_length: Most tokens read of a text, the first ones.
        max_length: Most tokens of a summary.
        length_penalty: Exponent of the length in scores.
        unit: What a token is: `"word"`, `"subword"`, a piece of a word, which
            adapting learns with SentencePiece, or `"character"`.
        lowercase: Whether texts are lower-cased.
        stem: Whether ROUGE compares the stems of English words.
    """
    from rnnzoo import layers
    from rnnzoo.layers.recurrent import recurrent_layer
    from rnnzoo.tasks import Summarizer

    check_positive("vocabulary_size", vocabulary_size)
    check_positive("target_vocabulary_size", target_vocabulary_size)
    drop = {"dropout": dropout, "recurrent_dropout": recurrent_dropout}
    if hierarchical:
        encoder = layers.DocumentEncoder(units, rnn, name="encoder", **drop)
        attention = layers.DocumentAttention
    else:
        layer = recurrent_layer(rnn)(units, return_sequences=True, **drop)
        layer = layers.Bidirectional(layer)
        encoder = layers.Stack([layer], name="encoder")
        attention = layers.BahdanauAttention
    return Summarizer(
        token_embedding(embedding_dim),
        encoder,
        layers.AttentionDecoder(
            2 * units,
            attention(2 * units, coverage=coverage, switch=coverage),
            token_embedding(embedding_dim),
            rnn=rnn,
            copy=True,
            tied=tied,
            word_dropout=word_dropout,
            **drop,
        ),
        tokenizer=tokenizer_of(unit, lowercase),
        vocabulary_size=vocabulary_size,
        target_vocabulary_size=target_vocabulary_size,
        min_count=min_count,
        source_length=source_length,
        max_length=max_length,
        word_dropout=word_dropout,
        label_smoothing=label_smoothing,
        length_penalty=length_penalty,
        coverage_loss=coverage_loss if coverage else 0.0,
        coverage_from=coverage_from,
        hierarchical=hierarchical,
        stem=stem,
    )
