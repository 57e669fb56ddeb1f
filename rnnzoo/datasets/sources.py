"""TFDS datasets by name, without unexpected downloads."""

import dataclasses
import os
import textwrap
from pathlib import Path

import numpy as np
import tensorflow as tf

from rnnzoo.checks import nearest
from rnnzoo.datasets.whole import tfds

VALIDATION = ("validation", "dev", "valid")
GENERATED = "rnnzoo_"  # Datasets with this prefix need no download.


@dataclasses.dataclass(frozen=True)
class Source:
    """A dataset that is ready to be read.

    Attributes:
        name: Name as TFDS writes it, with configuration and version.
        info: Its `tfds.core.DatasetInfo`: features, classes, citation.
        splits: Dict of a split's name to its `tf.data.Dataset` of dictionaries.
            Images are left as encoded files.
    """

    name: str
    info: tfds.core.DatasetInfo
    splits: dict

    def split(self, name):
        """The split of that name; the error for an unknown name lists all."""
        if name not in self.splits:
            raise ValueError(
                f"{self.name} has no split {name!r}. Expected one of "
                f"{', '.join(sorted(self.splits))}."
            )
        return self.splits[name]


def load(name, data_dir=None, download=False):
    """Loads a dataset that TFDS knows, or one that is prepared in `data_dir`.

    Args:
        name: Name as in `tfds.load`: `"imdb_reviews"`, or `"glue/sst2"` with a
            configuration, or `"imdb_reviews:1.0.0"` with a version.
        data_dir: Directory where TFDS keeps datasets; by default
            `$TFDS_DATA_DIR` or `~/tensorflow_datasets`.
        download: Whether a dataset that is not there may be downloaded.
            Datasets whose names start with `rnnzoo_` are generated instead.

    Returns:
        `Source`.

    Raises:
        ValueError: If the dataset is unknown; the error lists similar names.
        FileNotFoundError: If the data is not there; the error says what to do.
        OSError: If the data cannot be written to the directory.

    Examples:

    >>> import tempfile
    >>> from rnnzoo.datasets import sources
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     source = sources.load("rnnzoo_dates", data_dir=folder)
    ...     rows = list(source.split("validation").as_numpy_iterator())
    Downloading and preparing dataset ...
    Dataset rnnzoo_dates downloaded and prepared to ...
    >>> source.name, sorted(source.splits), len(rows)
    ('rnnzoo_dates/1.0.0', ['test', 'train', 'validation'], 500)
    >>> sorted(rows[0])
    ['iso', 'text']
    """
    builder = _prepared(name, data_dir, download)
    splits = builder.as_dataset(decoders=_encoded_images(builder))
    return Source(builder.info.full_name, builder.info, dict(splits))


def shards_of(name, split, data_dir=None):
    """The number of files that a split is made of.

    Args:
        name, data_dir: See `load`.
        split: A split as TFDS writes it, such as `"train"` or `"train[:50%]"`.

    Raises:
        ValueError: If there is no such dataset or split.
        FileNotFoundError: If the data is not there.
    """
    splits = _prepared(name, data_dir).info.splits
    try:
        return splits[split].num_shards
    except (KeyError, ValueError):
        raise ValueError(
            f"{name} has no split {split!r}. Expected one of "
            f"{', '.join(sorted(splits))}, or a part of one."
        ) from None


def load_part(name, split, part, parts, data_dir=None):
    """Loads some of a split: its examples in the order of its files.

    Args:
        name, split, data_dir: See `shards_of`.
        part: Number of the part, from 0.
        parts: Number of parts, as even as can be.

    Returns:
        A `tf.data.Dataset` of dictionaries, as in `Source.splits`.
    """
    builder = _prepared(name, data_dir)
    return builder.as_dataset(
        split=tfds.even_splits(split, parts)[part],
        decoders=_encoded_images(builder),
        read_config=tfds.ReadConfig(interleave_cycle_length=1),
    )


def _prepared(name, data_dir, download=False):
    builder = _builder(name, data_dir)
    if not builder.is_prepared():
        _prepare(builder, download)
    return builder


def _encoded_images(builder):
    return {
        name: tfds.decode.SkipDecoding()
        for name, feature in builder.info.features.items()
        if isinstance(feature, tfds.features.Image)
    }


def train_validation(source, share=0.1, seed=0):
    """Data to train on, and data to choose the best epoch by.

    Args:
        source: `Source`.
        share: If the dataset has no validation split, this share of the
            training split is drawn at random and held out. The test split is
            never touched.
        seed: Seed of the draw.

    Returns:
        Tuple of two `tf.data.Dataset`s, as in `source.splits`.

    Examples:

    >>> import tensorflow as tf
    >>> from rnnzoo.datasets import sources
    >>> splits = {"train": tf.data.Dataset.range(40)}
    >>> source = sources.Source("numbers", None, splits)
    >>> train, validation = sources.train_validation(source)
    >>> len(train), len(validation)
    (36, 4)
    """
    train = source.split("train")
    for name in VALIDATION:
        if name in source.splits:
            return train, source.splits[name]
    count = int(train.cardinality())
    places = np.random.default_rng(seed).permutation(count)
    held_out = places < round(count * share)
    return _where(train, ~held_out), _where(train, held_out)


def _builder(name, data_dir):
    # TFDS answers with errors of many classes, and of many lines.
    try:
        return tfds.builder(name, data_dir=data_dir)
    except tfds.core.registered.DatasetNotFoundError:
        raise ValueError(
            f"Unknown dataset: {name!r}. {_nearest(name, data_dir)}"
        ) from None
    except (ValueError, AssertionError, ImportError) as error:
        reason = textwrap.shorten(str(error), 500)
        raise ValueError(
            f"Cannot find the dataset {name!r}. Expected a name of TFDS, such "
            f"as 'imdb_reviews', 'glue/sst2' or 'imdb_reviews:1.0.0'. TFDS "
            f"says: {reason}"
        ) from None


def _prepare(builder, download):
    name, folder = builder.name, builder.data_dir
    if not (name.startswith(GENERATED) or download):
        raise FileNotFoundError(
            f"The dataset {name!r} is not in {folder}. Name the folder that "
            "has it (`data_dir`, --data-dir), or allow its download "
            "(`download=True`, --download)."
        )
    config = tfds.download.DownloadConfig(try_download_gcs=False)
    try:
        builder.download_and_prepare(download_config=config)
    except OSError as error:
        raise OSError(
            error.errno,
            f"Cannot prepare the dataset {name!r} in {folder}. Expected a "
            f"folder that can be written (`data_dir`, --data-dir). {error}",
        ) from error
    except AssertionError as error:  # A file to fetch by hand is missing.
        raise FileNotFoundError(
            f"Cannot prepare the dataset {name!r} in {folder}. {error}"
        ) from error


def _nearest(name, data_dir):
    known = set(tfds.list_builders(with_community_datasets=False))
    if data_dir is not None and Path(data_dir).is_dir():
        known |= {path.name for path in Path(data_dir).iterdir()}
    near = nearest(name, known)
    if near:
        return f"Expected one like {', '.join(near)}."
    where = "" if data_dir is None else f" or one in {os.fspath(data_dir)}"
    return f"Expected one of `tfds.list_builders()`{where}."


def _where(dataset, flags):
    """The examples whose flag is set, as a dataset of known size."""
    flags = tf.constant(flags)
    kept = dataset.enumerate().filter(lambda place, _: flags[place])
    count = int(np.count_nonzero(flags))
    return kept.map(lambda _, example: example).apply(
        tf.data.experimental.assert_cardinality(count)
    )
