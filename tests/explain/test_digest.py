import dataclasses
import re

import numpy as np
import pytest

from rnnzoo.explain import Digest, Digests

ALIGNMENT = np.array(
    [
        [0.1, 0.6, 0.1, 0.2, 0.0],
        [0.0, 0.1, 0.0, 0.9, 0.0],
        [0.0, 0.3, 0.0, 0.7, 0.0],
    ]
)
DIGEST = Digest(
    text="<b> Tovi greets Tovi & left. It rained all day.",
    summary="Hello Tovi Tovi",
    score=-0.5,
    tokens=["<b>", "Tovi", "greets", "Tovi", "&"],
    spans=[(0, 3), (4, 8), (9, 15), (16, 20), (21, 22)],
    written=["Hello", "Tovi", "Tovi"],
    alignment=ALIGNMENT,
    generate=np.array([0.9, 0.25, 0.6]),
    copied=np.array([0.1, 1.0, 0.5]),
)
NOTHING = Digest("", "", 0.0, [], [], [], np.zeros((0, 0)), *[np.zeros(0)] * 2)
LONG = dataclasses.replace(
    DIGEST,
    text="word " * 450,
    tokens=["word"] * 400,
    spans=[(5 * i, 5 * i + 4) for i in range(400)],
    alignment=np.ones((3, 400)) / 400,
)


def test_a_copy_is_of_the_place_looked_at_and_the_rest_was_not_read():
    assert DIGEST.places_copied() == {3}
    np.testing.assert_allclose(DIGEST.weights, ALIGNMENT.mean(axis=0))
    assert DIGEST.unread == "left. It rained all day."
    assert "".join(each.text for each in DIGEST.pieces()) == DIGEST.text[:23]
    assert LONG.limit() == (
        "Beyond the model's limit of 400, not read: 50 words"
    )
    np.testing.assert_allclose(LONG.shades, 0.5)  # even looks even
    shown = repr(Digests([DIGEST, NOTHING])).split("\n")
    assert shown[0] == "'Hello Tovi Tovi' (-0.500), of 5 words"
    assert shown[2].split() == ["'Tovi'", "copy", "75%", "'Tovi'", "90%"]
    assert shown[-2].endswith("limit of 5, not read: 5 words")
    assert shown[-1] == "'' (0.000), of 0 words"


def test_a_page_shades_underlines_and_has_a_bar_for_each_word(tmp_path):
    Digests([DIGEST, NOTHING]).save(tmp_path / "a.html")
    page = (tmp_path / "a.html").read_text("utf-8")
    shares = [float(p) for p in re.findall(r"--share:([\d.]+)", page)]
    np.testing.assert_allclose(shares, DIGEST.generate)
    weights = re.findall(r'data-weight="([\d.e-]+)"', page)
    np.testing.assert_allclose(
        np.array(weights, float), DIGEST.weights, rtol=1e-6
    )
    marks = re.findall(r"<mark[^>]*>[^<]*</mark>", page)
    copied = ["copied" in mark for mark in marks]
    assert copied == [False, False, False, True, False]
    assert page.count('<span class="copied">Tovi</span>') == 1
    assert "not read: 5 words" in page
    assert "left. It rained all day." in page
    assert "There is nothing to summarize." in page
    assert "<b> Tovi" not in page


def test_a_picture_has_the_same(sheets, tmp_path):
    from drawn import boxes, strings

    Digests([DIGEST, NOTHING]).save(tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    bars = boxes(sheets[0], "track")[:3]
    filled = [
        box for box in boxes(sheets[0], "sentence") if box.get_height() > 5
    ]
    shares = [
        full.get_width() / track.get_width()
        for full, track in zip(filled, bars, strict=False)
    ]
    np.testing.assert_allclose(shares, DIGEST.generate, rtol=1e-5)
    lines = [
        box for box in boxes(sheets[0], "sentence") if box.get_height() < 2
    ]
    assert len(lines) == 3  # in the summary, in the text, in the legend
    assert "left. It rained all day." in strings(sheets[0])
    assert "There is nothing to summarize." in strings(sheets[0])


def test_a_long_text_fits_in_a_picture(sheets, tmp_path):
    from drawn import strings

    LONG.save(tmp_path / "a.png")
    assert LONG.limit() in strings(sheets[0])
    assert strings(sheets[0])[-1].startswith("probability to generate")
    assert sheets[0].top < 1000
    with pytest.raises(ValueError, match="argument `path`"):
        LONG.save(tmp_path / "a.gif")
