"""The `rnnzoo` command.

It reads its arguments first. The modules of `rnnzoo.cli.commands`, which may
import TensorFlow, are imported when they are to run.
"""

import contextlib
import importlib
import os
import sys

from rnnzoo.cli import arguments, output, wording


def main(argv=None):
    """Runs a command.

    An error that the user can mend is one line on stderr.

    Args:
        argv: List of strings; by default those of the process.

    Returns:
        The exit code: see `rnnzoo.cli.arguments.EXIT_CODES`.
    """
    args = arguments.parse(argv)
    with (
        open(os.devnull, "w") as nowhere,
        # None if the caller closed it; Keras writes to it as well.
        contextlib.redirect_stdout(sys.stdout or nowhere),
    ):
        return _run(args)


def _run(args):
    try:
        if args.needs_tensorflow:
            output.import_tensorflow(args.verbose)
        commands = f"{__name__}.commands"
        importlib.import_module(f"{commands}.{args.command}").run(args)
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (ValueError, OSError, ImportError) as error:
        if args.traceback:
            raise
        message = wording.in_options(wording.one_line(error), args.options)
        print(f"rnnzoo: error: {message}", file=sys.stderr)
        return 2
    return 0
