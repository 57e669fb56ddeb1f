"""The same images and captions, whatever holds them."""

import warnings

import numpy as np
import pytest
import tensorflow as tf

from rnnzoo.images import pixels
from rnnzoo.pipeline import raw
from rnnzoo.pipeline.captioned import SCHEMA, without_unreadable

Image = pytest.importorskip("PIL.Image")

COUNT = 37  # more than a chunk


def read_captioned(*data):
    return without_unreadable(raw.read(SCHEMA, *data))


def count_captioned(x):
    return raw.count(SCHEMA, x)


def captions_of(place):
    """Several, of different number; one has no ASCII."""
    return [f"Schöne {place}.", *[f"{place} {n}" for n in range(place % 3)]]


@pytest.fixture(scope="module")
def arrays():
    return [
        np.full((2 + place % 4, 3, 3), place, np.uint8)
        for place in range(COUNT)
    ]


@pytest.fixture(scope="module")
def files(arrays):
    return [tf.io.encode_png(each).numpy() for each in arrays]


def dictionaries(arrays, files=None):
    """As TFDS makes them, with decoded or encoded images."""

    def generate():
        for place in range(COUNT):
            texts = captions_of(place)
            yield {
                "image": (files or arrays)[place],
                "image/filename": f"{place}.png",
                "captions": {"id": range(len(texts)), "text": texts},
            }

    image = tf.TensorSpec([None, None, 3], tf.uint8)
    return tf.data.Dataset.from_generator(
        generate,
        output_signature={
            "image": tf.TensorSpec([], tf.string) if files else image,
            "image/filename": tf.TensorSpec([], tf.string),
            "captions": {
                "id": tf.TensorSpec([None], tf.int64),
                "text": tf.TensorSpec([None], tf.string),
            },
        },
    ).apply(tf.data.experimental.assert_cardinality(COUNT))


def pairs(dataset):
    return dataset.map(lambda each: (each["image"], each["captions"]["text"]))


def check(chunks, captions=captions_of):
    files, texts = [], []
    for chunk in chunks:
        assert len(chunk) <= 32
        files += chunk["image"]
        texts += chunk["captions"]
    shades = pixels.load(files, (1, 1)).images[:, 0, 0, 0]
    np.testing.assert_allclose(shades, range(COUNT), atol=1e-3)
    assert texts == [captions(place) for place in range(COUNT)]


def test_datasets_and_lists_give_the_same(arrays, files, tmp_path):
    decoded, encoded = dictionaries(arrays), dictionaries(arrays, files)
    for dataset in (decoded, encoded):
        assert count_captioned(dataset) == COUNT
        check(read_captioned(dataset))
        check(read_captioned(pairs(dataset)))
        batches = dataset.ragged_batch(5)
        assert count_captioned(batches) is None
        check(read_captioned(batches))
    check(read_captioned(pairs(encoded).padded_batch(5)))
    of_no_rank = pairs(encoded).map(lambda x, y: (tf.io.decode_image(x), y))
    check(read_captioned(of_no_rank))
    captions = list(map(captions_of, range(COUNT)))
    paths = [tmp_path / f"{place}.png" for place in range(COUNT)]
    for path, data in zip(paths, files, strict=True):
        path.write_bytes(data)
    for x in (arrays, files, paths):
        assert count_captioned(x) == COUNT
        check(read_captioned(x, captions))
        check(read_captioned(list(zip(x, captions, strict=True))))


class HuggingFace:
    """The attributes by which a dataset of Hugging Face is known."""

    def __init__(self, columns):
        self._columns = columns
        self.column_names = list(columns)

    def __len__(self):
        return COUNT

    def __getitem__(self, part):
        return {name: each[part] for name, each in self._columns.items()}


