"""Translators."""

from rnnzoo.cards import Demo, LateTask
from rnnzoo.checks import check_positive
from rnnzoo.models.embeddings import token_embedding
from rnnzoo.models.tokenizers import tokenizer_of
from rnnzoo.recipe import Recipe
from rnnzoo.registry import register, variant

TRANSLATION = LateTask("translation", "rnnzoo.tasks:Translator")
RECIPE = Recipe(
    batch_size=64,
    epochs=22,
    learning_rate=1e-3,
    clipnorm=1.0,
    patience=6,
    ema_momentum=0.998,
)
DEMO = Demo(
    "rnnzoo_dates",
    {
        "unit": "character",
        "units": 64,
        "embedding_dim": 64,
        "dropout": 0.1,
        "recurrent_dropout": 0.0,
        "word_dropout": 0.0,  # a date has no letter to spare
        "label_smoothing": 0.0,
        "learning_rate": 3e-3,
    },
)


def recurrent_translator(
    attention,
    *,
    units,
    bidirectional,
    decoder,
    options,
    vocabulary_size=5_000,
    target_vocabulary_size=5_000,
    min_count=2,
    embedding_dim=256,
    depth=1,
    rnn="lstm",
    dropout=0.3,
    recurrent_dropout=0.2,
    word_dropout=0.1,
    label_smoothing=0.1,
    max_length=100,
    length_penalty=1.0,
    unit="subword",
    lowercase=False,
    languages=None,
    bleu_tokenizer="auto",
):
    """A translator of recurrent layers, the base of the others.

    Args:
        attention: Attention layer, or `None`.
        units: Units of each direction of the encoder; the decoder has as many
            as both together.
        bidirectional: Whether the encoder also reads from the end; if not, its
            states are the decoder's first.
        decoder: Dict of further arguments of `AttentionDecoder`.
        options: Dict of further arguments of `Translator`.
        vocabulary_size: Most ids of the source, with those of padding and of
            unknown tokens.
        target_vocabulary_size: Most ids of the target, with those of padding,
            unknown tokens, start and end.
        min_count: Tokens seen less often are unknown; of subwords, characters.
        embedding_dim: Size of the token vectors.
        depth: Number of stacked layers of encoder and decoder.
        rnn: `"gru"` or `"lstm"`.
        dropout: Rate at the layers' inputs and before the output.
        recurrent_dropout: Rate at the layers' states.
        word_dropout: Rate at which types of tokens are dropped.
        label_smoothing: Share of a target's probability that the others get.
        max_length: Most tokens read of a text, and written.
        length_penalty: Exponent of the length in scores.
        unit: What a token is: `"subword"`, a piece of a word, which adapting
            learns with SentencePiece; `"word"` or `"character"`.
        lowercase: Whether texts are lower-cased.
        languages: Names of source and target in dictionaries; by default the
            dataset's.
        bleu_tokenizer: How BLEU splits texts into tokens: the name of a
            tokenizer of sacreBLEU, such as `"13a"`, `"zh"` or `"char"`; by
            default it is chosen by the script of the references.
    """
    from rnnzoo.layers import AttentionDecoder, Bidirectional, Stack
    from rnnzoo.layers.recurrent import recurrent_layer
    from rnnzoo.tasks import Translator

    check_positive("depth", depth)
    check_positive("vocabulary_size", vocabulary_size)
    check_positive("target_vocabulary_size", target_vocabulary_size)

    def layer():
        recurrent = recurrent_layer(rnn)(
            units,
            return_sequences=True,
            return_state=not bidirectional,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
        )
        return Bidirectional(recurrent) if bidirectional else recurrent

    return Translator(
        token_embedding(embedding_dim),
        Stack([layer() for _ in range(depth)], name="encoder"),
        AttentionDecoder(
            units * (1 + bidirectional),
            attention,
            token_embedding(embedding_dim),
            rnn=rnn,
            depth=depth,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            word_dropout=word_dropout,
            **decoder,
        ),
        tokenizer=tokenizer_of(unit, lowercase),
        vocabulary_size=vocabulary_size,
        target_vocabulary_size=target_vocabulary_size,
        min_count=min_count,
        word_dropout=word_dropout,
        label_smoothing=label_smoothing,
        max_length=max_length,
        length_penalty=length_penalty,
        languages=languages,
        bleu_tokenizer=bleu_tokenizer,
        **options,
    )


