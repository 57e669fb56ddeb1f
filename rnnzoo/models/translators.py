"""Translators."""

from rnnzoo.cards import Demo, LateTask
from rnnzoo.checks import check_positive
from rnnzoo.models.text_to_text import text_to_text
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
DATES = {
    "unit": "character",
    "units": 64,
    "dropout": 0.1,
    "word_dropout": 0.0,  # a date has no letter to spare
    "label_smoothing": 0.0,
    "learning_rate": 3e-3,
}
DEMO = Demo(
    "rnnzoo_dates", DATES | {"embedding_dim": 64, "recurrent_dropout": 0.0}
)


@variant(text_to_text)
def translator(
    encoder,
    decoder,
    *,
    options,
    languages=None,
    bleu_tokenizer="auto",
    **shared,
):
    """A translator, the base of all.

    Args:
        encoder: Layer; see `rnnzoo.Translator`.
        decoder: Function of the embedding of the target's tokens that returns
            a decoder.
        options: Dict of further arguments of `Translator`.
        languages: Names of source and target in dictionaries; by default the
            dataset's.
        bleu_tokenizer: How BLEU splits texts into tokens: the name of a
            tokenizer of sacreBLEU, such as `"13a"`, `"zh"` or `"char"`; by
            default it is chosen by the script of the references.
    """
    from rnnzoo.tasks import Translator

    return text_to_text(
        Translator,
        encoder,
        decoder,
        options={
            "languages": languages,
            "bleu_tokenizer": bleu_tokenizer,
            **options,
        },
        **shared,
    )


@variant(translator)
def recurrent_translator(
    attention,
    *,
    units,
    bidirectional,
    decoder,
    options,
    embedding_dim=256,
    depth=1,
    rnn="lstm",
    dropout=0.3,
    recurrent_dropout=0.2,
    word_dropout=0.1,
    **shared,
):
    """A translator of recurrent layers.

    Args:
        attention: Attention layer, or `None`.
        units: Units of each direction of the encoder; the decoder has as many
            as both together.
        bidirectional: Whether the encoder also reads from the end; if not, its
            states are the decoder's first.
        decoder: Dict of further arguments of `AttentionDecoder`.
        options: Dict of further arguments of `Translator`.
        embedding_dim: Size of the token vectors.
        depth: Number of stacked layers of encoder and decoder.
        rnn: `"gru"` or `"lstm"`.
        dropout: Rate at the layers' inputs and before the output.
        recurrent_dropout: Rate at the layers' states.
        word_dropout: Rate at which types of tokens are dropped.
    """
    from rnnzoo.layers import AttentionDecoder, Bidirectional, Stack
    from rnnzoo.layers.recurrent import recurrent_layer

    check_positive("depth", depth)

    def layer():
        recurrent = recurrent_layer(rnn)(
            units,
            return_sequences=True,
            return_state=not bidirectional,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
        )
        return Bidirectional(recurrent) if bidirectional else recurrent

    return translator(
        Stack([layer() for _ in range(depth)], name="encoder"),
        lambda embedding: AttentionDecoder(
            units * (1 + bidirectional),
            attention,
            embedding,
            rnn=rnn,
            depth=depth,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            word_dropout=word_dropout,
            **decoder,
        ),
        embedding_dim=embedding_dim,
        options=options,
        word_dropout=word_dropout,
        **shared,
    )


