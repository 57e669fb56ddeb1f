"""Image encoders: Keras models from images to feature maps.

They take float images `(batch, height, width, 3)`, numbers from 0 to 255, and
return feature maps `(batch, rows, columns, features)`.
"""

import difflib
import hashlib
import json
import os
from pathlib import Path

import keras
import numpy as np

from rnnzoo.checks import check_positive

SMALL_CNN = "small_cnn"
_APPLICATIONS = sorted(
    name
    for name, value in vars(keras.applications).items()
    if callable(value) and name[0].isupper()
)


def image_encoder(encoder, weights=None, image_size=None):
    """Builds or loads a model that maps images to feature maps.

    Args:
        encoder: `"small_cnn"`; the name of a model in `keras.applications`,
            whose scaling of pixels becomes part of the encoder; the path of a
            model saved as `.keras`, or of a captioner, whose encoder it is; or
            a Keras model.
        weights: Pretrained weights of a model in `keras.applications`:
            `"imagenet"`, which downloads them, or the path of a file of
            weights. By default the weights are random.
        image_size: Height and width of the images, if the encoder takes images
            of any size; defaults to 64 for `"small_cnn"`, otherwise to 224.

    Returns:
        `keras.Model` with one input and one output, both of fixed sizes.

    Raises:
        ValueError: If the encoder is unknown or makes no feature map.
        FileNotFoundError: If there is no file at the path of the encoder.

    Examples:

    >>> import keras
    >>> from rnnzoo.images.encoders import image_encoder
    >>> encoder = image_encoder("small_cnn", image_size=32)
    >>> encoder(keras.ops.zeros((2, 32, 32, 3))).shape.as_list()
    [2, 4, 4, 128]
    >>> image_encoder("MobileNet", image_size=64).output_shape
    (None, 2, 2, 1024)
    """
    check_positive("image_size", image_size, optional=True)
    by_name = isinstance(encoder, str) and encoder in _APPLICATIONS
    if weights is not None and not by_name:
        raise ValueError(
            "Invalid value for argument `encoder_weights`. Expected None, "
            "unless the encoder is a name in `keras.applications`. Received: "
            f"encoder_weights={weights!r}, encoder={encoder!r}"
        )
    if encoder == SMALL_CNN:
        return small_cnn(image_size or 64)
    if by_name:
        model = _application(encoder, weights, image_size or 224)
    elif isinstance(encoder, (str, os.PathLike)):
        model = _load(os.fspath(encoder))
    else:
        model = encoder
    return _checked(model, image_size)


def starts_from_scratch(encoder, weights=None):
    """Whether an encoder has only random weights until it is trained."""
    return weights is None and encoder in (SMALL_CNN, *_APPLICATIONS)


def small_cnn(image_size=64, channels=(32, 64, 128)):
    """A convolutional network for small images.

    Each stage halves the height and the width, so that by default the feature
    map is an eighth as high and wide as the image. There are no normalization
    layers: they would amplify an empty background as much as the objects.

    Args:
        image_size: Height and width of the images.
        channels: The number of features after each stage.
    """

    def convolve(x, size, strides=1):
        return keras.layers.Conv2D(
            size,
            3,
            strides,
            padding="same",
            activation="relu",
            kernel_initializer="he_normal",
        )(x)

    images = keras.Input((image_size, image_size, 3), name="images")
    x = keras.layers.Rescaling(1 / 255)(images)
    for size in channels:
        x = convolve(x, size, strides=2)
        x = keras.layers.Add()([x, convolve(x, size)])
    return keras.Model(images, x, name=SMALL_CNN)


def fingerprint(encoder):
    """A digest of an encoder, 64 hexadecimal digits.

    Encoders whose feature maps may differ have different digests. The names of
    layers do not count, because Keras numbers them consecutively.
    """
    config = encoder.get_config()
    layers = json.dumps(config, sort_keys=True, default=str)
    for place, name in enumerate(dict.fromkeys(_names(config))):
        layers = layers.replace(json.dumps(name), str(place))
    digest = hashlib.sha256(layers.encode())
    for weight in encoder.get_weights():
        digest.update(f"{weight.dtype}{weight.shape}".encode())
        digest.update(np.ascontiguousarray(weight).data)
    return digest.hexdigest()


