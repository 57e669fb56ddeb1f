"""Encoders read images as their models expect them; Keras says how."""

import zipfile

import keras
import numpy as np
import pytest

from rnnzoo.images import encoders
from rnnzoo.images.encoders import fingerprint, image_encoder


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    return rng.uniform(0, 255, (2, 32, 32, 3)).astype("float32")


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("MobileNet", "mobilenet"),  # to -1..1
        ("ResNet50", "resnet"),  # blue first, less a mean for each channel
        ("DenseNet121", "densenet"),  # a scale and a mean for each channel
        ("EfficientNetB0", "efficientnet"),  # as they are
    ],
)
def test_pixels_are_scaled_as_keras_does(name, family, images):
    application = getattr(keras.applications, family)
    create = getattr(application, name)
    scaled = encoders._scaled(keras.ops.convert_to_tensor(images), create)
    expected = application.preprocess_input(images.copy())
    np.testing.assert_allclose(scaled, expected, atol=1e-3)


def test_a_model_of_keras_applications_becomes_an_encoder(images):
    encoder = image_encoder("MobileNet", image_size=32)
    assert encoder.input_shape == (None, 32, 32, 3)
    assert encoder.output_shape == (None, 1, 1, 1024)
    inner = encoder.layers[-1]
    expected = inner(keras.applications.mobilenet.preprocess_input(images * 1))
    np.testing.assert_allclose(encoder(images), expected, atol=1e-4)


def test_the_small_encoder_has_a_place_for_each_8_pixels():
    encoder = image_encoder("small_cnn")
    assert encoder.input_shape == (None, 64, 64, 3)
    assert encoder.output_shape == (None, 8, 8, 128)
    first = keras.Model(encoder.input, encoder.layers[1].output)
    white = np.full((1, 64, 64, 3), 255, "float32")
    np.testing.assert_allclose(first(white), 1)


def test_an_encoder_of_any_size_gets_a_fixed_one(images):
    inputs = keras.Input((None, None, 3))
    free = keras.Model(inputs, keras.layers.Conv2D(4, 8, 8)(inputs))
    assert image_encoder(free).input_shape == (None, 224, 224, 3)
    encoder = image_encoder(free, image_size=32)
    assert encoder.output_shape == (None, 4, 4, 4)
    np.testing.assert_allclose(encoder(images), free(images), atol=1e-5)


def test_only_random_encoders_start_from_scratch():
    assert encoders.starts_from_scratch("small_cnn")
    assert encoders.starts_from_scratch("MobileNet")
    assert not encoders.starts_from_scratch("MobileNet", "imagenet")
    assert not encoders.starts_from_scratch("encoder.keras")


def test_a_saved_encoder_is_the_same(tmp_path, images):
    encoder = image_encoder("small_cnn", image_size=32)
    encoder.save(tmp_path / "encoder.keras")
    again = image_encoder(tmp_path / "encoder.keras")
    np.testing.assert_array_equal(again(images), encoder(images))
    assert fingerprint(again) == fingerprint(encoder)
    again.layers[2].bias.assign_add(np.ones(32))
    assert fingerprint(again) != fingerprint(encoder)
    with pytest.raises(ValueError, match="`image_size`.*32x32.*image_size=64"):
        image_encoder(encoder, image_size=64)


def test_models_that_make_no_feature_map_are_refused():
    images = keras.Input((32, 32, 3))
    flat = keras.Model(images, keras.layers.Flatten()(images))
    grey = keras.Sequential(
        [keras.Input((32, 32, 1)), keras.layers.Conv2D(3, 3)]
    )
    two = keras.Model(images, [images, images])
    for model, message in (
        (flat, "feature map.*include_top=False"),
        (grey, r"one that takes \(None, 32, 32, 1\)"),
        (two, "1 inputs and 2 outputs"),
        (keras.layers.Dense(3), "Received: Dense"),
        ("MobilNet", "Near: MobileNet"),
    ):
        with pytest.raises(ValueError, match=f"argument `encoder`.*{message}"):
            image_encoder(model)
    with pytest.raises(FileNotFoundError, match="no file.*none.keras"):
        image_encoder("none.keras")


def test_a_damaged_file_is_named(tmp_path):
    encoders.small_cnn(16, channels=(4,)).save(tmp_path / "encoder.keras")
    members = {"config.json": b"[", "model.weights.h5": b"junk"}
    for name, data in members.items():
        path = tmp_path / f"{name}.keras"
        with (
            zipfile.ZipFile(tmp_path / "encoder.keras") as whole,
            zipfile.ZipFile(path, "w") as damaged,
        ):
            for each in whole.namelist():
                content = data if each == name else whole.read(each)
                damaged.writestr(each, content)
        with pytest.raises(ValueError, match=f"`encoder`.*encoder='.*{name}"):
            image_encoder(path)
