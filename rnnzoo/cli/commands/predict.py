"""`rnnzoo predict`."""

import functools
import itertools
import sys

from rnnzoo.cli.settings import limits_of
from rnnzoo.cli.sources import load_model
from rnnzoo.text import as_text

LINES_AT_ONCE = 256


def run(args):
    """Prints a line for each text or path, with its answer."""
    task = load_model(args.model)
    verb = functools.partial(getattr(task, task.verb), **limits_of(args, task))
    lines = iter(args.texts or _stdin_lines())
    while texts := list(itertools.islice(lines, LINES_AT_ONCE)):
        for text, result in zip(texts, verb(texts), strict=True):
            print(f"{task.format_answer(result)}\t{text}", flush=True)


def _stdin_lines():
    if sys.stdin is None:
        raise ValueError("Expected texts, as arguments or on standard input.")
    for number, line in enumerate(sys.stdin.buffer, start=1):
        yield as_text(line, "line", number).rstrip("\r\n")
