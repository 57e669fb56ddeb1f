"""Text classifiers."""

from rnnzoo.cards import Demo, LateTask
from rnnzoo.checks import check_positive
from rnnzoo.models.backbones import recurrent_backbone
from rnnzoo.models.embeddings import word_embedding
from rnnzoo.models.tokenizers import tokenizer_of
from rnnzoo.recipe import TUNING, Recipe
from rnnzoo.registry import register, variant

CLASSIFICATION = LateTask("text_classification", "rnnzoo.tasks:TextClassifier")
DEMO = Demo("rnnzoo_reviews")
# Chosen for han_classifier on validation data, with 200 and 500 reviews.
TUNED = TUNING | {"batch_size": 16, "epochs": 6, "ema_momentum": None}
FLAT = Recipe(
    batch_size=64,
    epochs=5,
    learning_rate=2e-3,
    ema_momentum=0.99,
    tuning=TUNED,
)


def text_classifier(
    encoder,
    num_classes,
    *,
    options,
    vocabulary_size=30_000,
    min_count=2,
    dropout=0.5,
    max_words=400,
    unit="word",
    lowercase=True,
    label_smoothing=0.0,
    multi_label=False,
):
    """A classifier of texts, the base of the others.

    Args:
        encoder: Layer; see `rnnzoo.TextClassifier`.
        num_classes: Number of classes.
        options: Dict of further arguments of `TextClassifier`.
        vocabulary_size: Most ids given out, with those of padding and of
            unknown words.
        min_count: Words seen less often are unknown.
        dropout: Rate of the dropout before the output.
        max_words: Words read of a text, the first ones.
        unit: What a token is: `"word"`, `"character"` or `"subword"`, a piece
            of a word, which adapting learns with SentencePiece.
        lowercase: Whether texts are lower-cased.
        label_smoothing: Share of the probability of a label that all classes
            get in the loss.
        multi_label: Whether a text may have several labels, or none; see
            `rnnzoo.MultiLabelClassifier`.
    """
    from rnnzoo.tasks import MultiLabelClassifier, TextClassifier

    kind = MultiLabelClassifier if multi_label else TextClassifier
    return kind(
        encoder,
        num_classes,
        max_words=max_words,
        tokenizer=tokenizer_of(unit, lowercase),
        vocabulary_size=vocabulary_size,
        min_count=min_count,
        dropout=dropout,
        label_smoothing=label_smoothing,
        **options,
    )


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
@variant(text_classifier)
def han_classifier(
    num_classes=2,
    *,
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
    **shared,
):
    """Hierarchical attention network: words, sentences, document.

    Args:
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
    return text_classifier(
        encoder,
        num_classes,
        options={"max_sentences": max_sentences, "embeddings": embeddings},
        dropout=dropout,
        max_words=max_words,
        **shared,
    )


@variant(text_classifier)
def bidirectional_classifier(
    pooling,
    num_classes,
    *,
    embedding_dim=200,
    embeddings=None,
    trainable_embeddings=True,
    units=64,
    depth=1,
    rnn="lstm",
    word_dropout=0.1,
    dropout=0.5,
    recurrent_dropout=0.2,
    **shared,
):
    """A classifier that reads a text as one sequence, both ways.

    Args:
        pooling: How a text becomes one vector; see
            `rnnzoo.layers.SequenceEncoder`.
        num_classes: Number of classes.
        embedding_dim: Size of the word vectors; with `embeddings`, theirs.
        embeddings: Pretrained word vectors; see
            `rnnzoo.text.PretrainedWords`.
        trainable_embeddings: Whether training changes the word vectors.
        units: Units of each direction.
        depth: Number of stacked bidirectional layers.
        rnn: `"gru"` or `"lstm"`.
        word_dropout: Rate of the word types that are dropped in a text.
        dropout: Rate at the layers' inputs and before the output.
        recurrent_dropout: Rate at the layers' states.
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
    return text_classifier(
        encoder,
        num_classes,
        options={"embeddings": embeddings},
        dropout=dropout,
        **shared,
    )


