"""Commands that read a user's own files, and what they say of bad ones."""

import json
import re
from pathlib import Path

import pytest

import rnnzoo
from rnnzoo.cli import main

SAVED = Path(__file__).parents[1] / "saved"
TINY = [
    *("--set", "units=4", "embedding_dim=4", "dropout=0"),
    *("recurrent_dropout=0", "--epochs", "1", "--out", "run"),
]
FILES = {
    "train.csv": 'review,stars\n"good, fine",5\nbad,1\nodd,3\n'
    + "well,5\nill,1\nso,3\n",
    "other.csv": "review,stars\ngood,5\nnew,2\n",
    "none.csv": "review,stars\ngood,5\nnew,\n",
    "one.csv": "review,stars\ngood,5\nnew,5\n",
    "odd.csv": "comment,mark\ngood,5\nbad,1\n",
    "plain.csv": "good film\tp\nbad film\tn\n",
    "a.conll": "Ann B-PER\nsang O\n\nBonn B-LOC\n",
    "b.conll": "Ann B-PER\nsang O\n\nRain B-MISC\n",
    "c.conll": "Ann B-PER\nsang X-1\n",
    "a.en": "a cat\na dog\n",
    "a.de": "eine Katze\nein Hund\n",
    "texts.txt": "first\nsecond\n",
    "notes.md": "a note\n",
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def answer(capsys, *arguments):
    assert main(list(map(str, arguments))) == 0
    return capsys.readouterr().out.splitlines()


def fails(capsys, *arguments):
    assert main(list(map(str, arguments))) == 2
    return capsys.readouterr().err.splitlines()[-1]


def test_a_classifier_learns_the_classes_of_a_file(folder, capsys, eagerly):
    train = ["train", "bilstm_classifier", *TINY]
    answer(capsys, *train, "--train", "train.csv", "--test", "one.csv")
    assert rnnzoo.load("run").labels == ("1", "3", "5")
    metrics = json.loads((folder / "run" / "metrics.json").read_text())
    assert metrics.keys() == {"history", "validation", "test"}
    lines = answer(capsys, "evaluate", "run", "--test", "train.csv")
    assert lines[-1].startswith("train.csv: accuracy")
    lines = answer(capsys, "predict", "run", "train.csv", "a", "texts.txt")
    texts = [line.split("\t", 2)[2] for line in lines]
    assert texts[0] == "good, fine"
    assert texts[-4:] == ["so", "a", "first", "second"]
    error = fails(capsys, "evaluate", "run", "--test", "other.csv")
    assert "other.csv, line 3: expected a class" in error
    assert "'2'" in error


def test_columns_have_options(capsys, eagerly):
    train = ["train", "bilstm_classifier", *TINY]
    named = ["--text", "comment", "--label", "mark"]
    answer(capsys, *train, "--train", "odd.csv", *named)
    assert rnnzoo.load("run").labels == ("1", "5")
    lines = answer(capsys, "predict", "run", "odd.csv", "--text", "comment")
    assert [line.split("\t")[2] for line in lines] == ["good", "bad"]


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        (
            "bilstm_classifier",
            "--train odd.csv",
            "is the label.*--label.*'mark'",
        ),
        ("bilstm_classifier", "--train plain.csv", "--text.*--no-header"),
        (
            "bilstm_classifier",
            "--train plain.csv --no-header --text 1",
            "is the label.*--label and one of 'text', '2'",
        ),
        ("bilstm_classifier", "--train a.en,a.de", "is the text"),
        ("bilstm_classifier", "--train none.csv", "none.csv, line 3: .*class"),
        ("bilstm_classifier", "--train one.csv", "two classes.*only '5'"),
        (
            "bilstm_classifier",
            "--train train.csv --test other.csv",
            "other.csv, line 3: .*in train.csv, 1, 3, 5.*'2'",
        ),
        (
            "bilstm_classifier",
            "--train train.csv --validation other.csv",
            "other.csv, line 3",
        ),
        ("bilstm_classifier", "--train train.csv --tags x", "--tags"),
        ("bilstm_classifier", "--train train.csv --download", "--download"),
        ("bilstm_classifier", "--dataset train.csv", "`--train train.csv`"),
        ("bilstm_classifier", "--dataset x --test one.csv", "--test"),
        ("bilstm_classifier", "--dataset x --text y", "--train beside --text"),
        (
            "bilstm_crf_tagger",
            "--train a.conll --test b.conll",
            "b.conll, line 4: .*LOC, PER.*'MISC'",
        ),
        ("bilstm_crf_tagger", "--train c.conll", "c.conll, line 1: .*'X-1'"),
        ("bilstm_crf_tagger", "--train train.csv", "is the tokens"),
        ("luong_translator", "--train plain.csv", "plain.csv.*--source"),
    ],
)
def test_bad_files_are_refused_before_work(
    folder, capsys, name, arguments, message
):
    run = ["train", name, *arguments.split(), "--out", "run"]
    assert main(run) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("rnnzoo: error: ")
    assert re.search(message, error)
    assert not (folder / "run").exists()


def test_words_and_pairs_are_answered(capsys, eagerly):
    tagger = SAVED / "bilstm_cnn_crf_tagger.keras"
    lines = answer(capsys, "predict", tagger, "a.conll", "Ann sang")
    assert [line.split("\t")[-1] for line in lines] == [
        *("Ann sang", "Bonn", "Ann sang"),
    ]
    translator = SAVED / "luong_translator.keras"
    lines = answer(
        capsys, *("predict", translator, "plain.csv"), *("--no-header",)
    )
    assert [line.split("\t")[1] for line in lines] == ["good film", "bad film"]
    lines = answer(capsys, "evaluate", translator, "--test", "a.en,a.de")
    assert lines[1].startswith("a.en,a.de: accuracy")


def test_arguments_that_seem_files_are_no_texts(capsys):
    model = SAVED / "bilstm_classifier.keras"
    assert "'no.csv'" in fails(capsys, "predict", model, "no.csv")
    assert "`< notes.md`" in fails(capsys, "predict", model, "notes.md")
    lines = answer(capsys, "predict", model, "a film in no.csv")
    assert lines[0].endswith("\ta film in no.csv")
