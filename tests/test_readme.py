"""The tables of both READMEs come from the registry and the results."""

import importlib
import sys
from pathlib import Path

import pytest

import rnnzoo
from rnnzoo import presets

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
SHARED = {"harness", "joey_nmt"}
SCRIPTS = sorted({path.stem for path in BENCHMARKS.glob("*.py")} - SHARED)
TEXT = """Before
<!-- results:models -->
old
<!-- /results -->
<!-- results:weights -->
old
<!-- /results -->
<!-- results:headlines -->
old
<!-- /results -->
<!-- results:crf -->
old
<!-- /results -->
After
"""
QUALITY = """\
model,dataset,settings,metric,test,standard deviation,seeds,published
a,d,defaults,accuracy,0.8123,,1,0.9
a,d,units=9,accuracy,0.8200,0.0012,3,0.9
a,d,units=8,accuracy,0.7900,0.0100,3,0.9
b,e,defaults,bleu_4 nrefs:5 case:mixed,21.32,,1,21
b,e,defaults,bleu_3 nrefs:5 case:mixed,30.10,,1,30
b,f,defaults,bleu_4 nrefs:5 case:mixed,9.50,,1,
"""


@pytest.fixture
def readme(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import readme

    yield readme
    for name in (*SHARED, *SCRIPTS):
        sys.modules.pop(name, None)


def test_what_was_not_measured_is_left_out(readme, tmp_path):
    text = readme.rewrite(TEXT, tmp_path, tmp_path / "quality.csv")
    assert "old" not in text
    assert text.startswith("Before\n")
    assert text.endswith(
        "<!-- results:headlines -->\n<!-- /results -->\n"
        "<!-- results:crf -->\n<!-- /results -->\nAfter\n"
    )
    for name in rnnzoo.list_models():
        assert f"`{name}`" in text
    for each in presets.index():
        assert f'- `build("{each.model}", weights="{each.name}")`: ' in text
    assert "\n- Entity tagging: `bilstm_cnn_crf_tagger` (Ma & Hovy 2016), " in (
        text
    )


def test_what_was_measured_is_a_table(readme, tmp_path):
    (tmp_path / "crf.csv").write_text("what,ours\nloss,2x\n")
    (tmp_path / "crf.txt").write_text("2 x cpu\n")
    text = readme.rewrite(TEXT, tmp_path)
    assert "| what | ours |\n| --- | --- |\n| loss | 2x |\n" in text
    assert "`benchmarks/crf.py`. 2 x cpu\n<!-- /results -->" in text
    assert readme.rewrite(text, tmp_path) == text


def test_models_stand_beside_what_was_published(readme, tmp_path):
    quality = tmp_path / "quality.csv"
    quality.write_text(QUALITY)
    quality.with_suffix(".txt").write_text("2 x cpu\n")
    text = readme.rewrite(TEXT, tmp_path, quality)
    start = text.index("| model | dataset |")
    assert text[start : text.index("<!-- results:crf")].splitlines() == [
        "| model | dataset | settings | metric | measured | published |",
        "| --- | --- | --- | --- | --- | --- |",
        "| `a` | d | units=9 | accuracy | 0.8200 ± 0.0012 (3 runs) | 0.9 |",
        "| `b` | e | defaults | bleu_4 | 21.32 (1 run) | 21 |",
        "",
        "`bleu_4` is nrefs:5 case:mixed. Machine: 2 x cpu.",
        "<!-- /results -->",
    ]


def test_every_part_of_the_readmes_has_a_title(readme):
    names, tables = (
        [name for _, name, _ in readme.PART.findall(path.read_text("utf-8"))]
        for path in (readme.README, readme.TABLES)
    )
    assert names == ["models", "weights", "headlines"]
    assert sorted(tables) == sorted(readme.TITLES)


def test_the_readme_has_one_short_table(readme):
    lines = readme.README.read_text("utf-8").splitlines()
    rows = [line for line in lines if line.startswith("|")]
    assert sum(row.startswith("| --- ") for row in rows) == 1
    assert 2 < len(rows) <= 12


@pytest.mark.parametrize("stale", ["README", "TABLES"])
def test_a_file_that_is_not_up_to_date_is_found(
    readme, tmp_path, monkeypatch, stale
):
    folder = tmp_path / "benchmarks"
    folder.mkdir()
    monkeypatch.setattr(readme, "BENCHMARKS", folder)
    for name, place in {"README": tmp_path, "TABLES": folder}.items():
        path = place / "README.md"
        path.write_text(getattr(readme, name).read_text("utf-8"), "utf-8")
        monkeypatch.setattr(readme, name, path)
    monkeypatch.setattr(sys, "argv", ["readme.py"])
    readme.main()
    monkeypatch.setattr(sys, "argv", ["readme.py", "--check"])
    readme.main()
    path = getattr(readme, stale)
    good = path.read_text("utf-8")
    old = good.replace("| --- |", "| --- |\n| by hand |", 1)
    path.write_text(old, "utf-8")
    name = path.relative_to(tmp_path)
    with pytest.raises(SystemExit, match=f"Not up to date: {name}. Run"):
        readme.main()
    assert path.read_text("utf-8") == old
    monkeypatch.setattr(sys, "argv", ["readme.py"])
    readme.main()
    assert path.read_text("utf-8") == good


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_script_starts(script, readme, monkeypatch, capsys):
    if script == "crf":
        pytest.importorskip("torch")
        pytest.importorskip("torchcrf")
    monkeypatch.setattr(sys, "argv", [f"{script}.py", "--help"])
    with pytest.raises(SystemExit) as done:
        importlib.import_module(script).main()
    assert not done.value.code
    assert f"usage: {script}.py" in capsys.readouterr().out
