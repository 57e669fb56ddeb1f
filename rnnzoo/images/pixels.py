"""Images as numbers: decoded and resized in the graph."""

import functools
import os
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from rnnzoo.arrays import as_column
from rnnzoo.images import bitmap

FORMATS = "JPEG, PNG, GIF or BMP"

RATIOS = (1, 2, 4, 8)  # by which JPEG can be decoded to fewer pixels
COARSE = 4  # Images more than four times as large are averaged first.
PARALLEL = 4  # Encoded images decoded at a time: each may be large.


class Decoded(NamedTuple):
    """The result of `decode_batch`.

    Attributes:
        images: float32 `(n, height, width, 3)` in 0..255; zeros in place of
            an image that could not be decoded.
        valid: boolean `(n,)`, whether each image could be decoded.
    """

    images: tf.Tensor
    valid: tf.Tensor


class Loaded(NamedTuple):
    """The result of `load`.

    Attributes:
        images: float32 array `(n, height, width, 3)` in 0..255; zeros in place
            of an image that could not be read.
        errors: Dict of the place of an image that could not be read to a
            string that says why.
    """

    images: np.ndarray
    errors: dict


class Encoded(NamedTuple):
    """The result of `encode`.

    Attributes:
        files: Dict of an image's place to its `bytes`.
        errors: Dict of the place of an image that could not be read to a
            string that says why.
    """

    files: dict
    errors: dict


def decode(data, size):
    """Decodes an image to numbers, in the graph.

    A grey image gets three equal channels, transparency is dropped, 16 bits are
    cut to the upper 8, and an animated GIF gives its first picture. The
    orientation that a JPEG notes is ignored.

    Args:
        data: String tensor `()`: a JPEG, PNG, GIF or BMP file; see
            `rnnzoo.images.bitmap.decode` for the last.
        size: `(height, width)` of the result; see `resize`.

    Returns:
        float32 `(height, width, 3)` in 0..255.

    Raises:
        tf.errors.InvalidArgumentError: If the data is another kind of file, or
            only a part of one.
    """
    image = tf.case(
        [
            (tf.io.is_jpeg(data), lambda: _decode_jpeg(data, size)),
            (bitmap.is_bmp(data), lambda: bitmap.decode(data)),
        ],
        default=lambda: tf.io.decode_image(
            data, channels=3, expand_animations=False
        ),
    )
    return resize(tf.ensure_shape(image, [None, None, 3]), size)


