"""Images as numbers: decoded and resized in the graph."""

import functools
import os
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from rnnzoo.arrays import as_column

FORMATS = "JPEG, PNG, GIF or BMP"

RATIOS = (1, 2, 4, 8)  # by which JPEG can be decoded to fewer pixels
COARSE = 4  # An image that is larger by more is averaged before it is resized.
PARALLEL = 4  # Encoded images decoded at a time: each may be large.


class Decoded(NamedTuple):
    """What `decode_batch` returns.

    Attributes:
        images: float32 `(n, height, width, 3)` in 0..255; zeros where there
            is none.
        valid: boolean `(n,)`, whether there is one.
    """

    images: tf.Tensor
    valid: tf.Tensor


class Loaded(NamedTuple):
    """What `load` returns.

    Attributes:
        images: float32 array `(n, height, width, 3)` in 0..255; zeros where
            an image could not be read.
        errors: Dict of such an image's place to what is wrong with it.
    """

    images: np.ndarray
    errors: dict


class Encoded(NamedTuple):
    """What `encode` returns.

    Attributes:
        files: Dict of an image's place to its `bytes`.
        errors: Dict of the place of an image that could not be read to what
            is wrong with it.
    """

    files: dict
    errors: dict


def decode(data, size):
    """An encoded image as numbers, in the graph.

    Grey becomes three equal channels, transparency is dropped, of 16 bits the
    upper 8 are taken, and of an animated GIF the first picture. A JPEG's note
    on its orientation is not followed.

    Args:
        data: String tensor `()`: a JPEG, PNG, GIF or BMP file.
        size: `(height, width)` of the result; see `resize`.

    Returns:
        float32 `(height, width, 3)` in 0..255.

    Raises:
        tf.errors.InvalidArgumentError: If it is no such file, or not a whole
            one.
    """
    image = tf.cond(
        tf.io.is_jpeg(data),
        lambda: _decode_jpeg(data, size),
        lambda: tf.io.decode_image(data, channels=3, expand_animations=False),
    )
    return resize(tf.ensure_shape(image, [None, None, 3]), size)


def decode_batch(data, size):
    """Encoded images as numbers, in the graph, whatever some of them are.

    What `decode` cannot read is answered with zeros. It needs TensorFlow's own
    operations only, so that an exported model has the same answer.

    Args:
        data: String tensor `(n,)`; see `decode`.
        size: `(height, width)` of the results.

    Returns:
        `Decoded`.
    """
    count = tf.size(data, tf.int64)
    # A dataset is the only part of TensorFlow that goes on after an error.
    decoded = tf.data.Dataset.from_tensor_slices(data).enumerate()
    decoded = decoded.map(
        lambda place, data: (place, decode(data, size)),
        num_parallel_calls=PARALLEL,
    ).ignore_errors()
    # One more, so that there is a batch where all are bad.
    last = tf.data.Dataset.from_tensors((count, tf.zeros([*size, 3])))
    batch = decoded.concatenate(last).batch(count + 1)
    places, images = batch.get_single_element()
    shape = tf.stack([count + 1, *size, 3])
    images = tf.scatter_nd(places[:, None], images, shape)[:-1]
    valid = tf.scatter_nd(
        places[:, None], tf.ones_like(places, tf.bool), [count + 1]
    )[:-1]
    return Decoded(tf.ensure_shape(images, [None, *size, 3]), valid)


def resize(images, size):
    """Images of another size, in the graph.

    The whole image fills the new size, its aspect ratio given up. Bilinear;
    of a larger image every pixel counts. One that is more than four times as
    high or wide is averaged down to that first, which takes less memory.

    Args:
        images: uint8 or float32 tensor `(..., height, width, 3)`, with at most
            one axis before the height; numbers in 0..255.
        size: `(height, width)` of the result.

    Returns:
        float32 tensor `(..., height, width, 3)`, in 0..255.
    """
    images = tf.convert_to_tensor(images)
    if images.shape.rank == 3:
        return resize(images[None], size)[0]
    shape = tf.shape(images)[1:3]
    coarse = tf.minimum(shape, COARSE * tf.constant(size))
    images = tf.cond(
        tf.reduce_all(shape == coarse),
        lambda: tf.cast(images, tf.float32),
        lambda: tf.image.resize(images, coarse, method="area"),
    )
    return tf.image.resize(images, size, antialias=True)


def load(items, size, first=0):
    """Reads images of any kind and size, and goes on after a bad one.

    Args:
        items: List or array of images, each a path (`str` or `os.PathLike`),
            an encoded file (`bytes`), or an array or tensor `(height, width)`
            or `(height, width, channels)` with 1, 3 or 4 channels, of numbers
            in 0..255.
        size: `(height, width)` of the results; see `resize` and `decode`.
        first: Number of the first image in the words of an error.

    Returns:
        `Loaded`.

    Raises:
        ValueError: If `items` is no list of images.
    """
    items = check_items(items)
    contents, errors = _read_all(items, first)
    files = {p: each for p, each in contents.items() if isinstance(each, bytes)}
    images = np.zeros((len(items), *size, 3), np.float32)
    if files:
        images[list(files)], broken = _decode_files(files, size, items, first)
        errors |= broken
    for place, content in contents.items():
        if place not in files:
            images[place] = resize(content, size)
    return Loaded(images, errors)


