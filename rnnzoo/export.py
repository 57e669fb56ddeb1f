"""SavedModels that run without rnnzoo."""

import keras
import tensorflow as tf

from rnnzoo.files import atomic_path


def export(directory, signatures, task, overwrite=True):
    """Writes a SavedModel of plain TensorFlow.

    The directory appears under its name only when it is whole. The SavedModel
    contains the weights of the task and all lookup tables that the task holds.

    Args:
        directory: Where to write, such as `"serving/han/1"`.
        signatures: Dict of a name to a `tf.function` with an input signature;
            one name is `"serving_default"`.
        task: The Keras model that the signatures call.
        overwrite: Whether to replace an existing directory.

    Examples:

    >>> import tempfile
    >>> import keras
    >>> import tensorflow as tf
    >>> from rnnzoo.export import export
    >>> adder = keras.layers.Dense(1, kernel_initializer="ones")
    >>> model = keras.Sequential([keras.Input((2,)), adder])
    >>> serve = tf.function(
    ...     lambda x: {"sum": model(x)},
    ...     input_signature=[tf.TensorSpec([None, 2], name="x")],
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     export(f"{folder}/adder/1", {"serving_default": serve}, model)
    ...     served = tf.saved_model.load(f"{folder}/adder/1")
    >>> answer = served.signatures["serving_default"](x=tf.constant([[1.0, 2]]))
    >>> answer["sum"].numpy().tolist()
    [[3.0]]
    """
    module = tf.Module()
    module.weights = [weight.value for weight in task.weights]
    module.tables = lookup_tables(task)
    # Nobody trains what is served.
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
    with atomic_path(directory, overwrite=overwrite) as path:
        tf.saved_model.save(module, path, signatures, options)


def lookup_tables(holder):
    """Finds the lookup tables that an object and its attributes hold.

    Args:
        holder: A task, a tokenizer, a vocabulary, or any other object. The
            search covers its attributes, and the lists, tuples, dictionaries
            and objects among them, but not the Keras layers that it holds.

    Returns:
        List of the tables, each once.

    Examples:

    >>> from rnnzoo.export import lookup_tables
    >>> from rnnzoo.text import Vocabulary
    >>> vocabulary = Vocabulary(["a", "b"])
    >>> len(lookup_tables({"source": vocabulary, "targets": [vocabulary]}))
    1
    """
    tables, seen, found = [], set(), [holder]
    while found:
        each = found.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, tf.lookup.StaticHashTable):
            tables.append(each)
        elif isinstance(each, dict):
            found += each.values()
        elif isinstance(each, (list, tuple)):
            found += each
        elif each is holder or not isinstance(each, _WITHOUT_TABLES):
            found += getattr(each, "__dict__", {}).values()
    return tables


# None of these holds a table of rnnzoo, and some are large.
_WITHOUT_TABLES = (
    type,
    keras.layers.Layer,
    keras.Variable,
    keras.optimizers.Optimizer,
    keras.metrics.Metric,
    tf.Tensor,
    tf.Variable,
)
