"""Metrics that Keras does not have."""

from typing import NamedTuple

import keras
import tensorflow as tf

from rnnzoo.text import tagging


@keras.saving.register_keras_serializable(package="rnnzoo")
class SpanF1(keras.metrics.Metric):
    """F1 of spans as the CoNLL scorer counts them: wholly right, or wrong.

    A span is right if its first token, its last token and its label are. The
    result is micro-averaged: spans of all labels are counted together.

        F1 = 2 * correct / (true + predicted)

    Args:
        tags: Names of the tags, such as `"B-PER"`, in the order of their ids.
        name, dtype: As in Keras.

    Call arguments of `update_state`:
        y_true: Integers `(batch, time)`, the ids of the true tags; negative
            ones are padding.
        y_pred: Integers `(batch, time)`, the ids of the predicted tags.
        sample_weight: Optional weight of each row, `(batch,)`, or of each
            token, `(batch, time)`: a span has the weight of its first one.

    Examples:

    >>> from rnnzoo.metrics import SpanF1
    >>> metric = SpanF1(["O", "B-PER", "I-PER"])
    >>> metric.update_state([[1, 2, 0, 1]], [[1, 2, 0, 0]])
    >>> round(float(metric.result()), 3)
    0.667
    >>> metric.report()["PER"]
    {'precision': 1.0, 'recall': 0.5, 'f1': 0.666..., 'support': 2.0}
    """

    def __init__(self, tags, name="f1", dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.tags = tuple(tags)
        labels = [tagging.split(tag)[1] for tag in self.tags]
        self.labels = tuple(sorted({label for label in labels if label}))
        self._continues = tagging.continuation(self.tags)
        # For each tag, the number of its label; the last one means no label.
        self._label = [
            self.labels.index(label) if label else len(self.labels)
            for label in labels
        ]
        self._counts = {
            name: self.add_weight(
                shape=(len(self.labels),), initializer="zeros", name=name
            )
            for name in ("true", "predicted", "correct")
        }

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true = tf.convert_to_tensor(y_true)
        inside = y_true >= 0
        true = self._spans(y_true, inside)
        predicted = self._spans(y_pred, inside)
        differs = (
            (true.begins != predicted.begins)
            | (true.ends != predicted.ends)
            | (true.labels != predicted.labels)
        )
        differs &= true.labels < len(self.labels)
        # A span is right if nothing differs at any of its tokens.
        span = tf.cumsum(tf.reshape(tf.cast(true.begins, tf.int32), [-1]))
        errors = tf.math.unsorted_segment_sum(
            tf.reshape(tf.cast(differs, tf.int32), [-1]),
            span,
            tf.size(span) + 1,
        )
        is_right = tf.reshape(tf.gather(errors, span) == 0, tf.shape(y_true))
        weights = tf.ones(tf.shape(y_true), self.dtype)
        if sample_weight is not None:
            sample_weight = tf.cast(sample_weight, self.dtype)
            if sample_weight.shape.rank == 1:
                sample_weight = sample_weight[:, None]
            weights *= sample_weight
        for name, places, labels in (
            ("true", true.begins, true.labels),
            ("predicted", predicted.begins, predicted.labels),
            ("correct", true.begins & is_right, true.labels),
        ):
            values = tf.cast(places, self.dtype) * weights
            self._counts[name].assign_add(
                tf.math.unsorted_segment_sum(
                    values, labels, len(self.labels) + 1
                )[:-1]
            )

    def _spans(self, tags, inside):
        """The spans that tags mean: their first and last tokens, and labels."""
        tags = tf.where(inside, tf.cast(tags, tf.int32), 0)
        labels = tf.gather(tf.constant(self._label), tags)
        labels = tf.where(inside, labels, len(self.labels))
        tokens = labels < len(self.labels)
        continues = tf.gather_nd(
            tf.constant(self._continues),
            tf.stack([tags[:, :-1], tags[:, 1:]], axis=2),
        )
        continues &= inside[:, 1:] & tokens[:, :-1]
        never = tf.zeros_like(inside[:, :1])
        begins = tokens & ~tf.concat([never, continues], axis=1)
        ends = tokens & ~tf.concat([continues, never], axis=1)
        return _Spans(begins, ends, labels)

    def result(self):
        true, predicted, correct = map(tf.reduce_sum, self._values())
        return tf.math.divide_no_nan(2 * correct, true + predicted)

    def report(self):
        """The scores of each label.

        Returns:
            Dict from each label, and from `"all"`, to a dict of `precision`,
            `recall`, `f1` and `support`, the number of true spans.
        """
        columns = [counts.numpy().tolist() for counts in self._values()]
        rows = dict(zip(self.labels, zip(*columns, strict=True), strict=True))
        rows["all"] = tuple(map(sum, columns))
        return {
            label: {
                "precision": _share(correct, predicted),
                "recall": _share(correct, true),
                "f1": _share(2 * correct, true + predicted),
                "support": true,
            }
            for label, (true, predicted, correct) in rows.items()
        }

    def _values(self):
        return [tf.convert_to_tensor(each) for each in self._counts.values()]

    def get_config(self):
        return {"name": self.name, "dtype": self.dtype, "tags": self.tags}


@keras.saving.register_keras_serializable(package="rnnzoo")
class Perplexity(keras.metrics.Metric):
    """The exponential of the mean loss of a token.

        2^H = exp(-1/n sum_t log p(w_t | w_1 .. w_(t-1)))

    Args:
        name, dtype: As in Keras.

    Call arguments of `update_state`:
        y_true: Not used.
        y_pred: The losses of tokens, their negative log probabilities.
        sample_weight: Optional weights of the same shape.

    Examples:

    >>> import numpy as np
    >>> from rnnzoo.metrics import Perplexity
    >>> metric = Perplexity()
    >>> metric.update_state(None, -np.log([0.25, 0.25]))
    >>> metric.update_state(None, -np.log([0.25]))
    >>> float(metric.result())
    4.0
    """

    def __init__(self, name="perplexity", dtype=None):
        super().__init__(name=name, dtype=dtype)
        self._total = self.add_weight(initializer="zeros", name="total")
        self._count = self.add_weight(initializer="zeros", name="count")
        self._direction = "down"

    def update_state(self, y_true, y_pred, sample_weight=None):
        losses = tf.cast(y_pred, self.dtype)
        weights = tf.ones_like(losses)
        if sample_weight is not None:
            weights *= tf.cast(sample_weight, self.dtype)
        self._total.assign_add(tf.reduce_sum(losses * weights))
        self._count.assign_add(tf.reduce_sum(weights))

    def result(self):
        total, count = map(tf.convert_to_tensor, (self._total, self._count))
        return tf.exp(tf.math.divide_no_nan(total, count))

    def get_config(self):
        return {"name": self.name, "dtype": self.dtype}


class _Spans(NamedTuple):
    begins: tf.Tensor  # boolean (batch, time)
    ends: tf.Tensor  # boolean (batch, time)
    labels: tf.Tensor  # int32 (batch, time)


def _share(part, whole):
    return part / whole if whole else 0.0
