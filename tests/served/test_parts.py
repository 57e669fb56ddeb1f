"""Scores of files: the bytes of a plain loop, in whole parts."""

import csv
import gzip
import io
import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from rnnzoo.served import score
from rnnzoo.served.files import appearing
from rnnzoo.served.parts import Scoring, plan

BATCH = 4  # so that 300 rows are several blocks


def loop(export, lines):
    """The lines of a plain loop: it sorts 64 rows, and asks 4 at a time."""
    model = tf.saved_model.load(export)
    ask, answers = model.signatures["serving_default"], {}
    for first in range(0, len(lines), 16 * BATCH):
        block = range(first, min(first + 16 * BATCH, len(lines)))
        good = [each for each in block if is_text(lines[each])]
        good = sorted(good, key=lambda each: len(lines[each]))
        for start in range(0, len(good), BATCH):
            places = good[start : start + BATCH]
            found = ask(text=tf.constant([lines[each] for each in places]))
            for row, place in enumerate(places):
                answers[place] = {
                    "label": found["label"][row].numpy().decode(),
                    "probabilities": found["probabilities"][row]
                    .numpy()
                    .tolist(),
                    "score": float(found["score"][row]),
                }
    records = [answers.get(place) for place in range(len(lines))]
    return "".join(f"{json.dumps(each)}\n" for each in records).encode()


def is_text(line):
    try:
        return line.decode() is not None
    except UnicodeDecodeError:
        return False


@pytest.fixture(scope="module")
def ask(export):
    def ask(source, out, **options):
        options = {"batch_size": BATCH, "verbose": 0, **options}
        return score(export, source, str(out), **options)

    return ask


def test_parts_are_the_bytes_of_a_plain_loop(
    ask, export, source, read_parts, tmp_path
):
    lines = Path(source).read_bytes().split(b"\n")
    expected = loop(export, lines)
    for parts in (None, 1, 3, 7):
        out = tmp_path / str(parts)
        assert ask(source, out, parts=parts) == (300, 2, parts or 1)
        assert read_parts(out) == expected
        names = sorted(path.name for path in out.glob("part*"))
        assert len(names) == (parts or 1)
        assert names[0] == f"part-00000-of-0000{parts or 1}.jsonl"
        assert not list(out.glob(".*"))
    out = tmp_path / "3"
    bad = read_parts(out, "bad").splitlines()
    assert [json.loads(line) for line in bad] == [
        {
            "file": source,
            "line": number,
            "reason": f"expected text in UTF-8. Received: {part!r}",
        }
        for number, part in ((3, b"\xe9 \x85"), (205, b"\xff"))
    ]


