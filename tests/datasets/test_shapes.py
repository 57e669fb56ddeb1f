"""The embedded pictures: every caption is true, and every box is right."""

import re

import numpy as np
import pytest
import tensorflow as tf

from rnnzoo.datasets import shapes, sources

NAME = rf"({'|'.join(shapes.COLORS)}) ({'|'.join(shapes.SHAPES)})"


@pytest.fixture(scope="module")
def scenes():
    return shapes.distinct_scenes(600, seed=3)


@pytest.fixture(scope="module")
def splits(tmp_path_factory):
    """A few of each, as TFDS stores them."""
    sizes = {"train": 30, "validation": 5, "test": 5}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shapes, "SIZES", sizes)
        folder = tmp_path_factory.mktemp("data")
        source = sources.load("rnnzoo_shapes", data_dir=folder)
        rows = {
            name: list(split.as_numpy_iterator())
            for name, split in source.splits.items()
        }
    assert {name: len(each) for name, each in rows.items()} == sizes
    return rows


def test_pictures_are_files_laid_out_as_coco_s(splits):
    rows = [row for each in splits.values() for row in each]
    assert len({row["image"] for row in rows}) == len(rows)
    assert {int(row["image/id"]) for row in rows} == set(range(len(rows)))
    again = shapes.distinct_scenes(len(rows), shapes.SEED)
    for row in rows:
        picture = tf.io.decode_png(row["image"]).numpy()
        place = int(row["image/id"])
        scene = again[place]
        drawn = shapes.draw(scene, np.random.default_rng(place))
        np.testing.assert_array_equal(picture, drawn)
        assert row["image/filename"].decode() == f"{place}.png"
        captions = [text.decode() for text in row["captions"]["text"]]
        assert captions == shapes.describe(scene)
        assert row["captions"]["id"].tolist() == list(range(len(captions)))
        names = [name.decode() for name in row["objects"]["label"]]
        assert names == [thing.name for thing in scene]
        boxes = [thing.box for thing in scene]
        np.testing.assert_allclose(row["objects"]["bbox"], boxes, atol=1e-6)


def test_captions_name_what_is_there_and_where(scenes):
    centers = {"left of": (1, -1), "right of": (1, 1)}
    centers |= {"above": (0, -1), "below": (0, 1)}
    relations = set()
    for scene in scenes:
        assert len({thing.name for thing in scene}) == len(scene)
        boxes = {thing.name: np.array(thing.box) for thing in scene}
        for caption in shapes.describe(scene):
            named = [" ".join(each) for each in re.findall(NAME, caption)]
            assert set(named) == boxes.keys()
            if len(named) == 1:
                continue
            (relation,) = re.findall("|".join(centers), caption)
            relations.add(relation)
            axis, sign = centers[relation]
            a, b = (boxes[name] for name in named)
            near, far = (a, b) if sign < 0 else (b, a)
            assert near[axis + 2] < far[axis]  # it ends where that begins
    assert relations == centers.keys()
    assert 0.1 < np.mean([len(scene) == 1 for scene in scenes]) < 0.3


def test_a_box_holds_all_of_its_shape_and_no_more(scenes):
    for place, scene in enumerate(scenes[:100]):
        picture = shapes.draw(scene, np.random.default_rng(place)) / 1.0
        background = np.median(picture, axis=(0, 1))
        differs = abs(picture - background).max(axis=2) > 35
        for thing in scene:
            top, left, bottom, right = np.array(thing.box) * shapes.SIDE
            assert min(top, left) >= 0
            assert max(bottom, right) <= shapes.SIDE
            inside = np.zeros_like(differs)
            inside[
                int(top) : int(np.ceil(bottom)), int(left) : int(np.ceil(right))
            ] = True
            rows, columns = np.nonzero(differs & inside)
            np.testing.assert_allclose(
                [rows.min(), columns.min(), rows.max() + 1, columns.max() + 1],
                [top, left, bottom, right],
                atol=1.5 if thing.shape != "triangle" else 3,
            )
            differs &= ~inside
        assert not differs.any()


def test_shapes_and_colours_can_be_told_apart():
    """By what a thing covers of its box, and by its middle."""
    covers, middles = {}, {}
    for shape in shapes.SHAPES:
        for color in shapes.COLORS:
            thing = shapes.Thing(color, shape, 32.0, 32.0, 10.0)
            picture = shapes.draw((thing,), np.random.default_rng(0))
            inside = picture[22:42, 22:42].astype(int)
            covers[shape] = (inside.max(axis=2) > 110).mean()
            middles[color] = inside[8:12, 8:12].mean(axis=(0, 1))
    expected = {
        "circle": np.pi / 4,
        "square": 1,
        "triangle": 1 / 2,
        "cross": 5 / 9,
    }
    for shape, cover in expected.items():
        assert covers[shape] == pytest.approx(cover, abs=0.05)
    for color, rgb in shapes.COLORS.items():
        ratio = middles[color] / rgb
        np.testing.assert_allclose(ratio, ratio.mean(), atol=0.12)


def test_all_scenes_are_distinct_and_always_the_same():
    count = sum(shapes.SIZES.values())
    scenes = shapes.distinct_scenes(count, shapes.SEED)
    assert len(set(scenes)) == len(scenes) == count
    assert shapes.distinct_scenes(count, shapes.SEED) == scenes
