"""Raw images and their captions."""

import dataclasses
import warnings

import tensorflow as tf

from rnnzoo.images import pixels
from rnnzoo.pipeline import columns
from rnnzoo.pipeline.schema import Feature, Schema
from rnnzoo.text.strings import as_text


class Image(Feature):
    """An image: a path, a file, an array or PIL's; see `pixels.load`.

    In a `tf.data.Dataset`, strings are files and arrays are uint8.
    """

    def fits(self, dtype, rank):
        return False  # nothing tells a file from a text

    def rank(self, spec, key=None):
        if spec.dtype not in (tf.string, tf.uint8):
            raise ValueError(
                "Invalid value for argument `x`. Expected a dataset of images "
                f"that are encoded or uint8. Received: dtype={spec.dtype.name}"
            )
        return 0 if spec.dtype == tf.string else 3

    def is_one(self, x):
        return pixels.is_image(x)

    def convert(self, value):
        if value.dtype == tf.string:
            return value
        if isinstance(value, tf.RaggedTensor):
            value = value.to_tensor()
        # `tf.io.decode_image` does not tell the rank.
        image = tf.ensure_shape(value, [None, None, None])
        return tf.io.encode_png(image, compression=1)


class Captions(Feature):
    """One caption, or a list of several; a column is a list of lists."""

    def fits(self, dtype, rank):
        return dtype == "S" and rank < 2

    def convert(self, value):
        if isinstance(value, dict):  # as in COCO
            value = value["text"]
        return tf.reshape(value, [-1])

    def check(self, column, argument, first):
        return [
            _texts(captions, argument, first + i)
            for i, captions in enumerate(column)
        ]


# Few in a chunk, because files may be large.
SCHEMA = Schema((Image("image"),), (Captions("captions"),), chunk=32)


def without_unreadable(chunks):
    """Yields chunks of files, without the images that cannot be read.

    A warning says why an image is left out.

    Args:
        chunks: Iterable of `rnnzoo.pipeline.raw.Chunk` of `SCHEMA`.

    Raises:
        ValueError: If no image can be read.
    """
    count, empty = 0, True
    for chunk in chunks:
        read = pixels.encode(chunk["image"], chunk.first)
        for _, message in sorted(read.errors.items()):
            warnings.warn(message, stacklevel=3)
        count += len(chunk)
        places = sorted(read.files)
        if not places:
            continue
        empty = False
        columns = {
            name: [column[place] for place in places]
            for name, column in chunk.columns.items()
        }
        columns["image"] = [read.files[place] for place in places]
        weights = chunk.weights
        yield dataclasses.replace(
            chunk,
            columns=columns,
            weights=None if weights is None else weights[places],
        )
    if empty:
        raise ValueError(
            "Invalid value for argument `x`. Expected at least one image that "
            "can be read; strings of a dataset are contents of files, those "
            f"of a list are paths. Received: none of {count}"
        )


def as_digests(encoded, cache, encode):
    """Yields encoded images without their files, which the cache has read.

    They are held back until the cache holds their feature maps.

    Args:
        encoded: Iterable of tuples of anything and of
            `rnnzoo.pipeline.examples.Examples` whose inputs have a `file`;
            they have a `digest` in its place.
        cache, encode: `rnnzoo.images.feature_cache.FeatureCache`, and what its
            `add` takes.
    """
    waiting = []
    for end, examples in encoded:
        inputs = dict(examples.inputs)
        files = inputs.pop("file").numpy()
        inputs["digest"] = cache.add(list(files), encode)
        waiting.append((end, dataclasses.replace(examples, inputs=inputs)))
        if not cache.is_waiting:
            yield from waiting
            waiting = []
    cache.flush(encode)
    yield from waiting


def as_images(inputs, size, cache):
    """The inputs of images as batches take them, read when a batch is.

    Args:
        inputs: Dict of a column `file` or `digest`, and others. Without both,
            it has been prepared.
        size: Height and width of images that are decoded from files.
        cache: Function that makes the cache of the digests.

    Returns:
        Dict of a column `image` or `features`, and the others.
    """
    inputs = dict(inputs)
    if "digest" in inputs:
        digests = inputs.pop("digest")
        table = cache().lookup(columns.to_numpy(digests))
        inputs["features"] = columns.Lookup.of_all(digests, table)
    if "file" in inputs:
        files = inputs.pop("file")

        def decode(places):
            found = columns.gather(files, places)
            return pixels.decode_batch(found, size).images

        inputs["image"] = columns.Lookup.of_all(files, decode)
    return inputs


def _texts(captions, argument, place):
    if isinstance(captions, (str, bytes)):
        captions = [captions]
    if not hasattr(captions, "__len__"):
        raise ValueError(
            f"Invalid value for argument `{argument}`. Expected a caption or a "
            "list of captions for each image. Received: "
            f"{argument}[{place}]={captions!r:.60}"
        )
    texts = [as_text(text, argument, place) for text in captions]
    texts = [text for text in texts if text]  # "" is padding
    if not texts:
        raise ValueError(
            f"Invalid value for argument `{argument}`. Expected at least one "
            "caption for each image. Received none for "
            f"images[{place}]"
        )
    return texts
