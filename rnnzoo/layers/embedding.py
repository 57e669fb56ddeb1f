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

    Arguments, shapes and results are those of Keras's layer.
    """

    def call(self, inputs):
        inputs = keras.ops.convert_to_tensor(inputs)
        if inputs.dtype not in (tf.int32, tf.int64):
            inputs = tf.cast(inputs, tf.int32)
        table = self.embeddings
        if isinstance(table, keras.Variable):  # not with LoRA
            table = table.value
        return tf.cast(tf.gather(table, inputs), self.compute_dtype)
