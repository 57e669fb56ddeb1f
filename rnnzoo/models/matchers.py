"""Models that compare two texts."""

from rnnzoo.cards import Demo, LateTask
from rnnzoo.checks import check_choice, check_positive
from rnnzoo.models.embeddings import word_embedding
from rnnzoo.models.tokenizers import tokenizer_of
from rnnzoo.recipe import Recipe
from rnnzoo.registry import register, variant

# Chosen on the validation split of SICK.
RECIPE = Recipe(
    batch_size=32,
    epochs=15,
    learning_rate=4e-3,
    schedule="slanted_triangular",  # without a warm-up, some runs diverge
    ema_momentum=0.99,
)
MATCHING = LateTask("pair_classification", "rnnzoo.tasks:PairClassifier")


def matcher(
    layer,
    num_classes,
    *,
    embedding_dim=200,
    embeddings=None,
    trainable_embeddings=True,
    vocabulary_size=30_000,
    min_count=1,
    max_words=100,
    unit="word",
    lowercase=True,
    dropout=0.1,
    label_smoothing=0.0,
):
    """A model that compares two texts, the base of the others.

    Args:
        layer: Function of an embedding that returns the layer; see
            `rnnzoo.PairClassifier`.
        num_classes: Number of classes; `None` for a number as the answer, how
            similar two texts are: a `rnnzoo.PairScorer`.
        embedding_dim: Size of the word vectors; with `embeddings`, theirs.
        embeddings: Pretrained word vectors; see
            `rnnzoo.text.PretrainedWords`.
        trainable_embeddings: Whether training changes the word vectors.
        vocabulary_size: Most ids given out, with those of padding and of
            unknown words.
        min_count: Words seen less often are unknown.
        max_words: Words read of a text, the first ones.
        unit: What a token is: `"word"`, `"character"` or `"subword"`, a piece
            of a word, which adapting learns with SentencePiece.
        lowercase: Whether texts are lower-cased.
        dropout: Rate of the dropout before the output.
        label_smoothing: Share of the probability of a label that all classes
            get in the loss.
    """
    from rnnzoo.tasks import PairClassifier, PairScorer

    embedding = word_embedding(embedding_dim, embeddings, trainable_embeddings)
    options = {
        "max_words": max_words,
        "tokenizer": tokenizer_of(unit, lowercase),
        "vocabulary_size": vocabulary_size,
        "min_count": min_count,
        "dropout": dropout,
        "embeddings": embeddings,
    }
    if num_classes is None:
        return PairScorer(layer(embedding), **options)
    return PairClassifier(
        layer(embedding),
        num_classes,
        label_smoothing=label_smoothing,
        **options,
    )


@register(
    MATCHING,
    paper="Mueller & Thyagarajan 2016, Siamese Recurrent Architectures for "
    "Learning Sentence Similarity",
    dataset="sick",
    recipe=RECIPE,
    demo=Demo("rnnzoo_paraphrases", {"epochs": 8}),
)
@variant(matcher)
def siamese_matcher(
    num_classes=2,
    *,
    similarity="manhattan",
    units=64,
    depth=1,
    rnn="lstm",
    pooling="max",
    word_dropout=0.0,
    dropout=0.1,
    recurrent_dropout=0.0,
    **shared,
):
    """One bidirectional LSTM reads both texts; their vectors are compared.

    A text alone has a vector, so that many can be compared at once: `embed`.

    Args:
        num_classes: Number of classes; `None` for the similarity alone.
        similarity: Similarity of two vectors, with `num_classes=None`:
            `"manhattan"`, `"cosine"` or `"learned"`, which an output layer
            makes of the same features as for classes.
        units: Units of each direction.
        depth: Number of stacked bidirectional layers.
        rnn: `"gru"` or `"lstm"`.
        pooling: How a text becomes one vector: `"attention"`, `"max"`,
            `"mean"`, `"last"` or `"concat"`, which is the last word, the
            maximum and the mean.
        word_dropout: Rate of the word types that are dropped in a text.
        dropout: Rate at the layers' inputs and before the output.
        recurrent_dropout: Rate at the layers' states.
    """
    from rnnzoo.layers import SequenceEncoder, Siamese
    from rnnzoo.layers.siamese import SIMILARITIES

    check_choice("similarity", similarity, (*SIMILARITIES, "learned"))
    if num_classes is not None or similarity == "learned":
        similarity = None

    def layer(embedding):
        encoder = SequenceEncoder(
            units,
            rnn=rnn,
            depth=depth,
            pooling=pooling,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            word_dropout=word_dropout,
            embedding=embedding,
        )
        return Siamese(encoder, similarity)

    return matcher(layer, num_classes, dropout=dropout, **shared)


@register(
    MATCHING,
    paper="Chen et al. 2017, Enhanced LSTM for Natural Language Inference",
    dataset="sick",
    recipe=RECIPE,
    demo=Demo("rnnzoo_paraphrases"),
)
@variant(matcher)
def esim_matcher(
    num_classes=2,
    *,
    units=128,
    rnn="lstm",
    word_dropout=0.0,
    dropout=0.1,
    recurrent_dropout=0.0,
    **shared,
):
    """Each word of a text is compared with what it matches in the other.

    The paper's has `units=300`, vectors of 300 numbers, and `dropout=0.5`.

    Args:
        num_classes: Number of classes; `None` for the similarity alone.
        units: Units of each direction, and of the hidden layers.
        rnn: `"gru"` or `"lstm"`.
        word_dropout: Rate of the word types that are dropped in a text.
        dropout: Rate at the layers' inputs and before the output.
        recurrent_dropout: Rate at the layers' states.
    """
    from rnnzoo.layers import ESIM

    check_positive("units", units)

    def layer(embedding):
        return ESIM(
            units,
            rnn=rnn,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            embedding=embedding,
            word_dropout=word_dropout,
        )

    return matcher(layer, num_classes, dropout=dropout, **shared)
