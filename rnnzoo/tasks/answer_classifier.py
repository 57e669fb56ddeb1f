"""Answers as classes, those that training has shown."""

import dataclasses
import warnings

import keras
import numpy as np
import tensorflow as tf

from rnnzoo.pipeline import columns
from rnnzoo.tasks.answers import fields_of
from rnnzoo.tasks.classifier import Classifier
from rnnzoo.tasks.trainer import missing_targets

UNSEEN = -1  # the class of an answer that training has not shown


@dataclasses.dataclass(frozen=True)
class Answer:
    """The most probable answer to a question, and its probability."""

    answer: str
    score: float


class AnswerClassifier(Classifier):
    """Chooses one of the answers that `adapt` has seen, which are strings.

    Its number of classes is known when they are. An answer that was not seen
    is an error in training, and else counts as wrong; the loss leaves it out.
    The feature is called `answer`.

    Args:
        **kwargs: See `Classifier`, without `num_classes`.
    """

    keeps = ("answer",)

    def checked_names(self, names):
        names = tuple(names or ())
        if len(names) != len(set(names)):
            raise ValueError(
                "Invalid value for argument `labels`. Expected the answers, "
                f"each once. Received {len(names)}: {list(names)[:10]}"
            )
        return names or None

    def check_lender(self, saved, given):
        """Any: the answers are learned, too."""

    def anew(self, labels):
        return self._anew()

    def count(self, chunk, counts, labels):
        if "answer" not in chunk:
            raise missing_targets(self.schema)
        counts["answer"].counts.update(self.names_in(chunk))

    def answers_in(self, counts, labels):
        """The answers to learn: those given, or those that were counted."""
        given = self.checked_names(labels) or self.labels
        return given or self.checked_names(sorted(counts["answer"].counts))

    def take_answers(self, labels):
        """Takes what `answers_in` returned."""
        self.labels = self.checked_names(labels)
        self.num_classes = len(self.labels)

    def names_in(self, chunk):
        return [each.decode() for each in chunk["answer"].tolist()]

    def label_ids(self, chunk):
        place = {name: i for i, name in enumerate(self.labels)}
        ids = [place.get(name, UNSEEN) for name in self.names_in(chunk)]
        return np.array(ids, "int32")

    def see(self, examples):
        """Checks that all answers to be learned are known."""
        if unseen := self._unseen(examples):
            raise ValueError(
                "Invalid value for argument `y`. Expected answers that `adapt` "
                f"has seen, {', '.join(self.labels[:10])}. Received: "
                f"{', '.join(unseen[:10])}"
            )

    def _unseen(self, examples):
        """Unknown answers of examples, each once; or how many they are."""
        unseen = np.asarray(columns.to_numpy(examples.labels)) == UNSEEN
        if "answer" not in examples.raw:
            return [f"{unseen.sum():,} others"] if unseen.any() else []
        answers = np.asarray(examples.raw["answer"])[unseen]
        return sorted({each.decode() for each in answers})

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        if not training:  # there may be unknown answers
            known = tf.cast(y != UNSEEN, tf.float32)
            weights = 1.0 if sample_weight is None else sample_weight
            y, sample_weight = tf.maximum(y, 0), weights * known
        return super().compute_loss(x, y, y_pred, sample_weight, training)

    def default_metrics(self):
        return [keras.metrics.SparseCategoricalAccuracy(name="accuracy")]

    def score(self, examples, quick=False):
        """Warns of answers that were not seen."""
        if not quick and (unseen := self._unseen(examples)):
            warnings.warn(
                "Answers that `adapt` has not seen count as wrong: "
                f"{', '.join(unseen[:10])}.",
                stacklevel=2,
            )
        return {}

    def answers_of(self, probabilities):
        """The `Answer`s of probabilities, float `(n, answers)`."""
        found = super().answers_of(probabilities)
        return [Answer(each.label, each.score) for each in found]

    @staticmethod
    def as_record(answer):
        return fields_of(Answer, answer)

    def get_config(self):
        config = super().get_config()
        del config["num_classes"]
        return config
