import re

import numpy as np
import pytest

from rnnzoo.explain.alignment import Alignment, Alignments

ALIGNMENT = Alignment(
    text="<b> Hunde & Katzen",
    translation="dogs & cats",
    score=-0.5,
    source_tokens=["<b>", "Hunde", "&", "Katzen"],
    tokens=["dogs", "&", "cats"],
    weights=np.array(
        [[0.1, 0.8, 0, 0.1], [0, 0, 1, 0], [0, 0.25, 0, 0.75]], "float32"
    ),
)
NOTHING = Alignment("", "", 0.0, [], [], np.zeros((0, 0)))


def test_a_page_has_all_words_and_weights(tmp_path):
    Alignments([ALIGNMENT, NOTHING]).save(tmp_path / "a.html")
    page = (tmp_path / "a.html").read_text("utf-8")
    shares = [float(p) for p in re.findall(r'--p:([\d.]+)%"', page)]
    np.testing.assert_allclose(
        np.array(shares).reshape(3, 4) / 100, ALIGNMENT.weights, atol=1e-3
    )
    heads = re.findall(r'<th scope="(col|row)">([^<]*)</th>', page)
    assert [token for axis, token in heads if axis == "col"] == [
        "&lt;b&gt;",
        "Hunde",
        "&amp;",
        "Katzen",
    ]
    assert "There is nothing to align." in page
    assert "<b> Hunde" not in page


def test_a_picture_has_a_cell_for_each_pair(monkeypatch, tmp_path):
    paper = pytest.importorskip("rnnzoo.explain.sheet")
    drawn, save = [], paper.Sheet.save
    monkeypatch.setattr(
        paper.Sheet,
        "save",
        lambda sheet, path: (drawn.extend(sheet.artists), save(sheet, path)),
    )
    ALIGNMENT.save(tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    boxes = [a for a in drawn if not hasattr(a, "get_text")]
    alphas = [float(box.get_alpha()) for box in boxes][1::2]
    np.testing.assert_allclose(alphas, ALIGNMENT.weights.ravel(), atol=1e-6)


def test_a_terminal_shows_the_heaviest():
    shown = repr(ALIGNMENT)
    assert "'dogs'  'Hunde' 80%" in shown
    assert "'cats'  'Katzen' 75%" in shown
    assert repr(Alignments([ALIGNMENT, NOTHING]))[: len(shown)] == shown
