"""Answerers of questions about stories."""

from rnnzoo.cards import Demo, LateTask
from rnnzoo.checks import check_positive, check_rate
from rnnzoo.models.tokenizers import tokenizer_of
from rnnzoo.recipe import Recipe
from rnnzoo.registry import register, variant

ANSWERING = LateTask("story_answering", "rnnzoo.tasks:StoryAnswerer")
RECIPE = Recipe(
    batch_size=32,
    epochs=150,
    learning_rate=0.005,
    clipnorm=40.0,
    patience=150,  # the loss falls again after the linear start
    tuning={"epochs": 75, "patience": 75},
)
DEMO = Demo("rnnzoo_stories", {"epochs": 30})


def story_answerer(
    network,
    *,
    options,
    vocabulary_size=30_000,
    min_count=1,
    max_sentences=50,
    max_words=60,
    unit="word",
    lowercase=True,
    label_smoothing=0.0,
):
    """An answerer, the base of the others.

    Args:
        network: Layer; see `rnnzoo.StoryAnswerer`.
        options: Dict of further arguments of `StoryAnswerer`.
        vocabulary_size: Most ids given out to words, with those of padding and
            of unknown words.
        min_count: Words seen less often are unknown.
        max_sentences: Sentences read of a story, the last ones.
        max_words: Words read of a sentence or a question, the first ones.
        unit: What a token is: `"word"`, `"character"` or `"subword"`, a piece
            of a word, which adapting learns with SentencePiece.
        lowercase: Whether texts are lower-cased.
        label_smoothing: Share of the probability of an answer that all answers
            get in the loss.
    """
    from rnnzoo.tasks import StoryAnswerer

    return StoryAnswerer(
        network,
        max_sentences=max_sentences,
        max_words=max_words,
        tokenizer=tokenizer_of(unit, lowercase),
        vocabulary_size=vocabulary_size,
        min_count=min_count,
        label_smoothing=label_smoothing,
        **options,
    )


@register(
    ANSWERING,
    paper="Sukhbaatar et al. 2015, End-To-End Memory Networks",
    dataset="babi_qa",
    recipe=RECIPE,
    demo=DEMO,
)
@variant(story_answerer)
def memory_network_answerer(
    *,
    units=20,
    hops=3,
    tying="adjacent",
    position_encoding=True,
    noise=0.1,
    linear_share=0.3,
    max_sentences=50,
    **shared,
):
    """Memory network: several hops of attention to the sentences of a story.

    The paper has 20 units for a single task of bAbI, and 50 for all of them.

    Args:
        units: Size of the vectors of words and sentences.
        hops: Number of hops.
        tying: `"adjacent"` or `"layer-wise"`; see
            `rnnzoo.layers.MemoryNetwork`.
        position_encoding: Whether the positions of words weigh them.
        noise: Share of the sentences that bounds how many empty memories
            are put between them in training; see
            `rnnzoo.layers.MemoryNetwork`.
        linear_share: Share of the epochs, the first ones, without a softmax in
            the hops; 0 for none.
        max_sentences: Sentences read of a story, the last ones.
    """
    from rnnzoo.layers import MemoryNetwork

    check_rate("linear_share", linear_share)
    check_positive("max_sentences", max_sentences)
    network = MemoryNetwork(
        units,
        hops,
        tying,
        position_encoding,
        memory_size=max_sentences,
        noise=noise,
        linear_start=linear_share > 0,
    )
    return story_answerer(
        network,
        options={"linear_share": linear_share},
        max_sentences=max_sentences,
        **shared,
    )


@register(
    ANSWERING,
    paper="Weston et al. 2015, Towards AI-Complete Question Answering: A Set "
    "of Prerequisite Toy Tasks",
    dataset="babi_qa",
    recipe=Recipe(batch_size=32, epochs=40, learning_rate=3e-3, patience=10),
    demo=DEMO,
)
@variant(story_answerer)
def lstm_answerer(
    *,
    units=50,
    embedding_dim=50,
    rnn="lstm",
    dropout=0.1,
    recurrent_dropout=0.0,
    **shared,
):
    """An LSTM over the words of the story and the question, a baseline.

    Args:
        units: Units of the recurrent layer.
        embedding_dim: Size of the word vectors.
        rnn: `"gru"` or `"lstm"`.
        dropout: Rate at the word vectors and at the last state.
        recurrent_dropout: Rate at the states.
    """
    from rnnzoo.layers import StoryReader

    reader = StoryReader(units, embedding_dim, rnn, dropout, recurrent_dropout)
    return story_answerer(reader, options={}, **shared)
