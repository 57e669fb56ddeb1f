"""`rnnzoo describe`."""

from rnnzoo import registry


def run(args):
    """Prints the card of a model."""
    print(registry.describe(args.name))
