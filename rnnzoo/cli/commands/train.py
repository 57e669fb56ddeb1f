"""`rnnzoo train`."""

import shutil

import keras

from rnnzoo import registry
from rnnzoo.cli.output import metrics_line, verbosity
from rnnzoo.cli.settings import read_settings
from rnnzoo.cli.sources import load_splits
from rnnzoo.files import require_writable
from rnnzoo.training import UNFINISHED, finetune


def run(args):
    """Trains a model of the zoo, and saves it with its metrics."""
    card = registry.describe(args.name)
    settings = {key: f"--set {key}" for key in card.defaults}
    args.options = settings | args.options
    overrides = read_settings(card, args.settings)
    if args.embeddings is not None:
        overrides |= read_settings(card, [f"embeddings={args.embeddings}"])
    task = registry.build(args.name, **overrides)  # raises if a value is wrong
    require_writable(args.out)
    unfinished = args.out / UNFINISHED
    if not (args.overwrite or unfinished.is_dir()):
        _require_untrained(args.out)
    splits = load_splits(args, task)
    if "num_classes" in card.defaults and splits.num_classes is not None:
        overrides.setdefault("num_classes", splits.num_classes)
    print(f"{args.name} on {splits.name}")
    if args.overwrite:
        shutil.rmtree(unfinished, ignore_errors=True)
    keras.utils.set_random_seed(args.seed)
    _, metrics = finetune(
        args.name,
        splits.train,
        splits.validation,
        test_data=splits.test,
        labels=splits.labels,
        weights=args.weights,
        out=args.out,
        epochs=args.epochs,
        batch_size=args.batch_size,
        batch_tokens=args.batch_tokens,
        learning_rate=args.learning_rate,
        schedule=args.schedule,
        group_decay=args.group_decay,
        unfreeze=args.unfreeze,
        verbose=verbosity(),
        **overrides,
    )
    for name in ("validation", "test"):
        if name in metrics:
            print(f"{name:<10}  {metrics_line(metrics[name])}")
    print(f"Saved {args.out / 'model.keras'} and {args.out / 'metrics.json'}")


def _require_untrained(out):
    if (out / "model.keras").exists():
        raise ValueError(
            f"{out} holds a trained model. Name another directory, or pass "
            "--overwrite to replace it."
        )
