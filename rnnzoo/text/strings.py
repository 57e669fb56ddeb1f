"""Strings from outside, checked, and what stock operations do with them."""

import numpy as np
import tensorflow as tf

_UTF8 = r"[\x{0}-\x{D7FF}\x{E000}-\x{10FFFF}]*"


def in_graph(function):
    """A function of texts `(n,)`, traced once for any number of them."""
    texts = tf.TensorSpec([None], tf.string)
    return tf.function(function, input_signature=[texts], autograph=False)


def as_text(value, name, place):
    """One string or UTF-8 bytes as a `str`, or an error that says where."""
    try:
        if isinstance(value, str):
            value.encode()  # Half a surrogate pair is no text.
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
    """Texts from outside, checked.

    Args:
        texts: One `str` or `bytes`; a list, tuple, NumPy array or pandas
            series of them; or a string tensor.
        name: What errors call it.
        first: What they call the place of the first one.

    Returns:
        NumPy array `(n,)` of `bytes` objects in UTF-8; or, of a tensor, a
        tensor `(n,)`. One text is taken for a list of one.

    Raises:
        ValueError: If an item is not a string, or is not UTF-8.
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
    # Transcoding costs as much as all the rest; matching costs nothing.
    return tf.cond(
        tf.reduce_all(tf.strings.regex_full_match(texts, _UTF8)),
        lambda: tf.identity(texts),
        lambda: tf.strings.unicode_transcode(
            texts, "UTF-8", "UTF-8", errors="replace"
        ),
    )


def lower(strings):
    """Strings in lower case, the same ones in every locale."""
    # ICU lowers by the machine's locale: in a Turkish one "I" turns to a
    # dotless i. These letters are lowered here, so that a model trained there
    # can be served elsewhere.
    strings = tf.strings.lower(strings)  # ASCII only
    strings = tf.strings.regex_replace(strings, "İ", "i\u0307")
    return tf.strings.lower(strings, encoding="utf-8")
