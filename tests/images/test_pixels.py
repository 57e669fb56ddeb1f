"""Images of any kind come in; PIL says how they should look."""

import io
import os

import numpy as np
import pytest
import tensorflow as tf

from rnnzoo.images import pixels

Image = pytest.importorskip("PIL.Image")

SIZE = (32, 40)


@pytest.fixture(scope="module")
def picture():
    """Smooth, so that lossy formats keep it, and of no simple ratio."""
    y, x = np.mgrid[:90, :130]
    return np.stack([y * 2, x, 255 - x - y // 2], axis=-1).astype(np.uint8)


def encode(array, form, mode=None, **options):
    image = Image.fromarray(array)
    file = io.BytesIO()
    (image.convert(mode) if mode else image).save(file, form, **options)
    return file.getvalue()


def resize_as_pil_does(array, size):
    image = Image.fromarray(array).resize(size[::-1], Image.Resampling.BILINEAR)
    return np.asarray(image, np.float32)


def only(loaded):
    assert not loaded.errors
    assert loaded.images.dtype == np.float32
    assert loaded.images.shape[0] == 1
    return loaded.images[0]


@pytest.mark.parametrize(
    ("form", "mode", "tolerance"),
    [
        ("JPEG", None, 8),
        ("JPEG", "CMYK", 8),
        ("PNG", None, 1),
        ("PNG", "RGBA", 1),
        ("GIF", None, 30),  # 256 colours
        ("BMP", None, 1),
    ],
)
def test_encoded_images_look_as_pil_shows_them(picture, form, mode, tolerance):
    data = encode(picture, form, mode)
    found = only(pixels.load([data], SIZE))
    expected = resize_as_pil_does(picture, SIZE)
    np.testing.assert_allclose(found, expected, atol=tolerance)


def test_grey_images_and_those_of_16_bits_have_three_channels(picture):
    grey = picture[:, :, 0]
    deep = (grey.astype(np.uint16) << 8) + 200
    expected = resize_as_pil_does(grey, SIZE)[:, :, None].repeat(3, axis=2)
    kinds = [encode(grey, "PNG"), encode(deep, "PNG"), grey, grey[:, :, None]]
    loaded = pixels.load(kinds, SIZE)
    assert not loaded.errors
    for found in loaded.images:
        np.testing.assert_allclose(found, expected, atol=1)


def test_paths_bytes_arrays_and_tensors_are_one(tmp_path, picture):
    path = tmp_path / "picture.png"
    data = encode(picture, "PNG")
    path.write_bytes(data)
    alpha = np.concatenate([picture, picture[:, :, :1]], axis=2)
    kinds = [path, str(path), data, tf.constant(data), picture, alpha]
    kinds += [tf.constant(picture), picture.astype("int64"), picture / 1.0]
    kinds += [Image.fromarray(picture), Image.open(path)]
    kinds += [{"bytes": data, "path": None}, {"bytes": None, "path": str(path)}]
    loaded = pixels.load(kinds, SIZE)
    assert not loaded.errors
    for found in loaded.images:
        np.testing.assert_allclose(found, loaded.images[0], atol=1e-4)
    batch = np.stack([picture, picture])
    np.testing.assert_array_equal(
        pixels.load(batch, SIZE).images, pixels.resize(batch, SIZE)
    )


@pytest.mark.parametrize("form", ["JPEG", "PNG", "array"])
def test_large_images_become_small(form):
    """Every pixel counts: a fine grid is grey, whatever its phase."""
    large = np.zeros((3000, 2000, 3), np.uint8)
    large[::2] = 254
    large[:, :1000] //= 2
    item = large if form == "array" else encode(large, form)
    found = only(pixels.load([item], SIZE))
    np.testing.assert_allclose(found[:, :19], 63.5, atol=2)
    np.testing.assert_allclose(found[:, 21:], 127, atol=2)


def test_huge_images_have_an_answer():
    huge = np.full((8000, 8000, 3), 50, np.uint8)
    huge[4000:] = 200
    loaded = pixels.load([encode(huge, "JPEG"), huge], SIZE)
    assert not loaded.errors
    np.testing.assert_allclose(loaded.images[:, :15], 50, atol=1)
    np.testing.assert_allclose(loaded.images[:, 17:], 200, atol=1)


def test_large_jpegs_are_decoded_to_less_pixels(picture):
    decode = tf.function(pixels.decode_batch).get_concrete_function(
        tf.TensorSpec([None], tf.string), SIZE
    )
    ratios = {
        node.attr["ratio"].i
        for node in nodes(decode)
        if node.op == "DecodeJpeg"
    }
    assert ratios == {1, 2, 4, 8}
    large = picture.repeat(6, axis=0).repeat(6, axis=1)
    found = only(pixels.load([encode(large, "JPEG")], SIZE))
    expected = resize_as_pil_does(picture, SIZE)
    np.testing.assert_allclose(found, expected, atol=4)


def nodes(concrete):
    graph = concrete.graph.as_graph_def()
    yield from graph.node
    for function in graph.library.function:
        yield from function.node_def


@pytest.mark.parametrize("shape", [(1, 1), (1, 200), (200, 1), SIZE])
def test_tiny_images_have_an_answer(shape):
    image = np.full((*shape, 3), 7, np.uint8)
    loaded = pixels.load([image, encode(image, "PNG")], SIZE)
    assert not loaded.errors
    np.testing.assert_allclose(loaded.images, 7, atol=1e-4)


def test_a_bad_image_is_named_and_the_others_are_read(tmp_path, picture):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    missing = tmp_path / "missing.jpg"
    expected = {
        1: (encode(noise, "JPEG")[:1000], "whole JPEG.*1,000 bytes"),
        2: (encode(noise, "PNG")[:1000], "whole JPEG, PNG.*1,000 bytes"),
        3: (b"", "0 bytes"),
        4: (b"not an image", "12 bytes"),
        5: (str(missing), "missing.jpg.*No such file"),
        6: (tmp_path, "Cannot be read.*directory"),
        8: (picture / 1.0 - 1, r"0\.\.255.*-1 to"),
        9: (picture * 2.0, r"0\.\.255.*to 5"),
        10: (picture / 255, "fractions.*multiply"),
        11: (picture / np.float32("nan"), "nan"),
        12: (picture > 3, "dtype=bool"),
        13: (np.zeros((4, 4, 2), np.uint8), r"channels.*\(4, 4, 2\)"),
        14: (np.zeros((0, 4, 3), np.uint8), r"\(0, 4, 3\)"),
        15: (3, "Received: int"),
    }
    items = [picture] * 17
    items[7] = encode(picture, "PNG")
    for place, (item, _) in expected.items():
        items[place] = item
    loaded = pixels.load(items, SIZE)
    assert loaded.errors.keys() == expected.keys()
    for place, (_, message) in expected.items():
        assert f"images[{place}]" in loaded.errors[place]
        with pytest.raises(ValueError, match=message):
            raise ValueError(loaded.errors[place])
        assert not loaded.images[place].any()
    for place in (0, 7, 16):
        np.testing.assert_allclose(
            loaded.images[place], resize_as_pil_does(picture, SIZE), atol=1
        )


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([], "at least one"),
        ("picture.jpg", "list of images.*picture.jpg"),
        (b"\xff\xd8", "list of images"),
        (np.zeros((4, 4, 3), np.uint8), r"shape=\(4, 4, 3\)"),
        (5, "list of images.*5"),
    ],
)
def test_what_is_no_list_of_images_is_an_error(items, message):
    with pytest.raises(ValueError, match=message):
        pixels.load(items, SIZE)


