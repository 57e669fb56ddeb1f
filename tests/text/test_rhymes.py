"""Tones and rhymes against poems and readings that everyone knows."""

import pytest

from rnnzoo.text import RhymeTable


def test_the_rhymes_are_the_106():
    table = RhymeTable.read()
    counts = {}
    for tone, name, characters in table.rows:
        counts[tone] = counts.get(tone, 0) + 1
        assert name in characters
        assert len(set(characters)) == len(characters)
    assert counts == {
        "level": 30,
        "rising": 29,
        "departing": 30,
        "entering": 17,
    }
    assert list(table.rhymes)[:5] == ["東", "冬", "江", "支", "微"]


def test_famous_poems_rhyme():
    table = RhymeTable.read()
    for ends, name in (
        ("流樓", "尤"),  # 登鸛雀樓
        ("枝思", "支"),  # 相思
        ("光霜鄉", "陽"),  # 靜夜思
        ("衣飛", "微"),
    ):
        assert all(name in table.rhymes_of(each) for each in ends)
    assert "依" in table.level
    assert "依" not in table.oblique
    for each in "白日月一盡目雪":  # entering and rising tones
        assert each in table.oblique
        assert each not in table.level
    for each in "看過為爲不教":  # of both
        assert each in table.level
        assert each in table.oblique
    assert table.rhymes_of("a") == ()


def test_a_table_of_ones_own(tmp_path):
    path = tmp_path / "own.tsv"
    path.write_text("# mine\nlevel\ta\tabb\n\nentering\tx\txa\n")
    table = RhymeTable.read(path)
    assert table.rhymes == {"a": "abb"}
    assert table.rhymes_of("b") == ("a",)
    assert table.oblique == {"x", "a"}
    assert RhymeTable.from_config(table.get_config()).rows == table.rows


@pytest.mark.parametrize(
    "text",
    [
        "flat\ta\tab\n",
        "level\ta\n",
        "level\ta\t\n",
        "rising\ta\tab\n",
        "level\ta\tab\nlevel\ta\tcd\n",
    ],
)
def test_a_wrong_table_is_an_error(tmp_path, text):
    path = tmp_path / "own.tsv"
    path.write_text(text)
    with pytest.raises(ValueError, match="argument `rows`"):
        RhymeTable.read(path)
