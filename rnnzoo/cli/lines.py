"""Lines to answer, from arguments or standard input."""

import codecs
import re
import sys
from typing import NamedTuple

# Half of a surrogate pair, which no text has, stands for bytes that are none.
_HALF = "\udc80"
_NO_TEXT = re.compile("[\ud800-\udfff]")


class Line(NamedTuple):
    """A text, or the path of an image.

    Attributes:
        place: Where it was given, for errors.
        text: The text, with U+FFFD if it was not text; a list of words; or a
            tuple, of what has several inputs.
        problem: Why it cannot be answered, or `None`.
    """

    place: str
    text: str
    problem: str | None


def read(texts, encoding):
    """The lines to answer.

    Args:
        texts: List of strings; if it is empty, those of standard input.
        encoding: That of standard input. In UTF-8, a byte order mark is
            skipped.

    Returns:
        Iterator of `Line`s.

    Raises:
        ValueError: If there is nothing to read, or no such encoding.
    """
    if texts:
        return _checked(texts, "argument", "it is not text")
    if sys.stdin is None:
        raise ValueError("Expected texts, as arguments or on standard input.")
    codecs.register_error("rnnzoo", lambda error: (_HALF, error.end))
    try:
        name = codecs.lookup(encoding).name
        if name == "utf-8":
            name = "utf-8-sig"
        sys.stdin.reconfigure(encoding=name, errors="rnnzoo", newline="\n")
    except LookupError as error:
        raise ValueError(
            "Invalid value for argument `encoding`. Expected the name of an "
            "encoding of texts, such as utf-8, latin-1 or utf-16. Received: "
            f"encoding={encoding}"
        ) from error
    lines = (line.removesuffix("\n").rstrip("\r") for line in sys.stdin)
    return _checked(lines, "line", f"it is not text in {encoding}")


def _checked(texts, unit, problem):
    for number, text in enumerate(texts, start=1):
        shown = _NO_TEXT.sub("\ufffd", text)
        place = f"{unit} {number}"
        yield Line(place, shown, None if shown == text else problem)


def split(line, names):
    """A line of several inputs, which have tabs between them.

    Args:
        line: `Line`.
        names: Names of the inputs.
    """
    if len(names) == 1 or not isinstance(line.text, str):
        return line
    parts = tuple(line.text.split("\t"))
    if len(parts) == len(names):
        return line._replace(text=parts)
    problem = f"expected {' and '.join(names)}, with a tab between them"
    return line._replace(problem=line.problem or problem)
