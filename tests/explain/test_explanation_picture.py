"""Pictures of explanations: every bar, shade and word at its place."""

import dataclasses

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from drawn import boxes, strings, texts

from rnnzoo.explain import Explanation, Explanations, sheet
from rnnzoo.explain.drawing import LIGHT

EXPLANATION = Explanation(
    text="So dull! I left. Unread words",
    labels=["neg", "pos"],
    probabilities=np.array([0.25, 0.75]),
    tokens=["so", "dull", "!", "i", "left", "."],
    spans=[(0, 2), (3, 7), (7, 8), (9, 10), (11, 15), (15, 16)],
    weights=np.array([0.125, 0.75, 0.125, 0.25, 0.5, 0.25]),
    sentences=[(0, 3), (3, 6)],
    sentence_weights=np.array([0.25, 0.75]),
)


def flat(text, tokens):
    """A text without sentences, with even attention to its tokens."""
    places, place = [], 0
    for token in tokens:
        place = text.index(token, place)
        places.append((place, place + len(token)))
        place += len(token)
    weights = np.full(len(tokens), 1 / max(len(tokens), 1))
    return Explanation(text, ["a"], np.ones(1), tokens, places, weights)


def test_bars_words_and_shades(sheets, tmp_path):
    EXPLANATION.save(tmp_path / "why.png")
    (drawn,) = sheets
    bars = [box.get_width() for box in boxes(drawn, "sentence")]
    np.testing.assert_allclose(bars[:2], [46 / 4, 46 * 3 / 4])
    alphas = [box.get_alpha() for box in boxes(drawn, "word")][:6]
    expected = LIGHT["shade"] * EXPLANATION.shades
    np.testing.assert_allclose(alphas, expected)
    colors = {each.get_text(): each.get_color() for each in texts(drawn)}
    assert colors["So dull!"] == colors["I left."] == LIGHT["ink"]
    assert colors["Unread words"] == LIGHT["muted"]
    assert "Beyond the limit of the model, not read:" in colors
    assert "attention to a sentence" in colors
    assert "attention to a word, from none to most" in colors
    # The bars of the classes, on tracks of 100 points.
    (best,) = [box.get_width() for box in boxes(drawn, "ink")]
    (other,) = [box.get_width() for box in boxes(drawn, "muted")]
    assert (other, best) == (25, 75)


def test_of_many_classes_the_picture_says_how_many_are_left_out(
    sheets, tmp_path
):
    many = dataclasses.replace(
        EXPLANATION, labels=list("abcdefghij"), probabilities=np.full(10, 0.1)
    )
    many.save(tmp_path / "why.png")
    assert "and 3 less probable" in strings(sheets[0])


def test_texts_begin_at_the_side_where_their_script_does(sheets, tmp_path):
    flat("שלום abc", ["שלום", "abc"]).save(tmp_path / "right.png")
    flat("abc שלום", ["abc", "שלום"]).save(tmp_path / "left.png")
    right, left = (
        {each.get_text(): each.get_position()[0] for each in texts(each)}
        for each in sheets
    )
    assert right["abc"] < right["שלום"]
    ends = [box.get_x() + box.get_width() for box in boxes(sheets[0], "word")]
    assert max(ends) == pytest.approx(sheet.RIGHT)
    assert left["abc"] == sheet.LEFT < left["שלום"]


def test_a_long_text_ends_with_a_note(sheets, tmp_path, monkeypatch):
    monkeypatch.setattr(sheet, "MAX_LINES", 4)
    long = flat("word " * 500, ["word"] * 500)
    Explanations([long, long, long]).save(tmp_path / "why.png")
    (drawn,) = sheets
    assert drawn.lines == 4
    assert "Too long for a picture; a page, .html, has all." in strings(drawn)
    assert strings(drawn)[-1] == "Left out: texts 2 to 3."


def test_no_texts_are_no_error(sheets, tmp_path):
    Explanations([]).save(tmp_path / "why.png")
    assert strings(sheets[0]) == ["No texts."]
    flat("", []).save(tmp_path / "why.png")
    assert "The text is empty." in strings(sheets[1])


def test_formulas_are_not_set(sheets, tmp_path):
    flat("$x^2$ costs $5", ["$x^2$", "costs", "$5"]).save(tmp_path / "why.png")
    found = {each.get_text(): each for each in texts(sheets[0])}
    assert not found["$x^2$ costs $5"].get_parse_math()
