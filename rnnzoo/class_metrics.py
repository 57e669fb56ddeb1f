"""Metrics and losses of Keras for labels that are numbers of classes."""

import inspect

import keras
import tensorflow as tf

# Metrics of Keras for two classes that take one probability, of the second.
_OF_ONE_PROBABILITY = (
    keras.metrics.AUC,
    keras.metrics.Precision,
    keras.metrics.Recall,
    keras.metrics.BinaryAccuracy,
    keras.metrics.BinaryIoU,
    keras.metrics.TruePositives,
    keras.metrics.TrueNegatives,
    keras.metrics.FalsePositives,
    keras.metrics.FalseNegatives,
    keras.metrics.SensitivityAtSpecificity,
    keras.metrics.SpecificityAtSensitivity,
    keras.metrics.PrecisionAtRecall,
    keras.metrics.RecallAtPrecision,
)
# These compare with classes, not with probabilities, or with nothing.
_NOT_OF_PROBABILITIES = (
    "Accuracy",
    "IoU",
    "MeanIoU",
    "Mean",
    "Sum",
    "accuracy",
    "circle",
    "ctc",
)
_OF_NUMBERS = ("categorical_generalized_cross_entropy",)
_EXPECTED = {
    "metrics": "'accuracy', `keras.metrics.F1Score` or `AUC`",
    "loss": "'sparse_categorical_crossentropy' or 'categorical_focal_"
    "crossentropy'",
}


@keras.saving.register_keras_serializable(package="rnnzoo")
class ClassMetric(keras.metrics.Metric):
    """A metric of Keras for labels that are numbers of classes.

    Most metrics expect a row of zeros and a one as a label. Those for two
    classes, such as `keras.metrics.AUC` and `Precision`, get the probability
    of the second class of two, which is the positive one; of more classes,
    they count all pairs of an example and a class, if they have no option for
    classes (`multi_label`, `class_id`).

    Args:
        metric: `keras.metrics.Metric`.

    Call arguments of `update_state`:
        y_true: Integers `(batch,)`.
        y_pred: Probabilities `(batch, classes)`.
        sample_weight: Optional weights, `(batch,)`.

    Examples:

    >>> import keras
    >>> from rnnzoo.class_metrics import ClassMetric
    >>> metric = ClassMetric(keras.metrics.AUC())
    >>> metric.update_state([0, 1, 1], [[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]])
    >>> round(float(metric.result()), 3)
    1.0
    """

    def __init__(self, metric, name=None, dtype=None):
        super().__init__(name=name or metric.name, dtype=dtype)
        self.metric = metric

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_pred = tf.identity(y_pred)  # without what Keras keeps beside it
        classes = y_pred.shape[-1]
        if classes == 2 and self._is_of_one_probability():
            y_pred = y_pred[:, 1]
        else:
            y_true = tf.one_hot(tf.cast(y_true, tf.int32), classes)
        self.metric.update_state(y_true, y_pred, sample_weight)

    def _is_of_one_probability(self):
        return (
            isinstance(self.metric, _OF_ONE_PROBABILITY)
            and not any(
                getattr(self.metric, option, None)
                for option in ("multi_label", "top_k")
            )
            and getattr(self.metric, "class_id", None) is None
        )

    def result(self):
        return self.metric.result()

    def reset_state(self):
        self.metric.reset_state()

    def get_config(self):
        metric = keras.saving.serialize_keras_object(self.metric)
        return {"name": self.name, "dtype": self.dtype, "metric": metric}

    @classmethod
    def from_config(cls, config):
        metric = keras.saving.deserialize_keras_object(config.pop("metric"))
        return cls(metric, **config)


def for_classes(metric):
    """A metric as it takes numbers of classes: itself, or a `ClassMetric`.

    Args:
        metric: What `compile` takes: a name, a function or an object.

    Raises:
        ValueError: If the metric is not of probabilities.

    Examples:

    >>> from rnnzoo.class_metrics import for_classes
    >>> for_classes("accuracy"), for_classes("mse").name
    ('accuracy', 'mse')
    """
    check_of_probabilities("metrics", metric)
    if not takes_one_hot("metrics", metric):
        return metric
    name = metric if isinstance(metric, str) else None
    metric = keras.metrics.get(metric)
    if not isinstance(metric, keras.metrics.Metric):
        metric = keras.metrics.MeanMetricWrapper(metric)
    return ClassMetric(metric, name=name)