def decode_batch(data, size):
    """Decodes images to numbers, in the graph, and continues after bad ones.

    An image that `decode` cannot read becomes zeros. Only TensorFlow's own
    operations are used, so that an exported model gives the same answer.

    Args:
        data: String tensor `(n,)`; see `decode`.
        size: `(height, width)` of the results.

    Returns:
        `Decoded`.
    """
    count = tf.size(data, tf.int64)
    # Only datasets continue after an error; no other part of TensorFlow does.
    decoded = tf.data.Dataset.from_tensor_slices(data).enumerate()
    decoded = decoded.map(
        lambda place, data: (place, decode(data, size)),
        num_parallel_calls=PARALLEL,
    ).ignore_errors()
    # One more image, so that there is a batch even if all are bad.
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
    """Resizes images, in the graph.

    The whole image is squeezed into the new size, whatever its aspect ratio.
    The interpolation is bilinear; where an image shrinks, every pixel counts.
    An image more than four times as high or wide is first averaged down to four
    times the size, which takes less memory.

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
    """Reads images of any kind and size, and continues after bad ones.

    Args:
        items: List or array of images, each a path (`str` or `os.PathLike`),
            an encoded file (`bytes`), an array or tensor `(height, width)` or
            `(height, width, channels)` with 1, 3 or 4 channels, of numbers in
            0..255, a PIL image, or a dictionary of `bytes` and `path`, as
            Hugging Face datasets have it.
        size: `(height, width)` of the results; see `resize` and `decode`.
        first: Number of the first image in error messages.

    Returns:
        `Loaded`.

    Raises:
        ValueError: If `items` is not a list of images.

    Examples:

    >>> import numpy as np
    >>> from rnnzoo.images import pixels
    >>> white = np.full((4, 6, 3), 255, "uint8")
    >>> loaded = pixels.load([white, b"GIF89a"], size=(2, 2))
    >>> loaded.images.shape
    (2, 2, 2, 3)
    >>> loaded.images.mean(axis=(1, 2, 3)).round().tolist()
    [255.0, 0.0]
    >>> print(loaded.errors[1])
    Invalid image: images[1]. Expected a whole JPEG, PNG, GIF or BMP file.
    Received: 6 bytes
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
    """Turns images of any kind into whole encoded files; arrays become PNG.

    Args:
        items, first: See `load`.

    Returns:
        `Encoded`.

    Raises:
        ValueError: If `items` is not a list of images.

    Examples:

    >>> import numpy as np
    >>> from rnnzoo.images import pixels
    >>> encoded = pixels.encode([np.zeros((2, 2, 3), "uint8"), "missing.png"])
    >>> encoded.files[0][:4]
    b'\\x89PNG'
    >>> print(encoded.errors[1])
    Invalid image: images[1] 'missing.png'. Cannot be read: No such file or
    directory.
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
    """Decodes a JPEG at a reduced size that is still at least twice `size`."""
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
    """Reads all items: a dict of contents by place, and a dict of errors."""
    contents, errors = {}, {}
    for place, item in enumerate(items):
        try:
            contents[place] = _read(item)
        except (ValueError, OSError) as error:
            errors[place] = _message(place + first, item, error)
    return contents, errors


def _decode_files(files, size, items, first):
    """Decodes files, a dict by place: an array, and a dict of errors."""
    errors = {}
    decoded = _decode_batch(tf.constant(list(files.values())), size)
    for place, valid in zip(files, decoded.valid.numpy(), strict=True):
        if not valid:
            reason = (
                f"Expected a whole {FORMATS} file. Received: "
                f"{len(files[place]):,} bytes"
            )
            errors[place] = _message(place + first, items[place], reason)
    return decoded.images.numpy(), errors


def _read(item):
    """The bytes of an encoded image, or a tensor (height, width, 3)."""
    if isinstance(item, str | os.PathLike):
        with open(item, "rb") as file:
            return file.read()
    if _is_encoded(item):
        return _read(item["path"] if item["bytes"] is None else item["bytes"])
    if tf.is_tensor(item):
        item = item.numpy()
    elif _is_pil(item):
        item = _pixels_of_pil(item)
    if isinstance(item, bytes):
        return item
    if isinstance(item, np.ndarray):
        return _check_pixels(item)
    raise ValueError(
        "Expected a path, an encoded file as bytes, an array or a PIL image. "
        f"Received: {type(item).__name__}"
    )


def _is_pil(item):
    """Whether it is an image of PIL, which is not imported for that."""
    return hasattr(item, "getbands") and hasattr(item, "convert")


def _is_encoded(item):
    """Whether it is an image as Hugging Face keeps it, not decoded."""
    return isinstance(item, Mapping) and item.keys() == {"bytes", "path"}


def _pixels_of_pil(image):
    """An array of what `decode` makes of the image's file."""
    if image.mode.startswith("I;16"):
        return (np.asarray(image) >> 8).astype("uint8")
    if image.mode in ("I", "F"):  # numbers of any size
        return np.asarray(image)
    return np.asarray(image.convert("RGB"))


def _check_pixels(array):
    """Turns an array of numbers in 0..255 into a tensor of three channels."""
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


def is_image(item):
    """Whether it is one image, not a list of them; see `load`."""
    is_array = hasattr(item, "shape") and hasattr(item, "dtype")  # no table
    return (
        isinstance(item, (str, bytes, os.PathLike))
        or (is_array and len(item.shape) in (2, 3))
        or _is_pil(item)
        or _is_encoded(item)
    )


def check_items(items):
    """The list or array of images, or a `ValueError` if it is neither."""
    items = as_column(items)
    rank = len(items.shape) if hasattr(items, "shape") else 1
    if is_image(items) or rank not in (1, 4) or not hasattr(items, "__len__"):
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
            "Invalid value for argument `images`. Expected at least one image. "
            "Received: 0 images"
        )
    return items


def _message(place, item, reason):
    name = (
        f" {os.fspath(item)!r}" if isinstance(item, str | os.PathLike) else ""
    )
    if isinstance(reason, OSError):
        reason = f"Cannot be read: {reason.strerror or reason}."
    return f"Invalid image: images[{place}]{name}. {reason}"
