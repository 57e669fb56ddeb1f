"""BMP files, in the graph: TensorFlow takes places in a palette for greys."""

import tensorflow as tf

# A file begins with "BM". The places of its little-endian numbers, in bytes:
_PIXELS, _HEADER, _WIDTH, _HEIGHT, _BITS = 10, 14, 18, 22, 28
_COMPRESSION, _COLOURS, _MASKS, _PALETTE = 30, 46, 54, 14
# Red, green and blue in the order that TensorFlow supposes.
_USUAL_MASKS = b"\0\0\xff\0\0\xff\0\0\xff\0\0\0"


def is_bmp(data):
    """Whether a file is a BMP, `()`."""
    return tf.strings.substr(data, 0, 2) == "BM"


def decode(data):
    """Decodes a BMP, in the graph.

    Args:
        data: String tensor `()`: a file of 1, 4 or 8 bits a pixel with a
            palette, or of 24 or 32 bits, not compressed.

    Returns:
        uint8 `(height, width, 3)`.

    Raises:
        tf.errors.InvalidArgumentError: If it is another kind of BMP, or only
            a part of one.
    """
    bits = _number(data, _BITS, tf.uint16)
    compression = _number(data, _COMPRESSION)
    # Bit fields, 3, say which bits of a pixel are red, green and blue.
    usual = (compression == 3) & (
        tf.strings.substr(data, _MASKS, len(_USUAL_MASKS)) == _USUAL_MASKS
    )
    known = tf.reduce_any(bits == (1, 4, 8, 24, 32))
    known &= _number(data, _HEADER) >= 40  # before, numbers had 2 bytes
    known &= (compression == 0) | usual
    tf.debugging.Assert(known, [bits, compression])
    return tf.cond(
        bits <= 8,
        lambda: _look_up(data),
        lambda: tf.io.decode_image(data, channels=3, expand_animations=False),
    )


def _look_up(data):
    """The pixels of a file with a palette."""
    bits = _number(data, _BITS, tf.uint16)
    width, height = _number(data, _WIDTH), _number(data, _HEIGHT)
    stride = (width * bits + 31) // 32 * 4  # bytes of a row
    rows = _bytes(data, _number(data, _PIXELS), stride * tf.abs(height))
    rows = tf.cast(tf.reshape(rows, [tf.abs(height), stride, 1]), tf.int64)
    # The first pixel of a byte is in its highest bits.
    shifts = tf.range(8 - bits, -1, -bits)
    places = tf.bitwise.right_shift(rows, shifts) % (2**bits)
    places = tf.reshape(places, [tf.abs(height), -1])[:, :width]
    # A negative height says that the first row is the upper one.
    places = tf.cond(height > 0, lambda: places[::-1], lambda: places)
    colours = _number(data, _COLOURS)
    colours = tf.where(colours == 0, 2**bits, colours)
    start = _PALETTE + _number(data, _HEADER)
    palette = tf.reshape(_bytes(data, start, 4 * colours), [-1, 4])
    return tf.gather(palette[:, 2::-1], places)  # blue, green, red, nothing


def _number(data, place, kind=tf.int32):
    number = tf.strings.substr(data, place, kind.size)
    return tf.cast(tf.io.decode_raw(number, kind)[0], tf.int64)


def _bytes(data, place, count):
    return tf.io.decode_raw(tf.strings.substr(data, place, count), tf.uint8)
