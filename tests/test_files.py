"""Nothing half-written, and nothing of others lost."""

import os

import pytest

from rnnzoo.files import atomic_path

INVALID = "argument `path`.*Received.*path"


def write_file(path, text):
    path.write_text(text)


def write_directory(path, text):
    path.mkdir()
    (path / "graph.pb").write_text(text)
    (path / "weights").mkdir()


def read(path):
    return (path / "graph.pb" if path.is_dir() else path).read_text()


@pytest.fixture(params=[write_file, write_directory])
def write(request):
    return request.param


def test_the_result_replaces_the_old_at_the_end(tmp_path, write):
    path = tmp_path / "new" / "model.keras"
    for text in ["first", "second"]:
        with atomic_path(path) as temporary:
            assert temporary.name == path.name  # writers look at the suffix
            write(temporary, text)
            assert text == "first" or read(path) == "first"
        assert read(path) == text
        assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_failure_leaves_everything_as_it_was(tmp_path, write, error):
    path = tmp_path / "model"
    write(path, "before")
    with pytest.raises(error), atomic_path(path) as temporary:  # noqa: PT012
        write(temporary, "half")
        raise error
    assert read(path) == "before"
    assert os.listdir(tmp_path) == ["model"]


def test_nothing_of_others_is_lost(tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.tex").write_text("years")
    (tmp_path / "note").write_text("mine")
    for write, name, message in [
        (write_directory, "home", "thesis.tex"),
        (write_file, "home", "home' is a directory, which a file does"),
        (write_directory, "note", "note' is a file, which a directory does"),
    ]:
        with (
            pytest.raises(FileExistsError, match=message),
            atomic_path(tmp_path / name) as temporary,
        ):
            write(temporary, "theirs")
    assert read(tmp_path / "home" / "thesis.tex") == "years"
    assert read(tmp_path / "note") == "mine"
    assert sorted(os.listdir(tmp_path)) == ["home", "note"]


def test_a_link_is_followed(tmp_path, write):
    write(tmp_path / "model-1", "before")
    (tmp_path / "latest").symlink_to(tmp_path / "model-1")
    with atomic_path(tmp_path / "latest") as temporary:
        write(temporary, "after")
    assert (tmp_path / "latest").is_symlink()
    assert read(tmp_path / "model-1") == "after"


def test_permissions_are_the_usual_ones(tmp_path, write):
    write(tmp_path / "usual", "")
    with atomic_path(tmp_path / "ours") as temporary:
        write(temporary, "")
    modes = [(tmp_path / name).stat().st_mode for name in ("usual", "ours")]
    assert modes[0] == modes[1]


@pytest.mark.parametrize(
    ("path", "overwrite", "error", "message"),
    [
        ("note", False, FileExistsError, "'note' exists already.*overwrite"),
        ("note/model.keras", True, OSError, INVALID),
        ("", True, ValueError, INVALID),
        ("gs://bucket/model.keras", True, ValueError, INVALID),
    ],
)
def test_bad_paths_are_errors_before_work(
    tmp_path, monkeypatch, path, overwrite, error, message
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "note").write_text("mine")
    with (
        pytest.raises(error, match=message),
        atomic_path(path, overwrite=overwrite),
    ):
        pytest.fail("Work has begun.")
    assert os.listdir(tmp_path) == ["note"]
