"""Uncertainty of a model, by the answers of samples of its weights."""

import dataclasses

import numpy as np
import tensorflow as tf


@dataclasses.dataclass(frozen=True, eq=False)
class Uncertainty:
    """Answers of sampled networks, and how much they differ.

    Entropies are in nats. Of classes that exclude each other there is one for
    each example, and of independent labels one for each label.

    Attributes:
        mean: float32 `(n, classes)`, the mean of the probabilities.
        entropy: float32 `(n,)` or `(n, classes)`, the entropy of the mean: all
            that is uncertain.
        mutual_information: The same shape: how much of the entropy is due to
            the weights, so that more training data could lower it. The rest is
            in the data. BALD, Houlsby et al. 2011.
        samples: float32 `(n, samples, classes)`, the probabilities.
    """

    mean: np.ndarray
    entropy: np.ndarray
    mutual_information: np.ndarray
    samples: np.ndarray = dataclasses.field(repr=False)


def uncertainty(samples, independent=False):
    """Measures how much samples of probabilities differ.

    Houlsby et al. 2011, "Bayesian Active Learning for Classification and
    Preference Learning", equation 2: H[E p] - E H[p].

    Args:
        samples: float32 tensor `(n, samples, classes)`, probabilities.
        independent: Whether each class is there or not; otherwise one is.

    Returns:
        Dict of tensors, the fields of `Uncertainty`.

    Examples:

    >>> import tensorflow as tf
    >>> from rnnzoo.uncertainty import uncertainty
    >>> sure = [[1.0, 0.0], [0.0, 1.0]]  # each of something else
    >>> unsure = [[0.5, 0.5], [0.5, 0.5]]
    >>> found = uncertainty(tf.constant([sure, unsure]))
    >>> [round(float(each), 2) for each in found["entropy"]]
    [0.69, 0.69]
    >>> [round(float(each), 2) for each in found["mutual_information"]]
    [0.69, 0.0]
    """

    def entropy(p):
        found = -tf.math.xlogy(p, p)
        if independent:
            return found - tf.math.xlogy(1 - p, 1 - p)
        return tf.reduce_sum(found, axis=-1)

    mean = tf.reduce_mean(samples, axis=1)
    total, in_data = entropy(mean), tf.reduce_mean(entropy(samples), axis=1)
    return {
        "mean": mean,
        "entropy": total,
        # It is never negative, but for rounding.
        "mutual_information": tf.maximum(total - in_data, 0),
        "samples": samples,
    }
