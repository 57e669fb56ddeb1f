"""`rnnzoo export`."""

from rnnzoo.cli.settings import limits_of
from rnnzoo.cli.sources import load_model
from rnnzoo.formats import LITE, SAVED_MODEL

OPTIONS = ("samples", "quantize", "max_words", "max_sentences")
WRITTEN = {
    SAVED_MODEL: "a SavedModel that takes raw examples",
    LITE: "a model that takes ids, and their vocabulary",
}


def run(args):
    """Writes a SavedModel, or a model for devices."""
    task = load_model(args.model)
    options = {
        name: value
        for name in OPTIONS
        if (value := getattr(args, name)) is not None
    }
    task.export(
        args.out, format=args.format, **limits_of(args, task), **options
    )
    print(f"Saved {args.out}, {WRITTEN[args.format]}")
