"""Pages and pictures: the whole text, the right weights, nothing else."""

import dataclasses
import re
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pytest

from rnnzoo.explain import sheet
from rnnzoo.explain.explanation import Explanation, Explanations
from rnnzoo.text import Tokenizer

TEXTS = [
    "Dull. <b>I</b> & she 'liked' it 😍👩\u200d👧!<br /><br />See\r\nx\0y.",
    "فيلم رائع (quite bad) جدا.",
    "好看。不錯！",
    "?!... ---",
    "   ",
    "",
]


def explained(text, hierarchical=True, read=None, seed=0):
    """An explanation of a text, of whose sentences only some were read."""
    rng = np.random.default_rng(seed)
    tokens = [column[0, :read] for column in Tokenizer().sentences([text])]
    lengths = tokens[0].row_lengths().numpy()
    words, starts, ends = (column.flat_values.numpy() for column in tokens)
    lasts = np.cumsum(lengths).tolist()
    weights = [rng.dirichlet(np.ones(n)) for n in lengths]
    sentences = {}
    if hierarchical:
        sentences = {
            "sentences": list(pairwise([0, *lasts])),
            "sentence_weights": rng.dirichlet(np.ones(len(lasts) or 1))[
                : len(lasts)
            ],
        }
    return Explanation(
        text=text,
        labels=["neg", "<pos>"],
        probabilities=np.array([0.25, 0.75]),
        tokens=[word.decode() for word in words],
        spans=list(zip(starts.tolist(), ends.tolist(), strict=True)),
        weights=np.concatenate([*weights, []]),
        **sentences,
    )


class Page(HTMLParser):
    """The visible text of a page."""

    def __init__(self, page):
        super().__init__()
        self.text, self.heading, self.words, self.sentences = "", "", [], []
        self.open = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        assert tag not in ("script", "link", "img", "iframe")
        attributes = dict(attributes)
        assert not {"src", "href"} & set(attributes)
        if tag not in ("meta", "br"):
            self.open.append((tag, attributes.get("class", "")))
        if "data-weight" in attributes:
            weight = float(attributes["data-weight"])
            (self.words if tag == "mark" else self.sentences).append(weight)

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        if ("p", "text") in self.open:
            self.text += data
        if ("h2", "") in self.open:
            self.heading += data


@pytest.mark.parametrize("hierarchical", [True, False])
@pytest.mark.parametrize("text", TEXTS)
def test_a_page_holds_the_text_and_its_weights(tmp_path, text, hierarchical):
    explanation = explained(text, hierarchical)
    explanation.save(tmp_path / "why.html")
    source = (tmp_path / "why.html").read_bytes().decode()
    assert not re.search(r"url\(|@import", source)
    page = Page(source)
    assert page.text.replace("\N{SYMBOL FOR NULL}", "\0") == text
    assert page.heading == "<pos> 75.0%"
    np.testing.assert_allclose(page.words, explanation.weights, rtol=1e-6)
    if hierarchical:
        np.testing.assert_allclose(
            page.sentences, explanation.sentence_weights, rtol=1e-6
        )


def test_what_was_not_read_is_shown_as_such():
    explanation = explained("One. Two. Three.", read=1)
    rows = explanation.rows()
    texts = ["".join(piece.text for piece in row.pieces) for row in rows]
    assert texts == ["One. ", "Two. Three."]
    assert [row.is_read for row in rows] == [True, False]
    page = explanation._repr_html_()
    assert "not read" in page
    assert page.index("not read") < page.index("Two. Three.")


def test_rows_are_the_sentences_with_the_space_after_them():
    rows = explained("One. Two.\n\nThree.  ").rows()
    texts = ["".join(piece.text for piece in row.pieces) for row in rows]
    assert texts == ["One. ", "Two.\n\n", "Three.  "]
    assert all(row.is_read for row in rows)
    breaks = [piece.text for piece in rows[1].pieces if piece.is_break]
    assert breaks == ["\n", "\n"]
    assert explained("").rows() == []


def test_even_attention_looks_even():
    even = explained("a b c d", hierarchical=False)
    even = dataclasses.replace(even, weights=np.full(4, 0.25))
    np.testing.assert_allclose(even.shades, 0.5)
    nothing = dataclasses.replace(even, weights=np.zeros(4))
    np.testing.assert_array_equal(nothing.shades, 0)