@pytest.mark.parametrize("parts", [1, 4, 9])
def test_parts_are_whole_blocks(parts, export, source, tmp_path):
    _, cut, count = plan(
        export, source, tmp_path / "out", batch_size=BATCH, parts=parts
    )
    assert [part.number for part in cut] == list(range(parts))
    assert sum(part.rows for part in cut) == count == 300
    sizes = {part.rows // (16 * BATCH) for part in cut[:-1]}
    assert max(sizes, default=0) - min(sizes, default=0) <= 1
    assert all(part.rows % (16 * BATCH) == 0 for part in cut[:-1])


def test_answers_are_the_tasks(ask, source, texts, classifier, tmp_path):
    ask(source, tmp_path / "out", format="csv", batch_size=100)
    path = tmp_path / "out" / "part-00000-of-00001.csv"
    rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8"))))
    assert [rows[2], rows[204]] == [dict.fromkeys(rows[0], "")] * 2
    expected = classifier.classify(texts)
    for number, (row, answer) in enumerate(zip(rows, expected, strict=True)):
        if number not in (2, 204):
            assert row["label"] == answer.label
            assert float(row["score"]) == pytest.approx(answer.score, abs=1e-5)


def test_many_files_of_any_kind_are_one(ask, source, read_parts, tmp_path):
    lines = Path(source).read_bytes().split(b"\n")
    lines = [line for line in lines if is_text(line)]
    texts = [line.decode() for line in lines]
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "all.txt").write_bytes(b"\xef\xbb\xbf" + b"\r\n".join(lines))
    (folder / "a.jsonl").write_text(rows_of(texts[:70]), "utf-8")
    (folder / "b.jsonl").write_bytes(b"")
    with gzip.open(folder / "c.jsonl.gz", "wb") as file:
        file.write(rows_of(texts[70:]).encode())
    for number, some in enumerate((lines[:200], lines[200:])):
        path = folder / f"x.tfrecord-0000{number}-of-00002"
        with tf.io.TFRecordWriter(str(path)) as writer:
            for line in some:
                writer.write(example(line))
    pattern = str(folder / "*.jsonl*")
    kinds = {"one": folder / "all.txt", "json": pattern}
    kinds["records"] = str(folder / "x.tfrecord*")
    for name, where in kinds.items():
        options = {} if name == "one" else {"columns": {"text": "body"}}
        done = ask(where, tmp_path / name, parts=3, **options)
        assert done == (298, 0, 3)
    assert len(read_parts(tmp_path / "one")) > 298 * 50
    # Rows of JSON and of records are sorted by lengths of their own.
    for name in ("json", "records"):
        same_answers(*(read_parts(tmp_path / each) for each in ("one", name)))


def same_answers(first, second):
    first, second = (
        list(map(json.loads, each.splitlines())) for each in (first, second)
    )
    assert [each["label"] for each in first] == [
        each["label"] for each in second
    ]
    scores = ([each["score"] for each in some] for some in (first, second))
    np.testing.assert_allclose(*scores, atol=1e-5)


def rows_of(texts):
    rows = ({"id": 7, "body": text} for text in texts)
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def example(line):
    value = tf.train.Feature(bytes_list=tf.train.BytesList(value=[line]))
    features = tf.train.Features(feature={"body": value})
    return tf.train.Example(features=features).SerializeToString()


def test_what_was_interrupted_continues(
    ask, source, read_parts, tmp_path, monkeypatch
):
    ask(source, tmp_path / "whole", parts=4)
    written, out = [], tmp_path / "out"
    write = Scoring.write

    def fail_at_2(scoring, part, seen=None):
        written.append(part.number)
        if part.number == 2:
            seen = fail
        write(scoring, part, seen)

    def fail(count):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Scoring, "write", fail_at_2)
        with pytest.raises(KeyboardInterrupt):
            ask(source, out, parts=4)
    assert written == [0, 1, 2]
    names = {path.name for path in out.glob("part*")}
    assert names == {f"part-0000{each}-of-00004.jsonl" for each in (0, 1)}
    (out / ".part-00002-of-00004.jsonl.killed").write_text("half")
    first = out / "part-00000-of-00004.jsonl"
    before = first.stat().st_mtime_ns
    assert ask(source, out, parts=4) == (300, 2, 4)
    assert first.stat().st_mtime_ns == before
    for kind in ("part", "bad"):
        assert read_parts(out, kind) == read_parts(tmp_path / "whole", kind)
    assert not list(out.glob(".*"))


def test_other_parts_are_replaced_only_on_purpose(ask, source, tmp_path):
    out = tmp_path / "out"
    ask(source, out, parts=3)
    with pytest.raises(FileExistsError, match="answers of another"):
        ask(source, out, parts=2)
    with open(source, "ab") as file:
        file.write(b"\nmore")
    with pytest.raises(FileExistsError, match="of other rows"):
        ask(source, out, parts=3)
    assert len(list(out.glob("part*"))) == 3
    assert ask(source, out, parts=2, overwrite=True) == (301, 2, 2)
    assert len(list(out.glob("part*"))) == 2
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    with pytest.raises(FileExistsError, match=r"other files \(mine.txt\)"):
        ask(source, tmp_path / "full", overwrite=True)