@register(
    CLASSIFICATION,
    paper="Gal & Ghahramani 2016, A Theoretically Grounded Application of "
    "Dropout in Recurrent Neural Networks",
    dataset="imdb_reviews",
    recipe=FLAT,
    demo=DEMO,
)
@variant(bidirectional_classifier)
def bilstm_classifier(num_classes=2, *, pooling="attention", **shared):
    """Bidirectional LSTM with variational dropout and attention pooling.

    Args:
        pooling: `"attention"`, `"max"`, `"mean"`, `"last"` or `"concat"`, which
            is the last word, the maximum and the mean.
    """
    return bidirectional_classifier(pooling, num_classes, **shared)


@register(
    CLASSIFICATION,
    paper="Lin et al. 2017, A Structured Self-attentive Sentence Embedding",
    dataset="imdb_reviews",
    recipe=FLAT,
    demo=DEMO,
)
@variant(bidirectional_classifier)
def self_attentive_classifier(
    num_classes=2, *, rows=8, attention_units=100, penalty=0.1, **shared
):
    """Bidirectional LSTM that attends in several rows, to different words.

    The paper's has `units=300, rows=30, attention_units=350, penalty=1.0`, and
    a hidden layer before the output.

    Args:
        rows: Number of attentions.
        attention_units: Size of their hidden layer.
        penalty: Factor of the penalty for rows that attend to the same words.
    """
    from rnnzoo.layers import SelfAttentionPooling

    check_positive("attention_units", attention_units)
    pooling = SelfAttentionPooling(rows, penalty, attention_units)
    return bidirectional_classifier(pooling, num_classes, **shared)


@register(
    CLASSIFICATION,
    paper="Howard & Ruder 2018, Universal Language Model Fine-tuning for Text "
    "Classification",
    dataset="imdb_reviews",
    recipe=Recipe(
        batch_size=64,
        epochs=4,
        learning_rate=2e-3,
        ema_momentum=0.99,
        # In the last epoch, all layers are trained.
        tuning=TUNED
        | {
            "batch_size": 32,
            "epochs": 5,
            "learning_rate": 4e-3,
            "unfreeze": 1,
        },
    ),
    demo=DEMO,
)
@variant(text_classifier)
def lm_classifier(
    num_classes=2,
    *,
    units=300,
    depth=3,
    rnn="lstm",
    embedding_dim=200,
    tied=True,
    pooling="concat",
    word_dropout=0.05,
    dropout=0.3,
    weight_dropout=0.2,
    **shared,
):
    """Classifier on top of a language model, to start from a trained one.

    `rnnzoo.finetune("lm_classifier", data, weights=...)` takes a saved
    language model whose `units`, `depth`, `rnn`, `embedding_dim` and `tied` are
    the same, and its tokens; the defaults are those of
    `awd_lstm_language_model`.

    Args:
        units: Units of a layer; of the last one, `embedding_dim` if `tied`.
        depth: Number of layers.
        rnn: `"gru"` or `"lstm"`.
        embedding_dim: Size of the token vectors.
        tied: Whether the output layer of the language model is the embedding.
        pooling: How a text becomes one vector: `"concat"`, the last step, the
            maximum and the mean; `"last"`, `"max"`, `"mean"` or `"attention"`.
        word_dropout: Rate at which types of tokens are dropped.
        dropout: Rate at the inputs of all layers, at their output, and before
            the output layer.
        weight_dropout: Rate of zeros in the recurrent kernels.
    """
    from rnnzoo.layers import LanguageEncoder

    backbone = recurrent_backbone(
        units=units,
        depth=depth,
        rnn=rnn,
        embedding_dim=embedding_dim,
        tied=tied,
        dropout=dropout,
        word_dropout=word_dropout,
        weight_dropout=weight_dropout,
    )
    return text_classifier(
        LanguageEncoder(backbone, pooling),
        num_classes,
        options={},
        dropout=dropout,
        **shared,
    )
