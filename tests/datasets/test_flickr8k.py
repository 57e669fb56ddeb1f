import io
import zipfile

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from rnnzoo.datasets import Flickr8k, sources
from rnnzoo.datasets.flickr8k import CAPTIONS, IMAGES, SPLITS, TEXTS


def test_the_prepared_copy_is_ours(data_dir, tmp_path):
    theirs = tfds.builder_from_directory(f"{data_dir}/flickr8k/1.0.0")
    ours = Flickr8k(data_dir=tmp_path)
    assert theirs.info.full_name == ours.info.full_name
    mine, prepared = (
        builder.info.features.to_json_content() for builder in (ours, theirs)
    )
    assert mine == prepared
    assert set(theirs.info.splits) == set(SPLITS)
    assert sources.load("flickr8k", data_dir=data_dir).splits.keys() == {
        *SPLITS
    }


def write_archives(folder, names):
    """Archives as the authors' are, those of a Macintosh's folders too."""
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / IMAGES, "w") as archive:
        for shade, name in enumerate(names):
            image = tf.fill([4, 6 + shade, 3], tf.cast(shade, tf.uint8))
            data = tf.io.encode_jpeg(image).numpy()
            archive.writestr(f"Flicker8k_Dataset/{name}", data)
            archive.writestr(f"__MACOSX/Flicker8k_Dataset/._{name}", b"mac")
    with zipfile.ZipFile(folder / TEXTS, "w") as archive:
        for file, name in zip(SPLITS.values(), names, strict=True):
            archive.writestr(file, name + "\n")
        captions = [
            f"{name}#{place}\tA “caption”\u2028{place} of {name} . \n"
            for name in [*names, "no_such.jpg.1"]
            for place in range(5)
        ]
        archive.writestr(CAPTIONS, "".join(captions))


def test_archives_become_splits(tmp_path):
    names = ["12345_ab.jpg", "3765374230_cd.jpg", "7_ef.jpg"]
    write_archives(tmp_path / "downloads" / "manual", names)
    source = sources.load("flickr8k", data_dir=tmp_path, download=True)
    assert list(source.splits) == list(SPLITS)
    for shade, (split, name) in enumerate(zip(SPLITS, names, strict=True)):
        (row,) = tfds.as_numpy(source.split(split))
        assert row["image/filename"].decode() == name
        assert row["image/id"] == int(name.split("_")[0])
        np.testing.assert_array_equal(row["captions"]["id"], range(5))
        assert [text.decode() for text in row["captions"]["text"]] == [
            f"A “caption”\u2028{place} of {name} . " for place in range(5)
        ]
        image = tf.io.decode_jpeg(row["image"]).numpy()
        assert image.shape == (4, 6 + shade, 3)
        np.testing.assert_allclose(image, shade, atol=1)


def test_who_lacks_the_archives_is_told_what_to_do(tmp_path):
    with pytest.raises(FileNotFoundError, match="--download"):
        sources.load("flickr8k", data_dir=tmp_path)
    with pytest.raises(
        FileNotFoundError, match=f"(?s)manual.*{IMAGES}.*{TEXTS}"
    ):
        sources.load("flickr8k", data_dir=tmp_path, download=True)
    manual = tmp_path / "downloads" / "manual"
    manual.mkdir(parents=True)
    zipfile.ZipFile(io.FileIO(manual / IMAGES, "w"), "w").close()
    with pytest.raises(
        FileNotFoundError, match=f"(?s)by hand is not there.*{TEXTS}.*form"
    ):
        sources.load("flickr8k", data_dir=tmp_path, download=True)
