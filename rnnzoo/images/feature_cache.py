"""Feature maps of images, computed once and kept on disk.

A feature map is looked up by the contents of its encoder and of its image, not
by their names, so a stale one is never found. If the order of the images, their
split or their captions change, only the feature maps of new images are
computed.
"""

import errno
import hashlib
import os
import shutil
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from rnnzoo.files import atomic_path, nearest_existing
from rnnzoo.images.encoders import fingerprint

BATCH_SIZE = 32
SHARD_BYTES = 2**26
LAYOUT = 1  # version of the files, part of the name of their folder
_LARGEST = float(np.finfo("float16").max)


def default_directory():
    """The directory `$RNNZOO_CACHE_DIR`, or `rnnzoo` in the user's caches."""
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("RNNZOO_CACHE_DIR") or Path(caches, "rnnzoo"))


class FeatureCache:
    """The feature maps that an encoder makes of images.

    The directory has a folder for each encoder. The folder holds shards, pairs
    of files: `NAME.npy`, float16 feature maps, and `NAME.images.npy`, the
    SHA-256 digests of their images. The second file is written once the first
    is whole, so that an interrupted computation continues at its last shard.
    Images are read in chunks, of which only those are kept whose shard is not
    full.

    Args:
        encoder: Keras model from images to feature maps of a fixed shape.
        directory: Directory of the cache; defaults to `default_directory()`.

    Examples:

    >>> import tempfile
    >>> import numpy as np
    >>> from rnnzoo.images.encoders import small_cnn
    >>> from rnnzoo.images.feature_cache import FeatureCache
    >>> encoder = small_cnn(16, channels=(4,))
    >>> def encode(images):
    ...     return np.stack([np.full((8, 8, 4), len(each)) for each in images])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     cache = FeatureCache(encoder, folder)
    ...     digests = cache.add([b"one", b"three"], encode, verbose=0)
    ...     cache.flush(encode, verbose=0)
    ...     features_of = cache.lookup(digests)
    ...     features_of([1, 0, 1])[:, 0, 0, 0].numpy().tolist()
    [5.0, 3.0, 5.0]
    """

    def __init__(self, encoder, directory=None):
        self.shape = tuple(encoder.output_shape[1:])
        self.folder = Path(
            directory or default_directory(),
            f"features-{LAYOUT}-{fingerprint(encoder)[:32]}",
        )
        self._bytes = 2 * int(np.prod(self.shape))
        self._in_shard = max(SHARD_BYTES // self._bytes, 1)
        self._found = {}  # digest of an image: (file, row)
        self._waiting = {}  # digest of an image: the image
        self._bar = None
        for path in sorted(self.folder.glob("*.images.npy")):
            self._read(path)

    def add(self, images, encode, verbose=1):
        """Takes some images, whose feature maps it computes a file at a time.

        Args:
            images: List of encoded images, `bytes`. Those that are new wait
                until they fill a file.
            encode: Function from a list of such images to an array of their
                feature maps.
            verbose: Whether to print where the first of them go, and show
                progress.

        Returns:
            uint8 array `(n, 32)`, the digests of the images.

        Raises:
            OSError: If the directory cannot be written or has no room.
        """
        digests = [hashlib.sha256(image).digest() for image in images]
        for digest, image in zip(digests, images, strict=True):
            if digest not in self._found:
                self._waiting[digest] = image
        if len(self._waiting) >= self._in_shard:
            self.flush(encode, verbose)
        return np.frombuffer(b"".join(digests), "uint8").reshape(-1, 32)

    @property
    def is_waiting(self):
        """Whether images wait whose feature maps are not computed yet."""
        return bool(self._waiting)

    def flush(self, encode, verbose=1):
        """Computes the feature maps of all images that wait; see `add`."""
        waiting, self._waiting = self._waiting, {}
        digests = list(waiting)
        if digests and self._bar is None:
            if verbose:
                print(f"Feature maps of images, to {self.folder}")
            self._bar = keras.utils.Progbar(
                None, verbose=verbose, unit_name="image"
            )
        for first in range(0, len(digests), self._in_shard):
            shard = digests[first : first + self._in_shard]
            self._require_room(len(shard) * self._bytes)
            features = np.empty((len(shard), *self.shape), "float16")
            for start in range(0, len(shard), BATCH_SIZE):
                part = slice(start, start + BATCH_SIZE)
                made = encode([waiting[digest] for digest in shard[part]])
                features[part] = np.clip(made, -_LARGEST, _LARGEST)
                self._bar.add(len(made))
            self._write(shard, features)

    def lookup(self, digests):
        """Finds the feature maps of images that were added.

        Args:
            digests: uint8 array `(n, 32)`, what `add` returned.

        Returns:
            Function from int32 places `(n,)` in the digests to the feature
            maps, float16 `(n, rows, columns, features)`. It also works in the
            graph of a `tf.data` pipeline. The files are mapped into memory,
            not read.

        Raises:
            ValueError: If there are none of an image.
        """
        found = [self._found.get(row.tobytes()) for row in digests]
        if None in found:
            raise ValueError(
                f"Feature maps of {found.count(None):,} images are missing in "
                f"{self.folder}. Expected the `cache_dir` that they were "
                "encoded with, and the same encoder."
            )
        return _lookup(found)

    def _write(self, digests, features):
        joined = b"".join(digests)
        name = hashlib.sha256(joined).hexdigest()[:32]
        images = self.folder / f"{name}.images.npy"
        with atomic_path(self.folder / f"{name}.npy") as path:
            np.save(path, features)
        with atomic_path(images) as path:
            np.save(path, np.frombuffer(joined, "uint8").reshape(-1, 32))
        self._read(images)

    def _read(self, images):
        features = images.with_name(images.name.replace(".images", ""))
        for row, digest in enumerate(np.load(images)):
            self._found.setdefault(digest.tobytes(), (features, row))

    def _require_room(self, size):
        free = shutil.disk_usage(nearest_existing(self.folder)).free
        if free < size:
            raise OSError(
                errno.ENOSPC,
                "Invalid value for argument `cache_dir`. Expected a directory "
                f"with room for {size / 1e6:,.0f} MB of feature maps. Received "
                f"one with {free / 1e6:,.0f} MB: "
                f"cache_dir={str(self.folder.parent)!r}",
            )


def _lookup(found):
    """A function from places in a list of (file, row) to the rows there."""
    files = list(dict.fromkeys(path for path, _ in found))
    shards = [_mapped(path) for path in files]
    number = {path: i for i, path in enumerate(files)}
    owners = tf.constant([number[path] for path, _ in found], tf.int32)
    rows = tf.constant([row for _, row in found], tf.int32)

    def gather(places):
        owner, count = tf.gather(owners, places), len(shards)
        parts = tf.dynamic_partition(tf.gather(rows, places), owner, count)
        order = tf.range(tf.size(places))
        return tf.dynamic_stitch(
            tf.dynamic_partition(order, owner, count),
            [
                tf.gather(shard, part)
                for shard, part in zip(shards, parts, strict=True)
            ],
        )

    return gather


def _mapped(path):
    """The array of a file as a tensor that takes no memory of its own."""
    # Copied on write, because DLPack lends only writable memory.
    array = np.load(path, mmap_mode="c")
    return tf.experimental.dlpack.from_dlpack(array.__dlpack__())
