"""Tasks that read pairs of texts."""

import dataclasses
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from rnnzoo import text
from rnnzoo.explain import Comparison, Comparisons
from rnnzoo.graphs import traced
from rnnzoo.ids import pad
from rnnzoo.pipeline.columns import ragged, row_lengths
from rnnzoo.pipeline.examples import Examples
from rnnzoo.pipeline.schema import Text
from rnnzoo.tasks.answers import without_padding
from rnnzoo.tasks.columns import Columns
from rnnzoo.tasks.embeddings import WithWordVectors
from rnnzoo.tasks.sampling import BATCH_SIZE
from rnnzoo.tasks.vocabularies import WithVocabulary

SIDES = ("first", "second")
INPUTS = (
    Text(
        "first",
        ("first", "sentence1", "premise", "question1", "text1", "question"),
        ("sentence_1", "sentence_a", "text_a", "text_1", "query", "s1"),
    ),
    Text(
        "second",
        ("second", "sentence2", "hypothesis", "question2", "text2", "sentence"),
        (
            *("sentence_2", "sentence_b", "text_b", "text_2", "s2"),
            *("answer", "candidate", "document", "passage"),
        ),
    ),
)


@dataclasses.dataclass(frozen=True)
class Match:
    """A candidate, and how well it goes with a question."""

    text: str
    score: float