@variant(recurrent_translator)
def attentive_translator(
    attention,
    *,
    units,
    decoder,
    tied=True,
    copy=False,
    coverage_loss=0.0,
    scheduled_sampling=0.0,
    **shared,
):
    """A translator with attention over a bidirectional encoder.

    Args:
        tied: Whether the output layer is the target's embedding.
        copy: Whether words of the source may be copied, also those that no
            vocabulary has. See et al. 2017.
        coverage_loss: Factor of the loss for attending to a place again.
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
        options={"coverage_loss": coverage_loss},
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
def bahdanau_translator(*, units=192, hard=False, coverage=False, **shared):
    """RNNsearch: a bidirectional encoder, and additive attention.

    Args:
        units: Units of each direction of the encoder; the decoder has twice
            as many.
        hard: Whether a single place is attended to at each step.
        coverage: Whether attention sees what it has attended to.
    """
    from rnnzoo.layers import BahdanauAttention

    return attentive_translator(
        BahdanauAttention(2 * units, hard=hard, coverage=coverage),
        units=units,
        decoder={"attend_first": True},
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
    hard=False,
    coverage=False,
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
        hard: Whether a single place is attended to at each step.
        coverage: Whether attention sees what it has attended to; only with
            `score="concat"`, which has a place for it. Steps then wait for each
            other, as with input feeding.
        input_feeding: Whether the attentional vector enters the next step.
            Without, attention is computed for whole sentences, which is
            faster.
    """
    from rnnzoo.layers import LuongAttention

    check_positive("max_length", max_length)
    return attentive_translator(
        LuongAttention(
            score,
            window,
            width,
            max_places=max_length,
            hard=hard,
            coverage=coverage,
        ),
        units=units,
        decoder={"input_feeding": input_feeding},
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


@register(
    TRANSLATION,
    paper="Vaswani et al. 2017, Attention Is All You Need",
    dataset="multi30k",
    recipe=Recipe(
        batch_tokens=4096,
        epochs=70,
        learning_rate=2e-3,
        schedule="slanted_triangular",
        clipnorm=1.0,
        patience=15,
        ema_momentum=0.998,
    ),
    demo=Demo("rnnzoo_dates", DATES | {"depth": 2, "epochs": 6}),
)
@variant(translator, word_dropout=0.0)
def transformer_translator(
    *,
    units=128,
    depth=4,
    num_heads=4,
    hidden_units=None,
    pre_norm=True,
    tied=True,
    dropout=0.3,
    **shared,
):
    """A Transformer: attention in place of recurrence.

    A baseline, by default of the size that Wu et al. 2021 ("Good for
    Misconceived Reasons") call Tiny.

    Args:
        units: Size of the vectors of tokens, and of all layers.
        depth: Number of blocks of encoder and decoder.
        num_heads: Number of heads of each attention.
        hidden_units: Size of the hidden layers of the feed-forward parts; by
            default twice the units.
        pre_norm: Whether parts of a block read normalised vectors, or their
            outputs are normalised, as in the paper.
        tied: Whether the output layer is the target's embedding.
        dropout: Rate at the sums of a block, at the weights of attention and
            at the hidden layers.
    """
    from rnnzoo.layers import TransformerDecoder, TransformerEncoder
    from rnnzoo.layers.transformer_block import check_heads

    check_positive("units", units)
    check_positive("num_heads", num_heads)
    check_heads(units, num_heads)
    sizes = {
        "depth": depth,
        "num_heads": num_heads,
        "hidden_units": 2 * units if hidden_units is None else hidden_units,
        "pre_norm": pre_norm,
        "dropout": dropout,
    }
    return translator(
        TransformerEncoder(**sizes, name="encoder"),
        lambda embedding: TransformerDecoder(embedding, **sizes, tied=tied),
        embedding_dim=units,
        options={},
        **shared,
    )


@register(
    TRANSLATION,
    paper="Gehring et al. 2017, Convolutional Sequence to Sequence Learning",
    dataset="multi30k",
    recipe=RECIPE,
    demo=Demo("rnnzoo_dates", DATES | {"embedding_dim": 64}),
)
@variant(translator)
def conv_seq2seq_translator(
    *,
    units=256,
    depth=3,
    kernel_size=3,
    embedding_dim=256,
    tied=True,
    dropout=0.2,
    max_length=100,
    **shared,
):
    """Gated convolutions in place of recurrence, with attention in each layer.

    Args:
        units: Number of features between the blocks.
        depth: Number of blocks of encoder and decoder.
        kernel_size: Steps that a block sees, an odd number.
        embedding_dim: Size of the token vectors.
        tied: Whether the output layer is the target's embedding.
        dropout: Rate at the vectors of tokens, the inputs of each block and
            before the output.
    """
    from rnnzoo.layers import ConvolutionalDecoder, ConvolutionalEncoder

    check_positive("max_length", max_length)
    sizes = {
        "units": units,
        "depth": depth,
        "kernel_size": kernel_size,
        "max_length": max_length + 1,  # with the start, or the end
        "dropout": dropout,
    }
    return translator(
        ConvolutionalEncoder(**sizes, name="encoder"),
        lambda embedding: ConvolutionalDecoder(embedding, **sizes, tied=tied),
        embedding_dim=embedding_dim,
        options={},
        max_length=max_length,
        **shared,
    )
