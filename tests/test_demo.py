"""The demo of a task, of few examples."""

import dataclasses

from rnnzoo import demo as demos
from rnnzoo import registry
from rnnzoo.datasets import shapes

TINY = {"units": 8, "embedding_dim": 8, "epochs": 1}


def test_a_demo_trains_explains_and_serves(tmp_path, monkeypatch, capsys):
    name = "show_attend_tell_captioner"
    sizes = {"train": 40, "validation": 10, "test": 10}
    monkeypatch.setattr(shapes, "SIZES", sizes)
    card = registry.describe(name)
    demo = dataclasses.replace(card.demo, settings=card.demo.settings | TINY)
    tiny = dataclasses.replace(card, demo=demo)
    monkeypatch.setitem(registry._CARDS, name, tiny)
    demos.demo(name, tmp_path / "out", tmp_path / "data", verbose=0)
    output = capsys.readouterr().out
    for part in ("cider_d ", "example 1\n", "the same numbers"):
        assert part in output
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "explanation.html",
        "explanation.png",
        "metrics.json",
        "model.keras",
        "served",
    }
