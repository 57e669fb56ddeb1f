"""Vectors of words, whose steps cost what their words cost."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="rnnzoo")
class Embedding(keras.layers.Embedding):
    """`keras.layers.Embedding` that reads only the rows it looks up.

    Keras reads the whole table first. TensorFlow copies a table that was ever
    changed in place at each such read, so that either the change or the lookup
    costs what a whole vocabulary costs. Here rows are looked up in the
    variable itself; `rnnzoo.optimizers.LazyAdam` changes rows in place; and a
    step of training costs what the words of its batch cost.

    Arguments, shapes and results are those of Keras's layer, but `input_dim`
    may be `None`: the number of rows is set before the layer is built, when
    the size of the vocabulary is known.
    """

    def __init__(self, input_dim, output_dim, *args, **kwargs):
        is_known = input_dim is not None
        super().__init__(
            input_dim if is_known else 1, output_dim, *args, **kwargs
        )
        self.input_dim = input_dim

    def build(self, input_shape=None):
        if self.input_dim is None:
            raise ValueError(
                f"The embedding {self.name!r} does not know its number of "
                "rows. Expected `input_dim` to be set before it is built."
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
