"""Entity taggers."""

from rnnzoo.cards import Demo, LateTask
from rnnzoo.checks import check_choice, check_positive
from rnnzoo.models.backbones import recurrent_backbone
from rnnzoo.models.embeddings import word_embedding
from rnnzoo.recipe import TUNING, Recipe
from rnnzoo.registry import register, variant

TAGGING = LateTask("entity_tagging", "rnnzoo.tasks:EntityTagger")
RECIPE = Recipe(
    batch_size=32,
    epochs=20,
    learning_rate=2e-3,
    vectors_rate=0.1,
    clipnorm=5.0,
    patience=8,
    # Chosen for bilstm_cnn_crf_tagger on validation data, with 500 sentences.
    tuning=TUNING | {"batch_size": 8, "group_decay": 1.0, "unfreeze": 1},
)
DEMO = Demo("rnnzoo_entities")


def entity_tagger(
    embedding,
    *,
    options,
    vocabulary_size=500_000,
    min_count=2,
    lowercase=True,
    normalize_digits=True,
    characters="lstm",
    case_dim=10,
    units=100,
    crf=True,
    tag_scheme="bioes",
    dropout=0.3,
    recurrent_dropout=0.25,
    word_dropout=0.05,
):
    """A tagger of entities, the base of the others.

    Args:
        embedding: Layer; see `rnnzoo.layers.WordFeatures`.
        options: Dict of further arguments of `EntityTagger`.
        vocabulary_size: Most ids given out, with those of padding and of
            unknown words.
        min_count: Words seen less often are unknown, unless they have word
            vectors. With 1, no training sentence has an unknown word, and
            nothing is learned of them.
        lowercase: Whether the vocabulary is in lower case.
        normalize_digits: Whether all digits are one in the vocabulary.
        characters: `"lstm"` (Lample et al.), `"cnn"` (Ma & Hovy) or `None`.
        case_dim: Size of the vectors of how a word is written (capitals,
            digits); 0 leaves them out.
        units: Units of each direction.
        crf: Whether tags depend on each other, or each is a softmax.
        tag_scheme: What the model learns inside: `"bio"`, `"bioes"`, `"bilou"`,
            `"bmewo"` or `"io"`, where neighbours of a label are one entity.
        dropout: Rate at the inputs and outputs of the recurrent layer, and at
            the characters.
        recurrent_dropout: Rate at the recurrent layer's states.
        word_dropout: Rate at which word types lose their vector.
    """
    from rnnzoo.layers import WordFeatures
    from rnnzoo.tasks import EntityTagger
    from rnnzoo.text.words import CASES

    features = WordFeatures(
        embedding,
        characters=_characters(characters, dropout),
        cases=CASES if case_dim else 0,
        case_dim=case_dim,
        word_dropout=word_dropout,
        dropout=dropout,
    )
    return EntityTagger(
        features,
        _encoder(units, recurrent_dropout),
        crf=crf,
        tag_scheme=tag_scheme,
        lowercase=lowercase,
        normalize_digits=normalize_digits,
        vocabulary_size=vocabulary_size,
        min_count=min_count,
        dropout=dropout,
        **options,
    )


@register(
    TAGGING,
    paper="Lample et al. 2016, Neural Architectures for Named Entity "
    "Recognition",
    dataset="conll2003",
    recipe=RECIPE,
    demo=DEMO,
)
@variant(entity_tagger)
def bilstm_crf_tagger(
    *,
    embedding_dim=100,
    embeddings=None,
    trainable_embeddings=True,
    **shared,
):
    """Bidirectional LSTM over words and their characters, then a CRF.

    Args:
        embedding_dim: Size of the word vectors; with `embeddings`, theirs.
        embeddings: Pretrained word vectors; see
            `rnnzoo.text.PretrainedWords`. All their words are known.
        trainable_embeddings: Whether training changes the word vectors.
    """
    return entity_tagger(
        word_embedding(embedding_dim, embeddings, trainable_embeddings),
        options={"embeddings": embeddings},
        **shared,
    )


@register(
    TAGGING,
    paper="Ma & Hovy 2016, End-to-end Sequence Labeling via Bi-directional "
    "LSTM-CNNs-CRF",
    dataset="conll2003",
    recipe=RECIPE,
    demo=DEMO,
)
@variant(bilstm_crf_tagger, characters="cnn", units=200)
def bilstm_cnn_crf_tagger(**shared):
    """Convolution over characters, bidirectional LSTM over words, then a CRF.

    All arguments are those of `bilstm_crf_tagger`.
    """
    return bilstm_crf_tagger(**shared)


@register(
    TAGGING,
    paper="Huang et al. 2015, Bidirectional LSTM-CRF Models for Sequence "
    "Tagging",
    dataset="conll2003",
    recipe=RECIPE,
    demo=DEMO,
)
@variant(bilstm_crf_tagger, characters="cnn", crf=False)
def bilstm_softmax_tagger(**shared):
    """Bidirectional LSTM with a softmax at each word, the baseline.

    All arguments are those of `bilstm_crf_tagger`.
    """
    return bilstm_crf_tagger(**shared)


@register(
    TAGGING,
    paper="Peters et al. 2017, Semi-supervised Sequence Tagging with "
    "Bidirectional Language Models",
    dataset="conll2003",
    recipe=RECIPE,
    demo=DEMO,
)
@variant(entity_tagger, characters="cnn", normalize_digits=False)
def lm_tagger(
    *,
    embedding_dim=200,
    language_units=300,
    language_depth=3,
    language_rnn="lstm",
    tied=True,
    **shared,
):
    """Bidirectional LSTM over what a language model reads, then a CRF.

    `rnnzoo.finetune("lm_tagger", data, weights=...)` takes a saved language
    model of words whose layers have the same sizes; the defaults are those of
    `awd_lstm_language_model`. The paper has a second one that reads from the
    end.

    Args:
        embedding_dim: Size of the token vectors.
        language_units: Units of a layer of the language model; of the last one,
            `embedding_dim` if `tied`.
        language_depth: Number of its layers.
        language_rnn: `"gru"` or `"lstm"`, the kind of its layers.
        tied: Whether the output layer of the language model is the embedding.
    """
    from rnnzoo.layers import ContextualEmbedding

    check_positive("language_units", language_units)
    check_positive("language_depth", language_depth)
    check_choice("language_rnn", language_rnn, ("gru", "lstm"))
    backbone = recurrent_backbone(
        units=language_units,
        depth=language_depth,
        rnn=language_rnn,
        embedding_dim=embedding_dim,
        tied=tied,
    )
    return entity_tagger(ContextualEmbedding(backbone), options={}, **shared)


def _characters(kind, dropout):
    """The layer of that name; its number of characters is learned."""
    from rnnzoo.layers import CharCNN, CharLSTM

    layers = {"cnn": CharCNN, "lstm": CharLSTM, None: None}
    if kind not in layers:
        raise ValueError(
            "Invalid value for argument `characters`. Expected 'cnn', 'lstm' "
            f"or None. Received: characters={kind!r}"
        )
    return None if kind is None else layers[kind](None, dropout=dropout)


def _encoder(units, recurrent_dropout):
    from rnnzoo.layers import LSTM, Bidirectional

    return Bidirectional(
        LSTM(units, return_sequences=True, recurrent_dropout=recurrent_dropout)
    )