def test_images_of_others_are_images(arrays, files):
    captions = list(map(captions_of, range(COUNT)))
    drawn = [Image.fromarray(each) for each in arrays]
    kept = [{"bytes": data, "path": None} for data in files]
    for images in (drawn, kept):
        check(read_captioned(images, captions))
        check(read_captioned(list(zip(images, captions, strict=True))))
        table = {"image": images, "captions": captions}
        check(read_captioned(table))
        check(read_captioned(HuggingFace(table)))
        assert count_captioned(images) == COUNT
        for one in (images[7], images[7:8]):
            (chunk,) = raw.read_inputs(SCHEMA, one)
            assert chunk["image"] == [images[7]]


def test_a_table_is_no_image(files):
    arrow = pytest.importorskip("pyarrow")
    captions = list(map(captions_of, range(COUNT)))
    table = arrow.table({"image": files, "captions": captions})
    assert len(table.shape) == 2
    check(read_captioned(table))
    found = [len(chunk) for chunk in raw.read_inputs(SCHEMA, table)]
    assert sum(found) == COUNT


def test_a_file_stays_as_it_is(files):
    read = [file for chunk in read_captioned(files) for file in chunk["image"]]
    assert read == files


def test_an_image_may_have_one_caption_or_none(arrays, files):
    texts = [f"a {place}" for place in range(COUNT)]
    check(read_captioned(files, texts), lambda place: [texts[place]])
    dataset = tf.data.Dataset.from_tensor_slices((files, texts))
    check(read_captioned(dataset), lambda place: [texts[place]])
    features = dictionaries(arrays)
    for alone in (files, features.map(lambda each: each["image"])):
        assert not any("captions" in chunk for chunk in read_captioned(alone))
    renamed = features.map(
        lambda each: {"x": each["image"], "y": each["captions"]}
    )
    with pytest.raises(ValueError, match=r"'image'.*\['x', 'y'\]"):
        next(read_captioned(renamed))


def test_a_bad_image_is_reported_and_left_out(arrays, files):
    weights = np.arange(COUNT)
    broken = [*files]
    broken[3], broken[35] = b"", files[35][:30]
    captions = list(map(captions_of, range(COUNT)))
    dataset = dictionaries(arrays, broken)
    weighted = dataset.enumerate().map(
        lambda n, each: (each["image"], each["captions"]["text"], n)
    )
    for data in ((broken, captions, weights), (weighted,)):
        with pytest.warns(UserWarning, match="Invalid image") as caught:
            chunks = list(read_captioned(*data))
        found = [str(each.message) for each in caught]
        assert len(found) == 2
        assert "images[3]" in found[0]
        assert "images[35]" in found[1]
        texts = [text for chunk in chunks for text in chunk["captions"]]
        kept = [n for n in range(COUNT) if n not in (3, 35)]
        assert texts == [captions_of(n) for n in kept]
        assert np.concatenate([c.weights for c in chunks]).tolist() == kept


def test_what_cannot_be_read_is_a_clear_error(arrays, files):
    dataset = dictionaries(arrays)
    floats = dataset.map(lambda each: tf.cast(each["image"], tf.float32))
    cases = [
        (([],), "at least one"),
        (("picture.jpg",), "picture.jpg"),
        ((files, ["a"]), "`y`.*37.*: 1"),
        ((files[:2], [["a"], []]), r"at least one caption.*images\[1\]"),
        ((files[:2], [["a"], [3]]), r"strings.*y\[1\]=3"),
        ((files[:2], [["a"], None]), r"list.*y\[1\]=None"),
        ((files[:2], [["a"], [b"\xff"]]), r"y\[1\].*not UTF-8"),
        ((files[:2], "ab"), "`y`.*list.*'ab'"),
        ((dataset, ["a"]), "`y`.*None beside a dataset"),
        ((dataset.repeat(),), "for ever"),
        ((floats,), "uint8.*float32"),
        (([b"", b"no"],), "a list are paths.*none of 2"),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for data, message in cases:
            with pytest.raises(ValueError, match=message):
                list(read_captioned(*data))
