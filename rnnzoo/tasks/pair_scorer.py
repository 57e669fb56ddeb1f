"""Numbers for pairs of texts: how similar, how related."""

import dataclasses
from typing import Any

import keras
import numpy as np

from rnnzoo.graphs import traced
from rnnzoo.pipeline.schema import Number, Schema
from rnnzoo.scoring.correlation import pearson, spearman
from rnnzoo.tasks.answers import fields_of
from rnnzoo.tasks.pairs import INPUTS, WithPairs
from rnnzoo.tasks.sampling import BATCH_SIZE
from rnnzoo.tasks.task import Task


@dataclasses.dataclass(frozen=True)
class Similarity:
    """A pair's score, in the unit of the training data."""

    score: float


@keras.saving.register_keras_serializable(package="rnnzoo")
class PairScorer(WithPairs, Task):
    """Says how similar two texts are, as a number.

    Scores are those of the training data: `adapt` learns the lowest and the
    highest, and no answer is beyond them.

    Args:
        matcher: Layer that compares two texts: `rnnzoo.layers.Siamese`, whose
            similarity is the answer, or else a layer whose vector an output
            layer turns into one.
        score_range: The lowest and the highest score; by default learned by
            `adapt`.
        vocabulary: Tokens from id 2 on; by default learned by `adapt`.
        recipe: `rnnzoo.Recipe`, the training defaults.
        **kwargs: See `rnnzoo.tasks.pairs.WithPairs`.

    Examples:

    >>> import rnnzoo
    >>> model = rnnzoo.build(
    ...     "siamese_matcher", num_classes=None, units=4, min_count=1
    ... )
    >>> pairs = [("A dog runs.", "A dog moves."), ("A dog runs.", "Rain.")]
    >>> model.adapt(pairs, [5.0, 1.0], verbose=0)
    >>> model.compare([("Rain.", "Rain.")])
    [Similarity(score=5.0)]
    """

    monitor = "pearson"
    schema = Schema(
        INPUTS,
        (
            Number(
                "score",
                ("score", "relatedness", "similarity", "label"),
                ("similarity_score", "relatedness_score", "rating"),
            ),
        ),
    )

    def __init__(self, matcher, *, vocabulary=None, score_range=None, **kwargs):
        super().__init__(matcher, **kwargs)
        self.score_range = None
        if matcher.similarity:  # from 0 to 1 by itself
            self.head = keras.layers.Identity(dtype="float32", name="head")
        else:
            self.head = keras.layers.Dense(
                1, activation="sigmoid", dtype="float32", name="head"
            )
        if vocabulary is not None:
            self.take(vocabulary, score_range)

    # Scores.

    @property
    def learned(self):
        return {**super().learned, "score_range": self.score_range}

    def count(self, chunk, counts, labels):
        super().count(chunk, counts, labels)
        if "score" in chunk:
            counts["score"].counts.update(map(repr, chunk["score"].tolist()))

    def learn(self, counts, labels):
        scores = list(map(float, counts["score"].counts))
        lowest, highest = min(scores, default=0.0), max(scores, default=1.0)
        if lowest == highest:
            raise ValueError(
                "Invalid value for argument `y`. Expected scores that differ. "
                f"Received: all are {lowest}"
            )
        learned = super().learn(counts, labels)
        return {**learned, "score_range": (lowest, highest)}

    def take(self, vocabulary, score_range):
        self.score_range = tuple(map(float, score_range))
        super().take(vocabulary)

    def targets_of(self, chunk):
        if "score" not in chunk:
            return None
        lowest, highest = self.score_range
        shares = (chunk["score"] - lowest) / (highest - lowest)
        return shares.astype("float32")[:, None]

    # Training.

    def default_loss(self):
        return keras.losses.MeanSquaredError()

    def score(self, examples, quick=False):
        """The correlations of answers and scores, by Pearson and Spearman.

        A correlation is 0 where all answers, or all scores, are the same.
        """
        outputs = examples.run(self._similarities, self.recipe.batch_size)
        found = np.ravel(outputs), np.ravel(np.asarray(examples.labels))
        return {"pearson": pearson(*found), "spearman": spearman(*found)}

    # Answers.

    def predict(
        self, x: Any, batch_size: int | None = None, verbose: int = 0
    ) -> np.ndarray:
        """The scores of pairs.

        Args:
            x: Pairs, or one pair; scores, if a dataset has them, are ignored.
            batch_size: Defaults to 128.
            verbose: As in Keras.

        Returns:
            float32 array `(pairs,)`, in the order of the pairs.
        """
        self._require_adapted("predict")
        examples = self.encode_inputs(x)
        if examples is None:
            return np.zeros(0, "float32")
        batch_size = batch_size or BATCH_SIZE
        found = examples.run(self._similarities, batch_size, verbose)
        return self.to_answers(np.stack(found))

    @traced
    def _similarities(self, inputs):
        return self(inputs, training=False)

    def to_answers(self, outputs):
        """Outputs `(n, 1)` in the unit of the scores, `(n,)`."""
        lowest, highest = self.score_range
        return lowest + (highest - lowest) * outputs[:, 0]

    @staticmethod
    def answers_of(scores):
        """The `Similarity` of each score."""
        return [Similarity(float(score)) for score in scores]

    @staticmethod
    def as_record(answer):
        return fields_of(Similarity, answer)

    def place_of(self, label):
        if label is not None:
            raise ValueError(
                "Invalid value for argument `label`. Expected None: the model "
                f"has scores, and no classes. Received: label={label!r:.80}"
            )
        return None

    # Serving and saving.

    def in_graph(self, outputs):
        """Outputs as the export answers them."""
        return {
            "score": self.to_answers(outputs),
            "similarity": outputs[:, 0],
        }

    def comparable(self, x):
        return [([], [score]) for score in self.predict(x)]

    def comparable_served(self, outputs):
        return [([], [score]) for score in outputs["score"]]
