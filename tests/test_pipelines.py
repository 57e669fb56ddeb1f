"""Pipelines of Apache Beam give what one process gives."""

import os
from pathlib import Path

import pytest

import rnnzoo.beam
from rnnzoo.served import score
from rnnzoo.served.parts import Scoring

pytest.importorskip("apache_beam", reason="needs the extra `beam`")
RETRIES = "BundleBasedDirectRunner"  # what fails is tried again
SAVED = Path(__file__).parent / "saved"


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    folder = tmp_path_factory.mktemp("export") / "classifier"
    rnnzoo.load(SAVED / "bilstm_classifier.keras").export(folder)
    return str(folder)


@pytest.fixture
def lines(tmp_path):
    """300 lines, of which the seventh is no text."""
    path = tmp_path / "lines.txt"
    texts = [b"a quiet film " * (number % 7) for number in range(300)]
    path.write_bytes(b"\n".join([*texts[:6], b"\xff", *texts[7:]]))
    return str(path)


def written(folder):
    return {
        path.name: path.read_bytes()
        for path in Path(folder).iterdir()
        if path.name != "score.json"
    }


class FailsOnce(Scoring):
    """A scoring that fails in the middle of its second part."""

    def write(self, part, seen=None):
        if part.number != 1:
            return super().write(part, seen)
        log = os.path.join(os.path.dirname(self.out), "tries")

        def fail(count):
            if os.path.getsize(log) == 1:
                raise RuntimeError("once")

        with open(log, "a") as file:
            file.write("x")
        return super().write(part, fail)


@pytest.mark.parametrize("runner", ["DirectRunner", RETRIES])
def test_scores_are_those_of_one_process(
    runner, export, lines, tmp_path, monkeypatch
):
    settings = {"batch_size": 4, "parts": 3}
    expected = score(export, lines, tmp_path / "a", verbose=0, **settings)
    if runner == RETRIES:
        monkeypatch.setattr(rnnzoo.beam.parts, "Scoring", FailsOnce)
    options = {"direct_num_workers": 2} if runner == "DirectRunner" else {}
    done = rnnzoo.beam.score(
        export,
        lines,
        tmp_path / "b",
        runner=runner,
        options=options,
        **settings,
    )
    assert done == expected == (300, 1, 3)
    assert written(tmp_path / "b") == written(tmp_path / "a")
    if runner == RETRIES:
        assert (tmp_path / "tries").read_text() == "xx"


def test_an_unknown_runner_is_an_error(export, lines, tmp_path):
    with pytest.raises(ValueError, match="NoRunner"):
        rnnzoo.beam.score(export, lines, tmp_path / "out", runner="NoRunner")
    assert not (tmp_path / "out").exists()