def test_shades_follow_the_paper():
    explanation = Explanation(
        text="a b c",
        labels=["no", "yes"],
        probabilities=np.array([1, 0]),
        tokens=["a", "b", "c"],
        spans=[(0, 1), (2, 3), (4, 5)],
        weights=np.array([1.0, 0.9, 0.1]),
        sentences=[(0, 1), (1, 3)],
        sentence_weights=np.array([0.04, 0.96]),
    )
    raw = np.sqrt([0.04, 0.96, 0.96]) * [1, 0.9, 0.1]
    np.testing.assert_allclose(explanation.shades, raw / raw.max())
    np.testing.assert_allclose(explanation.text_weights, [0.04, 0.864, 0.096])
    assert (explanation.label, explanation.score) == ("no", 1)
    assert re.search(r"96%  b c +b 90% · c 10%", repr(explanation))


def test_a_terminal_shows_the_heaviest_sentences():
    def shown(count):
        text = " ".join(f"Word{place}." for place in range(count))
        explanation = explained(text)
        weights = np.arange(count) / sum(range(count))
        return repr(
            dataclasses.replace(explanation, sentence_weights=weights)
        ).splitlines()

    first, *lines = shown(8)
    assert first == "Explanation of 16 words: <pos> (75.0%)"
    assert [line.split()[1] for line in lines] == [
        f"Word{place}." for place in range(8)
    ]
    _, *lines, last = shown(9)
    assert [line.split()[1] for line in lines] == [
        f"Word{place}." for place in range(1, 9)
    ]
    assert last == "        ... and 1 more, of less weight"


def test_a_terminal_gets_one_plain_line_for_a_text():
    text = "Red \x1b[31m" + " " * 90 + "\u202etext<br/>" + "x" * 60
    one = explained(text)
    for line in repr(Explanations([one])).splitlines():
        assert line.isprintable()
    assert f"Red [31m {'x' * 43}..." in repr(
        Explanations([explained("Red \x1b[31m " + "x" * 60)])
    )
    assert "Red [31m text" in repr(Explanations([one]))
    assert "..." not in repr(Explanations([explained("a")] * 8))
    assert repr(Explanations([explained("a")] * 9)).endswith("a\n  ...")


def amber(path):
    """Number of the pixels of a picture that have the hue of words."""
    from matplotlib.image import imread

    red, _, blue = np.moveaxis(imread(path)[..., :3], -1, 0)
    return int((red - blue > 0.3).sum())


@pytest.mark.parametrize("hierarchical", [True, False])
def test_a_picture_shades_the_words(tmp_path, hierarchical):
    path = tmp_path / "why.png"
    plain = explained("", hierarchical)
    plain.save(path)
    assert amber(path) == 0
    Explanations(explained(text, hierarchical) for text in TEXTS).save(path)
    assert amber(path) > 5_000


def test_little_is_drawn_of_what_was_not_read(tmp_path, sheets):
    pytest.importorskip("matplotlib")
    from drawn import strings

    text = "One. " + "unread " * 100_000
    explained(text, read=1).save(tmp_path / "why.png")
    drawn = strings(sheets[0])
    assert sum("unread" in each for each in drawn) == 4  # lines
    assert "… and more, which a page, .html, has." in drawn


def test_a_picture_of_a_long_text_ends(tmp_path, monkeypatch):
    from matplotlib.image import imread

    monkeypatch.setattr(sheet, "MAX_LINES", 12)
    heights = []
    for count in (1, 1_000, 20_000):
        text = "word " * count + "x" * count
        Explanations([explained(text)] * 2).save(tmp_path / "why.png")
        heights.append(imread(tmp_path / "why.png").shape[0])
    assert heights[0] < heights[1] == heights[2]


def test_other_suffixes_are_an_error_and_leave_nothing(tmp_path):
    for name in ("why.pdf", "why"):
        with pytest.raises(ValueError, match=r"'.html' or '.png'.*why"):
            explained("a").save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_each_attention_is_shown_alone(tmp_path):
    rows = np.array([[0.8, 0.2, 0.0], [0.0, 0.1, 0.9]])
    explanation = Explanation(
        text="a <b> c",
        labels=["no", "yes"],
        probabilities=np.array([1, 0]),
        tokens=["a", "<b>", "c"],
        spans=[(0, 1), (2, 5), (6, 7)],
        weights=rows.mean(axis=0),
        row_weights=rows,
    )
    assert explanation.heaviest(2) == ["a 80% · <b> 20%", "c 90% · <b> 10%"]
    np.testing.assert_allclose(explanation.row_shades[1], [0, 1 / 9, 1])
    explanation.save(tmp_path / "page.html")
    _, alone = (tmp_path / "page.html").read_text().split("<details>")
    weights = re.findall(r'data-weight="([^"]+)"', alone)
    np.testing.assert_allclose(np.float32(weights), rows.reshape(-1))
    assert "2: c 90% · &lt;b&gt; 10%" in alone
    explanation.save(tmp_path / "picture.png")
