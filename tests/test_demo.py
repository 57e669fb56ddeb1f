"""The demo of a task, of few examples."""

import pytest

from rnnzoo import demo as demos
from rnnzoo.datasets import entities, shapes

TINY = {"units": 8, "embedding_dim": 8, "epochs": 1}


@pytest.mark.parametrize(
    ("name", "dataset", "said"),
    [
        ("bilstm_crf_tagger", entities, ["f1 "]),
        ("show_attend_tell_captioner", shapes, ["cider_d ", "picture 1: "]),
    ],
)
def test_a_demo_trains_explains_and_serves(
    name, dataset, said, tmp_path, monkeypatch, capsys
):
    sizes = {"train": 40, "validation": 10, "test": 10}
    monkeypatch.setattr(dataset, "SIZES", sizes)
    monkeypatch.setitem(
        demos.SETTINGS, name, demos.SETTINGS.get(name, {}) | TINY
    )
    demos.demo(name, tmp_path / "out", tmp_path / "data", verbose=0)
    output = capsys.readouterr().out
    for part in (*said, "the same numbers"):
        assert part in output
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "explanation.html",
        "explanation.png",
        "metrics.json",
        "model.keras",
        "served",
    }
