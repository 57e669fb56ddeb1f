"""The text in a file, checked before anything is made of it."""

import codecs
import gzip
import os
import zlib

MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def suffix_of(path):
    """The suffix of a file, in lower case; that before `.gz`, if packed."""
    name = os.path.basename(path).lower().removesuffix(".gz")
    return os.path.splitext(name)[1]


def read_text(path, encoding="utf-8"):
    """The text of a file, as it is written.

    Args:
        path: A file; one that ends with `.gz` is unpacked.
        encoding: Its encoding, unless a byte order mark says another.

    Raises:
        ValueError: If it is empty or no text; it says in which line.
        OSError: If it cannot be opened.
    """
    data = _read_bytes(path)
    for mark, name in MARKS.items():
        if data.startswith(mark):
            encoding = name
    try:
        text = data.decode(encoding)
    except UnicodeError as error:
        _require_no_zero(path, data)
        start = getattr(error, "start", 0)
        raise ValueError(
            f"{path}, line {_line_of(data, start)}: expected text in "
            f"{encoding}. Received: {data[start : start + 20]!r}. "
            '`encoding="latin-1"`, or the one that the file has, reads it.'
        ) from None
    except LookupError:
        raise ValueError(
            "Invalid value for argument `encoding`. Expected a name that "
            f"Python knows, such as 'latin-1'. Received: encoding={encoding!r}"
        ) from None
    if not text.strip():
        raise ValueError(f"{path} is empty. Expected examples.")
    if "\0" in text:
        _require_no_zero(path, text.encode())
    return text


def lines_of(text):
    """The lines of a text; only line feeds end one, with or without CR."""
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    return [line.removesuffix("\r") for line in lines]


def _read_bytes(path):
    if not os.path.exists(path):
        raise FileNotFoundError(f"There is no file {path!r}.")
    if not path.lower().endswith(".gz"):
        with open(path, "rb") as file:
            return file.read()
    try:
        with gzip.open(path, "rb") as file:
            return file.read()
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise ValueError(
            f"{path}: expected a whole file of gzip. Received: {error}"
        ) from None


def _require_no_zero(path, data):
    place = data.find(b"\0")
    if place >= 0:
        raise ValueError(
            f"{path}, line {_line_of(data, place)}: expected text. Received a "
            "zero byte: the file is of another kind than its name says, or "
            'needs `encoding="utf-16"`.'
        )


def _line_of(data, place):
    return data.count(b"\n", 0, place) + 1
