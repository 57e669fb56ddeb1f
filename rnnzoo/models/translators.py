"""Translators."""

import keras

from rnnzoo.checks import check_choice, check_positive
from rnnzoo.layers import (
    AttentionDecoder,
    BahdanauAttention,
    Bidirectional,
    Embedding,
    LuongAttention,
    Stack,
)
from rnnzoo.layers.recurrent import recurrent_layer
from rnnzoo.recipe import Recipe
from rnnzoo.registry import register
from rnnzoo.tasks import Translator
from rnnzoo.text import Tokenizer
from rnnzoo.text.subwords import SubwordTokenizer

RECIPE = Recipe(
    batch_size=64,
    epochs=22,
    learning_rate=1e-3,
    clipnorm=1.0,
    patience=6,
    ema_momentum=0.998,
)


@register(
    task="translation",
    paper="Bahdanau et al. 2015, Neural Machine Translation by Jointly "
    "Learning to Align and Translate",
    dataset="multi30k",
    recipe=RECIPE,
)
def bahdanau_translator(
    *,
    vocabulary_size=5_000,
    target_vocabulary_size=5_000,
    min_count=2,
    embedding_dim=256,
    units=192,
    depth=1,
    rnn="gru",
    tied=True,
    dropout=0.3,
    recurrent_dropout=0.2,
    word_dropout=0.1,
    scheduled_sampling=0.0,
    label_smoothing=0.1,
    coverage=False,
    coverage_loss=0.0,
    hard=False,
    copy=False,
    max_length=100,
    length_penalty=1.0,
    unit="subword",
    lowercase=False,
    languages=None,
):
    """RNNsearch: a bidirectional encoder, and additive attention.

    Args:
        vocabulary_size: Most ids of the source, with those of padding and of
            unknown tokens.
        target_vocabulary_size: Likewise of the target, with start and end.
        min_count: Tokens seen less often are unknown; of subwords, characters.
        embedding_dim: Size of the token vectors.
        units: Units of each direction of the encoder; the decoder has twice
            as many.
        depth: Number of stacked layers of encoder and decoder.
        rnn: `"gru"` or `"lstm"`.
        tied: Whether the output layer is the target's embedding.
        dropout: Rate at the layers' inputs and before the output.
        recurrent_dropout: Rate at the layers' states.
        word_dropout: Rate at which types of tokens are dropped.
        scheduled_sampling: Rate at which the decoder reads, in training, what
            it would write itself.
        label_smoothing: Share of a target's probability that the others get.
        coverage: Whether attention sees what it has attended to.
        coverage_loss: Factor of the loss for attending to a place again.
        hard: Whether a single place is attended to at each step.
        copy: Whether words of the source may be copied, also those that no
            vocabulary has. See et al. 2017.
        max_length: Tokens read of a text, and written, at most.
        length_penalty: Exponent of the length in scores.
        unit: What a token is: `"subword"`, a piece of a word, which adapting
            learns with SentencePiece; `"word"` or `"character"`.
        lowercase: Whether texts are lower-cased.
        languages: Names of source and target in dictionaries; by default the
            dataset's.
    """
    return _translator(
        attention=BahdanauAttention(2 * units, hard=hard, coverage=coverage),
        encoder=_bidirectional(rnn, units, depth, dropout, recurrent_dropout),
        vocabulary_size=vocabulary_size,
        target_vocabulary_size=target_vocabulary_size,
        embedding_dim=embedding_dim,
        word_dropout=word_dropout,
        decoder={
            "units": 2 * units,
            "rnn": rnn,
            "depth": depth,
            "attend_first": True,
            "copy": copy,
            "tied": tied,
            "scheduled_sampling": scheduled_sampling,
            "dropout": dropout,
            "recurrent_dropout": recurrent_dropout,
        },
        unit=unit,
        lowercase=lowercase,
        min_count=min_count,
        label_smoothing=label_smoothing,
        coverage_loss=coverage_loss,
        max_length=max_length,
        length_penalty=length_penalty,
        languages=languages,
    )


