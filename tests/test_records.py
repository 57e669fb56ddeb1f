"""Answers as lines, read back by those who read such lines."""

import csv
import io
import json

import pytest

from rnnzoo.records import FORMATS, Lines

NASTY = 'a "b", c\\d\te\nf\rg\vh\x1ci\x85j\u2028k\u2029l;\\n é'
RECORD = {
    "label": NASTY,
    "score": 0.25,
    "probabilities": {"a": 0.25, NASTY: 0.75},
    "entities": [{"text": NASTY, "start": 1}],
    "nothing": None,
    "text": NASTY,
}


def decoded(cell):
    """A text, by the rule that texts are written as in JSON."""
    quoted = cell.replace('"', '\\"')
    return json.loads(f'"{quoted}"')


@pytest.mark.parametrize("format", FORMATS)
def test_whatever_a_text_holds_it_is_on_one_line(format):
    lines = Lines(format, RECORD)
    for line in filter(None, (lines.head(), lines.line(RECORD))):
        assert line.splitlines() == [line]


def test_json_gives_the_same_record():
    line = Lines("jsonl", RECORD).line(RECORD)
    assert json.loads(line) == RECORD
    assert "é" in line


@pytest.mark.parametrize("format", ["csv", "tsv"])
def test_columns_give_the_same_values(format):
    lines = Lines(format, RECORD)
    cells = lines.line(RECORD).split("\t")
    if format == "csv":
        table = io.StringIO(f"{lines.head()}\n{lines.line(RECORD)}\n")
        head, cells = csv.reader(table)
        names = ["label", "score", "probabilities.a", f"probabilities.{NASTY}"]
        names += ["entities", "nothing", "text"]
        assert [decoded(each) for each in head] == names
    label, score, *shares, entities, nothing, text = cells
    assert decoded(label) == decoded(text) == NASTY
    assert [float(score), *map(float, shares)] == [0.25, 0.25, 0.75]
    assert json.loads(entities) == RECORD["entities"]
    assert nothing == ""
