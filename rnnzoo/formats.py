"""Formats of exports, the options of each, and what exports are asked."""

import inspect

from rnnzoo.checks import check_known

SAVED_MODEL = "tf_saved_model"
LITE = "tflite"
# What a row of a file is that an export answers.
ROWS = LINES, JSONL, TFRECORD = "lines", "jsonl", "tfrecord"


def check_options(task, format, options):
    """Raises a `ValueError` unless a task has such an export.

    Args:
        task: `rnnzoo.Task`.
        format: Name of a format.
        options: Dict of the options that a caller gave.
    """
    if format not in tuple(task.exports):  # a dict fails without a hash
        raise ValueError(
            f"Invalid value for argument `format`. Expected {SAVED_MODEL!r} "
            f"or, of a text classifier, {LITE!r}. Received: "
            f"format={format!r} of a `{type(task).__name__}`"
        )
    known = inspect.signature(task.exports[format]).parameters
    if any(each.kind is each.VAR_KEYWORD for each in known.values()):
        return  # The function checks them.
    check_known(options, known, f" of `export` with format={format!r}")
