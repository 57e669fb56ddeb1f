"""Pages and pictures of entities hold the text, and nothing else happens."""

import dataclasses
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from rnnzoo.explain.drawing import KINDS
from rnnzoo.explain.marking import Marking, Markings
from rnnzoo.tasks import Entity

TEXT = "Ann <b>& Co</b>\nmet\u2028\U0001f634 in 東京."


def marking(labels=("PER", "<LOC>")):
    tokens = ["Ann", "<b>&", "東京"]
    starts = [TEXT.index(token) for token in tokens]
    spans = [(a, a + len(t)) for a, t in zip(starts, tokens, strict=True)]
    marginals = np.tile(np.linspace(0, 1, len(labels)), (3, 1))
    entities = [
        Entity("Ann", labels[0], *spans[0], 0.9),
        Entity("東京", labels[1], *spans[2], 0.51),
    ]
    return Marking(TEXT, entities, tokens, spans, list(labels), marginals)


class Page(HTMLParser):
    """Text of the paragraph, what is marked, and rows of cells."""

    def __init__(self, page):
        super().__init__()
        self.stack, self.text, self.marked, self.rows = [], "", [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag not in ("meta", "br"):
            self.stack.append((tag, attributes.get("class", "")))
        if tag == "mark":
            self.marked.append((attributes["title"], ""))
        if tag == "tr":
            self.rows.append(0)
        if tag == "td":
            self.rows[-1] += 1

    def handle_endtag(self, tag):
        self.stack.pop()

    def handle_data(self, data):
        tags = [tag for tag, _ in self.stack]
        if ("p", "text marked") not in self.stack or "b" in tags:
            return
        self.text += data
        if "mark" in tags:
            title, text = self.marked[-1]
            self.marked[-1] = title, text + data


def test_page_holds_the_text(tmp_path):
    Markings([marking()]).save(tmp_path / "page.html")
    page = Page((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert page.text == TEXT
    assert page.marked == [("PER: 0.9000", "Ann"), ("<LOC>: 0.5100", "東京")]
    assert page.rows == [1, 3, 3]  # a corner; three words for each of two kinds


def test_of_many_kinds_the_most_probable_are_drawn():
    many = marking([f"L{i}" for i in range(12)])
    assert many.kinds() == list(range(4, 12))


def test_pictures(tmp_path):
    matplotlib = pytest.importorskip("matplotlib.image")
    empty = Marking("", [], [], [], ["PER"], np.zeros((0, 1)))
    for name, markings in {
        "one": [marking()],
        "more": [marking(), empty, marking()],
        "none": [],
    }.items():
        Markings(markings).save(tmp_path / f"{name}.png")
    heights = [
        matplotlib.imread(tmp_path / f"{name}.png").shape[0]
        for name in ("none", "one", "more")
    ]
    assert heights == sorted(set(heights))


def test_shown_in_a_notebook_and_a_terminal():
    several = Markings([marking(), marking()])
    assert Page(several._repr_html_()).text == 2 * TEXT
    assert "90.0%  PER       'Ann'" in repr(several[:1])
    with pytest.raises(ValueError, match="path.*'x.txt'"):
        several.save("x.txt")


def test_page_shows_how_sure_the_model_is():
    page = marking()._repr_html_()
    assert "the least sure name: 51.0%" in page
    rows = re.findall(r'<tr style="--kind:([^"]*)">(.*)</tr>', page)
    for (color, row), kind, label, share in zip(
        rows, KINDS, ["PER", "&lt;LOC&gt;"], [0, 1], strict=False
    ):
        assert color == kind
        assert row.startswith(f'<th scope="row">{label}</th>')
        assert row.count(f'style="--p:{100 * share:.1f}%"') == 3
        assert f'title="Ann: {label} {share:.4f}"' in row
    nobody = Marking("So.", [], ["So"], [(0, 2)], ["PER"], np.zeros((1, 1)))
    assert "least sure" not in nobody._repr_html_()
    assert (
        "The text is empty."
        in Marking(" ", [], [], [], ["PER"], np.zeros((0, 1)))._repr_html_()
    )


def test_a_picture_has_a_cell_for_each_word_and_kind(sheets, tmp_path):
    from drawn import boxes, strings

    marginals = np.array([[0.9, 0.05], [0.2, 0.1], [0.3, 0.55]])
    dataclasses.replace(marking(), marginals=marginals).save(tmp_path / "a.png")
    (drawn,) = sheets
    for kind in range(2):
        alphas = [box.get_alpha() for box in boxes(drawn, KINDS[kind])]
        # Of the entity, of the cells, and of the legend.
        np.testing.assert_allclose(alphas, [0.32, *marginals[:, kind], 1])
    # Above the entity, before the row of cells, and in the legend.
    assert strings(drawn).count("PER") == 3
    assert strings(drawn).count("<LOC>") == 2  # and "<LO…" above the entity


def test_columns_of_a_picture_wrap_and_end(sheets, tmp_path, monkeypatch):
    from drawn import boxes, texts

    from rnnzoo.explain import sheet

    monkeypatch.setattr(sheet, "MAX_LINES", 7)
    tokens = [f"word{place}" for place in range(200)]
    long = Marking("Text", [], tokens, [], ["PER"], np.full((200, 1), 0.5))
    Markings([long, long]).save(tmp_path / "a.png")
    (drawn,) = sheets
    cells = [box for box in boxes(drawn, "track") if box.get_height() > 1]
    assert max(box.get_x() + box.get_width() for box in cells) <= sheet.RIGHT
    heights = {box.get_y() for box in cells}
    assert len(heights) == 6  # one line is that of the text
    words = {each.get_text() for each in texts(drawn)}
    assert "word0" in words
    assert "word199" not in words
    assert "Left out: texts 2 to 2." in words


def test_kinds_keep_their_order():
    labels = [f"L{place}" for place in range(10)]
    mixed = dataclasses.replace(
        marking(labels), marginals=np.tile([0.5, 0.9, 0, *[0.7] * 6, 0], (3, 1))
    )
    assert mixed.kinds() == [0, 1, 3, 4, 5, 6, 7, 8]
    assert marking(labels[:8]).kinds() == list(range(8))
