"""Functions that run as graphs, and TensorFlow's warnings of their number."""

import contextlib
import functools
import types
import weakref

import tensorflow as tf


class traced:
    """Decorator that makes a `tf.function` of a method, one for each object.

    TensorFlow counts how often the code of a `tf.function` is traced, whatever
    it belongs to, and so would warn of the first calls of several models. It
    would also trace once for the first batch's shape, and again for the next
    one. Here the first graph already takes any number of rows, and any size of
    ids, strings and masks; the other axes of floats and bytes are features.

    Args:
        function: The method.
        **options: Of `tf.function`; by default `autograph` is off and
            `reduce_retracing` on.

    Examples:

    >>> import tensorflow as tf
    >>> from rnnzoo.graphs import traced
    >>> class Scale:
    ...     def __init__(self, factor):
    ...         self.factor = factor
    ...
    ...     @traced
    ...     def times(self, x):
    ...         return self.factor * x
    >>> [int(Scale(factor).times(tf.constant(3))) for factor in (2, 5)]
    [6, 15]
    """

    def __init__(self, function, **options):
        self.function = function
        self.options = {"autograph": False, "reduce_retracing": True, **options}
        self._made = weakref.WeakKeyDictionary()
        functools.update_wrapper(self, function, updated=())

    def __get__(self, holder, owner=None):
        return self if holder is None else types.MethodType(self._run, holder)

    def _run(self, holder, *args, **kwargs):
        if holder not in self._made:
            # An object must not be kept alive by what is made for it.
            method = functools.partial(
                _call, self.function, weakref.ref(holder)
            )
            self._made[holder] = tf.function(method, **self.options)
        made = self._made[holder]
        is_fixed = "input_signature" in self.options
        if not is_fixed and not tf.config.functions_run_eagerly():
            # Is traced now, if it was not, and found by the call.
            specs = tf.nest.map_structure(_any_size, (args, kwargs))
            made.get_concrete_function(*specs[0], **specs[1])
        return made(*args, **kwargs)


def _any_size(value):
    """The specification of tensors that may take the place of a tensor."""
    if not isinstance(value, tf.Tensor) or not value.shape.rank:
        return value
    shape = [None, *value.shape[1:]]
    if value.dtype in (tf.int32, tf.int64, tf.string, tf.bool):
        shape = [None] * value.shape.rank
    return tf.TensorSpec(shape, value.dtype)


def _call(function, holder, *args, **kwargs):
    return function(holder(), *args, **kwargs)


def map_rows(function, tensors, signature):
    """The results of a function on each row, one after the other.

    It is `tf.map_fn` that leaves nothing behind where the function raises: a
    caching device would stay, with which no strategy could be entered.

    Args:
        function: Takes a row, in the structure of the tensors.
        tensors: Tensor `(n, ...)`, or a structure of them.
        signature: Structure of `tf.TensorSpec`, or dtypes, of its results.

    Examples:

    >>> import tensorflow as tf
    >>> from rnnzoo.graphs import map_rows
    >>> map_rows(tf.square, tf.constant([2, 3]), tf.TensorSpec([], tf.int32))
    <tf.Tensor: shape=(2,), dtype=int32, numpy=array([4, 9], dtype=int32)>
    """
    scope = tf.compat.v1.get_variable_scope()
    try:
        return tf.map_fn(
            function,
            tensors,
            parallel_iterations=1,
            fn_output_signature=signature,
        )
    except BaseException:
        scope.set_caching_device(None)
        raise


@contextlib.contextmanager
def without_tracing_warnings():
    """Context in which TensorFlow does not warn of tracings.

    It counts the first steps of all models that Keras trains together, and
    would warn of the fifth model. Keras's steps take any shape after two.
    """
    logger = tf.get_logger()
    logger.addFilter(_is_no_tracing)
    try:
        yield
    finally:
        logger.removeFilter(_is_no_tracing)


def _is_no_tracing(record):
    return "triggered tf.function retracing" not in record.getMessage()