def encode(items, first=0):
    """Images of any kind as files that are whole; arrays become PNG.

    Args:
        items, first: See `load`.

    Returns:
        `Encoded`.

    Raises:
        ValueError: If `items` is no list of images.
    """
    items = check_items(items)
    contents, errors = _read_all(items, first)
    files = {
        place: each if isinstance(each, bytes) else _encode_png(each)
        for place, each in contents.items()
    }
    if files:
        errors |= _decode_files(files, (1, 1), items, first)[1]
    whole = {p: data for p, data in files.items() if p not in errors}
    return Encoded(whole, errors)


@functools.partial(tf.function, reduce_retracing=True)
def _decode_batch(data, size):
    return decode_batch(data, size)


def _decode_jpeg(data, size):
    """To no more pixels than twice the size, if that is possible."""
    room = tf.io.extract_jpeg_shape(data)[:2] // (2 * tf.constant(size))
    fitting = tf.reduce_min(room) >= tf.constant(RATIOS[1:])
    return tf.switch_case(
        tf.math.count_nonzero(fitting, dtype=tf.int32),
        [
            functools.partial(tf.io.decode_jpeg, data, channels=3, ratio=ratio)
            for ratio in RATIOS
        ],
    )


def _encode_png(image):
    image = tf.cast(tf.round(image), tf.uint8)
    return tf.io.encode_png(image, compression=1).numpy()


def _read_all(items, first):
    """Dicts by place: what `_read` gives, and errors."""
    contents, errors = {}, {}
    for place, item in enumerate(items):
        try:
            contents[place] = _read(item)
        except (ValueError, OSError) as error:
            errors[place] = _message(place + first, item, error)
    return contents, errors


def _decode_files(files, size, items, first):
    """The images of files by place, an array, and a dict of errors."""
    errors = {}
    decoded = _decode_batch(tf.constant(list(files.values())), size)
    for place, valid in zip(files, decoded.valid.numpy(), strict=True):
        if not valid:
            reason = (
                f"Expected a whole {FORMATS} file; {len(files[place]):,} bytes "
                "are none."
            )
            errors[place] = _message(place + first, items[place], reason)
    return decoded.images.numpy(), errors


def _read(item):
    """The bytes of an encoded image, or a checked tensor (height, width, 3)."""
    if isinstance(item, str | os.PathLike):
        with open(item, "rb") as file:
            return file.read()
    if tf.is_tensor(item):
        item = item.numpy()
    if isinstance(item, bytes):
        return item
    if isinstance(item, np.ndarray):
        return _check_pixels(item)
    raise ValueError(
        "Expected a path, an encoded file as bytes, or an array. "
        f"Received: {type(item).__name__}"
    )


def _check_pixels(array):
    """An array of numbers in 0..255 as a tensor of three channels."""
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4) or not array.size:
        raise ValueError(
            "Expected an array of shape (height, width) or (height, width, "
            f"channels) with 1, 3 or 4 channels. Received: {array.shape}"
        )
    if array.dtype.kind not in "uif":
        raise ValueError(
            f"Expected numbers in 0..255. Received: dtype={array.dtype}"
        )
    array = array[:, :, :3]
    if array.dtype != np.uint8:
        low, high = array.min(), array.max()
        if not (low >= 0 and high <= 255):  # nor NaN
            raise ValueError(
                f"Expected numbers in 0..255. Received: {low:g} to {high:g}"
            )
        if array.dtype.kind == "f" and 0 < high <= 1:
            raise ValueError(
                "Expected numbers in 0..255. Received: fractions, up to "
                f"{high:g}; multiply them by 255."
            )
        array = array.astype(np.float32)
    return tf.constant(np.broadcast_to(array, (*array.shape[:2], 3)))


def check_items(items):
    """A list or array of images, or a `ValueError`."""
    items = as_column(items)
    is_image = isinstance(items, str | bytes | os.PathLike) or (
        hasattr(items, "shape") and len(items.shape) not in (1, 4)
    )
    if is_image or not hasattr(items, "__len__"):
        raise ValueError(
            "Invalid value for argument `images`. Expected a list of images, "
            "or an array (n, height, width, channels). Received: "
            + (
                f"shape={tuple(items.shape)}"
                if hasattr(items, "shape")
                else f"images={items!r:.200}"
            )
        )
    if not len(items):
        raise ValueError(
            "Invalid value for argument `images`. Expected at least one. "
            "Received none."
        )
    return items


def _message(place, item, reason):
    name = (
        f" {os.fspath(item)!r}" if isinstance(item, str | os.PathLike) else ""
    )
    if isinstance(reason, OSError):
        reason = f"Cannot be read: {reason.strerror}."
    return f"Invalid image: images[{place}]{name}. {reason}"