@pytest.mark.parametrize("format", ["jsonl", "tsv"])
def test_nothing_is_an_answer_to_nothing(format, ask, tmp_path, read_parts):
    path = tmp_path / "none.txt"
    path.write_bytes(b"")
    done = ask(path, tmp_path / "out", parts=2, format=format)
    assert done == (0, 0, 2)
    assert read_parts(tmp_path / "out") == b""


def test_a_place_that_cannot_be_written_is_an_error(ask, source, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="`out`"):
        ask(source, tmp_path / "file" / "out")
    with pytest.raises(OSError, match="No such file"), appearing("no/x"):
        pass


def test_places_need_not_be_on_a_disk(ask, source, tmp_path, read_parts):
    # TensorFlow's file system in memory stands for others, such as gs://.
    tf.io.gfile.copy(source, "ram://in/texts.txt")
    for _ in range(2):
        done = ask("ram://in/*.txt", "ram://out", parts=2)
        assert done == (300, 2, 2)
    with pytest.raises(FileExistsError, match="of another"):
        ask("ram://in/*.txt", "ram://out", parts=3)
    ask(source, tmp_path / "out")
    found = b""
    for part in sorted(tf.io.gfile.glob("ram://out/part-*")):
        with tf.io.gfile.GFile(part, "rb") as file:
            found += file.read()
    assert found == read_parts(tmp_path / "out")


def test_one_sample_of_all(ask, source, tmp_path, read_parts):
    options = {"signature": "sample", "parts": 2}
    with pytest.raises(ValueError, match=r"`values`.*'seed', which is one"):
        ask(source, tmp_path / "out", **options)
    ask(source, tmp_path / "out", values={"seed": 3}, **options)
    answers = read_parts(tmp_path / "out").splitlines()
    assert json.loads(answers[0])["entropy"] > 0


BAD = {
    "not an export": {"export": "nowhere"},
    "directory of a SavedModel": {"export": "."},
    "one of the export's: 'explain', 'sample', 'serv": {"signature": "x"},
    "no file": {"source": "nothing*.txt"},
    "is a directory.*jsonl": {"source": "."},
    "cannot tell what its rows are.*jsonl": {"source": "table.csv"},
    "files of one kind": {"source": ["a.txt", "a.jsonl"]},
    "inputs, 'text'. Received: columns": {"columns": {"txt": "body"}},
    "'seed': expected an integer": {
        "signature": "sample",
        "values": {"seed": "x"},
    },
    "`rows`. Expected one of": {"rows": "csv"},
    "`format`": {"format": "xml"},
    "`parts`": {"parts": 0},
    "a.jsonl, line 2: expected a value of 'text'.*'body', 'id'": {
        "source": "a.jsonl"
    },
    "a whole file of lines": {"source": "cut.txt.gz"},
    "a whole file of tfrecord": {"source": "cut.tfrecord"},
}


@pytest.mark.parametrize("message", BAD)
def test_bad_input_is_an_error_at_the_door(
    message, export, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    Path("table.csv").write_text("text\na\n")
    Path("a.txt").write_text("a\n")
    Path("a.jsonl").write_text('no JSON\n{"body": "x", "id": 1}\n')
    Path("cut.txt.gz").write_bytes(gzip.compress(b"text\n" * 99)[:-12])
    with tf.io.TFRecordWriter("cut.tfrecord") as writer:
        writer.write(example(b"a film"))
    Path("cut.tfrecord").write_bytes(Path("cut.tfrecord").read_bytes()[:-9])
    given = {"export": export, "source": "a.txt", **BAD[message]}
    message = message.replace("not an export", "directory of a SavedModel")
    with pytest.raises((ValueError, OSError), match=message):
        score(out="out", verbose=0, **given)
    assert not Path("out").exists()
