"""The plan of the house: which module may import which, and how long it is."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "rnnzoo"
# A module imports only its own floor, in one direction, and those before it.
FLOORS = (
    (
        *("ids", "arrays", "checks", "files", "formats", "graphs"),
        *("logs", "memory", "records", "replicas"),
    ),
    ("losses", "optimizers", "schedules", "search", "explain", "export"),
    ("lite", "recipe", "data", "served"),
    ("text", "images", "layers", "uncertainty"),
    ("metrics", "class_metrics", "calibration", "scoring"),
    ("presets", "cards", "registry"),
    ("pipeline",),
    ("tasks",),
    ("models",),
    ("progress", "datasets", "diagnostics"),
    ("training", "beam", "gradients"),
    ("demo",),
    ("__init__",),
    ("cli",),
    ("__main__",),
)
TYPING = "TYPE_CHECKING"
FILES = sorted(PACKAGE.rglob("*.py"))


def module_of(path):
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


MODULES = {module_of(path): path for path in FILES}


def imports(path):
    """The modules of ours that a file imports, also inside of functions."""
    found = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == TYPING:
            node.body = []  # never run
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [
                name if name.removeprefix("rnnzoo.") in MODULES else node.module
                for name in names
            ]
        for name in names:
            if name == "rnnzoo":
                found.add("__init__")
            elif name.startswith("rnnzoo."):
                found.add(name.removeprefix("rnnzoo."))
    return found - {module_of(path)}


def floor(module):
    room = module.split(".")[0]
    (number,) = (i for i, rooms in enumerate(FLOORS) if room in rooms)
    return number


@pytest.mark.parametrize("module", MODULES)
def test_no_import_runs_upwards(module):
    for imported in imports(MODULES[module]):
        assert floor(imported) <= floor(module), imported


def test_no_import_runs_in_a_circle():
    graph = {
        name: imports(path)
        for name, path in MODULES.items()
        # A package imports its files, which may import each other.
        if path.name != "__init__.py"
    }
    while graph:
        leaves = {name for name in graph if not graph[name] & set(graph)}
        assert leaves, f"a circle among {sorted(graph)}"
        graph = {name: graph[name] for name in set(graph) - leaves}


@pytest.mark.parametrize("path", FILES, ids=MODULES)
def test_a_file_can_be_read_at_once(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 500