@register(
    task="translation",
    paper="Luong et al. 2015, Effective Approaches to Attention-based Neural "
    "Machine Translation",
    dataset="multi30k",
    recipe=RECIPE,
)
def luong_translator(
    *,
    vocabulary_size=5_000,
    target_vocabulary_size=5_000,
    min_count=2,
    embedding_dim=256,
    units=256,
    depth=1,
    rnn="lstm",
    score="general",
    window="global",
    width=10,
    input_feeding=False,
    copy=False,
    tied=True,
    dropout=0.3,
    recurrent_dropout=0.2,
    word_dropout=0.1,
    scheduled_sampling=0.0,
    label_smoothing=0.1,
    max_length=100,
    length_penalty=1.4,
    unit="subword",
    lowercase=False,
    languages=None,
):
    """A bidirectional encoder, and multiplicative or local attention.

    Args:
        score: `"dot"`, `"general"`, `"concat"` or `"location"`.
        window: `"global"`, `"monotonic"` or `"predictive"`.
        width: Places on each side of the centre of a window.
        input_feeding: Whether the attentional vector enters the next step.
            Without, attention is computed for whole sentences, which is
            faster.
        vocabulary_size, target_vocabulary_size, min_count, embedding_dim,
            units, depth, rnn, copy, tied, dropout, recurrent_dropout,
            word_dropout, scheduled_sampling, label_smoothing, max_length,
            length_penalty, unit, lowercase, languages: As of
            `bahdanau_translator`.
    """
    check_positive("max_length", max_length)
    return _translator(
        attention=LuongAttention(score, window, width, max_places=max_length),
        encoder=_bidirectional(rnn, units, depth, dropout, recurrent_dropout),
        vocabulary_size=vocabulary_size,
        target_vocabulary_size=target_vocabulary_size,
        embedding_dim=embedding_dim,
        word_dropout=word_dropout,
        decoder={
            "units": 2 * units,
            "rnn": rnn,
            "depth": depth,
            "input_feeding": input_feeding,
            "copy": copy,
            "tied": tied,
            "scheduled_sampling": scheduled_sampling,
            "dropout": dropout,
            "recurrent_dropout": recurrent_dropout,
        },
        unit=unit,
        lowercase=lowercase,
        min_count=min_count,
        label_smoothing=label_smoothing,
        max_length=max_length,
        length_penalty=length_penalty,
        languages=languages,
    )


@register(
    task="translation",
    paper="Sutskever et al. 2014, Sequence to Sequence Learning with Neural "
    "Networks",
    dataset="multi30k",
    recipe=RECIPE,
)
def seq2seq_translator(
    *,
    vocabulary_size=5_000,
    target_vocabulary_size=5_000,
    min_count=2,
    embedding_dim=256,
    units=512,
    depth=2,
    rnn="lstm",
    dropout=0.3,
    recurrent_dropout=0.2,
    word_dropout=0.1,
    label_smoothing=0.1,
    reverse_source=True,
    max_length=100,
    length_penalty=1.0,
    unit="subword",
    lowercase=False,
    languages=None,
):
    """An encoder whose last state is all that the decoder knows.

    Args:
        units: Units of each layer of encoder and decoder.
        reverse_source: Whether the source is read from its end.
        vocabulary_size, target_vocabulary_size, min_count, embedding_dim,
            depth, rnn, dropout, recurrent_dropout, word_dropout,
            label_smoothing, max_length, length_penalty, unit, lowercase,
            languages: As of `bahdanau_translator`.
    """
    check_positive("depth", depth)
    encoder = Stack(
        [
            recurrent_layer(rnn)(
                units,
                return_sequences=True,
                return_state=True,
                dropout=dropout,
                recurrent_dropout=recurrent_dropout,
            )
            for _ in range(depth)
        ],
        name="encoder",
    )
    return _translator(
        attention=None,
        encoder=encoder,
        vocabulary_size=vocabulary_size,
        target_vocabulary_size=target_vocabulary_size,
        embedding_dim=embedding_dim,
        word_dropout=word_dropout,
        decoder={
            "units": units,
            "rnn": rnn,
            "depth": depth,
            "bridge": False,
            "dropout": dropout,
            "recurrent_dropout": recurrent_dropout,
        },
        unit=unit,
        lowercase=lowercase,
        min_count=min_count,
        label_smoothing=label_smoothing,
        reverse_source=reverse_source,
        max_length=max_length,
        length_penalty=length_penalty,
        languages=languages,
    )


def _bidirectional(rnn, units, depth, dropout, recurrent_dropout):
    check_positive("depth", depth)
    return Stack(
        [
            Bidirectional(
                recurrent_layer(rnn)(
                    units,
                    return_sequences=True,
                    dropout=dropout,
                    recurrent_dropout=recurrent_dropout,
                )
            )
            for _ in range(depth)
        ],
        name="encoder",
    )


def _tokenizer(unit, lowercase):
    check_choice("unit", unit, ("subword", "word", "character"))
    if unit == "subword":
        return SubwordTokenizer(lowercase)
    return Tokenizer(unit, lowercase)


def _translator(
    *,
    attention,
    encoder,
    decoder,
    vocabulary_size,
    target_vocabulary_size,
    embedding_dim,
    word_dropout,
    unit,
    lowercase,
    **options,
):
    check_positive("vocabulary_size", vocabulary_size)
    check_positive("target_vocabulary_size", target_vocabulary_size)
    check_positive("embedding_dim", embedding_dim)
    # As tall as a unit vector, so that a tied output layer learns from the
    # first step on.
    start = keras.initializers.RandomNormal(stddev=embedding_dim**-0.5)
    return Translator(
        Embedding(vocabulary_size, embedding_dim, start),
        encoder,
        AttentionDecoder(
            attention=attention,
            embedding=Embedding(target_vocabulary_size, embedding_dim, start),
            word_dropout=word_dropout,
            **decoder,
        ),
        tokenizer=_tokenizer(unit, lowercase),
        word_dropout=word_dropout,
        **options,
    )
