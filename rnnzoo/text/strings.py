"""Checks of strings from outside, and the operations on them in the graph."""

import numpy as np
import tensorflow as tf

from rnnzoo.graphs import traced

_UTF8 = r"[\x{0}-\x{D7FF}\x{E000}-\x{10FFFF}]*"

_TEXTS = (tf.TensorSpec([None], tf.string),)


def in_graph(function):
    """Makes a `tf.function` of a function of texts.

    It is traced once, for any number of texts.

    Args:
        function: Function of a string tensor `(n,)`.

    Returns:
        The `tf.function`.

    Examples:

    >>> import tensorflow as tf
    >>> from rnnzoo.text import Tokenizer, in_graph
    >>> split = in_graph(Tokenizer())
    >>> split(tf.constant(["A film."])).words.to_list()
    [[b'a', b'film', b'.']]
    """
    return tf.function(function, input_signature=_TEXTS, autograph=False)


def traced_texts(method):
    """Makes `in_graph` of a method, one for each object.

    Examples:

    >>> import tensorflow as tf
    >>> from rnnzoo.text import Tokenizer, traced_texts
    >>> class Splitter:
    ...     tokenizer = Tokenizer()
    ...
    ...     @traced_texts
    ...     def split(self, texts):
    ...         return self.tokenizer(texts)
    >>> Splitter().split(tf.constant(["A film."])).words.to_list()
    [[b'a', b'film', b'.']]
    """
    return traced(method, input_signature=_TEXTS)


def as_text(value, name, place):
    """Checks one string from outside.

    Args:
        value: `str`, or `bytes` in UTF-8.
        name: Name of the argument, for errors.
        place: Place of the string in the argument, for errors.

    Returns:
        `str`.

    Raises:
        ValueError: If the value is not a string, or is not UTF-8.

    Examples:

    >>> from rnnzoo.text import as_text
    >>> as_text(b"caf\\xc3\\xa9", "texts", 0)
    'café'
    """
    try:
        if isinstance(value, str):
            value.encode()  # fails for half a surrogate pair
            return str(value)
        if isinstance(value, bytes):
            return value.decode()
        received = f"{value!r:.60} of type {type(value).__name__}"
    except UnicodeError as error:
        received = f"{value[:60]!r}, which is not UTF-8 ({error.reason})"
    raise ValueError(
        f"Invalid value for argument `{name}`. Expected strings, or bytes in "
        f"UTF-8. Received: {name}[{place}]={received}"
    )


def check_texts(texts, name="texts", first=0):
    """Checks texts from outside.

    Args:
        texts: A list, tuple, NumPy array or pandas series of `str` or `bytes`;
            a string tensor; or a single string, which counts as a list of one.
        name: Name of the argument, for errors.
        first: Place of the first text in the argument, for errors.

    Returns:
        NumPy array `(n,)` of `bytes` objects in UTF-8; for a tensor, a tensor
        `(n,)`.

    Raises:
        ValueError: If an item is not a string, or is not UTF-8.

    Examples:

    >>> from rnnzoo.text import check_texts
    >>> check_texts(["café", b"bar"]).tolist()
    [b'caf\\xc3\\xa9', b'bar']
    """
    if isinstance(texts, tf.Tensor):
        return _check_tensor(texts, name)
    if isinstance(texts, (str, bytes)):
        texts = [texts]
    if hasattr(texts, "to_numpy"):
        texts = texts.to_numpy()
    if isinstance(texts, np.ndarray) and texts.ndim == 0:
        texts = texts[None]
    if not isinstance(texts, (list, tuple, np.ndarray)):
        raise ValueError(
            f"Invalid value for argument `{name}`. Expected a string or a "
            f"list of strings. Received: {name}={texts!r:.60} of type "
            f"{type(texts).__name__}"
        )
    checked = np.empty(len(texts), object)
    for i, text in enumerate(texts):
        checked[i] = as_text(text, name, first + i).encode()
    return checked


def _check_tensor(texts, name):
    if texts.dtype != tf.string or (texts.shape.rank or 0) > 1:
        raise ValueError(
            f"Invalid value for argument `{name}`. Expected strings, of shape "
            f"(n,). Received: a tensor of {texts.dtype.name}, of shape "
            f"{texts.shape}"
        )
    texts = tf.reshape(texts, [-1])
    if tf.executing_eagerly():
        valid = tf.strings.regex_full_match(texts, _UTF8).numpy()
        if not valid.all():
            place = int(np.argmin(valid))
            as_text(texts[place].numpy(), name, place)
    return texts


def replace_invalid(texts):
    """Texts with bytes that are not UTF-8 replaced by U+FFFD."""
    # Transcoding costs as much as the whole tokenizer; matching, nothing.
    return tf.cond(
        tf.reduce_all(tf.strings.regex_full_match(texts, _UTF8)),
        lambda: tf.identity(texts),
        lambda: tf.strings.unicode_transcode(
            texts, "UTF-8", "UTF-8", errors="replace"
        ),
    )


def lower(strings):
    """Lower-cases strings, in the same way in every locale.

    Args:
        strings: String tensor of any shape.

    Returns:
        String tensor of the same shape.

    Examples:

    >>> from rnnzoo.text import lower
    >>> [word.decode() for word in lower(["ÉCLAIR", "I"]).numpy()]
    ['éclair', 'i']
    """
    # ICU follows the machine's locale, and a Turkish one turns "I" into a
    # dotless i. ASCII and "İ" are lowered here, so that a model trained on
    # such a machine can be served elsewhere.
    strings = tf.strings.lower(strings)  # ASCII only
    strings = tf.strings.regex_replace(strings, "İ", "i\u0307")
    return tf.strings.lower(strings, encoding="utf-8")
