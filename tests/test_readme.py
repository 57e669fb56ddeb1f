"""The README's tables come from the registry and the benchmarks' results."""

import sys
from pathlib import Path

import pytest

import rnnzoo

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
TEXT = """Before
<!-- results:models -->
old
<!-- /results -->
<!-- results:crf -->
old
<!-- /results -->
After
"""


@pytest.fixture
def readme(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import readme

    yield readme
    for name in ("readme", "harness"):
        sys.modules.pop(name, None)


def test_what_was_not_measured_is_left_out(readme, tmp_path):
    text = readme.rewrite(TEXT, tmp_path)
    assert "old" not in text
    assert text.startswith("Before\n")
    assert text.endswith("<!-- results:crf -->\n<!-- /results -->\nAfter\n")
    for name in rnnzoo.list_models():
        assert f"| `{name}` |" in text


def test_what_was_measured_is_a_table(readme, tmp_path):
    (tmp_path / "crf.csv").write_text("what,ours\nloss,2x\n")
    (tmp_path / "crf.txt").write_text("2 x cpu\n")
    text = readme.rewrite(TEXT, tmp_path)
    assert "| what | ours |\n| --- | --- |\n| loss | 2x |\n" in text
    assert "`benchmarks/crf.py`. 2 x cpu\n<!-- /results -->" in text
    assert readme.rewrite(text, tmp_path) == text


def test_every_part_of_the_readme_has_a_title(readme):
    names = readme.PART.findall(readme.README.read_text(encoding="utf-8"))
    assert {name for _, name, _ in names} == {"models", *readme.TITLES}