class WithPairs(WithWordVectors, WithVocabulary):
    """A task that reads pairs of texts, and compares them.

    Wherever a method takes pairs, they are two columns, a tuple or a dict with
    the names `first` and `second`; a list of tuples; a dataset; a table; or a
    single tuple of strings.

    Args:
        matcher: Layer that maps a pair of ids to a vector, with an `embedding`
            and a method `align`: `rnnzoo.layers.Siamese` or
            `rnnzoo.layers.ESIM`.
        *args: Of the kind of task.
        dropout: Rate of the dropout before the output layer.
        embeddings: Pretrained word vectors, read by `adapt`: what
            `rnnzoo.text.PretrainedWords` takes.
        **kwargs: Of the kind of task, and `max_words`, `tokenizer`,
            `vocabulary_size` and `min_count`, as of `rnnzoo.TextClassifier`.
    """

    kind = "pair_classification"
    verb = "compare"
    unit_name = "pair"
    parts = ("matcher", "tokenizer")
    reads_by = ("max_words",)
    takes = tuple

    def __init__(self, matcher, *args, dropout=0.0, embeddings=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.matcher = matcher
        self.dropout = keras.layers.Dropout(dropout)
        self.embeddings = embeddings

    # From raw text to ids.

    @property
    def word_embedding(self):
        return self.matcher.embedding

    def groups(self):
        return {
            "embedding": [self.word_embedding],
            "matcher": [self.matcher],
            "head": [self.head],
        }

    def count(self, chunk, counts, labels):
        for side in SIDES:
            self.count_tokens(chunk[side], counts)

    def learn(self, counts, labels):
        return {"vocabulary": self.learn_tokens(counts)}

    def take(self, vocabulary):
        self.take_tokens(vocabulary)
        self.build()

    def encode_chunk(self, chunk):
        ids = tuple(self.vocabulary(self._words(chunk[side])) for side in SIDES)
        return Columns(ids, self.targets_of(chunk))

    def targets_of(self, chunk):
        """The targets of a chunk as numbers; `None` if it has none."""
        raise NotImplementedError

    def attach(self, examples):
        # Both texts are padded to the length of the longer one.
        first, second = map(row_lengths, ragged(examples.inputs))
        examples = super().attach(examples)
        return dataclasses.replace(examples, lengths=np.maximum(first, second))

    @text.traced_texts
    def _words(self, texts):
        return self._tokens(texts).words

    def _tokens(self, texts):
        """The tokens that are read: ragged `(n, None)`."""
        found = self.tokenizer(texts)
        return text.Tokens(*(column[:, : self.max_words] for column in found))

    # From ids to answers.

    def build(self, input_shape=None):
        for layer, shape in (
            (self.matcher, [(None, None)] * 2),
            (self.head, (None, self.matcher.output_dim)),
        ):
            if not layer.built:  # by loading, or by an earlier call
                layer.build(shape)
        # Keras calls a dropout built before it knows a shape.
        self.dropout.build((None, self.matcher.output_dim))
        self.built = True

    def call(self, inputs, training=None):
        """Outputs `(batch, n)` of a tuple of right padded ids."""
        vector = self.matcher(inputs, training=training)
        return self.head(self.dropout(vector, training=training))

    # Answers.

    def compare(
        self, x: Any, batch_size: int | None = None, verbose: int = 0
    ) -> list:
        """The answer for each pair.

        Args:
            x, batch_size, verbose: See `predict`.

        Returns:
            List of `Classification` or, of a `PairScorer`, of `Similarity`.
        """
        self._require_adapted("compare")
        return self.answers_of(self.predict(x, batch_size, verbose))

    def rank(
        self, question: str, candidates: Any, label: str | int | None = None
    ) -> list[Match]:
        """Sorts texts by how well they go with another.

        Args:
            question: A text, the first of each pair.
            candidates: Texts, the second ones.
            label: The class whose probability is the score; by default the
                second of two. Not of a `PairScorer`, which has scores.

        Returns:
            List of `Match`, the best first; equal ones in their order.

        Raises:
            ValueError: If there is no such class, or if there are several and
                none is named.
        """
        self._require_adapted("rank")
        place = self.place_of(label)
        candidates = [
            each.decode() for each in text.check_texts(candidates, "candidates")
        ]
        question = text.as_text(question, "question", 0)
        firsts = [question] * len(candidates)
        scores = self.predict((firsts, candidates))
        scores = scores if place is None else scores[:, place]
        return [
            Match(candidates[i], float(scores[i]))
            for i in np.argsort(-scores, kind="stable")
        ]

    def place_of(self, label):
        """The column of what `predict` returns that `rank` sorts by.

        Args:
            label: See `rank`.
        """
        raise NotImplementedError

    @property
    def embeds(self):
        """Whether a text alone has a vector."""
        return hasattr(self.matcher, "encoder")

    def embed(
        self, texts: Any, batch_size: int | None = None, verbose: int = 0
    ) -> np.ndarray:
        """The vectors of texts, by which a siamese network compares them.

        Args:
            texts: Texts, or one text.
            batch_size: Defaults to 128.
            verbose: As in Keras.

        Returns:
            float32 array `(texts, size)`.

        Raises:
            ValueError: If texts have no vectors: if both are read together.
        """
        self._require_adapted("embed")
        if not self.embeds:
            raise ValueError(
                f"`{type(self.matcher).__name__}` reads both texts of a pair "
                "together: one alone has no vector. Expected a siamese network."
            )
        if isinstance(texts, (str, bytes)):
            texts = [texts]
        texts = np.asarray(text.check_texts(texts, "texts"))
        if not len(texts):
            return np.zeros((0, self.matcher.encoder.output_dim), "float32")
        examples = Examples.of(self.vocabulary(self._words(texts)))
        batch_size = batch_size or BATCH_SIZE
        return np.stack(examples.run(self._vectors, batch_size, verbose))

    @traced
    def _vectors(self, ids):
        vectors = self.matcher.encoder(ids, training=False)
        return tf.cast(vectors, tf.float32)

    def explain(self, x: Any) -> Comparisons:
        """Shows which words of one text are compared with which of the other.

        Args:
            x: Pairs, or one pair; see the class.

        Returns:
            `rnnzoo.explain.Comparisons`, one for each pair.
        """
        self._require_adapted("explain")
        found = Comparisons()
        for chunk in self.read_inputs(x):
            texts = tuple(tf.constant(chunk[side], tf.string) for side in SIDES)
            lengths = np.sum(
                [[len(each) for each in chunk[side]] for side in SIDES], axis=0
            )
            rows = Examples(texts, None, None, lengths).run(
                self._explained, BATCH_SIZE
            )
            for first, second, row in zip(
                *(chunk[side] for side in SIDES), rows, strict=True
            ):
                found.append(self._comparison(first, second, row))
        return found

    def _explain(self, texts):
        """Tokens of pairs and their weights, in the graph; see `served`."""
        words = tuple(self._tokens(each).words for each in texts)
        ids = tuple(pad(self.vocabulary(each)) for each in words)
        return {
            "outputs": self(ids, training=False),
            "first_tokens": pad(words[0]),
            "second_tokens": pad(words[1]),
            "weights": self.matcher.align(ids),
        }

    _explained = traced(_explain)

    def _comparison(self, first, second, row):
        tokens = [without_padding(row[f"{side}_tokens"]) for side in SIDES]
        height, width = map(len, tokens)
        (answer,) = self.answers_of(self.to_answers(row["outputs"][None]))
        return Comparison(
            first=first.decode(),
            second=second.decode(),
            answer=self.format_answer(answer).replace("\t", " "),
            first_tokens=tokens[0],
            second_tokens=tokens[1],
            weights=row["weights"][:height, :width],
        )

    # Serving and saving.

    def served(self):
        """The signatures of the export, with `first` and `second` `(n,)`.

        - `serving_default`: `score` float32 `(n,)` and, of a `PairClassifier`,
          `label` string `(n,)` and `probabilities` float32 `(n, classes)`; of
          a `PairScorer`, `similarity`, the score as a number from 0 to 1.
        - `explain`: the same; `first_tokens` `(n, words)`, `second_tokens`
          `(n, others)`, padded with "", and `weights` `(n, words, others)`.
        - `embed`, of a siamese network: `text` `(n,)` -> `embedding`
          float32 `(n, size)` and `length` int32 `(n,)`, the number of tokens
          read.
        """
        signature = [tf.TensorSpec([None], tf.string, name=s) for s in SIDES]

        @tf.function(input_signature=signature, autograph=False)
        def serve(first, second):
            ids = tuple(
                pad(self.vocabulary(self._tokens(each).words))
                for each in (first, second)
            )
            return self.in_graph(self(ids, training=False))

        @tf.function(input_signature=signature, autograph=False)
        def explain(first, second):
            found = self._explain((first, second))
            return self.in_graph(found.pop("outputs")) | found

        @tf.function(
            input_signature=[tf.TensorSpec([None], tf.string, name="text")],
            autograph=False,
        )
        def embed(text):
            ids = pad(self.vocabulary(self._tokens(text).words))
            vectors = self.matcher.encoder(ids, training=False)
            return {
                "embedding": tf.cast(vectors, tf.float32),
                "length": tf.reduce_sum(tf.cast(ids != 0, tf.int32), axis=1),
            }

        signatures = {"serving_default": serve, "explain": explain}
        return signatures | ({"embed": embed} if self.embeds else {})

    def to_serve(self, x):
        chunks = list(self.read_inputs(x))
        return {
            side: [each for chunk in chunks for each in chunk[side]]
            for side in SIDES
        }

    def get_config(self):
        return {**super().get_config(), "dropout": self.dropout.rate}
