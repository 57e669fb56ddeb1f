"""`rnnzoo export`."""

from rnnzoo.cli.settings import limits_of
from rnnzoo.cli.sources import load_model


def run(args):
    """Writes a SavedModel."""
    task = load_model(args.model)
    task.export(args.out, **limits_of(args, task))
    print(f"Saved {args.out}, a SavedModel that takes raw examples")
