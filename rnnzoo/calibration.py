"""Whether probabilities are as high as the answers are often right."""

import keras
import tensorflow as tf

from rnnzoo.checks import check_positive


@keras.saving.register_keras_serializable(package="rnnzoo")
class ExpectedCalibrationError(keras.metrics.Metric):
    """Mean difference between confidence and accuracy.

    Guo et al. 2017, "On Calibration of Modern Neural Networks", equation 3:
    answers are put into bins of equal width by their confidence, the
    probability that the model gives them, and

        ECE = sum_b n_b / n * |accuracy_b - confidence_b|

    It cannot tell good models from bad ones: one that gives all examples the
    shares of the classes is calibrated, too.

    Args:
        bins: Number of bins.
        multi_label: Whether each label is an answer of its own, right or
            wrong, with the probability of what is more probable; otherwise
            the most probable class is.
        name, dtype: As in Keras.

    Call arguments of `update_state`:
        y_true: Integers `(batch,)`; with `multi_label` `(batch, classes)`,
            zeros and ones.
        y_pred: Probabilities `(batch, classes)`.
        sample_weight: Optional weights, `(batch,)`.

    Examples:

    >>> from rnnzoo.calibration import ExpectedCalibrationError
    >>> metric = ExpectedCalibrationError()
    >>> metric.update_state([0, 1, 1], [[0.9, 0.1], [0.9, 0.1], [0.2, 0.8]])
    >>> round(float(metric.result()), 3)  # (|1 - 1.8| + |1 - 0.8|) / 3
    0.333
    """

    def __init__(
        self,
        bins=15,
        multi_label=False,
        name="expected_calibration_error",
        dtype=None,
    ):
        super().__init__(name=name, dtype=dtype)
        check_positive("bins", bins)
        self.bins = bins
        self.multi_label = multi_label
        self._weight, self._excess = (
            self.add_weight(shape=shape, initializer="zeros", name=name)
            for shape, name in (((), "weight"), ((bins,), "excess"))
        )

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_pred = tf.cast(y_pred, self.dtype)
        if self.multi_label:
            answers = y_pred > 0.5
            confidence = tf.maximum(y_pred, 1 - y_pred)
            is_right = answers == tf.cast(y_true, tf.bool)
        else:
            answers = tf.argmax(y_pred, axis=-1, output_type=tf.int32)
            confidence = tf.reduce_max(y_pred, axis=-1)
            is_right = answers == tf.cast(y_true, tf.int32)
        weights = tf.ones_like(confidence)
        if sample_weight is not None:
            sample_weight = tf.cast(sample_weight, self.dtype)
            if self.multi_label:
                sample_weight = sample_weight[:, None]
            weights *= sample_weight
        # A bin has its upper border, but not its lower one.
        places = tf.cast(tf.math.ceil(confidence * self.bins), tf.int32) - 1
        excess = (confidence - tf.cast(is_right, self.dtype)) * weights
        self._weight.assign_add(tf.reduce_sum(weights))
        self._excess.assign_add(
            tf.math.unsorted_segment_sum(
                excess, tf.clip_by_value(places, 0, self.bins - 1), self.bins
            )
        )

    def result(self):
        return tf.math.divide_no_nan(
            tf.reduce_sum(tf.abs(self._excess)), tf.identity(self._weight)
        )

    def get_config(self):
        return {
            **super().get_config(),
            "bins": self.bins,
            "multi_label": self.multi_label,
        }
