"""Text classifiers."""

from rnnzoo.cards import Demo, LateTask
from rnnzoo.checks import check_positive
from rnnzoo.models.embeddings import word_embedding
from rnnzoo.models.tokenizers import tokenizer_of
from rnnzoo.recipe import TUNING, Recipe
from rnnzoo.registry import register

CLASSIFICATION = LateTask("text_classification", "rnnzoo.tasks:TextClassifier")
DEMO = Demo("rnnzoo_reviews")
# Chosen for han_classifier on validation data, with 200 and 500 reviews.
TUNED = TUNING | {"batch_size": 16, "epochs": 6, "ema_momentum": None}


@register(
    CLASSIFICATION,
    paper="Yang et al. 2016, Hierarchical Attention Networks for Document "
    "Classification",
    dataset="imdb_reviews",
    recipe=Recipe(
        batch_size=64,
        epochs=3,
        learning_rate=6e-3,
        ema_momentum=0.99,
        tuning=TUNED,
    ),
    demo=DEMO,
)
def han_classifier(
    num_classes=2,
    *,
    vocabulary_size=30_000,
    min_count=2,
    embedding_dim=200,
    embeddings=None,
    trainable_embeddings=True,
    word_units=50,
    sentence_units=50,
    rnn="gru",
    word_dropout=0.1,
    dropout=0.4,
    recurrent_dropout=0.2,
    max_sentences=60,
    max_words=60,
    unit="word",
    lowercase=True,
    label_smoothing=0.0,
    multi_label=False,
):
    """Hierarchical attention network: words, sentences, document.

    Args:
        num_classes: Number of classes.
        vocabulary_size: Most ids given out, with those of padding and of
            unknown words.
        min_count: Words seen less often are unknown.
        embedding_dim: Size of the word vectors; with `embeddings`, theirs.
        embeddings: Pretrained word vectors; see
            `rnnzoo.text.PretrainedWords`.
        trainable_embeddings: Whether training changes the word vectors.
        word_units: Units of each direction over words.
        sentence_units: Units of each direction over sentences.
        rnn: `"gru"` or `"lstm"`.
        word_dropout: Rate of the word types that are dropped in a sentence.
        dropout: Rate at the inputs of both levels and before the output.
        recurrent_dropout: Rate at the states of both levels.
        max_sentences: Sentences read of a text, the first ones.
        max_words: Words of a sentence; a longer one continues in the next.
        unit: What a token is: `"word"`, `"character"` or `"subword"`, a piece
            of a word, which adapting learns with SentencePiece.
        lowercase: Whether texts are lower-cased.
        label_smoothing: Share of the probability of a label that all classes
            get in the loss.
        multi_label: Whether a text may have several labels, or none; see
            `rnnzoo.MultiLabelClassifier`.
    """
    from rnnzoo.layers import HierarchicalAttention

    check_positive("max_sentences", max_sentences)
    encoder = HierarchicalAttention(
        word_units,
        sentence_units,
        rnn=rnn,
        dropout=dropout,
        recurrent_dropout=recurrent_dropout,
        word_dropout=word_dropout,
        embedding=word_embedding(
            embedding_dim, embeddings, trainable_embeddings
        ),
    )
    return _kind(multi_label)(
        encoder,
        num_classes,
        max_sentences=max_sentences,
        max_words=max_words,
        tokenizer=tokenizer_of(unit, lowercase),
        vocabulary_size=vocabulary_size,
        min_count=min_count,
        dropout=dropout,
        embeddings=embeddings,
        label_smoothing=label_smoothing,
    )


@register(
    CLASSIFICATION,
    paper="Gal & Ghahramani 2016, A Theoretically Grounded Application of "
    "Dropout in Recurrent Neural Networks",
    dataset="imdb_reviews",
    recipe=Recipe(
        batch_size=64,
        epochs=5,
        learning_rate=2e-3,
        ema_momentum=0.99,
        tuning=TUNED,
    ),
    demo=DEMO,
)
def bilstm_classifier(
    num_classes=2,
    *,
    vocabulary_size=30_000,
    min_count=2,
    embedding_dim=200,
    embeddings=None,
    trainable_embeddings=True,
    units=64,
    depth=1,
    rnn="lstm",
    pooling="attention",
    word_dropout=0.1,
    dropout=0.5,
    recurrent_dropout=0.2,
    max_words=400,
    unit="word",
    lowercase=True,
    label_smoothing=0.0,
    multi_label=False,
):
    """Bidirectional LSTM with variational dropout and attention pooling.

    Args:
        num_classes: Number of classes.
        vocabulary_size: Most ids given out, with those of padding and of
            unknown words.
        min_count: Words seen less often are unknown.
        embedding_dim: Size of the word vectors; with `embeddings`, theirs.
        embeddings: Pretrained word vectors; see
            `rnnzoo.text.PretrainedWords`.
        trainable_embeddings: Whether training changes the word vectors.
        units: Units of each direction.
        depth: Number of stacked bidirectional layers.
        rnn: `"lstm"` or `"gru"`.
        pooling: `"attention"`, `"max"` or `"mean"` over the words.
        word_dropout: Rate of the word types that are dropped in a text.
        dropout: Rate at the layers' inputs and before the output.
        recurrent_dropout: Rate at the layers' states.
        max_words: Words read of a text, the first ones.
        unit: What a token is: `"word"`, `"character"` or `"subword"`, a piece
            of a word, which adapting learns with SentencePiece.
        lowercase: Whether texts are lower-cased.
        label_smoothing: Share of the probability of a label that all classes
            get in the loss.
        multi_label: Whether a text may have several labels, or none; see
            `rnnzoo.MultiLabelClassifier`.
    """
    from rnnzoo.layers import SequenceEncoder

    encoder = SequenceEncoder(
        units,
        rnn=rnn,
        depth=depth,
        pooling=pooling,
        dropout=dropout,
        recurrent_dropout=recurrent_dropout,
        word_dropout=word_dropout,
        embedding=word_embedding(
            embedding_dim, embeddings, trainable_embeddings
        ),
    )
    return _kind(multi_label)(
        encoder,
        num_classes,
        max_words=max_words,
        tokenizer=tokenizer_of(unit, lowercase),
        vocabulary_size=vocabulary_size,
        min_count=min_count,
        dropout=dropout,
        embeddings=embeddings,
        label_smoothing=label_smoothing,
    )


def _kind(multi_label):
    from rnnzoo.tasks import MultiLabelClassifier, TextClassifier

    return MultiLabelClassifier if multi_label else TextClassifier
