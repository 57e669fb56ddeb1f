"""CSV, TSV and JSON files: what is written is read, or the place is named."""

import csv
import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnzoo.data import read
from rnnzoo.data.delimited import read_delimited

FIELDS = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"])
)


@pytest.fixture
def file(tmp_path, monkeypatch):
    """Writes a file to the working directory; returns its name."""
    monkeypatch.chdir(tmp_path)

    def write(name, content):
        if isinstance(content, str):
            content = content.encode()
        (tmp_path / name).write_bytes(content)
        return name

    return write


@given(rows=st.lists(st.tuples(FIELDS, FIELDS), min_size=1))
def test_what_pythons_writer_wrote_is_read(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    with open(path, "w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, quoting=csv.QUOTE_ALL)
        writer.writerows([("text", "label"), *rows])
    texts, labels = map(list, zip(*rows, strict=True))
    assert read(path) == {"text": texts, "label": labels}


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_knows_the_lines_of_its_rows(file, delimiter, newline):
    lines = ["text,label", "a,p", "", '"b', 'c",n', '"d ""e""", 5']
    if delimiter == "\t":
        lines[-1] = '"d ""e""",5'
    content = newline.join(lines).replace(",", delimiter)
    table = read(file("some.csv", content))
    assert table == {"text": ["a", f"b{newline}c", 'd "e"'], "label": [*"pn5"]}
    places = [table.place(row) for row in range(table.height)]
    assert places == [f"some.csv, line {line}" for line in (2, 4, 6)]


def test_columns_without_a_name_are_left_out(file):
    assert read(file("a.csv", ",text,,\n0,a,,\n")) == {"text": ["a"]}


def test_quotes_in_tsv_may_be_mere_characters(file):
    rows = 'sentence\tlabel\n"Oh" he said\t1\n"foo\t0\n'
    found = read(file("a.tsv", rows))
    assert found["sentence"] == ['"Oh" he said', '"foo']
    table = read(file("b.tsv", rows + 'bar"\t1\n'))
    assert table["sentence"][1:] == ['"foo', 'bar"']
    assert table.place(2) == "b.tsv, line 4"


def test_rows_without_names_have_numbers(file):
    name = file("a.csv", "5,Nice film.\n1,Dull.\n")
    numbered = {"1": ["5", "1"], "2": ["Nice film.", "Dull."]}
    assert read(name, header=False) == numbered
    assert read(name, header=False, label=1) == {
        "label": ["5", "1"],
        "2": ["Nice film.", "Dull."],
    }


@pytest.mark.parametrize(
    "first", ["5,a", "text,text", "Nice film.,pos", "a long sentence here"]
)
def test_a_first_row_that_seems_an_example_is_refused(file, first):
    width = first.count(",")
    name = file("a.csv", f"{first}\n{'x,' * width}y\n")
    with pytest.raises(ValueError, match=r"a\.csv, line 1.*header=False"):
        read(name)
    if first != "text,text":
        column = first.split(",")[0]
        assert read(name, label=column)["label"] == ["xy"[not width]]


def test_a_column_that_is_named_takes_the_name_of_another(file):
    name = file("a.csv", "text,body,id\na,b,c\n")
    assert read(name, text="body") == {"text": ["b"], "id": ["c"]}


def test_marks_say_the_encoding(file):
    rows = "text,label\r\ncafé,p\r\n"
    for encoding in ("utf-8-sig", "utf-16"):
        assert read(file("a.csv", rows.encode(encoding)))["text"] == ["café"]
    latin = file("b.csv", rows.encode("latin-1"))
    assert read(latin, encoding="latin-1")["text"] == ["café"]
    assert read(file("c.csv.gz", gzip.compress(rows.encode())))["label"] == [
        "p"
    ]


def test_long_fields_are_read_and_the_limit_of_csv_stays():
    limit = csv.field_size_limit()
    long = "x" * (limit + 1)
    table = read_delimited("a.csv", f"text\n{long}\n", True, ())
    assert table["text"] == [long]
    assert csv.field_size_limit() == limit


@pytest.mark.parametrize("suffix", ["jsonl", "json"])
def test_single_numbers_in_json_are_names(file, suffix):
    rows = [
        {"text": "a\u2028b", "label": 1, "ids": [1, 2]},
        {"text": "c", "label": True},
    ]
    lines = "\n\n".join(json.dumps(r, ensure_ascii=False) for r in rows)
    content = lines if suffix == "jsonl" else json.dumps(rows)
    table = read(file(f"a.{suffix}", content))
    assert table == {
        "text": ["a\u2028b", "c"],
        "label": ["1", "true"],
        "ids": [[1, 2], None],
    }
    line = {"jsonl": "line 3", "json": "example 2"}[suffix]
    with pytest.raises(ValueError, match=f"{line}, column 'ids'.*no value"):
        read(f"a.{suffix}", label="ids")


def test_lines_and_pairs_of_them(file):
    english = file("some.en", "A cat.\r\n\na\u2028b\x85\n")
    german = file("some.de", "Eine Katze.\n\nab\n")
    source = ["A cat.", "", "a\u2028b\x85"]
    expected = {"source": source, "target": ["Eine Katze.", "", "ab"]}
    pairs = read(f"{english},{german}")
    assert pairs == read((english, german)) == expected
    assert pairs.place(1) == "some.en,some.de, line 2"
    assert read(file("some.txt", "A cat.\n\nb")) == {
        "text": ["A cat.", "", "b"]
    }


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "", r"a\.csv is empty"),
        ("a.csv", "text,label\n", r"a\.csv: expected rows"),
        ("a.csv", "text,label\na,b\nc\n", r"line 3: expected 2 .*Received 1"),
        ("a.csv", 'text,label\na,b\n"c,d\ne,f\n', "line 3: .*quotes"),
        ("a.csv", b"text,label\na,b\ncaf\xe9,b\n", r"line 3: .*utf-8.*\\xe9"),
        ("a.csv", "text\na\0\n", "line 2: .*zero byte"),
        ("a.csv", b"\x89PNG\r\n\0\0", "line 2: .*zero byte"),
        ("a.tsv", "text\tlabel\na\n", r"a\.tsv, line 2: expected 2"),
        ("a.csv.gz", b"text", "a whole file of gzip"),
        (
            "a.csv.gz",
            gzip.compress(b"text\na\n", mtime=0)[:-3],
            "whole file of gzip",
        ),
        ("a.jsonl", '{"text": "a"}\n{"text": \n', "line 2, column 10: .*JSON"),
        ("a.jsonl", '{"text": "a"}\n["b"]\n', "line 2: expected an object"),
        ("a.jsonl", "[" * 10**5, "line 1: .*less nested"),
        ("a.json", '{"text": "a"}', r"a\.json: expected a list of objects"),
        ("a.xlsx", "PK", r"a\.xlsx: expected a file that ends with \.csv"),
    ],
)
def test_bad_files_are_told_by_their_line(file, name, content, message):
    with pytest.raises(ValueError, match=message):
        read(file(name, content))


def test_bad_arguments_are_clear_errors(file):
    name = file("a.csv", "body,mark\na,b\n")
    other = file("a.txt", "a\nb\n")
    for arguments, message in (
        (
            {"path": name, "text": "txt"},
            "column 'txt', the text.*'body', 'mark'",
        ),
        ({"path": name, "encoding": "x"}, "`encoding`"),
        ({"path": other, "text": "a"}, "without columns"),
        ({"path": f"{name},{other},c"}, "`path`.*Received: 3"),
        ({"path": (other, name), "text": "a"}, "without columns"),
    ):
        with pytest.raises(ValueError, match=message):
            read(**arguments)
    with pytest.raises(ValueError, match=r"a.txt and b.txt.*: 2 and 1"):
        read((other, file("b.txt", "a\n")))
    with pytest.raises(FileNotFoundError, match=r"'none\.csv'"):
        read("none.csv")
