import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnzoo.images import feature_cache
from rnnzoo.images.encoders import fingerprint
from rnnzoo.images.feature_cache import FeatureCache
from rnnzoo.pipeline.columns import Lookup
from rnnzoo.pipeline.examples import Examples

IMAGES = [f"image {i}".encode() for i in range(7)]


def small_encoder(seed=0):
    images = keras.Input((4, 4, 3))
    start = keras.initializers.GlorotUniform(seed)
    maps = keras.layers.Conv2D(5, 3, 2, kernel_initializer=start)(images)
    return keras.Model(images, maps)


class Encode:
    """Stands in for an encoder, and remembers what it was asked."""

    def __init__(self, stop_after=100):
        self.asked = []
        self.stop_after = stop_after

    def __call__(self, images):
        if len(self.asked) >= self.stop_after:
            raise KeyboardInterrupt
        self.asked += images
        return np.stack([self.features(image) for image in images])

    @staticmethod
    def features(image):
        return np.full([1, 1, 5], image[-1], "float32") + np.arange(5)


def look_up(cache, images, encode):
    digests = cache.add(images, encode, verbose=0)
    cache.flush(encode, verbose=0)
    return cache.lookup(digests)


@pytest.fixture(autouse=True)
def small_files(monkeypatch):
    monkeypatch.setattr(feature_cache, "SHARD_BYTES", 3 * 10)  # three images
    monkeypatch.setattr(feature_cache, "BATCH_SIZE", 2)


def test_what_was_computed_is_not_computed_again(tmp_path):
    encode = Encode()
    cache = FeatureCache(small_encoder(), tmp_path)
    lookup = look_up(cache, IMAGES[:5], encode)
    assert encode.asked == IMAGES[:5]
    cache = FeatureCache(small_encoder(), tmp_path)
    again = look_up(cache, IMAGES[::-1] + IMAGES[:1], encode)
    assert encode.asked[5:] == IMAGES[:4:-1]
    for places, found, images in (
        ([4, 0, 3, 3], lookup, IMAGES[:5]),
        (range(8), again, IMAGES[::-1] + IMAGES[:1]),
        ([], lookup, IMAGES),
    ):
        expected = [encode.features(images[place]) for place in places]
        features = found(tf.constant(list(places), tf.int32))
        assert features.dtype == tf.float16
        np.testing.assert_array_equal(
            features, np.reshape(expected, [-1, 1, 1, 5])
        )


def test_batches_have_the_features_of_their_images(tmp_path):
    cache = FeatureCache(small_encoder(), tmp_path)
    lookup = look_up(cache, IMAGES, Encode())
    rows = np.array([6, 1, 1, 3, 0], "int32")
    examples = Examples(
        {"features": Lookup(rows, lookup), "row": tf.constant(rows)},
        tf.constant(rows),
        None,
        np.arange(5),
    ).take(np.array([3, 1, 4, 0]))
    seen = []
    for inputs, labels in examples.batches(3, shuffle=True):
        for row, label, features in zip(
            inputs["row"], labels, inputs["features"], strict=True
        ):
            assert row == label
            expected = Encode.features(IMAGES[int(row)])
            np.testing.assert_array_equal(features, expected)
            seen.append(int(row))
    assert sorted(seen) == [0, 1, 3, 6]


def test_an_interrupted_computation_goes_on_at_its_last_file(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        look_up(
            FeatureCache(small_encoder(), tmp_path),
            IMAGES,
            Encode(stop_after=5),
        )
    encode = Encode()
    look_up(FeatureCache(small_encoder(), tmp_path), IMAGES, encode)
    assert encode.asked == IMAGES[3:]


def test_another_encoder_has_other_features(tmp_path):
    encoder, other = small_encoder(), small_encoder(seed=1)
    look_up(FeatureCache(encoder, tmp_path), IMAGES[:2], Encode())
    encode = Encode()
    look_up(FeatureCache(other, tmp_path), IMAGES[:2], encode)
    assert encode.asked == IMAGES[:2]
    # Keras gave its layers other names, no more.
    assert fingerprint(small_encoder()) == fingerprint(encoder)
    images = keras.Input((4, 4, 3))
    same_weights = keras.layers.Conv2D(5, 3, 2, activation="relu")
    relu = keras.Model(images, same_weights(images))
    relu.set_weights(encoder.get_weights())
    assert fingerprint(relu) != fingerprint(encoder)


def test_a_disk_without_room_is_an_error_before_any_work(tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=29)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    encode = Encode()
    with pytest.raises(OSError, match="argument `cache_dir`"):
        look_up(FeatureCache(small_encoder(), tmp_path / "new"), IMAGES, encode)
    assert not encode.asked
    assert not (tmp_path / "new").exists()


def test_the_user_says_where(tmp_path, monkeypatch):
    monkeypatch.setenv("RNNZOO_CACHE_DIR", str(tmp_path / "a"))
    cache = FeatureCache(small_encoder())
    assert cache.folder.parent == tmp_path / "a"
    monkeypatch.delenv("RNNZOO_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "b"))
    cache = FeatureCache(small_encoder())
    assert cache.folder.parent == tmp_path / "b" / "rnnzoo"


def test_a_feature_map_may_fill_a_file_and_all_the_room(tmp_path, monkeypatch):
    monkeypatch.setattr(feature_cache, "SHARD_BYTES", 1)
    usage = shutil.disk_usage(tmp_path)._replace(free=7 * 10)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    cache = FeatureCache(small_encoder(), tmp_path)
    found = look_up(cache, IMAGES, Encode())
    assert len(list(cache.folder.glob("*.images.npy"))) == 7
    expected = [Encode.features(image) for image in IMAGES]
    np.testing.assert_array_equal(
        found(tf.range(7)), np.reshape(expected, [7, 1, 1, 5])
    )


def test_what_is_too_large_for_half_precision_stays_finite(tmp_path):
    def encode(images):
        return np.full([len(images), 1, 1, 5], [1e9, -1e9, 1, 0, 7], "float32")

    cache = FeatureCache(small_encoder(), tmp_path)
    found = look_up(cache, IMAGES[:1], encode)
    largest = np.finfo("float16").max
    np.testing.assert_array_equal(
        found([0])[0, 0, 0], [largest, -largest, 1, 0, 7]
    )


def test_images_wait_for_a_whole_file_and_for_no_more(tmp_path):
    cache, encode = FeatureCache(small_encoder(), tmp_path), Encode()
    digests = [cache.add([image], encode, verbose=0) for image in IMAGES]
    assert encode.asked == IMAGES[:6]
    assert cache.is_waiting
    with pytest.raises(ValueError, match="of 1 images are missing"):
        cache.lookup(np.concatenate(digests))
    cache.flush(encode, verbose=0)
    assert encode.asked == IMAGES
    assert not cache.is_waiting
    found = cache.lookup(np.concatenate(digests))(tf.range(7))
    expected = [Encode.features(image) for image in IMAGES]
    np.testing.assert_array_equal(found, np.reshape(expected, [-1, 1, 1, 5]))
