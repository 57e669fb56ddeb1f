"""Images and their captions from whatever holds them."""

import warnings

import tensorflow as tf

from rnnzoo import arrays
from rnnzoo.images import pixels
from rnnzoo.pipeline import raw
from rnnzoo.pipeline.raw import Chunk
from rnnzoo.text import as_text

IMAGE, CAPTIONS = "image", "captions"  # features of TFDS dictionaries
IMAGES = 32  # in a chunk: files may be large


def read_captioned(x, y=None, sample_weight=None):
    """Yields images as files, up to 32 at a time, with their captions.

    An image that cannot be read is left out, with a warning that says why.

    Args:
        x: A `tf.data.Dataset`, batched or not, of dictionaries as TFDS makes
            them of `coco_captions`, of `(image, captions)`, `(image, captions,
            sample_weight)` or images alone, encoded or uint8; or a list or
            array of images, see `rnnzoo.images.pixels.load`, or a list of pairs
            `(image, captions)`.
        y: The captions of each image, a string or a list of strings, if `x`
            is a list without them.
        sample_weight: List or array, if `x` is no dataset.

    Yields:
        `rnnzoo.pipeline.raw.Chunk`: `x` a list of `bytes`, `y` a list of
        lists of strings, or `None`, and `sample_weight` an array, or `None`.

    Raises:
        ValueError: If there is no image that can be read, or no end of them,
            if an image has no caption where others have, or if the parts do
            not fit.
    """
    x, y = raw.unzip(x, y)
    if isinstance(x, tf.data.Dataset):
        if y is None:
            x = _as_files(x)
    elif y is not None:
        y = _as_column(y)
    count, empty = 0, True
    for chunk in raw.iterate(x, y, sample_weight):
        for start in range(0, len(chunk.x), IMAGES):
            part = slice(start, start + IMAGES)
            columns = [None if each is None else each[part] for each in chunk]
            read = _read(Chunk(*columns), first=count)
            count += len(columns[0])
            if read.x:
                empty = False
                yield read
    if empty:
        raise ValueError(
            "Invalid value for argument `x`. Expected at least one image that "
            "can be read; strings of a dataset are contents of files, those "
            f"of a list are paths. Received: none of {count}"
        )


def count_captioned(x):
    """How many images there are, or `None` if only reading them tells."""
    if isinstance(x, tf.data.Dataset) and _is_batched(_columns(x)):
        return None
    return raw.count(x, rank=3)


def without_captions(x):
    """A list or array of the images, good and bad ones, of `x` as above."""
    if not isinstance(x, tf.data.Dataset):
        return raw.unzip(x)[0]
    files = _as_files(x).map(lambda image, *_: image)
    return [file for chunk in raw.iterate(files) for file in chunk.x]


def _columns(dataset):
    """A dataset of `(image,)`, `(image, captions)` and so on."""
    spec = dataset.element_spec
    if not isinstance(spec, dict):
        is_tuple = isinstance(spec, tuple)
        return dataset if is_tuple else dataset.map(lambda image: (image,))
    if IMAGE not in spec:
        raise ValueError(
            f"Invalid value for argument `x`. Expected a feature {IMAGE!r}, "
            f"and {CAPTIONS!r}, or tuples of them. Received: {sorted(spec)}"
        )
    pick = (IMAGE, CAPTIONS) if CAPTIONS in spec else (IMAGE,)
    return dataset.map(lambda features: tuple(features[key] for key in pick))


def _is_batched(columns):
    image = columns.element_spec[0]
    if image.dtype not in (tf.string, tf.uint8):
        raise ValueError(
            "Invalid value for argument `x`. Expected a dataset of images that "
            f"are encoded or uint8. Received: dtype={image.dtype.name}"
        )
    return image.shape.rank in ((1,) if image.dtype == tf.string else (4,))


def _as_files(dataset):
    """A dataset of `(file, vector of captions)` and so on, an image each."""
    dataset = _columns(dataset)
    if _is_batched(dataset):
        dataset = dataset.unbatch()

    def convert(image, *others):
        if image.dtype == tf.uint8:
            # `tf.io.decode_image` does not tell the rank.
            image = tf.ensure_shape(_dense(image), [None, None, None])
            image = tf.io.encode_png(image, compression=1)
        if not others:
            return (image,)
        captions, *others = others
        if isinstance(captions, dict):
            captions = captions["text"]
        return image, tf.reshape(captions, [-1]), *others

    return dataset.map(convert, num_parallel_calls=2)


def _dense(tensor):
    is_ragged = isinstance(tensor, tf.RaggedTensor)
    return tensor.to_tensor() if is_ragged else tensor


def _read(chunk, first):
    """The images that can be read of a chunk, and what belongs to them."""
    encoded = pixels.encode(chunk.x, first)
    for message in encoded.errors.values():
        warnings.warn(message, stacklevel=3)
    places = sorted(encoded.files)
    captions = weights = None
    if chunk.y is not None:
        captions = [_texts(chunk.y[place], place + first) for place in places]
    if chunk.sample_weight is not None:
        weights = chunk.sample_weight[places]
    return Chunk([encoded.files[place] for place in places], captions, weights)


def _texts(captions, place):
    texts = [as_text(text, "y", place) for text in captions]
    texts = [text for text in texts if text]  # "" is padding
    if not texts:
        raise ValueError(
            "Invalid value for argument `y`. Expected at least one caption "
            f"for each image. Received none for images[{place}]"
        )
    return texts


def _as_column(captions):
    """Lists of strings as an array, which keeps their different lengths."""
    if isinstance(captions, str | bytes):
        raise ValueError(
            "Invalid value for argument `y`. Expected a list, of the captions "
            f"of each image. Received: y={captions!r:.60}"
        )
    column = []
    for place, each in enumerate(captions):
        if isinstance(each, str | bytes):
            each = [each]
        if not hasattr(each, "__len__"):
            raise ValueError(
                "Invalid value for argument `y`. Expected a caption or a list "
                f"of them for each image. Received: y[{place}]={each!r:.60}"
            )
        column.append(list(each))
    return arrays.as_objects(column)
