"""SavedModels that run without rnnzoo."""

import tensorflow as tf

from rnnzoo.files import atomic_path


def export(directory, signatures, variables, resources=(), overwrite=True):
    """Writes a SavedModel of plain TensorFlow.

    The directory appears under its name only when it is whole.

    Args:
        directory: Where to write; such as `"serving/han/1"`.
        signatures: Dict of name to `tf.function` with an input signature; one
            of them is named `"serving_default"`.
        variables: `tf.Variable`s that the functions read.
        resources: Trackable objects that they use, such as lookup tables.
        overwrite: Whether an existing directory is replaced.
    """
    module = tf.Module()
    module.weights = list(variables)
    module.resources = list(resources)
    # Nobody trains what is served.
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
    with atomic_path(directory, overwrite=overwrite) as path:
        tf.saved_model.save(module, path, signatures, options)