def test_an_exported_graph_answers_bad_images_too(tmp_path, picture):
    module = tf.Module()
    module.decode = tf.function(
        lambda data: pixels.decode_batch(data, SIZE)._asdict(),
        input_signature=[tf.TensorSpec([None], tf.string)],
    )
    tf.saved_model.save(module, os.fspath(tmp_path))
    decode = tf.saved_model.load(os.fspath(tmp_path)).decode
    good = [encode(picture, "PNG"), encode(picture, "JPEG")]
    bad = [b"", good[1][:500]]
    result = decode(tf.constant([good[0], *bad, good[1]]))
    assert result["valid"].numpy().tolist() == [True, False, False, True]
    assert not np.any(result["images"][1:3])
    for place, data in ((0, good[0]), (3, good[1])):
        np.testing.assert_allclose(
            result["images"][place], pixels.decode(data, SIZE), atol=1e-4
        )
    none = decode(tf.zeros([0], tf.string))
    assert none["images"].shape == (0, *SIZE, 3)
    ops = {node.op for node in nodes(module.decode.get_concrete_function())}
    assert not any("Py" in op or "Random" in op for op in ops)


def test_files_are_checked_and_arrays_become_files(tmp_path, picture):
    large = picture.repeat(9, axis=0)
    whole = encode(large, "JPEG")
    path = tmp_path / "large.jpg"
    path.write_bytes(whole)
    items = [path, whole[:-2000], picture, picture / 1.0, large / 255]
    encoded = pixels.encode(items, first=100)
    assert sorted(encoded.files) == [0, 2, 3]
    assert encoded.files[0] == whole
    for place in (2, 3):
        same = Image.open(io.BytesIO(encoded.files[place]))
        np.testing.assert_array_equal(same, picture)
    assert sorted(encoded.errors) == [1, 4]
    assert "images[101]" in encoded.errors[1]
    assert "images[104]. Expected numbers" in encoded.errors[4]


