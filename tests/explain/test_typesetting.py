import re

import pytest

pytest.importorskip("matplotlib")

import bidi

from rnnzoo.explain.reading_order import is_right_to_left
from rnnzoo.explain.typesetting import Font, Line, Word


def test_what_is_too_long_is_cut_where_it_just_fits(monkeypatch):
    font = Font(frozenset("a il…□"), 8.5)
    for text in ("a", "aaaa aaaa", "a" * 40, "il" * 30):
        width = font.width(text)
        assert font.shorten(text, width) == text
        short = font.shorten(text, width - 1)
        assert short.endswith("…")
        assert font.width(short) <= width - 1 or short == "…"
        longer = text[: len(short)] + "…"
        assert font.width(longer) > width - 1

    measured = []
    width_of = Font.width
    monkeypatch.setattr(
        Font, "width", lambda *args: measured.append(args) or width_of(*args)
    )
    assert font.shorten("a" * 60_000, 50).startswith("aaa")
    assert len(measured) < 15


def lines_of(font, text, width):
    lines = font.wrap([(text, None, False)], width, 99)
    return ["".join(word.text for word in line.words) for line in lines]


@pytest.fixture(scope="module")
def font():
    return Font(frozenset("abcdefghij (éx□…文字"), 10)


def test_lines_break_at_spaces_and_are_never_too_wide(font):
    width = font.width("aaa bbb")
    assert lines_of(font, "aaa bbb ccc", width) == ["aaa bbb", "ccc"]
    assert lines_of(font, "aaa bbb   ccc", width) == ["aaa bbb", "ccc"]
    narrow = font.width("aaa b")
    assert lines_of(font, "aaa bbb ccc", narrow) == ["aaa ", "bbb ", "ccc"]
    for line in font.wrap([("ab cde fgh " * 20, None, False)], width, 99):
        assert line.width <= width


def test_a_word_that_is_wider_than_a_line_is_cut(font):
    width = font.width("aaaa")
    assert lines_of(font, "a" * 10, width) == ["aaaa", "aaaa", "aa"]
    # A token and its bracket stay together where they fit.
    pieces = [("x ", None, False), ("(", None, False), ("abc", 1, False)]
    lines = font.wrap(pieces, font.width("(abc"), 99)
    assert [[w.text for w in line.words] for line in lines] == [
        ["x", " "],
        ["(", "abc"],
    ]
    assert [word.tag for word in lines[1].words] == [None, 1]


def test_scripts_without_spaces_break_anywhere(font):
    two = font.drawable("文字")  # boxes, if no font of the machine has them
    assert lines_of(font, "文字文字", font.width(two)) == [two, two]


def test_breaks_of_a_text_are_kept(font):
    new_line, a = ("\n", None, True), ("a", None, False)
    lines = font.wrap([new_line, a, new_line, new_line, a], 100, 99)
    assert [line.breaks for line in lines] == [1, 1, 1]
    assert [len(line.words) for line in lines] == [1, 0, 1]
    assert font.wrap([], 100, 99) == [Line([])]


def test_only_what_is_seen_is_drawn(font):
    assert font.drawable("e\u0301") == "é"  # one letter
    assert font.drawable("a\u200d\u0300b\x07") == "ab"
    assert font.drawable("a\tb\u2028c") == "a b c"
    assert font.drawable("a\U0010fffdb") == "a□b"


def test_a_text_ends_after_the_lines_that_are_asked_for(font):
    width = font.width("aaa bbb")
    lines = font.wrap([("aaa bbb ccc ddd", None, False)] * 9, width, 3)
    assert ["".join(w.text for w in line.words).strip() for line in lines] == [
        "aaa bbb",
        "ccc",
        "dddaaa",
    ]


def test_the_first_letter_tells_the_direction():
    assert is_right_to_left("123 א abc")
    assert not is_right_to_left("(abc) א")
    assert is_right_to_left("ابج")
    assert not is_right_to_left("12 + !?")


@pytest.mark.parametrize("right_to_left", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        "a b ( c )",
        "a א - ב ! c",
        "א ( a b ) ב",
        "אב London (UK) גד",
        "אב (a test) 123, גד.",
        "abc(אב) ג [12.5, 7] «דה»",
        "ابج 3% (a) ده",
    ],
)
def test_words_stand_as_their_scripts_are_read(font, text, right_to_left):
    parts = re.findall(r"\s+|[\w.]+|\W", text)
    words = [Word(part, 1, place) for place, part in enumerate(parts)]
    ordered = font.in_visual_order(words, right_to_left)
    shown = "".join(bidi.get_display(word.text) for word in ordered)
    # The oracle leaves the turning of brackets to others.
    turned = str.maketrans(")]»", "([«")
    expected = bidi.get_display(text, base_dir="LR"[right_to_left])
    assert shown.translate(turned) == expected.translate(turned)


def test_brackets_are_turned(font):
    words = [Word(each, 1) for each in ("א", " (", "a b", ") ", "ב")]
    ordered = font.in_visual_order(words, True)
    assert "".join(word.text for word in ordered) == "ב (a b) א"
