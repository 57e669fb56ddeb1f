"""Classes of pairs of texts: duplicates, entailment, answers to a question."""

import keras
import numpy as np
import tensorflow as tf

from rnnzoo.pipeline.schema import LABELS, Label, Schema
from rnnzoo.scoring.ranking import mean_average_precision, mean_reciprocal_rank
from rnnzoo.tasks.classifier import Classifier
from rnnzoo.tasks.pairs import INPUTS, WithPairs

NO_LABEL = -1  # in TFDS: nobody agreed, or it is secret


@keras.saving.register_keras_serializable(package="rnnzoo")
class PairClassifier(WithPairs, Classifier):
    """Says how two texts belong together.

    Examples whose label is the number -1, as in `snli`, where annotators did
    not agree, are left out.

    Args:
        matcher: Layer that compares two texts: `rnnzoo.layers.Siamese` or
            `rnnzoo.layers.ESIM`.
        num_classes: Number of classes.
        labels: Names of the classes; by default learned by `adapt`.
        label_smoothing: Share of the probability of a label that all classes
            get in the loss. Szegedy et al. 2016.
        vocabulary: Tokens from id 2 on; by default learned by `adapt`.
        recipe: `rnnzoo.Recipe`, the training defaults.
        **kwargs: See `rnnzoo.tasks.pairs.WithPairs`.

    Examples:

    >>> import rnnzoo
    >>> model = rnnzoo.build("siamese_matcher", units=4, min_count=1)
    >>> pairs = [("A dog runs.", "A dog moves."), ("A dog runs.", "Rain.")]
    >>> model.adapt(pairs, ["yes", "no"], verbose=0)
    >>> model.compile()
    >>> history = model.fit(pairs, ["yes", "no"], epochs=1, verbose=0)
    >>> model.compare(pairs)[0].label in ("yes", "no")
    True
    >>> model.embed(["A dog runs."]).shape
    (1, 8)
    """

    schema = Schema(INPUTS, (Label("label", also=LABELS),))
    keeps = ("first",)

    def __init__(
        self, matcher, num_classes=2, *, vocabulary=None, labels=None, **kwargs
    ):
        super().__init__(matcher, num_classes, labels=labels, **kwargs)
        self.head = keras.layers.Dense(
            self.num_classes,
            activation=self.activation,
            dtype="float32",
            name="head",
        )
        if vocabulary is not None:
            self.take(self.labels, vocabulary)

    # Labels.

    def read(self, x, y=None, sample_weight=None):
        empty = True
        for chunk in super().read(x, y, sample_weight):
            if "label" in chunk and chunk["label"].dtype.kind in "iu":
                chunk = chunk.where(chunk["label"] != NO_LABEL)
            if len(chunk):
                empty = False
                yield chunk
        if empty:
            raise ValueError(
                "Invalid value for argument `y`. Expected labels. Received: "
                f"all are {NO_LABEL}, which stands for no label, as in test "
                "splits whose labels are secret"
            )

    @property
    def learned(self):
        return {"labels": self.labels, **super().learned}

    def count(self, chunk, counts, labels):
        super().count(chunk, counts, labels)
        self.count_labels(chunk, counts, labels)

    def learn(self, counts, labels):
        names = self.learn_labels(counts, labels)
        return {"labels": names, **super().learn(counts, labels)}

    def take(self, labels, vocabulary):
        self.labels = self.checked_names(labels)
        super().take(vocabulary)

    def targets_of(self, chunk):
        return self.label_ids(chunk) if "label" in chunk else None

    # Answers.

    @staticmethod
    def to_answers(outputs):
        return outputs

    def place_of(self, label):
        names = self.label_names
        if label is None and self.num_classes == 2:
            return 1
        if label in names:
            return names.index(label)
        if label in range(self.num_classes):
            return label
        raise ValueError(
            "Invalid value for argument `label`. Expected one of "
            f"{list(names)[:10]}. Received: label={label!r:.80}"
        )

    def score(self, examples, quick=False):
        """The F1 of each class and, of candidates for questions, their order.

        Of two classes, if the texts that come first have two candidates each
        or more, on average: `map`, the mean average precision, and `mrr`, the
        mean reciprocal rank, as trec_eval counts them.

        Returns:
            Dict of names to numbers.
        """
        scores = super().score(examples, quick)
        if quick or self.num_classes != 2 or not examples.raw:
            return scores
        firsts = list(examples.raw["first"])
        number = {text: i for i, text in enumerate(dict.fromkeys(firsts))}
        if 2 * len(number) > len(firsts):
            return scores
        questions = np.array([number[text] for text in firsts])
        outputs = examples.run(self._probabilities, self.recipe.batch_size)
        found = np.stack(outputs)[:, 1], np.asarray(examples.labels), questions
        return scores | {
            "map": mean_average_precision(*found),
            "mrr": mean_reciprocal_rank(*found),
        }

    # Serving and saving.

    def in_graph(self, outputs):
        """Outputs as the export answers them."""
        best = tf.argmax(outputs, axis=1)
        return {
            "probabilities": outputs,
            "label": tf.gather(tf.constant(self.label_names), best),
            "score": tf.reduce_max(outputs, axis=1),
        }
