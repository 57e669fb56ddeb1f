"""Captioners of images."""

import dataclasses

from rnnzoo.cards import Demo, LateTask
from rnnzoo.checks import check_positive
from rnnzoo.models.embeddings import token_embedding
from rnnzoo.recipe import Recipe
from rnnzoo.registry import register, variant

CAPTIONING = LateTask("captioning", "rnnzoo.tasks:ImageCaptioner")
# A pass draws one caption of each image: five see all of Flickr8k's.
RECIPE = Recipe(
    batch_size=64,
    epochs=50,
    learning_rate=1e-3,
    clipnorm=1.0,
    patience=10,
    ema_momentum=0.995,
)


def _pointing(task, dataset, measured=200):
    """A line on how much attention is on a shape while its name is written.

    Args:
        task: A trained captioner.
        dataset: Examples of `rnnzoo_shapes`, which has boxes of the shapes.
        measured: Most examples to look at.
    """
    import numpy as np

    if not task.decoder.attends:
        return None
    examples = list(dataset.take(measured).as_numpy_iterator())
    looks = task.explain([example["image"] for example in examples])
    on_shapes, areas = [], []
    for example, look in zip(examples, looks, strict=True):
        objects = example["objects"]
        for box, label in zip(objects["bbox"], objects["label"], strict=True):
            name = label.decode().split()  # such as "red circle"
            shares = look.share_inside(box)
            for start in range(len(look.tokens)):
                if look.tokens[start : start + 2] == name:
                    on_shapes.append(shares[start : start + 2].mean())
                    areas.append((box[2] - box[0]) * (box[3] - box[1]))
    if not areas:
        return "It names no shape of a picture."
    return (
        f"While it names a shape, {np.mean(on_shapes):.0%} of the attention is "
        f"on its box, which has {np.mean(areas):.0%} of the picture"
    )


DEMO = Demo(
    "rnnzoo_shapes",
    {
        "epochs": 20,
        "units": 128,
        "embedding_dim": 64,
        "dropout": 0.1,
        "recurrent_dropout": 0.0,
        "word_dropout": 0.0,
        "label_smoothing": 0.0,
        "learning_rate": 2e-3,
    },
    report=_pointing,
)


def captioner(
    attention,
    *,
    units,
    decoder,
    options,
    encoder="small_cnn",
    encoder_weights=None,
    image_size=None,
    finetune_encoder=None,
    cache_dir=None,
    vocabulary_size=10_000,
    min_count=5,
    embedding_dim=256,
    rnn="lstm",
    dropout=0.4,
    recurrent_dropout=0.2,
    word_dropout=0.1,
    label_smoothing=0.1,
    max_length=50,
    length_penalty=1.0,
):
    """A captioner, the base of the others.

    Args:
        attention: Attention layer, or `None`.
        units: Units of the decoder, and size of what it attends to.
        decoder: Dict of further arguments of `AttentionDecoder`.
        options: Dict of further arguments of `ImageCaptioner`.
        encoder: `"small_cnn"`, for small images; a name in
            `keras.applications`; the path of a saved Keras model that maps
            images of 0 to 255 to a feature map, or the model itself; or the
            path of a saved captioner, whose encoder it is.
        encoder_weights: Weights of a model in `keras.applications`:
            `"imagenet"` downloads them.
        image_size: Height and width that images are scaled to, if the encoder
            takes any.
        finetune_encoder: Whether the encoder is trained; by default one that
            has no weights yet is. One that is not computes the feature map of
            each image only once.
        cache_dir: Where feature maps are kept; by default `rnnzoo` among the
            user's caches, or `$RNNZOO_CACHE_DIR`.
        vocabulary_size: Most ids of tokens, with those of padding, unknown
            tokens, start and end.
        min_count: Tokens seen less often are unknown.
        embedding_dim: Size of the token vectors.
        rnn: `"lstm"` or `"gru"`.
        dropout: Rate at the features, the layers' inputs and before the
            output.
        recurrent_dropout: Rate at the decoder's states.
        word_dropout: Rate at which types of tokens are dropped.
        label_smoothing: Share of a target's probability that the others get.
        max_length: Most tokens written.
        length_penalty: Exponent of the length in scores.
    """
    from rnnzoo.images.encoders import image_encoder, starts_from_scratch
    from rnnzoo.layers import AttentionDecoder, ImageMemory
    from rnnzoo.tasks import ImageCaptioner
    from rnnzoo.text import Tokenizer

    if finetune_encoder is None:
        finetune_encoder = starts_from_scratch(encoder, encoder_weights)
    check_positive("vocabulary_size", vocabulary_size)
    return ImageCaptioner(
        image_encoder(encoder, encoder_weights, image_size),
        ImageMemory(units, dropout),
        AttentionDecoder(
            units,
            attention,
            token_embedding(embedding_dim),
            rnn=rnn,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            word_dropout=word_dropout,
            **decoder,
        ),
        target_tokenizer=Tokenizer(lowercase=True),
        target_vocabulary_size=vocabulary_size,
        min_count=min_count,
        finetune_encoder=finetune_encoder,
        cache_dir=cache_dir,
        label_smoothing=label_smoothing,
        max_length=max_length,
        length_penalty=length_penalty,
        **options,
    )


@register(
    CAPTIONING,
    paper="Xu et al. 2015, Show, Attend and Tell: Neural Image Caption "
    "Generation with Visual Attention",
    dataset="flickr8k",
    recipe=RECIPE,
    # Without the penalty, it looks closely at what it names.
    demo=dataclasses.replace(
        DEMO, settings=DEMO.settings | {"attention_penalty": 0.0}
    ),
)
@variant(captioner)
def show_attend_tell_captioner(
    *,
    units=512,
    context_gate=True,
    hard=False,
    attention_penalty=0.1,
    tied=False,
    scheduled_sampling=0.0,
    **shared,
):
    """Attends to another part of an image for each word that it writes.

    Args:
        units: Units of the decoder, and size of what it attends to.
        context_gate: Whether a number made of the state scales each context.
        hard: Whether a single place is attended to at each step.
        attention_penalty: Factor of `rnnzoo.losses.doubly_stochastic`, the
            loss for places that attention leaves out. The paper's 1 makes
            attention even where captions have fewer words than images have
            places.
        tied: Whether the output layer is the embedding.
        scheduled_sampling: Rate at which the decoder reads, in training, what
            it would write itself.
    """
    from rnnzoo.layers import BahdanauAttention

    check_positive("units", units)
    return captioner(
        BahdanauAttention(units // 2, hard=hard),
        units=units,
        decoder={
            "attend_first": True,
            "context_gate": context_gate,
            "tied": tied,
            "readout_units": None if tied else units,
            "scheduled_sampling": scheduled_sampling,
        },
        options={"attention_penalty": attention_penalty},
        **shared,
    )


@register(
    CAPTIONING,
    paper="Vinyals et al. 2015, Show and Tell: A Neural Image Caption "
    "Generator",
    dataset="flickr8k",
    recipe=RECIPE,
    demo=DEMO,
)
@variant(captioner)
def show_tell_captioner(*, units=512, **shared):
    """Looks at an image once, before the first word.

    Args:
        units: Units of the decoder, and size of the vector of the image.
    """
    return captioner(None, units=units, decoder={}, options={}, **shared)
