"""Classes: their names, their losses and their metrics."""

import collections
import dataclasses
import numbers
from collections.abc import Mapping, Set
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from rnnzoo import text
from rnnzoo.calibration import ExpectedCalibrationError
from rnnzoo.checks import check_rate
from rnnzoo.class_metrics import (
    build,
    check_of_probabilities,
    class_f1,
    counts_classes,
    for_classes,
    is_binary,
    takes_one_hot,
)
from rnnzoo.graphs import traced
from rnnzoo.tasks.answers import fields_of
from rnnzoo.tasks.class_weights import weights_of_classes
from rnnzoo.tasks.task import Task


@dataclasses.dataclass(frozen=True)
class Classification:
    """The most probable class of a text and its probability."""

    label: str
    score: float


class Classifier(Task):
    """Tells apart classes, which have names or numbers, and is trained to.

    A subclass reads examples and makes probabilities of classes of them.

    Args:
        num_classes: Number of classes.
        labels: Names of the classes; by default learned by `adapt`.
        label_smoothing: Share of the probability of a label that all classes
            get in the loss. Szegedy et al. 2016.
        **kwargs: See `rnnzoo.tasks.Task`.

    Attributes of the class:
        activation: What makes probabilities of the scores of classes.
        most_at_once: Most examples in a batch, at inference.
    """

    activation = "softmax"
    most_at_once = 128

    def __init__(
        self, num_classes=2, *, labels=None, label_smoothing=0.0, **kwargs
    ):
        super().__init__(**kwargs)
        if not isinstance(num_classes, numbers.Integral) or num_classes < 2:
            raise ValueError(
                "Invalid value for argument `num_classes`. Expected an "
                f"integer of at least 2. Received: num_classes={num_classes!r}"
            )
        check_rate("label_smoothing", label_smoothing)
        self.num_classes = int(num_classes)
        self.label_smoothing = label_smoothing
        self.labels = self.checked_names(self.labels_of(labels))

    # Labels.

    @property
    def label_names(self):
        """Names of the classes; their numbers, if they have none."""
        return self.labels or tuple(map(str, range(self.num_classes)))

    @property
    def class_names(self):
        return self.label_names

    @classmethod
    def labels_of(cls, labels):
        if hasattr(labels, "features"):  # TFDS's DatasetInfo
            features = dict(labels.features.items())
            keys = cls.schema.targets[0].keys
            keys = [*(labels.supervised_keys or ())[1:2], *keys]
            found = [features[key] for key in keys if key in features]
            label = found[0] if found else None
            label = getattr(label, "feature", label)  # of a sequence
            labels = getattr(label, "names", None)  # a text has none
        names = getattr(labels, "names", labels)  # TFDS's ClassLabel
        if isinstance(names, (str, bytes, Mapping, Set)):
            raise ValueError(
                "Invalid value for argument `labels`. Expected the names of "
                "the classes in the order of their numbers, a sequence. "
                f"Received: labels={labels!r:.80}"
            )
        names = tuple(
            text.as_text(name, "labels", i)
            for i, name in enumerate(() if names is None else names)
        )
        return names or None

    def require_labels_of(self, info):
        names = self.labels_of(info)
        if self.labels and names and self.labels != names:
            raise ValueError(
                f"The model tells {', '.join(self.labels)} apart, and the "
                f"classes of the dataset are {', '.join(names)}."
            )

    def monitor_for(self, examples):
        """The loss: the accuracy of a few thousand texts is too noisy.

        Its standard error is larger than the differences between epochs, and
        it does not see a model grow too sure of its mistakes.
        """
        return "loss"

    def check_lender(self, saved, given):
        if self.num_classes != saved.num_classes:
            raise ValueError(
                "Invalid value for argument `weights`. Expected a task of "
                f"num_classes={self.num_classes} classes. Received: {given}, "
                f"which has {saved.num_classes}: "
                f"{', '.join(saved.label_names[:10])}. Build the model with "
                f"num_classes={saved.num_classes}, or train it anew for other "
                "classes."
            )

    def labels_in(self, x, y=None, labels=None):
        names = None if labels is None else self.labels_of(labels)
        if names is None:
            found = [self.names_in(each) or () for each in self.read(x, y)]
            names = sorted({name for each in found for name in each})
            is_known = set(names) <= set(self.label_names)
        else:
            is_known = names == (self.labels or names[: self.num_classes])
        return None if is_known else tuple(names)

    def anew(self, labels):
        return self._anew(num_classes=len(labels))

    def extend(self, learned, saved):
        learned = super().extend(learned, saved)
        classes = saved.class_names or ()
        if learned["labels"] is None and self.num_classes == len(classes):
            learned["labels"] = saved.labels
        return learned

    def indexed(self):
        yield from super().indexed()
        yield self.head.kernel, {1: "labels"}
        yield self.head.bias, {0: "labels"}

    def keys(self, name):
        if name != "labels":
            return super().keys(name)
        # The class 1 of two and the class 1 of five mean different things.
        numbers = tuple((i, self.num_classes) for i in range(self.num_classes))
        return self.labels or numbers

    def checked_names(self, names):
        """A tuple of the names of the classes, or `None` if there are none."""
        names = tuple(names or ())
        if names and not len(names) == len(set(names)) == self.num_classes:
            raise ValueError(
                "Invalid value for argument `labels`. Expected the names of "
                f"num_classes={self.num_classes} classes, each once. Received "
                f"{len(names)}: {list(names)[:10]}"
            )
        return names or None

    def names_in(self, chunk):
        """The labels of a chunk as strings, or `None` if they are numbers."""
        return as_names(chunk["label"], chunk.first)

    def label_ids(self, chunk):
        """The checked labels of a chunk: int32 array `(n,)`.

        Rows of zeros and a one, `(n, classes)`, are labels too.
        """
        labels = _without_one_hot(chunk["label"], self.num_classes)
        ids, names = labels, self.names_in(chunk)
        if names is not None:
            place = {name: i for i, name in enumerate(self.label_names)}
            ids = np.array([place.get(name, -1) for name in names])
        known = np.isin(ids, range(self.num_classes))
        if labels.ndim != 1 or not known.all():
            received = f"shape {labels.shape}"
            if labels.ndim == 1:
                received = labels[~known].tolist()[0]
            raise ValueError(
                "Invalid value for argument `y`. Expected one label an "
                f"example, from 0 to {self.num_classes - 1} or one of "
                f"{list(self.label_names)[:10]}. Received: {received!r}"
            )
        return ids.astype("int32")

    def count_labels(self, chunk, counts, labels):
        """Counts the labels of a chunk; see `count`."""
        self.checked_names(labels)
        if "label" in chunk:
            names = self.names_in(chunk)
            counts["label"].counts.update(names or ())
            if names is None:
                self.label_ids(chunk)  # a wrong label is found at once

    def learn_labels(self, counts, labels):
        """Names of the classes of counted labels; see `learn`."""
        seen = sorted(counts["label"].counts)
        labels = self.checked_names(labels) or self.labels
        return labels or self.checked_names(seen)

    # Answers.

    def predict(
        self, x: Any, batch_size: int | None = None, verbose: int = 0
    ) -> np.ndarray:
        """The probabilities of the classes.

        Args:
            x: Raw examples; labels, if a dataset has them, are ignored.
            batch_size: Most examples in a batch.
            verbose: As in Keras.

        Returns:
            float32 array `(examples, classes)`, in the order of the examples.
            `label_names` has the names of the classes.
        """
        self._require_adapted("predict")
        examples = self.encode_inputs(x)
        if examples is None:
            return np.zeros((0, self.num_classes), "float32")
        batch_size = batch_size or self.most_at_once
        return np.stack(examples.run(self._probabilities, batch_size, verbose))

    @traced
    def _probabilities(self, inputs):
        return self(inputs, training=False)

    def answers_of(self, probabilities):
        """The `Classification`s of probabilities, float `(n, classes)`."""
        best = probabilities.argmax(axis=1)
        return [
            Classification(self.label_names[i], float(row[i]))
            for i, row in zip(best, probabilities, strict=True)
        ]

    @staticmethod
    def as_record(answer):
        return fields_of(Classification, answer)

    def comparable(self, x):
        probabilities = self.predict(x)
        names = [self.label_names[i] for i in probabilities.argmax(axis=1)]
        return [
            ([name], row)
            for name, row in zip(names, probabilities, strict=True)
        ]

    def comparable_served(self, outputs):
        names = [[name] for name in outputs["label"]]
        return list(zip(names, outputs["probabilities"], strict=True))

    # Training.

    def compile(self, optimizer="auto", loss="auto", metrics="auto", **kwargs):
        """See `Task.compile`; losses and metrics of Keras fit the labels.

        Those that expect rows of zeros and a one as labels get them; see
        `rnnzoo.class_metrics.ClassMetric`. A user's own functions and classes
        get the numbers of the classes, int32 `(batch,)`.

        Raises:
            ValueError: If a loss or a metric is not of probabilities.
        """
        if isinstance(metrics, str) and metrics == "auto":
            with self.distribute_strategy.scope():
                metrics = self.default_metrics()
        weighted = kwargs.pop("weighted_metrics", None)
        with self.distribute_strategy.scope():
            metrics, weighted = (
                keras.tree.map_structure(self.fit_metric, each)
                if each
                else each
                for each in (metrics, weighted)
            )
        for each in keras.tree.flatten(loss):
            self.check_loss(each)
        super().compile(
            optimizer, loss, metrics, weighted_metrics=weighted, **kwargs
        )

    def fit_metric(self, metric):
        """A metric as it takes the labels and the probabilities."""
        return build(for_classes(metric), self.num_classes)

    def check_loss(self, loss):
        """Raises `ValueError` if a loss does not fit the probabilities."""
        check_of_probabilities("loss", loss)

    def fit_loss(self, y, y_pred):
        """Labels and probabilities as the loss takes them."""
        losses = keras.tree.flatten(self.loss)
        if all(takes_one_hot("loss", each) for each in losses):
            y = tf.one_hot(y, self.num_classes)
            if any(is_binary("loss", each) for each in losses):
                # Keras keeps the logits beside the probabilities, and takes
                # those of a softmax for those of a sigmoid.
                y_pred = tf.identity(y_pred)
        return y, y_pred

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        y, y_pred = self.fit_loss(y, y_pred)
        return super().compute_loss(x, y, y_pred, sample_weight, training)

    def default_loss(self):
        if self.label_smoothing:
            return keras.losses.CategoricalCrossentropy(
                label_smoothing=self.label_smoothing
            )
        return keras.losses.SparseCategoricalCrossentropy()

    def default_metrics(self):
        return [
            keras.metrics.SparseCategoricalAccuracy(name="accuracy"),
            keras.metrics.F1Score("macro", name="f1"),
            ExpectedCalibrationError(),
        ]

    def score(self, examples, quick=False):
        """The F1 of each class, as `keras.metrics.F1Score` counted it last.

        Returns:
            Dict of `"f1_pos"` and so on; empty if `quick`.
        """
        if quick:
            return {}
        counted = [
            class_f1(metric)
            for group in self.metrics
            for metric in getattr(group, "metrics", ())
            if counts_classes(metric)
        ][:1]
        return {
            f"f1_{name}": f1
            for found in counted
            for name, f1 in zip(self.label_names, found, strict=True)
        }

    def class_weights(self, examples, class_weight):
        ids = np.asarray(examples.labels)
        classes = [(name, i) for i, name in enumerate(self.label_names)]
        seen = collections.Counter(ids.tolist())
        return weights_of_classes(class_weight, classes, seen)[ids]

    def get_config(self):
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "label_smoothing": self.label_smoothing,
        }


def _without_one_hot(labels, classes):
    """The places of the ones, if each label is a row of zeros and a one."""
    if labels.ndim != 2 or labels.shape[1] != classes:
        return labels
    is_one = labels == 1
    if not (is_one | (labels == 0)).all() or (is_one.sum(axis=1) != 1).any():
        return labels
    return is_one.argmax(axis=1)


def as_names(labels, first):
    """Labels of a chunk as strings, or `None` if they are numbers.

    Args:
        labels: Array of labels.
        first: Number of the labels before.
    """
    labels = labels.ravel().tolist()
    if not any(isinstance(label, (str, bytes)) for label in labels):
        return None
    return [text.as_text(each, "y", first + i) for i, each in enumerate(labels)]
