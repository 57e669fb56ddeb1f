"""Models for devices, made of TensorFlow Lite's built-in operations."""

from typing import Any, NamedTuple

import tensorflow as tf

from rnnzoo.files import atomic_path, write_json

MODEL = "model.tflite"
VOCABULARY = "vocabulary.json"


class Convertible(NamedTuple):
    """A function that becomes a model for devices.

    Attributes:
        serve: `tf.function` with an input signature, all of whose tensors have
            fixed shapes.
        facts: Dict of what an app needs to know, of values that JSON has.
        quantize: Whether large weights become integers of 8 bits.
    """

    serve: Any
    facts: dict
    quantize: bool = False


def export(directory, convertible, task, overwrite=True):
    """Writes `model.tflite`, and `vocabulary.json` with the facts.

    The directory appears under its name only when it is whole.

    Args:
        directory: Where to write.
        convertible: `Convertible`.
        task: The Keras model that the function calls.
        overwrite: Whether to replace an existing directory.

    Raises:
        ValueError: If the function needs an operation that is not built in.

    Examples:

    >>> import os, tempfile
    >>> import keras
    >>> import tensorflow as tf
    >>> from rnnzoo import lite
    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> serve = tf.function(
    ...     lambda x: {"sum": model(x)},
    ...     input_signature=[tf.TensorSpec([1, 2], name="x")],
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     adder = lite.Convertible(serve, {"labels": ["a"]})
    ...     lite.export(f"{folder}/adder", adder, model)
    ...     sorted(os.listdir(f"{folder}/adder"))
    ['model.tflite', 'vocabulary.json']
    """
    with atomic_path(directory, overwrite=overwrite) as path:
        path.mkdir()
        (path / MODEL).write_bytes(_convert(convertible, task))
        write_json(convertible.facts, path / VOCABULARY)


def _convert(convertible, task):
    """The bytes of a model of TensorFlow Lite."""
    module = tf.Module()
    module.weights = [weight.value for weight in task.weights]
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [convertible.serve.get_concrete_function()], module
    )
    if convertible.quantize:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    try:
        return converter.convert()
    except Exception as error:  # Its class has no public name.
        reason = str(error).partition("\n")[0]
        raise ValueError(
            "TensorFlow Lite cannot run the model. Expected layers that are "
            f"made of its built-in operations. Received: {reason}"
        ) from error