def test_jpegs_keep_twice_the_pixels_of_the_result(picture):
    for times in (1, 2, 5, 12):
        large = picture.repeat(times, axis=0).repeat(times, axis=1)
        decoded = pixels._decode_jpeg(encode(large, "JPEG"), SIZE)
        wanted = np.minimum(large.shape[:2], 2 * np.array(SIZE))
        assert (np.array(decoded.shape[:2]) >= wanted).all()
        if times > 1:
            assert decoded.shape[0] < large.shape[0]


def test_fractions_of_colours_are_rounded():
    encoded = pixels.encode([np.full((2, 2, 3), 2.75)])
    np.testing.assert_array_equal(tf.io.decode_png(encoded.files[0]), 3)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_images_of_pil_are_as_their_files(picture, mode):
    image = Image.fromarray(picture)
    if mode == "I;16":
        image = Image.fromarray((picture[:, :, 0].astype("uint16") << 8) + 200)
    file = io.BytesIO()
    image.convert(mode).save(file, "PNG")
    loaded = pixels.load([image.convert(mode), file.getvalue()], SIZE)
    assert not loaded.errors
    np.testing.assert_allclose(loaded.images[0], loaded.images[1], atol=1e-3)


def test_an_image_of_pil_may_be_broken(picture):
    half = io.BytesIO(encode(picture, "JPEG")[:-99])
    wide = Image.fromarray(np.full((2, 2), 300.0, "float32"))
    loaded = pixels.load([Image.open(half), wide, picture], SIZE)
    assert sorted(loaded.errors) == [0, 1]
    assert "truncated" in loaded.errors[0]
    assert "0..255" in loaded.errors[1]


def test_the_orientation_that_a_camera_notes_is_ignored(picture):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    noted = encode(picture, "JPEG", exif=exif)
    assert Image.open(io.BytesIO(noted)).getexif()[0x0112] == 6
    kinds = [noted, encode(picture, "JPEG"), Image.open(io.BytesIO(noted))]
    loaded = pixels.load(kinds, SIZE).images
    np.testing.assert_array_equal(loaded[0], loaded[1])
    np.testing.assert_allclose(loaded[0], loaded[2], atol=8)
