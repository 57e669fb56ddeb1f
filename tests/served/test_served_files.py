"""Files of rows, read from any row on, and files that appear whole."""

import gzip
import os

import pytest
import tensorflow as tf

from rnnzoo.served.files import Files, appearing

ROWS = [b"one", b"", b" two\r\r", b"\xef\xbb\xbf", b"x" * 3_000_000, b"last"]


@pytest.fixture(params=["a.txt", "a.txt.gz", "a.tfrecord"])
def files(request, tmp_path):
    """The rows twice, in two files of a kind."""
    first = tmp_path / request.param
    second = first.with_name(first.name.replace("a", "b", 1))
    if first.suffix == ".tfrecord":
        for path in (first, second):
            with tf.io.TFRecordWriter(str(path)) as writer:
                for row in ROWS:
                    writer.write(row)
    else:
        wrap = gzip.compress if first.suffix == ".gz" else bytes
        first.write_bytes(wrap(b"\xef\xbb\xbf" + b"\r\n".join(ROWS) + b"\n"))
        second.write_bytes(wrap(b"\n".join(ROWS)))
    return Files([first, second])


def test_rows_are_read_from_any_mark_on(files):
    count, marks = files.index(1)
    assert count == len(marks) == 12
    second = list(ROWS)
    if files.kind == "lines":  # A return at its end belongs to the end.
        second[2] = b" two\r"
    expected = [
        (path, number, row)
        for path, rows in zip(files.paths, (ROWS, second), strict=True)
        for number, row in enumerate(rows, start=1)
    ]
    for place in (0, 1, 4, 6, 7, 11):
        assert list(files.read(marks[place], 4)) == expected[place : place + 4]
    assert files.index(5) == (12, marks[::5])


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    path = str(tmp_path / "file")
    with appearing(path) as file:
        file.write(b"first")

    def stop():
        with appearing(path) as file:
            file.write(b"second")
            file.flush()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()
    assert os.listdir(tmp_path) == ["file"]
    with open(path, "rb") as file:
        assert file.read() == b"first"
