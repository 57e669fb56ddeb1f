"""Words and their tags, a word a line, as the CoNLL shared tasks have them."""

import re
from typing import NamedTuple

from rnnzoo.data.contents import lines_of
from rnnzoo.data.table import Table

DOCUMENT = "-DOCSTART-"
_TAG = re.compile(r"O|[BIESLUMW]-\S+")
_SEVERAL = re.compile(r"\d+[-.]\d+")  # CoNLL-U: words of a token, and unwritten


class _Word(NamedTuple):
    """A line: its number and its fields."""

    line: int
    fields: list


def read_conll(path, text, tokens=None, tags=None):
    """The sentences in a file with a word a line and its tag in a column.

    Columns are separated by tabs or, if the first word has none, by spaces. A
    blank line ends a sentence. Lines of `-DOCSTART-` are left out, and so are
    comments: lines between sentences that begin with "#" and have no tag at
    their end. Where words are numbered, as in CoNLL-U, lines with the number
    `1-2` or `1.1` are left out.

    Args:
        path: Where the text was read.
        text: String.
        tokens: Number of the column of words, from 1; by default the first or,
            where words are numbered, the second.
        tags: Number of the column of tags; by default the last, if there are
            several.

    Returns:
        `Table` of `tokens` and, unless there is only one column, `tags`.

    Raises:
        ValueError: If lines differ in their number of columns.
    """
    sentences = _sentences(text)
    words = [word for sentence in sentences for word in sentence]
    if not words:
        raise ValueError(f"{path}: expected words, one a line. Received none.")
    width = len(words[0].fields)
    for word in words:
        if len(word.fields) != width:
            raise ValueError(
                f"{path}, line {word.line}: expected {width} columns, as in "
                f"line {words[0].line}. Received {len(word.fields)}: "
                f"{word.fields!r:.80}"
            )
    is_numbered = _is_numbered(sentences, width)
    if is_numbered:
        sentences = [
            [word for word in each if not _SEVERAL.fullmatch(word.fields[0])]
            for each in sentences
        ]
    places = {
        "tokens": _place(path, "tokens", tokens, width, 1 + is_numbered),
        "tags": _place(path, "tags", tags, width, width),
    }
    if width == 1:
        del places["tags"]
    columns = {
        name: [[word.fields[place] for word in each] for each in sentences]
        for name, place in places.items()
    }
    return Table(columns, path, [each[0].line for each in sentences])


def is_conll(text, sample=50):
    """Whether lines have several columns, and tags in the last.

    Args:
        text: String.
        sample: Number of lines that are looked at.
    """
    lines = [line for line in lines_of(text) if line.strip()][:sample]
    lines = [line for line in lines if not line.startswith(("#", DOCUMENT))]
    rows = [re.split(r"[ \t]+", line.strip()) for line in lines]
    return bool(rows) and all(
        len(row) > 1 and _TAG.fullmatch(row[-1]) for row in rows
    )


def _sentences(text):
    """Lists of `_Word`s."""
    sentences, current, separator = [], [], None
    for number, line in enumerate(lines_of(text), start=1):
        if not line.strip(" \t"):
            current = []
            continue
        if line.startswith(DOCUMENT):
            continue
        is_comment = line.startswith("#") and not current
        if is_comment and not _TAG.fullmatch(line.split()[-1]):
            continue
        separator = separator or (r"\t" if "\t" in line else r" +")
        fields = re.split(separator, line.strip(" "))
        if not current:
            sentences.append(current)
        current.append(_Word(number, fields))
    return sentences


def _is_numbered(sentences, width):
    """Whether the first column counts the words of each sentence."""
    firsts = [sentence[0].fields[0] for sentence in sentences]
    return width > 2 and all(
        first == "1" or first.startswith(("1-", "0.")) for first in firsts
    )


def _place(path, name, given, width, default):
    """A place from 0 of a column that is given by its number from 1."""
    number = str(default if given is None else given)
    if number not in map(str, range(1, width + 1)):
        raise ValueError(
            f"{path}: expected the number of the column of {name}, from 1 to "
            f"{width}. Received: {name}={given!r}"
        )
    return int(number) - 1
