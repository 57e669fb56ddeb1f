import dataclasses
import re

import numpy as np
import pytest
import tensorflow as tf

from rnnzoo.explain import Look, Looks


def look(weights, size=(28, 42)):
    rng = np.random.default_rng(0)
    return Look(
        image=rng.integers(256, size=(*size, 3)).astype("uint8"),
        caption="a <dog> runs",
        score=-0.5,
        tokens=["a", "<dog>", "runs"],
        weights=np.asarray(weights, "float32"),
    )


@pytest.fixture
def example():
    """Even, at one place only, and anyhow."""
    weights = np.zeros((3, 2, 3))
    weights[0] = 1 / 6
    weights[1, 1, 2] = 1
    weights[2] = np.random.default_rng(1).dirichlet(np.ones(6)).reshape(2, 3)
    return look(weights)


def test_heat_is_the_weights_resized(example):
    heat = example.heat()
    np.testing.assert_allclose(heat[0], 0.5, rtol=1e-5)  # even looks even
    resized = tf.image.resize(example.weights[..., None], (28, 42))[..., 0]
    brightest = np.maximum(
        np.max(resized, axis=(1, 2)), 2 * np.mean(resized, axis=(1, 2))
    )
    np.testing.assert_allclose(
        heat, resized / brightest[:, None, None], atol=1e-5
    )
    assert heat[1].max() == pytest.approx(1)


def test_what_was_looked_at_keeps_its_colours(example):
    original, _, one_place, _ = example.tiles()
    larger = original.shape[0] // 28
    np.testing.assert_array_equal(original[::larger, ::larger], example.image)
    np.testing.assert_array_equal(one_place[-1, -1], original[-1, -1])
    corner = one_place[0, 0].astype(int)
    assert np.ptp(corner) <= 1  # grey
    assert corner.min() >= 255 * 0.75 - 1


def test_a_box_has_its_share(example):
    box = (0.25, 0.0, 0.5, 0.5)
    inside = example.share_inside(box)
    np.testing.assert_allclose(inside[0], 0.25 * 0.5, rtol=1e-5)
    assert inside[1] == 0
    # A quarter of the height: half of the upper row; one and a half columns.
    upper = example.weights[2, 0]
    expected = 0.5 * (upper[0] + 0.5 * upper[1])
    np.testing.assert_allclose(inside[2], expected, rtol=1e-5)
    np.testing.assert_allclose(example.share_inside((0, 0, 1, 1)), 1, rtol=1e-5)


def test_a_page_has_a_tile_for_each_word(example, tmp_path):
    Looks([example]).save(tmp_path / "a.html")
    page = (tmp_path / "a.html").read_text("utf-8")
    assert len(re.findall("data:image/jpeg;base64,", page)) == 1 + 3
    assert "&lt;dog&gt;" in page
    assert "<dog>" not in page
    Looks([]).save(tmp_path / "none.html")
    assert "No images." in (tmp_path / "none.html").read_text("utf-8")


def test_a_picture_has_a_tile_for_each_word(example, tmp_path, sheets):
    example.save(tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    drawn = [pixels for pixels, _ in sheets[0].pictures]
    np.testing.assert_array_equal(drawn, example.tiles())
    for _, (left, right, bottom, top) in sheets[0].pictures:
        assert (bottom - top) / (right - left) == pytest.approx(28 / 42)


def test_tiles_stand_upright(tmp_path):
    pytest.importorskip("matplotlib")
    from matplotlib.image import imread

    image = np.full((20, 30, 3), 255, "uint8")
    image[:10, :, 1:] = 0  # red above
    image[10:, :, :2] = 0  # blue below
    Look(image, "flag", 0.0, [], np.zeros((0, 1, 1))).save(tmp_path / "a.png")
    picture = imread(tmp_path / "a.png")[..., :3]
    red, blue = (
        np.argwhere((picture == color).all(axis=2))[:, 0]
        for color in ([1, 0, 0], [0, 0, 1])
    )
    assert red.max() < blue.min()


def test_pictures_of_many_images_end(tmp_path, sheets, monkeypatch):
    from drawn import strings

    from rnnzoo.explain import sheet

    monkeypatch.setattr(sheet, "MAX_LINES", 5)
    words = [f"w{i}" for i in range(12)]  # three rows of tiles
    many = dataclasses.replace(
        look(np.ones((12, 1, 1))), tokens=words, caption="words"
    )
    Looks([many] * 3).save(tmp_path / "a.png")
    assert strings(sheets[0])[-1] == "Left out: images 3 to 3."


def test_small_images_are_enlarged_to_about_one_size():
    for side, expected in ((28, 280), (100, 300), (200, 200), (600, 600)):
        image = np.zeros((side, side // 2, 3), "uint8")
        tiles = Look(image, "", 0.0, [], np.zeros((0, 1, 1))).tiles()
        assert tiles.shape == (1, expected, expected // 2, 3)


def test_a_terminal_shows_the_brightest(example):
    assert "'<dog>'  row 2 of 2, column 3 of 3: 100%" in repr(example)
