"""Pages of explanations show the verdict, the weights and their legend."""

import dataclasses
import re

import numpy as np
import pytest

from rnnzoo.explain import Explanation, Explanations

EXPLANATION = Explanation(
    text="So dull!<br/>I left.",
    labels=["neg", "<pos>"],
    probabilities=np.array([0.25, 0.75]),
    tokens=["so", "dull", "!", "i", "left", "."],
    spans=[(0, 2), (3, 7), (7, 8), (13, 14), (15, 19), (19, 20)],
    weights=np.array([0.125, 0.75, 0.125, 0.25, 0.5, 0.25]),
    sentences=[(0, 3), (3, 6)],
    sentence_weights=np.array([0.25, 0.75]),
)
FLAT = dataclasses.replace(
    EXPLANATION,
    weights=EXPLANATION.text_weights,
    sentences=None,
    sentence_weights=None,
)


def page_of(explanations, tmp_path):
    explanations.save(tmp_path / "why.html")
    return (tmp_path / "why.html").read_text("utf-8")


def test_the_title_and_the_heading_name_the_class(tmp_path):
    page = page_of(EXPLANATION, tmp_path)
    title = "<title>&lt;pos&gt;: what the model looked at</title>"
    assert title in page
    assert '<p class="note">Predicted</p>' in page
    page = page_of(Explanations([EXPLANATION, FLAT]), tmp_path)
    assert "<title>What the model looked at</title>" in page
    assert '<p class="note">Text 2 of 2 · predicted</p>' in page
    assert page.count("<article>") == 2
    assert "No texts." in page_of(Explanations([]), tmp_path)


def test_every_class_has_a_bar_and_the_predicted_one_stands_out(tmp_path):
    page = page_of(EXPLANATION, tmp_path)
    classes = re.findall(
        r'<div class="(name[a-z ]*)" dir="auto">([^<]*)</div>'
        r'<div class="bar"><i style="--share:([\d.]+)"></i></div>'
        r'<div class="number">([^<]*)</div>',
        page,
    )
    assert classes == [
        ("name", "neg", "0.2500", "25.0%"),
        ("name predicted", "&lt;pos&gt;", "0.7500", "75.0%"),
    ]
    assert "less probable" not in page
    many = dataclasses.replace(
        EXPLANATION,
        labels=[f"L{place}" for place in range(10)],
        probabilities=np.full(10, 0.1),
    )
    page = page_of(many, tmp_path)
    assert len(re.findall('<div class="name', page)) == 7
    assert "and 3 less probable" in page


def test_bars_of_sentences_are_their_shares(tmp_path):
    rows = re.findall(
        r'<div class="row" data-weight="([\d.]+)">'
        r'<div class="number" title="([^"]*)">([^<]*)</div>'
        r'<div class="bar"><i style="--share:([\d.]+)">',
        page_of(EXPLANATION, tmp_path),
    )
    assert rows == [
        ("0.25", "Sentence 1: 0.2500 of the text", "25%", "0.2500"),
        ("0.75", "Sentence 2: 0.7500 of the text", "75%", "0.7500"),
    ]


@pytest.mark.parametrize("explanation", [EXPLANATION, FLAT])
def test_every_word_has_its_shade_and_its_numbers(explanation, tmp_path):
    page = page_of(explanation, tmp_path)
    marks = re.findall(
        r'<mark title="([^"]*)" data-weight="[^"]*" style="--s:([\d.]+)">', page
    )
    shades = [float(shade) for _, shade in marks]
    np.testing.assert_allclose(shades, explanation.shades, atol=6e-4)
    in_sentence = ", 0.7500 of its sentence" if explanation.sentences else ""
    assert marks[1][0] == f"dull: 0.1875 of the text{in_sentence}"
    assert ("attention to a sentence" in page) == bool(explanation.sentences)
    assert "attention to a word, from none to most" in page


def test_line_breaks_of_the_text_are_breaks(tmp_path):
    page = page_of(EXPLANATION, tmp_path)
    hidden = '<span class="break" aria-hidden="true">&lt;br/&gt;</span>'
    assert page.count(hidden) == page.count("&lt;br/&gt;") == 1


def test_an_empty_text_has_no_legend(tmp_path):
    nothing = Explanation("", ["a"], np.ones(1), [], [], np.zeros(0))
    page = page_of(nothing, tmp_path)
    assert "The text is empty." in page
    assert "attention to" not in page


def test_pages_hold_what_utf_8_cannot(tmp_path):
    half = dataclasses.replace(FLAT, text=FLAT.text.replace("I", "\ud800"))
    half.save(tmp_path / "why.html")
    page = (tmp_path / "why.html").read_bytes()
    assert b"&#55296;" in page
    assert b'<meta charset="utf-8">' in page


def test_a_list_is_sliced_and_saved_as_it_is(tmp_path):
    several = Explanations([EXPLANATION, FLAT, EXPLANATION])
    assert isinstance(several[1:], Explanations)
    assert several[1] is FLAT
    path = tmp_path / "new" / "WHY.HTML"
    several[1:].save(path)
    page = path.read_text("utf-8")
    assert page.count("<article>") == 2
    cell = several[1:]._repr_html_()
    assert page[page.index("<article>") : page.index("</body>")].strip() in cell
