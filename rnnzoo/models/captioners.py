"""Captioners of images."""

import keras

from rnnzoo.checks import check_positive
from rnnzoo.images.encoders import SMALL_CNN, image_encoder, starts_from_scratch
from rnnzoo.layers import (
    AttentionDecoder,
    BahdanauAttention,
    Embedding,
    ImageMemory,
)
from rnnzoo.recipe import Recipe
from rnnzoo.registry import register
from rnnzoo.tasks import ImageCaptioner
from rnnzoo.text import Tokenizer

# A pass draws one caption of each image: five see all of Flickr8k's.
RECIPE = Recipe(
    batch_size=64,
    epochs=50,
    learning_rate=1e-3,
    clipnorm=1.0,
    patience=10,
    ema_momentum=0.995,
)


@register(
    task="captioning",
    paper="Xu et al. 2015, Show, Attend and Tell: Neural Image Caption "
    "Generation with Visual Attention",
    dataset="flickr8k",
    recipe=RECIPE,
)
def show_attend_tell_captioner(
    *,
    encoder=SMALL_CNN,
    encoder_weights=None,
    image_size=None,
    finetune_encoder=None,
    cache_dir=None,
    vocabulary_size=10_000,
    min_count=5,
    embedding_dim=256,
    units=512,
    rnn="lstm",
    context_gate=True,
    hard=False,
    attention_penalty=0.1,
    tied=False,
    dropout=0.4,
    recurrent_dropout=0.2,
    word_dropout=0.1,
    scheduled_sampling=0.0,
    label_smoothing=0.1,
    max_length=50,
    length_penalty=1.0,
):
    """Looks at another part of an image for each word that it writes.

    Args:
        encoder: `"small_cnn"`, for small images; a name in
            `keras.applications`; the path of a saved Keras model from images
            of 0 to 255 to a feature map, or the model itself.
        encoder_weights: Of a model in `keras.applications`: `"imagenet"`
            downloads them.
        image_size: Height and width that images are scaled to, if the encoder
            takes any.
        finetune_encoder: Whether the encoder is trained; by default one that
            has no weights yet is. One that is not computes the feature map of
            each image only once.
        cache_dir: Where they are kept; by default `rnnzoo` among the user's
            caches, or `$RNNZOO_CACHE_DIR`.
        vocabulary_size: Most ids of tokens, with those of padding, unknown
            tokens, start and end.
        min_count: Tokens seen less often are unknown.
        embedding_dim: Size of the token vectors.
        units: Units of the decoder, and size of what it attends to.
        rnn: `"lstm"` or `"gru"`.
        context_gate: Whether a number made of the state scales each context.
        hard: Whether a single place is attended to at each step.
        attention_penalty: Factor of `rnnzoo.losses.doubly_stochastic`, the
            loss for places that attention leaves out. The paper's 1 makes
            attention even where captions have fewer words than images have
            places.
        tied: Whether the output layer is the embedding.
        dropout: Rate at the features, the layers' inputs and before the
            output.
        recurrent_dropout: Rate at the decoder's states.
        word_dropout: Rate at which types of tokens are dropped.
        scheduled_sampling: Rate at which the decoder reads, in training, what
            it would write itself.
        label_smoothing: Share of a target's probability that the others get.
        max_length: Tokens written at most.
        length_penalty: Exponent of the length in scores.
    """
    check_positive("units", units)
    return _captioner(
        attention=BahdanauAttention(units // 2, hard=hard),
        decoder={
            "attend_first": True,
            "context_gate": context_gate,
            "tied": tied,
            "readout_units": None if tied else units,
            "scheduled_sampling": scheduled_sampling,
        },
        encoder=encoder,
        encoder_weights=encoder_weights,
        image_size=image_size,
        finetune_encoder=finetune_encoder,
        cache_dir=cache_dir,
        vocabulary_size=vocabulary_size,
        embedding_dim=embedding_dim,
        units=units,
        rnn=rnn,
        dropout=dropout,
        recurrent_dropout=recurrent_dropout,
        word_dropout=word_dropout,
        min_count=min_count,
        attention_penalty=attention_penalty,
        label_smoothing=label_smoothing,
        max_length=max_length,
        length_penalty=length_penalty,
    )


@register(
    task="captioning",
    paper="Vinyals et al. 2015, Show and Tell: A Neural Image Caption "
    "Generator",
    dataset="flickr8k",
    recipe=RECIPE,
)
def show_tell_captioner(
    *,
    encoder=SMALL_CNN,
    encoder_weights=None,
    image_size=None,
    finetune_encoder=None,
    cache_dir=None,
    vocabulary_size=10_000,
    min_count=5,
    embedding_dim=256,
    units=512,
    rnn="lstm",
    dropout=0.4,
    recurrent_dropout=0.2,
    word_dropout=0.1,
    label_smoothing=0.1,
    max_length=50,
    length_penalty=1.0,
):
    """Looks at an image once, before the first word.

    Args:
        encoder, encoder_weights, image_size, finetune_encoder, cache_dir,
            vocabulary_size, min_count, embedding_dim, units, rnn, dropout,
            recurrent_dropout, word_dropout, label_smoothing, max_length,
            length_penalty: As of `show_attend_tell_captioner`.
    """
    return _captioner(
        attention=None,
        decoder={},
        encoder=encoder,
        encoder_weights=encoder_weights,
        image_size=image_size,
        finetune_encoder=finetune_encoder,
        cache_dir=cache_dir,
        vocabulary_size=vocabulary_size,
        embedding_dim=embedding_dim,
        units=units,
        rnn=rnn,
        dropout=dropout,
        recurrent_dropout=recurrent_dropout,
        word_dropout=word_dropout,
        min_count=min_count,
        label_smoothing=label_smoothing,
        max_length=max_length,
        length_penalty=length_penalty,
    )


def _captioner(
    *,
    attention,
    decoder,
    encoder,
    encoder_weights,
    image_size,
    finetune_encoder,
    vocabulary_size,
    embedding_dim,
    units,
    rnn,
    dropout,
    recurrent_dropout,
    word_dropout,
    **options,
):
    if finetune_encoder is None:
        finetune_encoder = starts_from_scratch(encoder, encoder_weights)
    check_positive("vocabulary_size", vocabulary_size)
    check_positive("embedding_dim", embedding_dim)
    start = keras.initializers.RandomNormal(stddev=embedding_dim**-0.5)
    return ImageCaptioner(
        image_encoder(encoder, encoder_weights, image_size),
        ImageMemory(units, dropout),
        AttentionDecoder(
            units,
            attention,
            Embedding(vocabulary_size, embedding_dim, start),
            rnn=rnn,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            word_dropout=word_dropout,
            **decoder,
        ),
        target_tokenizer=Tokenizer(lowercase=True),
        finetune_encoder=finetune_encoder,
        **options,
    )
