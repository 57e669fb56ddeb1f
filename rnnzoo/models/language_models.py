"""Language models."""

import dataclasses

from rnnzoo.cards import LateTask
from rnnzoo.checks import check_positive
from rnnzoo.models.backbones import recurrent_backbone
from rnnzoo.models.tokenizers import exact_tokenizer_of
from rnnzoo.recipe import Recipe
from rnnzoo.registry import register, variant

MODELING = LateTask("language_modeling", "rnnzoo.tasks:LanguageModel")
QUATRAINS = LateTask("language_modeling", "rnnzoo.tasks:QuatrainGenerator")
RECIPE = Recipe(
    batch_size=20,
    epochs=12,
    learning_rate=3e-3,
    clipnorm=1.0,
    patience=2,
    ema_momentum=0.998,
)


@variant(recurrent_backbone)
def recurrent_language_model(
    *,
    units,
    depth,
    options,
    kind,
    vocabulary_size=None,
    min_count=1,
    tied=True,
    cutoffs=None,
    contiguous=True,
    window=35,
    max_length=100,
    unit="space",
    lowercase=False,
    **shared,
):
    """A language model of recurrent layers, the base of the others.

    Args:
        options: Dict of further arguments of the task.
        kind: `rnnzoo.cards.LateTask`, that of `LanguageModel` or a subclass.
        vocabulary_size: Most ids, with those of padding, unknown tokens, start
            and end.
        min_count: Tokens seen less often are unknown; of subwords, characters.
        tied: Whether the output layer is the embedding; the last layer has as
            many units then.
        cutoffs: Numbers of tokens before each cluster of an adaptive softmax,
            for large vocabularies; by default all tokens are computed. Not
            with `tied`.
        contiguous: Whether texts are read one after the other, with the state
            carried from text to text; or each by itself.
        window: Steps of backpropagation through time, of contiguous texts.
        max_length: Most tokens of a text that is written, by default.
        unit: What a token is: `"space"`, what stands between spaces;
            `"word"`, as tokenized; `"subword"`, a piece of a word, which
            adapting learns with SentencePiece; or `"character"`, each of them,
            line breaks included.
        lowercase: Whether texts are lower-cased.
    """
    from rnnzoo.layers import AdaptiveSoftmax, TokenSoftmax

    check_positive("vocabulary_size", vocabulary_size, optional=True)
    if tied and cutoffs is not None:
        raise ValueError(
            "Invalid value for argument `cutoffs`. Expected None with "
            f"tied=True. Received: cutoffs={cutoffs!r}"
        )
    softmax = (
        TokenSoftmax(tied=tied)
        if cutoffs is None
        else AdaptiveSoftmax(cutoffs=cutoffs)
    )
    return kind.load()(
        recurrent_backbone(units=units, depth=depth, tied=tied, **shared),
        softmax,
        tokenizer=exact_tokenizer_of(unit, lowercase),
        vocabulary_size=vocabulary_size,
        min_count=min_count,
        contiguous=contiguous,
        window=window,
        max_length=max_length,
        **options,
    )


@register(
    MODELING,
    paper="Zaremba et al. 2014, Recurrent Neural Network Regularization",
    dataset="penn_treebank",
    recipe=dataclasses.replace(RECIPE, epochs=10, learning_rate=5e-3),
)
@variant(
    recurrent_language_model,
    embedding_dim=300,
    variational=False,
    dropout=0.25,
)
def lstm_language_model(*, units=300, depth=2, **shared):
    """LSTM language model with dropout between the layers.

    The paper's small model has `units=200, embedding_dim=200, dropout=0.0,
    tied=False`, its medium one `units=650, embedding_dim=650, dropout=0.5,
    tied=False`.
    """
    return recurrent_language_model(
        units=units, depth=depth, options={}, kind=MODELING, **shared
    )


@register(
    MODELING,
    paper="Merity et al. 2018, Regularizing and Optimizing LSTM Language "
    "Models",
    dataset="penn_treebank",
    recipe=RECIPE,
)
@variant(
    recurrent_language_model,
    embedding_dim=200,
    dropout=0.2,
    input_dropout=0.3,
    output_dropout=0.3,
    word_dropout=0.05,
    weight_dropout=0.3,
    window=70,
)
def awd_lstm_language_model(
    *,
    units=300,
    depth=3,
    jitter=True,
    activation_penalty=2.0,
    change_penalty=1.0,
    **shared,
):
    """LSTM language model with dropped weights, tied embeddings and averages.

    The paper's has `units=1150, embedding_dim=400, dropout=0.25,
    input_dropout=0.4, output_dropout=0.4, word_dropout=0.1,
    weight_dropout=0.5`.

    Args:
        jitter: Whether windows vary in length.
        activation_penalty: Factor of the mean square of the output.
        change_penalty: Factor of the mean square of its change from step to
            step.
    """
    return recurrent_language_model(
        units=units,
        depth=depth,
        options={
            "jitter": jitter,
            "activation_penalty": activation_penalty,
            "change_penalty": change_penalty,
        },
        kind=MODELING,
        **shared,
    )


@register(
    MODELING,
    paper="Graves 2013, Generating Sequences With Recurrent Neural Networks",
    dataset="tiny_shakespeare",
    recipe=RECIPE,
)
@variant(
    recurrent_language_model,
    embedding_dim=64,
    tied=False,
    dropout=0.2,
    input_dropout=0.0,
    window=100,
    max_length=500,
    unit="character",
)
def char_lstm_language_model(*, units=256, depth=2, **shared):
    """LSTM language model of characters."""
    return recurrent_language_model(
        units=units, depth=depth, options={}, kind=MODELING, **shared
    )


@register(
    QUATRAINS,
    paper="Zhang & Lapata 2014, Chinese Poetry Generation with Recurrent "
    "Neural Networks (the task)",
    dataset="tang_quatrains",
    recipe=Recipe(
        batch_size=64,
        epochs=20,
        learning_rate=3e-3,
        clipnorm=1.0,
        patience=2,
        ema_momentum=0.998,
    ),
)
@variant(
    recurrent_language_model,
    min_count=2,
    embedding_dim=200,
    dropout=0.4,
    contiguous=False,
    unit="character",
)
def quatrain_generator(*, units=400, depth=2, table=None, **shared):
    """LSTM that writes Chinese quatrains by the rules of regulated verse.

    It is a language model of characters whose poems keep their form; see
    `rnnzoo.QuatrainGenerator`.

    Args:
        table: Path of a table of tones and rhymes, as
            `rnnzoo.text.RhymeTable.read` takes it; by default the Pingshui
            rhymes.
    """
    from rnnzoo.text import RhymeTable

    return recurrent_language_model(
        units=units,
        depth=depth,
        options={"table": RhymeTable.read(table)},
        kind=QUATRAINS,
        **shared,
    )
