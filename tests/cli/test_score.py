"""`rnnzoo score`: what it writes, and errors in the words of the command."""

import json
import logging
import os
import sys
from pathlib import Path

import pytest
import tensorflow as tf

from rnnzoo import beam
from rnnzoo.cli import main


@pytest.fixture(autouse=True)
def _files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    specs = [
        tf.TensorSpec([None], tf.string, "text"),
        tf.TensorSpec([], tf.int32, "more"),
    ]

    @tf.function(input_signature=specs)
    def measure(text, more):
        return {"length": tf.strings.length(text) + more}

    tf.saved_model.save(tf.Module(), "export", measure)
    Path("rows.jsonl").write_text('{"body": "ab"}\n{"body": 3}\n')


ASKED = ["--columns", "text=body", "--values", "more=5"]


def test_what_is_written_and_said(capsys):
    assert main(["score", "export", "rows.jsonl", "out", *ASKED]) == 0
    assert json.loads(Path("out/bad-00000-of-00001.jsonl").read_text()) == {
        "file": "rows.jsonl",
        "line": 2,
        "reason": "'body': expected a text. Received: 3",
    }
    out, error = capsys.readouterr()
    assert out == (
        "Wrote 1 file to out, answers to 2 rows, 1 of them bad: see "
        "bad-*.jsonl\n"
    )
    assert error == ""
    columns = ["--format", "csv", "--parts", "2", "--overwrite"]
    assert main(["score", "export", "rows.jsonl", "out", *ASKED, *columns]) == 0
    parts = [f"part-0000{number}-of-00002.csv" for number in (0, 1)]
    assert sorted(each for each in os.listdir("out") if "part" in each) == parts
    text = "".join(Path("out", part).read_text() for part in parts)
    assert text == 'length\n7\n""\n'


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Invalid value for --values. Expected a value for 'more'"),
        (["--values", "more"], "for --values. Expected NAME=VALUE. Received"),
        (["--values", "more=1"], "line 1: expected a value of 'text', the"),
        (["--columns", "x=y"], "--columns. Expected names of the signature's"),
        (["--signature", "x"], "for --signature. Expected one of"),
        ([*ASKED, "--batch-size", "0"], "--batch-size 0"),
        (["--runner-options", "x=1"], "Expected --runner, with"),
    ],
)
def test_errors_name_options(arguments, message, capsys):
    assert main(["score", "export", "rows.jsonl", "out", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("rnnzoo: error: ")
    assert message in line
    assert not os.path.exists("out")


def test_other_answers_are_named(capsys):
    score = ["score", "export", "rows.jsonl", "out"]
    assert main([*score, *ASKED]) == 0
    assert main([*score, *ASKED, "--parts", "2"]) == 2
    assert "replace them (--overwrite)." in capsys.readouterr().err


def test_a_runner_needs_the_extra(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "apache_beam", None)
    score = ["score", "export", "rows.jsonl", "out", *ASKED]
    assert main([*score, "--runner", "FnApiRunner"]) == 2
    assert '`pip install "rnnzoo[beam]"`' in capsys.readouterr().err
    assert not os.path.exists("out")


def test_a_runner_is_asked_with_its_options(monkeypatch):
    asked = {}

    def score(*place, **settings):
        asked.update(settings, place=place)
        asked["logs"] = logging.getLogger().isEnabledFor(logging.ERROR)
        return beam.Summary(0, 0, 1)

    monkeypatch.setattr(beam, "score", score)
    runner = ["--runner", "FlinkRunner", "--runner-options", "a=b", "c=d"]
    assert main(["score", "export", "rows.jsonl", "out", *runner]) == 0
    assert asked["place"] == ("export", "rows.jsonl", "out")
    assert asked["runner"] == "FlinkRunner"
    assert asked["options"] == {"a": "b", "c": "d"}
    assert not asked["logs"]
    assert logging.getLogger().isEnabledFor(logging.ERROR)