def build(metric, classes):
    """Makes the variables of a metric that has none before its first update.

    `keras.metrics.F1Score` makes them in the first step of training, and Keras
    traces a step that makes variables a second time.

    Args:
        metric: What `compile` takes.
        classes: Number of classes.

    Returns:
        The metric.

    Examples:

    >>> import keras
    >>> from rnnzoo.class_metrics import build
    >>> build(keras.metrics.F1Score("macro"), classes=3).variables[0].shape
    TensorShape([3])
    """
    counts = metric.metric if isinstance(metric, ClassMetric) else metric
    is_late = isinstance(counts, keras.metrics.FBetaScore)
    is_new = is_late and not counts.variables
    if is_new and not tf.distribute.has_strategy():  # replicas alone may count
        nothing = tf.zeros((1, classes))  # an example of no class
        counts.update_state(nothing, nothing)
    return metric


def check_of_probabilities(argument, given):
    """Raises a `ValueError` unless a metric or a loss fits probabilities.

    Args:
        argument: `"metrics"` or `"loss"`.
        given: A name, a function or an object; a user's own may be anything.
    """
    made_of = origin(argument, given)
    if made_of is None:
        return
    if _is_of_logits(given):
        received = f"{made_of.__name__} with from_logits=True"
    elif made_of.__name__ in _NOT_OF_PROBABILITIES:
        received = made_of.__name__
    else:
        return
    raise ValueError(
        f"Invalid value for argument `{argument}`. Expected what fits "
        f"probabilities of classes, such as {_EXPECTED[argument]}. Received: "
        f"{received}"
    )


def takes_one_hot(argument, given):
    """Whether a metric or a loss takes labels as rows of zeros and a one.

    Those of a user, and those of Keras called sparse, take labels as they are.

    Args:
        argument, given: See `check_of_probabilities`.
    """
    made_of = origin(argument, given)
    if made_of is None:
        return False
    name = made_of.__name__
    return not name.lower().startswith("sparse") and name not in _OF_NUMBERS


def is_binary(argument, given):
    """Whether a metric or a loss of Keras is one of two classes.

    Args:
        argument, given: See `check_of_probabilities`.
    """
    made_of = origin(argument, given)
    return made_of is not None and "binary" in made_of.__name__.lower()


def origin(argument, given):
    """The function or class of Keras that a metric or a loss is made of.

    `None` for those of a user, and for names whose meaning Keras chooses.
    """
    if isinstance(given, str):
        if given.lower() in ("auto", "accuracy", "acc"):
            return None
        module = keras.losses if argument == "loss" else keras.metrics
        given = module.get(given)
    function = getattr(given, "_fn", getattr(given, "fn", given))
    made_of = function if inspect.isroutine(function) else type(function)
    return made_of if made_of.__module__.startswith("keras.") else None


def fits_tokens(metric):
    """Whether a metric fits ids of tokens and their logits.

    Args:
        metric: A name, a function or an object; a user's own may be anything.

    Examples:

    >>> import keras
    >>> from rnnzoo.class_metrics import fits_tokens
    >>> fits_tokens("accuracy"), fits_tokens(keras.metrics.BinaryAccuracy())
    (True, False)
    """
    made_of = origin("metrics", metric)
    if made_of is None:
        return True
    name = made_of.__name__.lower()
    is_entropy = name.endswith("crossentropy")
    return name.startswith("sparse") and (
        not is_entropy or _is_of_logits(metric)
    )


def _is_of_logits(given):
    for name in ("_fn_kwargs", "fn_kwargs"):
        if getattr(given, name, {}).get("from_logits"):
            return True
    return getattr(given, "_from_logits", False)


def counts_classes(metric):
    """Whether `class_f1` can read a metric."""
    metric = getattr(metric, "metric", metric)
    return isinstance(metric, keras.metrics.F1Score) and (
        metric.average != "micro"
    )


def class_f1(metric):
    """The F1 of each class that `keras.metrics.F1Score` has counted.

    Args:
        metric: `keras.metrics.F1Score`, or a `ClassMetric` of one, whose
            average is not `"micro"`.

    Returns:
        List of floats, 0 for a class that neither occurs nor is predicted.

    Examples:

    >>> import keras
    >>> from rnnzoo.class_metrics import ClassMetric, class_f1
    >>> metric = ClassMetric(keras.metrics.F1Score("macro"))
    >>> metric.update_state([0, 1, 1], [[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]])
    >>> [round(f1, 3) for f1 in class_f1(metric)]
    [0.667, 0.667]
    """
    metric = getattr(metric, "metric", metric)
    right, *wrong = (
        keras.ops.convert_to_numpy(each).tolist()
        for each in (
            metric.true_positives,
            metric.false_positives,
            metric.false_negatives,
        )
    )
    return [
        2 * hit / (2 * hit + more + less) if hit else 0.0
        for hit, more, less in zip(right, *wrong, strict=True)
    ]
