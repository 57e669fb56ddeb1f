"""Vectors of words, at the cost of the words that occur."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="rnnzoo")
class Embedding(keras.layers.Embedding):
    """`keras.layers.Embedding` that reads only the rows it looks up.

    Keras reads the whole table first. If the table was ever changed in place,
    TensorFlow copies it at each such read, so that either the change or the
    lookup costs as much as the whole vocabulary. This layer looks up rows in
    the variable itself, and `rnnzoo.optimizers.LazyAdam` changes rows in
    place, so that the cost of a training step depends only on the words of its
    batch.

    Arguments, shapes and results are those of Keras's layer, except that the
    number of ids may be left open until a vocabulary is known.

    Args:
        input_dim: Number of ids. `None` means that the attribute `input_dim`
            will be set before the layer is built.
        output_dim: Size of the vectors.
        *args, **kwargs: As `keras.layers.Embedding`.

    Call arguments:
        inputs: Integers of any shape `(...)`, from 0 to below `input_dim`.

    Returns:
        `(..., output_dim)`.

    Raises:
        ValueError: If a size is not a positive integer, or if the layer is
            built before the number of ids is known.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import layers
        >>> embedding = layers.Embedding(output_dim=4)
        >>> embedding.input_dim = 100
        >>> tuple(embedding(np.array([[3, 1, 0]])).shape)
        (1, 3, 4)
    """

    def __init__(self, input_dim=None, output_dim=None, *args, **kwargs):
        is_known = input_dim is not None
        if not is_known and kwargs.get("weights") is not None:
            raise ValueError(
                "Missing argument `input_dim`. Initial `weights` need the "
                "number of ids."
            )
        # Keras accepts only a number.
        super().__init__(
            input_dim if is_known else 1, output_dim, *args, **kwargs
        )
        self.input_dim = input_dim

    def build(self, input_shape=None):
        if self.input_dim is None:
            raise ValueError(
                f"The embedding {self.name!r} does not know its number of "
                "ids. Set its `input_dim` before it is built."
            )
        super().build(input_shape)

    def call(self, inputs):
        inputs = keras.ops.convert_to_tensor(inputs)
        if inputs.dtype not in (tf.int32, tf.int64):
            inputs = tf.cast(inputs, tf.int32)
        table = self.embeddings
        if isinstance(table, keras.Variable):  # not with LoRA
            table = table.value
        return tf.cast(tf.gather(table, inputs), self.compute_dtype)
