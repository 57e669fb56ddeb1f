import pytest

pytest.importorskip("matplotlib")

from rnnzoo.explain.typesetting import Font


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
