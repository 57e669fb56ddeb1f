"""`rnnzoo score`."""

import contextlib
import json
import sys

from rnnzoo import beam, logs, served

OPTIONS = ("signature", "rows", "format", "parts", "overwrite")


def run(args):
    """Writes the answers to all rows of files."""
    settings = {name: getattr(args, name) for name in OPTIONS}
    if args.batch_size is not None:
        settings["batch_size"] = args.batch_size
    for name in ("columns", "values"):
        settings[name] = _pairs(args, name)
    settings["values"] = {
        name: _of_json(value) for name, value in settings["values"].items()
    }
    options = _pairs(args, "runner_options")
    place = (args.export, args.source, args.out)
    if args.runner:
        with contextlib.nullcontext() if args.verbose else logs.silence():
            done = beam.score(
                *place, runner=args.runner, options=options, **settings
            )
    elif options:
        raise ValueError("Expected --runner, with --runner-options.")
    else:
        is_quiet = sys.stderr is None or not sys.stderr.isatty()
        done = served.score(*place, verbose=not is_quiet, **settings)
    bad = f", {done.bad:,} of them bad: see bad-*.jsonl" if done.bad else ""
    files = "file" if done.parts == 1 else "files"
    print(
        f"Wrote {done.parts:,} {files} to {args.out}, answers to "
        f"{done.rows:,} rows{bad}"
    )


def _pairs(args, name):
    """Dict of what was typed as `name=value`."""
    found = {}
    for typed in getattr(args, name):
        key, equals, value = typed.partition("=")
        if not equals:
            raise ValueError(
                f"Invalid value for argument `{name}`. Expected NAME=VALUE. "
                f"Received: {typed}"
            )
        found[key] = value
    return found


def _of_json(value):
    """A value as JSON writes it; else, a text."""
    try:
        return json.loads(value)
    except ValueError:
        return value
