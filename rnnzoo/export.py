"""SavedModels that run without rnnzoo."""

import keras
import tensorflow as tf

from rnnzoo.files import atomic_path


def export(directory, signatures, task, overwrite=True):
    """Writes a SavedModel of plain TensorFlow.

    The directory appears under its name only when it is whole. The weights of
    the task and all lookup tables that it holds are part of the model.

    Args:
        directory: Where to write, such as `"serving/han/1"`.
        signatures: Dict of name to `tf.function` with an input signature; one
            of them is named `"serving_default"`.
        task: The Keras model that the signatures call.
        overwrite: Whether an existing directory is replaced.
    """
    module = tf.Module()
    module.weights = [weight.value for weight in task.weights]
    module.tables = lookup_tables(task)
    # Nobody trains what is served.
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
    with atomic_path(directory, overwrite=overwrite) as path:
        tf.saved_model.save(module, path, signatures, options)


def lookup_tables(holder):
    """Lookup tables that an object holds, also inside of other objects.

    Args:
        holder: A task, a tokenizer, a vocabulary, or any other object; its
            attributes, lists, tuples and dictionaries are searched, Keras
            layers inside of it are not.

    Returns:
        List of the tables, each once.
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


# Nothing of ours holds a table in these, and some are large.
_WITHOUT_TABLES = (
    type,
    keras.layers.Layer,
    keras.Variable,
    keras.optimizers.Optimizer,
    keras.metrics.Metric,
    tf.Tensor,
    tf.Variable,
)
