"""Schedules of the learning rate."""

import keras
import tensorflow as tf

from rnnzoo.checks import check_positive, check_positive_number, check_rate


@keras.saving.register_keras_serializable(package="rnnzoo")
class SlantedTriangular(keras.optimizers.schedules.LearningRateSchedule):
    """A short linear rise of the learning rate, then a long linear fall.

    Howard & Ruder 2018, eq. 3. At the step `t` of `T`, with the peak `eta` at
    `cut = T cut_frac`:

        p   = min(t / cut, 1 - (t - cut) / (T - cut))
        eta_t = eta (1 + p (ratio - 1)) / ratio

    The paper rounds `cut` down, which would make the rates of a short training
    negative. After `T` steps the rate stays at `eta / ratio`.

    Args:
        learning_rate: The highest rate, `eta`.
        steps: Number of training steps, `T`.
        cut_frac: Share of the steps in which the rate rises.
        ratio: How many times the lowest rate the highest one is.

    Examples:

    >>> from rnnzoo.schedules import SlantedTriangular
    >>> rate = SlantedTriangular(0.32, steps=20)
    >>> [round(float(rate(step)), 4) for step in (0, 1, 2, 11, 20)]
    [0.01, 0.165, 0.32, 0.165, 0.01]
    """

    def __init__(self, learning_rate, steps, cut_frac=0.1, ratio=32):
        check_positive_number("learning_rate", learning_rate)
        check_positive("steps", steps)
        check_rate("cut_frac", cut_frac)
        check_positive_number("ratio", ratio)
        self.learning_rate = learning_rate
        self.steps = steps
        self.cut_frac = cut_frac
        self.ratio = ratio

    def __call__(self, step):
        step = tf.cast(step, tf.float32)
        cut = self.steps * self.cut_frac
        share = 1 - (step - cut) / (self.steps - cut)
        if cut:
            share = tf.minimum(share, step / cut)
        share = tf.maximum(share, 0.0)
        return self.learning_rate * (1 + share * (self.ratio - 1)) / self.ratio

    def get_config(self):
        return {
            "learning_rate": self.learning_rate,
            "steps": self.steps,
            "cut_frac": self.cut_frac,
            "ratio": self.ratio,
        }


def schedule(recipe, steps):
    """The schedule of a recipe.

    Args:
        recipe: `rnnzoo.Recipe`.
        steps: Number of training steps.
    """
    if recipe.schedule == "slanted_triangular":
        return SlantedTriangular(recipe.learning_rate, steps)
    return keras.optimizers.schedules.CosineDecay(
        recipe.learning_rate, steps, alpha=recipe.final_rate
    )
