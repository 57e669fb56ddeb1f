"""Summarizers."""

from rnnzoo.cards import Demo, LateTask
from rnnzoo.models.text_to_text import text_to_text
from rnnzoo.recipe import Recipe
from rnnzoo.registry import register, variant

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
@variant(
    text_to_text,
    vocabulary_size=20_000,
    target_vocabulary_size=10_000,
    min_count=3,
    unit="word",
)
def pointer_generator_summarizer(
    *,
    units=256,
    coverage=True,
    coverage_loss=1.0,
    coverage_from=0.75,
    embedding_dim=128,
    hierarchical=False,
    rnn="lstm",
    dropout=0.3,
    recurrent_dropout=0.0,
    word_dropout=0.1,
    tied=True,
    source_length=400,
    max_length=100,
    stem=False,
    **shared,
):
    """A pointer-generator: each word is written, or copied from the text.

    Args:
        units: Units of each direction of the encoder; the decoder has as many
            as both together.
        coverage: Whether attention sees what it has attended to.
        coverage_loss: Factor of the loss for attending to a place again.
        coverage_from: Share of the epochs before coverage begins, and its
            loss.
        embedding_dim: Size of the token vectors.
        hierarchical: Whether the encoder reads words, then sentences, with
            attention to both. Nallapati et al. 2016.
        rnn: `"gru"` or `"lstm"`.
        dropout: Rate at the layers' inputs and before the output.
        recurrent_dropout: Rate at the layers' states.
        word_dropout: Rate at which types of tokens are dropped.
        tied: Whether the output layer is the embedding of the summaries.
        source_length: Most tokens read of a text, the first ones.
        max_length: Most tokens of a summary.
        stem: Whether ROUGE compares the stems of English words.
    """
    from rnnzoo import layers
    from rnnzoo.layers.recurrent import recurrent_layer
    from rnnzoo.tasks import Summarizer

    drop = {"dropout": dropout, "recurrent_dropout": recurrent_dropout}
    if hierarchical:
        encoder = layers.DocumentEncoder(units, rnn, name="encoder", **drop)
        attention = layers.DocumentAttention
    else:
        layer = recurrent_layer(rnn)(units, return_sequences=True, **drop)
        layer = layers.Bidirectional(layer)
        encoder = layers.Stack([layer], name="encoder")
        attention = layers.BahdanauAttention
    return text_to_text(
        Summarizer,
        encoder,
        lambda embedding: layers.AttentionDecoder(
            2 * units,
            attention(2 * units, coverage=coverage, switch=coverage),
            embedding,
            rnn=rnn,
            copy=True,
            tied=tied,
            word_dropout=word_dropout,
            **drop,
        ),
        embedding_dim=embedding_dim,
        word_dropout=word_dropout,
        max_length=max_length,
        options={
            "source_length": source_length,
            "coverage_loss": coverage_loss if coverage else 0.0,
            "coverage_from": coverage_from,
            "hierarchical": hierarchical,
            "stem": stem,
        },
        **shared,
    )
