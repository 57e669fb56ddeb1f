"""`rnnzoo predict` for programs: formats, lines that are bad, progress."""

import csv
import functools
import io
import json
import sys
from pathlib import Path

import pytest

import rnnzoo
from rnnzoo.cli import main
from rnnzoo.cli.commands import predict

SAVED = Path(__file__).parents[1] / "saved"
TEXTS = ["good film", "", 'a "b",\tc']


@pytest.fixture(autouse=True)
def _loaded_once(monkeypatch):
    monkeypatch.setattr(predict, "load_model", load)


@functools.cache
def load(name):
    return rnnzoo.load(SAVED / f"{name}.keras")


@pytest.fixture
def stdin(monkeypatch):
    def give(data):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    return give


def answered(capsys, *arguments, code=0):
    assert main(["predict", *arguments]) == code
    return capsys.readouterr()


def records(capsys, *arguments):
    out = answered(capsys, *arguments, "--format", "jsonl").out
    return [json.loads(line) for line in out.splitlines()]


def test_classifiers(capsys):
    name = "bilstm_classifier"
    task = load(name)
    found = records(capsys, name, *TEXTS, "--probabilities")
    for text, row, record in zip(
        TEXTS, task.predict(TEXTS), found, strict=True
    ):
        assert record["text"] == text
        names, shares = zip(*record["probabilities"].items(), strict=True)
        assert names == task.label_names
        assert shares == pytest.approx(row, abs=1e-6)
        assert record["label"] == names[row.argmax()]
        assert record["score"] == max(shares)
    out = answered(
        capsys, name, "--format", "csv", *TEXTS, "--probabilities"
    ).out
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["label"] for row in rows] == [each["label"] for each in found]
    assert [row["text"] for row in rows] == [*TEXTS[:2], 'a "b",\\tc']
    out = answered(capsys, name, "--format", "tsv", TEXTS[0]).out
    assert out == f"{rows[0]['label']}\t{rows[0]['score']}\t{TEXTS[0]}\n"
    assert (
        "with --probabilities"
        in answered(capsys, name, "x", "--probabilities", code=2).err
    )


def test_taggers(capsys):
    name, text = "bilstm_cnn_crf_tagger", "Ann Lee saw Bonn."
    (expected,) = load(name).tag([text])
    (record,) = records(capsys, name, text)
    entities = record["entities"]
    assert entities == [vars(each) for each in expected]
    assert [text[each["start"] : each["end"]] for each in entities] == ["Ann"]


def test_translators(capsys):
    name, text = "luong_translator", "Ann saw Bonn."
    expected = load(name).translate(
        [text], beam_width=3, n_best=2, return_scores=True, prefix="No"
    )[0]
    search = ["--beam-width", "3", "--n-best", "2", "--prefix", "No"]
    (record,) = records(capsys, name, text, *search)
    found = [{"translation": e.text, "score": e.score} for e in expected]
    assert record == {**found[0], "n_best": found, "text": text}
    assert len(found) == 2
    error = answered(capsys, name, text, "--n-best", "9", code=2).err
    assert "--n-best 9, --beam-width 5" in error
    for other, option in {
        "bilstm_classifier": "--n-best=2",
        "show_attend_tell_captioner": "--prefix=a",
        name: "--probabilities",
    }.items():
        error = answered(capsys, other, text, option, code=2).err
        assert f"with {option.split('=')[0]}. Received: {other}, for" in error


def test_encodings_and_ends_of_lines(capsys, stdin):
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "latin-1"):
        stdin("été\r\n\nb".encode(encoding))
        option = encoding.removesuffix("-sig")
        found = records(capsys, "bilstm_classifier", "--encoding", option)
        assert [each["text"] for each in found] == ["été", "", "b"]
    for encoding in ("hex", "no such"):
        error = answered(capsys, "x", "--encoding", encoding, code=2).err
        assert f"Received: --encoding {encoding}" in error
    for format, out in {"csv": "label,score,text\n", "jsonl": ""}.items():
        stdin(b"")
        shown = answered(capsys, "bilstm_classifier", "--format", format)
        assert shown.out == out


def test_bad_lines_are_named_and_may_be_skipped(capsys, stdin, monkeypatch):
    monkeypatch.setattr(predict, "LINES_AT_ONCE", 2)
    data = b"a\nb\n\xff\n\xff\nc\n"
    stdin(data)
    shown = answered(capsys, "bilstm_classifier", code=2)
    assert [line[-1] for line in shown.out.splitlines()] == ["a", "b"]
    assert "error: line 3: it is not text in utf-8." in shown.err
    stdin(data)
    skip = ["--skip-bad", "--format", "jsonl"]
    shown = answered(capsys, "bilstm_classifier", *skip)
    found = [json.loads(line) for line in shown.out.splitlines()]
    assert [each["text"] for each in found] == ["a", "b", *"\ufffd\ufffd", "c"]
    assert [each["label"] is None for each in found] == [0, 0, 1, 1, 0]
    assert shown.err.count("rnnzoo: warning: line ") == 2
    error = answered(capsys, "bilstm_classifier", "a", "\udcff", code=2).err
    assert "argument 2: it is not text" in error


def test_images_that_cannot_be_read(capsys, tmp_path):
    picture = tmp_path / "x.bmp"
    pixels = b"\x00" * 12
    picture.write_bytes(
        b"BM" + (66).to_bytes(4, "little") + bytes(4)
        + (54).to_bytes(4, "little") + (40).to_bytes(4, "little")
        + (1).to_bytes(4, "little") + (3).to_bytes(4, "little")
        + b"\x01\x00\x18\x00" + bytes(24) + pixels
    )  # fmt: skip
    name, paths = "show_attend_tell_captioner", ["none.png", str(picture)]
    error = answered(capsys, name, *paths, code=2).err
    assert "argument 1: Invalid image 'none.png'. Cannot be read" in error
    shown = answered(
        capsys, name, *paths, "--skip-bad", "--n-best=2", "--format=csv"
    )
    head, empty, described = csv.reader(io.StringIO(shown.out))
    assert head == ["caption", "score", "n_best", "image"]
    assert empty == ["", "", "[]", "none.png"]
    (best, score) = described[:2]
    first = json.loads(described[2])[0]
    assert first == {"caption": best, "score": float(score)}
    assert shown.err.startswith("rnnzoo: warning: argument 1: Invalid image")


def test_progress_is_on_stderr(capsys, monkeypatch):
    name = "bilstm_classifier"
    assert answered(capsys, name, *TEXTS).err == ""
    monkeypatch.setattr(type(sys.stderr), "isatty", lambda self: True)
    shown = answered(capsys, name, *TEXTS)
    assert shown.err == ""  # stdout is a terminal, too
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False, raising=False)
    shown = answered(capsys, name, *TEXTS)
    assert "3 lines" in shown.err
    assert len(shown.out.splitlines()) == 3
