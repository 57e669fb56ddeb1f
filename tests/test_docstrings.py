"""The examples in docstrings run, and what users call has some."""

import doctest
import importlib
import inspect
import pkgutil

import pytest

import rnnzoo

OPTIONS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
MODULES = [
    name
    for _, name, _ in pkgutil.walk_packages(rnnzoo.__path__, "rnnzoo.")
    if not name.endswith("__main__")
]
PUBLIC = (
    *("rnnzoo", "layers", "search", "tasks", "text", "explain"),
    "served",
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(rnnzoo.registry, "_CARDS", dict(rnnzoo.registry._CARDS))
    module = importlib.import_module(name)
    if name == "rnnzoo.beam":
        pytest.importorskip("apache_beam", reason="needs the extra `beam`")
    assert doctest.testmod(module, optionflags=OPTIONS).failed == 0


@pytest.mark.parametrize("name", PUBLIC)
def test_public_classes_and_functions_show_an_example(name):
    module = rnnzoo
    if name != "rnnzoo":
        module = importlib.import_module(f"rnnzoo.{name}")
    without = [
        each
        for each in module.__all__
        if callable(getattr(module, each))
        and not is_a_result(getattr(module, each))
        and ">>> " not in (inspect.getdoc(getattr(module, each)) or "")
    ]
    assert without == []


def is_a_result(value):
    """Whether it is what a function returns, or a base to be extended."""
    names = (
        *("Task", "TextWriter", "TextToText", "Columns", "Hypotheses"),
        *("Classification", "Entity", "Caption", "Match", "Similarity"),
        *("Answer", "Summary", "Translation"),
    )
    return value.__name__ in names
