"""Pages and pictures of stories show what was read, and what was not."""

import re

import numpy as np

from rnnzoo.explain import Recall, Recalls

STORY = ["It <rained>.", "", "Ann & Bo sat.", "Bo left \U0001f634."]


def recall(**changes):
    values = {
        "story": STORY,
        "question": "Who <left>?",
        "answer": "Bo & co",
        "score": 0.875,
        "weights": np.array([[0, 0], [0, 0], [0.75, 0.125], [0.25, 0.875]]),
        "is_read": np.array([False, False, True, True]),
        "supporting": [3],
    }
    return Recall(**values | changes)


def test_a_page_has_a_row_for_each_sentence_read(tmp_path):
    recall().save(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text("utf-8")
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    rows = body.split("</tr>")[:-1]
    assert len(rows) == 2
    for row, kind, text, shares in (
        (rows[0], "plain", "Ann &amp; Bo sat.", ["75.0%", "12.5%"]),
        (rows[1], "fact", "Bo left \U0001f634.", ["25.0%", "87.5%"]),
    ):
        assert f'class="{kind}"' in row
        assert f">{text}</th>" in row
        assert re.findall(r"--p:([\d.]+%)", row) == shares
    assert "Who &lt;left&gt;?" in page
    assert "not read" in page.lower()
    assert "2 sentences" in page
    assert "as the data says" in page


def test_what_the_data_does_not_say_is_not_marked(tmp_path):
    recall(supporting=None).save(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text("utf-8")
    assert 'class="fact"' not in page
    assert "as the data says" not in page


def test_a_picture_has_a_box_for_each_sentence_and_hop(sheets, tmp_path):
    from drawn import boxes, strings

    Recalls(
        [
            recall(),
            recall(
                story=[], weights=np.zeros((0, 2)), is_read=np.zeros(0, bool)
            ),
        ]
    ).save(tmp_path / "a.png")
    (sheet,) = sheets
    shades = [each.get_alpha() for each in boxes(sheet, "word")]
    assert shades == [0.75, 0.125, 0.25, 0.875]
    shown = strings(sheet)
    assert "Ann & Bo sat." in shown
    assert "hop 2" in shown
    assert "There is no sentence to look at." in shown


def test_the_numbers_beside_the_story():
    found = recall()
    assert found.dropped == 2
    assert found.strongest == [2, 3]
    assert repr(found).splitlines()[2] == "  hop 2  88% 'Bo left \U0001f634.' *"
