import dataclasses
import re

import numpy as np

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


def test_a_picture_has_a_cell_for_each_pair(sheets, tmp_path):
    ALIGNMENT.save(tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    boxes = [a for a in sheets[0].artists if not hasattr(a, "get_text")]
    alphas = [float(box.get_alpha()) for box in boxes][1::2]
    np.testing.assert_allclose(alphas, ALIGNMENT.weights.ravel(), atol=1e-6)


def test_a_long_alignment_stays_on_its_sheet(sheets, tmp_path, monkeypatch):
    from drawn import boxes, strings

    from rnnzoo.explain import sheet

    monkeypatch.setattr(sheet, "MAX_LINES", 10)
    long = Alignment(
        text="text",
        translation="translation",
        score=0.0,
        source_tokens=[f"s{i}" for i in range(90)],
        tokens=[f"t{i}" for i in range(30)],
        weights=np.full((30, 90), 1 / 90),
    )
    Alignments([long, ALIGNMENT]).save(tmp_path / "a.png")
    cells = boxes(sheets[0], "word")
    assert max(x.get_x() + x.get_width() for x in cells) <= sheet.RIGHT
    assert "t7" in strings(sheets[0])  # two lines are those of the texts
    assert "t8" not in strings(sheets[0])
    assert strings(sheets[0])[-1] == "Left out: texts 2 to 2."


def test_a_terminal_shows_the_heaviest():
    shown = repr(ALIGNMENT)
    assert "'dogs'  'Hunde' 80%" in shown
    assert "'cats'  'Katzen' 75%" in shown
    assert repr(Alignments([ALIGNMENT, NOTHING]))[: len(shown)] == shown
    blind = dataclasses.replace(ALIGNMENT, weights=0 * ALIGNMENT.weights)
    assert repr(blind) == "'<b> Hunde & Katzen' -> 'dogs & cats' (-0.500)"


def test_nothing_is_drawn_of_what_is_not_there(sheets, tmp_path):
    from drawn import boxes, strings

    NOTHING.save(tmp_path / "a.png")
    assert "There is nothing to align." in strings(sheets[0])
    assert not boxes(sheets[0], "word")
    Alignments([]).save(tmp_path / "a.png")
    assert strings(sheets[1]) == ["No texts."]
