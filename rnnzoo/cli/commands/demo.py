"""`rnnzoo demo`."""

from rnnzoo.cli.output import verbosity
from rnnzoo.demo import demo


def run(args):
    """Trains, explains and serves a model, on data of our own."""
    demo(args.name, args.out, args.data_dir, verbosity(), args.updates)
