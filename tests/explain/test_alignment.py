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


def test_heads_of_a_picture_stand_above_their_columns(sheets, tmp_path):
    from drawn import boxes, texts

    words = ["Donau", "。", "狗喜", "שלום"]
    tall = dataclasses.replace(ALIGNMENT, source_tokens=words)
    tall.save(tmp_path / "a.png")
    (drawn,) = sheets
    columns = boxes(drawn, "track")[:4]
    found = {each.get_text(): each for each in texts(drawn)}
    heads = [["Donau"], ["。"], ["狗", "喜"], ["שלום"]]
    if drawn.small.drawable("狗") != "狗":  # no font of the machine has it
        heads = [["Donau"], [], [], ["שלום"]]
    for column, head in zip(columns, heads, strict=True):
        middle = column.get_x() + column.get_width() / 2
        for text in head:
            x, y = found[text].get_position()
            assert y < column.get_y()
            if found[text].get_rotation():
                # Half of the letters' height to the right of the middle.
                x -= 3
            assert abs(x - middle) < 1
    if heads[2]:  # upright, from top to bottom
        tops = [found[each].get_position()[1] for each in heads[2]]
        assert tops == sorted(tops)
        assert found["狗"].get_rotation() == 0


def test_columns_that_do_not_fit_stand_below(sheets, tmp_path):
    from drawn import boxes, strings

    weights = np.random.default_rng(0).dirichlet(np.ones(90), 2)
    words = [f"s{place}" for place in range(90)]
    long = Alignment("s", "a b", 0.0, words, ["a", "b"], weights)
    long.save(tmp_path / "a.png")
    (drawn,) = sheets
    cells = boxes(drawn, "word")
    assert min(cell.get_width() for cell in cells) > 8
    by_row = {}
    for cell in cells:
        by_row.setdefault(cell.get_y(), []).append(cell.get_alpha())
    first, second, third, fourth = by_row.values()
    np.testing.assert_allclose([first + third, second + fourth], weights)
    shown = strings(drawn)
    assert [each for each in shown if each in words] == words
    assert shown.count("a") == shown.count("b") == 2


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