def _names(config):
    """Yields all names in a configuration, in their order."""
    if isinstance(config, dict):
        if isinstance(config.get("name"), str):
            yield config["name"]
        config = config.values()
    if isinstance(config, (str, bytes)) or not hasattr(config, "__iter__"):
        return
    for each in config:
        yield from _names(each)


def _application(name, weights, image_size):
    create = getattr(keras.applications, name)
    images = keras.Input((image_size, image_size, 3), name="images")
    model = create(
        include_top=False,
        weights=weights,
        input_shape=(image_size, image_size, 3),
    )
    return keras.Model(images, model(_scaled(images, create)), name=name)


def _scaled(images, create):
    """Pixels in the range that a model of `keras.applications` expects.

    The `preprocess_input` of each family multiplies every channel by a factor
    and adds an offset; some families also put blue first. Its results for
    black, red, green and blue give the factors, the offsets and the order.
    """
    family = create.__module__.rpartition(".")[2]
    preprocess = getattr(keras.applications, family).preprocess_input
    pixels = np.concatenate([np.zeros([1, 3]), 255 * np.eye(3)])
    black, *colours = preprocess(pixels.astype("float32")[:, None, None])
    factors = (np.array(colours) - black)[:, 0, 0] / 255
    if factors[0, 0] == 0:
        factors = factors[::-1]
        images = keras.ops.flip(images, axis=-1)
    scale, offset = factors.diagonal().tolist(), black[0, 0].tolist()
    if scale == [1, 1, 1] and not any(offset):
        return images
    return keras.layers.Rescaling(scale, offset)(images)


def _load(path):
    if not path.endswith(".keras"):
        near = difflib.get_close_matches(
            path, [SMALL_CNN, *_APPLICATIONS], n=3, cutoff=0.5
        )
        raise ValueError(
            f"Invalid value for argument `encoder`. Expected {SMALL_CNN!r}, "
            "a name in `keras.applications`, a path that ends with '.keras', "
            f"or a Keras model. Received: encoder={path!r}"
            + (f". Near: {', '.join(near)}" if near else "")
        )
    if not Path(path).is_file():
        raise FileNotFoundError(
            f"There is no file at the path given as argument `encoder`: {path}"
        )
    try:
        model = keras.saving.load_model(path, compile=False)
    except Exception as error:  # of any class, since a file may hold anything
        cause = str(error).rpartition("Exception encountered: ")[2]
        raise ValueError(
            "Invalid value for argument `encoder`. Expected a whole model that "
            f"Keras saved. Received: encoder={path!r}; {cause:.200}"
        ) from error
    return getattr(model, "encoder", model)


def _checked(model, image_size):
    """The model, for images of a fixed size, if it makes feature maps."""
    expected = (
        "Invalid value for argument `encoder`. Expected a Keras model from "
        "images (batch, height, width, 3) to a feature map (batch, rows, "
        "columns, features)"
    )
    if not isinstance(model, keras.Model):
        raise ValueError(f"{expected}. Received: {type(model).__name__}")
    # A model that is not built yet may lack even the attributes.
    inputs, outputs = (
        getattr(model, name, None) or () for name in ("inputs", "outputs")
    )
    if len(inputs) != 1 or len(outputs) != 1:
        raise ValueError(
            f"{expected}, made by `keras.Sequential` or of `keras.Input`s. "
            f"Received: {model.name!r} with {len(inputs)} inputs and "
            f"{len(outputs)} outputs"
        )
    shape = inputs[0].shape
    if len(shape) != 4 or shape[3] not in (3, None):
        raise ValueError(f"{expected}. Received one that takes {shape}")
    if len(outputs[0].shape) != 4:
        raise ValueError(
            f"{expected}. Received one that makes {outputs[0].shape}; a model "
            "of `keras.applications` ends with one if `include_top=False` and "
            "`pooling=None`"
        )
    height, width = (size or image_size or 224 for size in shape[1:3])
    if image_size and (height, width) != (image_size, image_size):
        raise ValueError(
            "Invalid value for argument `image_size`. Expected None or "
            f"the size that the encoder takes, {height}x{width}. Received: "
            f"image_size={image_size}"
        )
    if None not in (*shape[1:], *outputs[0].shape[1:]):
        return model
    images = keras.Input((height, width, 3), name="images")
    return keras.Model(images, model(images), name=model.name)
