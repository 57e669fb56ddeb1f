"""The fonts of pictures: found, found late, or missed aloud."""

from pathlib import Path

import pytest

pytest.importorskip("matplotlib")

import matplotlib
from matplotlib import font_manager

from rnnzoo.explain import fonts

DATA = Path(matplotlib.get_data_path(), "fonts", "ttf")
ONLY_STIX = "Ⓐ"


@pytest.fixture
def known(monkeypatch):
    """Fonts that matplotlib knows: DejaVu alone, at first."""
    manager = font_manager.fontManager
    ours = [each for each in manager.ttflist if "DejaVu" in each.name]
    monkeypatch.setattr(manager, "ttflist", ours)
    fonts.families.cache_clear()
    yield ours
    fonts.families.cache_clear()


def test_a_font_that_was_installed_later_is_found(known, monkeypatch):
    paths = [str(DATA / name) for name in ("STIXGeneral.ttf", "cmr10.ttf")]
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: paths)
    characters = frozenset("a" + ONLY_STIX)
    assert fonts.families(characters) == ["DejaVu Sans", "STIXGeneral"]
    assert "STIXGeneral" in {each.name for each in known}


def test_what_no_font_has_is_said(known, monkeypatch):
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: ["no.ttf"])
    with pytest.warns(UserWarning, match=f"No font.*{ONLY_STIX}.*boxes"):
        assert fonts.families(frozenset("a\u200d" + ONLY_STIX)) == [
            "DejaVu Sans"
        ]


def test_fonts_without_serifs_come_first():
    entries = [
        font_manager.FontEntry(name=name, style="normal", weight=weight)
        for name, weight in [
            ("Noto Serif CJK", 400),
            ("Noto Color Emoji", 400),
            ("UKai", 400),
            ("Noto Sans CJK", 700),
            ("Zen Hei", 500),
            ("Noto Sans", 400),
        ]
    ]
    assert [each.name for each in fonts._usual(entries)] == [
        "Noto Sans",
        "Noto Sans CJK",
        "Zen Hei",
        "UKai",
        "Noto Serif CJK",
    ]