@variant(recurrent_translator)
def attentive_translator(
    attention,
    *,
    units,
    decoder,
    options,
    tied=True,
    copy=False,
    scheduled_sampling=0.0,
    **shared,
):
    """A translator with attention over a bidirectional encoder.

    Args:
        tied: Whether the output layer is the target's embedding.
        copy: Whether words of the source may be copied, also those that no
            vocabulary has. See et al. 2017.
        scheduled_sampling: Rate at which the decoder reads, in training, what
            it would write itself.
    """
    return recurrent_translator(
        attention,
        units=units,
        bidirectional=True,
        decoder={
            "tied": tied,
            "copy": copy,
            "scheduled_sampling": scheduled_sampling,
            **decoder,
        },
        options=options,
        **shared,
    )


@register(
    TRANSLATION,
    paper="Bahdanau et al. 2015, Neural Machine Translation by Jointly "
    "Learning to Align and Translate",
    dataset="multi30k",
    recipe=RECIPE,
    demo=DEMO,
)
@variant(attentive_translator, rnn="gru")
def bahdanau_translator(
    *, units=192, hard=False, coverage=False, coverage_loss=0.0, **shared
):
    """RNNsearch: a bidirectional encoder, and additive attention.

    Args:
        units: Units of each direction of the encoder; the decoder has twice
            as many.
        hard: Whether a single place is attended to at each step.
        coverage: Whether attention sees what it has attended to.
        coverage_loss: Factor of the loss for attending to a place again.
    """
    from rnnzoo.layers import BahdanauAttention

    return attentive_translator(
        BahdanauAttention(2 * units, hard=hard, coverage=coverage),
        units=units,
        decoder={"attend_first": True},
        options={"coverage_loss": coverage_loss},
        **shared,
    )


@register(
    TRANSLATION,
    paper="Luong et al. 2015, Effective Approaches to Attention-based Neural "
    "Machine Translation",
    dataset="multi30k",
    recipe=RECIPE,
    demo=DEMO,
)
@variant(attentive_translator, length_penalty=1.4)
def luong_translator(
    *,
    units=256,
    score="general",
    window="global",
    width=10,
    input_feeding=False,
    max_length=100,
    **shared,
):
    """A bidirectional encoder, and multiplicative or local attention.

    Args:
        units: Units of each direction of the encoder; the decoder has twice
            as many.
        score: `"dot"`, `"general"`, `"concat"` or `"location"`.
        window: `"global"`, `"monotonic"` or `"predictive"`.
        width: Places on each side of the centre of a window.
        input_feeding: Whether the attentional vector enters the next step.
            Without, attention is computed for whole sentences, which is
            faster.
    """
    from rnnzoo.layers import LuongAttention

    check_positive("max_length", max_length)
    return attentive_translator(
        LuongAttention(score, window, width, max_places=max_length),
        units=units,
        decoder={"input_feeding": input_feeding},
        options={},
        max_length=max_length,
        **shared,
    )


@register(
    TRANSLATION,
    paper="Sutskever et al. 2014, Sequence to Sequence Learning with Neural "
    "Networks",
    dataset="multi30k",
    recipe=RECIPE,
    demo=DEMO,
)
@variant(recurrent_translator, depth=2)
def seq2seq_translator(*, units=512, reverse_source=True, **shared):
    """An encoder whose last state is all that the decoder knows.

    Args:
        units: Units of each layer of encoder and decoder.
        reverse_source: Whether the source is read from its end.
    """
    return recurrent_translator(
        None,
        units=units,
        bidirectional=False,
        decoder={"bridge": False},
        options={"reverse_source": reverse_source},
        **shared,
    )
