"""BMP files of all kinds; PIL says how they should look."""

import io
import struct

import numpy as np
import pytest
import tensorflow as tf

from rnnzoo.images import pixels

Image = pytest.importorskip("PIL.Image")

WIDTH, HEIGHT = 11, 5  # rows do not end with a byte, nor with four of them
RLE = 1


def file_of(bits, places, palette, *, top=False, compression=0, header=40):
    """A BMP of places `(height, width)` in a palette of red, green, blue."""
    height, width = places.shape
    unpacked = np.unpackbits(places.astype("uint8")[..., None], axis=2)
    rows = np.packbits(unpacked[..., 8 - bits :].reshape(height, -1), axis=1)
    rows = np.pad(rows, [(0, 0), (0, -rows.shape[1] % 4)])
    pixels = (rows if top else rows[::-1]).tobytes()
    colours = np.pad(palette[:, ::-1], [(0, 0), (0, 1)]).astype("uint8")
    start = 54 + colours.size
    return (
        b"BM"
        + struct.pack("<IIIIi", start + len(pixels), 0, start, header, width)
        + struct.pack("<iHH", -height if top else height, 1, bits)
        + struct.pack("<IIIIII", compression, 0, 0, 0, len(palette), 0)
        + colours.tobytes()
        + pixels
    )


def draw(bits):
    rng = np.random.default_rng(bits)
    places = rng.integers(2**bits, size=(HEIGHT, WIDTH))
    return places, rng.integers(256, size=(2**bits, 3))


@pytest.mark.parametrize("bits", [1, 4, 8])
@pytest.mark.parametrize("top", [False, True])
def test_places_in_a_palette_are_colours(bits, top):
    places, palette = draw(bits)
    data = file_of(bits, places, palette, top=top)
    shown = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    np.testing.assert_array_equal(shown, palette[places])
    loaded = pixels.load([data], (HEIGHT, WIDTH))
    assert not loaded.errors
    np.testing.assert_array_equal(loaded.images[0], shown)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA"])
def test_files_of_pil_look_as_it_shows_them(mode):
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    picture = np.stack([y * 50, x * 20, 255 - x - y], -1).astype("uint8")
    image, file = Image.fromarray(picture).convert(mode), io.BytesIO()
    image.save(file, "BMP")
    loaded = pixels.load([file.getvalue()], (HEIGHT, WIDTH))
    np.testing.assert_array_equal(loaded.images[0], image.convert("RGB"))


def test_other_kinds_of_files_cannot_be_read():
    places, palette = draw(8)
    whole = file_of(8, places, palette)
    masks = bytearray(tf.io.encode_png(palette[None].astype("uint8")).numpy())
    masks[:2] = b"BM"
    broken = [
        whole[:-1],
        whole[:40],
        b"BM",
        bytes(masks),
        file_of(8, places, palette[:9]),
        file_of(8, places, palette, compression=RLE),
        file_of(8, places, palette, header=12),
        whole[:28] + b"\3" + whole[29:],
        whole[:18] + b"\xff\xff\xff\x7f" * 2 + whole[26:],
    ]
    loaded = pixels.load([*broken, whole], (2, 2))
    assert sorted(loaded.errors) == list(range(len(broken)))
