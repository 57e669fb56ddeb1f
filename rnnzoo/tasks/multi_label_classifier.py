"""Classification of texts that have any number of labels."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from rnnzoo.calibration import ExpectedCalibrationError
from rnnzoo.class_metrics import build, check_of_probabilities, origin
from rnnzoo.pipeline.schema import LABELS, TEXTS, Labels, Schema, Text
from rnnzoo.tasks.answers import as_plain
from rnnzoo.tasks.classifier import Classification
from rnnzoo.tasks.task import Task
from rnnzoo.tasks.text_classifier import TextClassifier
from rnnzoo.text import as_text

THRESHOLD = 0.5


@keras.saving.register_keras_serializable(package="rnnzoo")
class MultiLabelClassifier(TextClassifier):
    """Finds the labels of raw strings: none, one or several.

    Wherever a method takes labels, they are a list for each text, of names or
    of numbers; or a row with a zero or a one for each class. The probabilities
    of the classes are independent of each other.

    Args:
        *args, **kwargs: As of `TextClassifier`.

    Examples:

    >>> import rnnzoo
    >>> model = rnnzoo.build(
    ...     "bilstm_classifier", multi_label=True, units=4, min_count=1
    ... )
    >>> texts = ["A sad film.", "Loud.", "Sad and loud."]
    >>> model.adapt(texts, [["sad"], ["loud"], ["loud", "sad"]], verbose=0)
    >>> model.labels
    ('loud', 'sad')
    >>> [len(found) for found in model.classify(texts, threshold=0.0)]
    [2, 2, 2]
    """

    monitor = "f1"
    schema = Schema(
        (Text("text", also=TEXTS),),
        (Labels("label", ("label", "labels"), LABELS),),
    )
    activation = "sigmoid"

    # Labels.

    def names_in(self, chunk):
        labels = [
            (label, chunk.first + row)
            for row, labels in enumerate(chunk["label"])
            for label in labels
        ]
        if not any(isinstance(label, (str, bytes)) for label, _ in labels):
            return None
        return [as_text(label, "y", row) for label, row in labels]

    def label_ids(self, chunk):
        """The checked labels of a chunk: uint8 array `(n, classes)`."""
        known = {name: i for i, name in enumerate(self.label_names)}
        known |= {i: i for i in range(self.num_classes)}
        rows = np.zeros((len(chunk), self.num_classes), "uint8")
        for row, labels in enumerate(chunk["label"]):
            if self._is_row(labels):
                rows[row] = labels
                continue
            places = [known.get(_decoded(label)) for label in labels]
            if None in places:
                raise ValueError(
                    "Invalid value for argument `y`. Expected a list of labels "
                    f"for each text, from 0 to {self.num_classes - 1} or of "
                    f"{list(self.label_names)[:10]}; or a zero or a one for "
                    f"each of {self.num_classes} classes. Received: "
                    f"y[{chunk.first + row}]={labels!r:.80}"
                )
            rows[row, places] = 1
        return rows

    def _is_row(self, labels):
        is_bits = all(
            not isinstance(label, (str, bytes)) and label in (0, 1)
            for label in labels
        )
        return is_bits and len(labels) == self.num_classes

    # Training.

    def fit_metric(self, metric):
        if isinstance(metric, str) and metric.lower() in ("accuracy", "acc"):
            return keras.metrics.BinaryAccuracy(name=metric)
        _check("metrics", metric)
        return build(metric, self.num_classes)

    def check_loss(self, loss):
        _check("loss", loss)

    def fit_loss(self, y, y_pred):
        return y, y_pred

    def default_loss(self):
        return keras.losses.BinaryCrossentropy(
            label_smoothing=self.label_smoothing
        )

    def default_metrics(self):
        return [
            keras.metrics.F1Score("micro", threshold=THRESHOLD, name="f1"),
            keras.metrics.F1Score(
                "macro", threshold=THRESHOLD, name="f1_macro"
            ),
            ExpectedCalibrationError(multi_label=True),
        ]

    def class_weights(self, examples, class_weight):
        return Task.class_weights(self, examples, class_weight)

    # Answers.

    def classify(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: int = 0,
        threshold: float = THRESHOLD,
    ) -> list[list[Classification]]:
        """The labels of each text whose probability is above a threshold.

        Args:
            x, batch_size, verbose: See `predict`.
            threshold: From 0 to 1; or one for each class, in their order.

        Returns:
            List of lists of `Classification`, the most probable first.
        """
        self._require_adapted("classify")
        self._thresholds(threshold)  # before the work
        return self.answers_of(self.predict(x, batch_size, verbose), threshold)

    def answers_of(self, probabilities, threshold=THRESHOLD):
        """The lists of `Classification`s of probabilities; see `classify`."""
        thresholds = self._thresholds(threshold)
        found = []
        for row in probabilities:
            order = np.argsort(-row, kind="stable")
            found.append(
                [
                    Classification(self.label_names[i], float(row[i]))
                    for i in order
                    if row[i] > thresholds[i]
                ]
            )
        return found

    @staticmethod
    def as_record(answer):
        return {"labels": as_plain(answer)}

    def _thresholds(self, threshold):
        values = np.asarray(threshold)
        fits = values.dtype.kind in "fiu" and values.shape in (
            (),
            (self.num_classes,),
        )
        if not fits or not ((values >= 0) & (values <= 1)).all():
            raise ValueError(
                "Invalid value for argument `threshold`. Expected a number "
                f"from 0 to 1, or {self.num_classes}, one for each class. "
                f"Received: threshold={threshold!r:.80}"
            )
        return np.broadcast_to(values.astype("float32"), self.num_classes)

    # Serving.

    def served(self, threshold=THRESHOLD, samples=None):
        """The signatures of the export, as of `TextClassifier`.

        Instead of one label and its score, there are `labels` string and
        `scores` float32, `(n, classes)`: the most probable first, "" and 0 for
        those whose probability is not above the threshold. In `sample`, each
        label has its own entropies.
        """
        names = tf.constant(self.label_names)
        thresholds = tf.constant(self._thresholds(threshold))

        def above(probabilities):
            is_above = probabilities > thresholds
            scores = tf.where(is_above, probabilities, 0)
            labels = tf.where(is_above, names, "")
            order = tf.argsort(
                tf.where(is_above, -probabilities, 1), stable=True
            )
            return {
                "labels": tf.gather(labels, order, batch_dims=1),
                "scores": tf.gather(scores, order, batch_dims=1),
            }

        return self._served_with(above, samples)

    def comparable(self, x):
        found = self.classify(x)
        return [
            ([each.label for each in labels], row)
            for labels, row in zip(found, self.predict(x), strict=True)
        ]

    def comparable_served(self, outputs):
        labels = [list(filter(None, row)) for row in outputs["labels"]]
        return list(zip(labels, outputs["probabilities"], strict=True))


def _check(argument, given):
    check_of_probabilities(argument, given)
    made_of = origin(argument, given)
    if made_of is not None and "categorical" in made_of.__name__.lower():
        raise ValueError(
            f"Invalid value for argument `{argument}`. Expected what fits "
            "probabilities that are independent of each other, such as "
            "'binary_crossentropy' or `keras.metrics.F1Score`. Received: "
            f"{made_of.__name__}"
        )


def _decoded(label):
    return label.decode() if isinstance(label, bytes) else label
