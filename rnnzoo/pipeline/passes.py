"""Seeds of passes over examples, which a resumed training repeats."""

import keras
import numpy as np
import tensorflow as tf


class Passes(keras.callbacks.Callback):
    """The seeds of passes: functions of one seed and of the epoch alone.

    As a callback of `fit` it learns which epoch begins, so that an epoch has
    the same order whether or not others were run before. Without `fit`, each
    pass has a seed of its own.

    Args:
        seed: Integer, at least 0; `None` draws one from NumPy's generator,
            which `keras.utils.set_random_seed` seeds.

    Examples:
        >>> import tensorflow as tf
        >>> from rnnzoo.pipeline.passes import Passes
        >>> passes = Passes(seed=1)
        >>> dataset = passes.over(tf.data.Dataset.from_tensors, 1)
        >>> first, second = [next(iter(dataset)).numpy() for _ in range(2)]
        >>> passes.on_epoch_begin(0)
        >>> again = next(iter(dataset)).numpy()
        >>> bool((first == again).all()), bool((first == second).all())
        (True, False)
    """

    def __init__(self, seed=None):
        super().__init__()
        seed = np.random.randint(2**31) if seed is None else seed
        self._place = _Place(seed)

    def on_epoch_begin(self, epoch, logs=None):
        self._place.epoch, self._place.count = epoch, 0

    def over(self, one_pass, batches):
        """A dataset that each pass makes anew.

        Args:
            one_pass: Function from a seed, int64 `(2,)`, to a dataset.
            batches: The number of its elements.

        Returns:
            A `tf.data.Dataset` of that cardinality.
        """
        return (
            tf.data.Dataset.from_generator(
                self._place.seeds,
                output_signature=tf.TensorSpec((2,), tf.int64),
            )
            .flat_map(one_pass)
            .apply(tf.data.experimental.assert_cardinality(batches))
        )


class _Place:
    """The place of a pass in a training.

    TensorFlow never frees the generators of datasets. So they do not belong to
    the callback, which knows the model.
    """

    def __init__(self, seed):
        self.seed, self.epoch, self.count = seed, 0, 0

    def seeds(self):
        """Yields the seed of the next pass."""
        place = [self.seed, self.epoch, self.count]
        self.count += 1
        yield np.random.SeedSequence(place).generate_state(2).astype("int64")
