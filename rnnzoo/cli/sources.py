"""What commands read: trained models and datasets."""

from pathlib import Path

from rnnzoo import registry, tasks


def load_model(model):
    """The task that a command names.

    Args:
        model: A `.keras` file, the directory that `rnnzoo train` made,
            `hf://user/repository`, or the name of a model, of which the first
            weights in the package are meant.
    """
    if model not in registry.list_models() or Path(model).exists():
        return tasks.load(model)
    weights = registry.describe(model).weights
    if not weights:
        raise ValueError(
            f"{model} has no weights in the package. Expected a model that was "
            f"trained, as by `rnnzoo train {model} --out DIRECTORY`, or one of "
            f"{', '.join(registry.list_models(pretrained=True))}."
        )
    return registry.build(model, weights=next(iter(weights)))


def load_dataset(args):
    """The `rnnzoo.datasets.sources.Source` that a command names."""
    from rnnzoo.datasets import sources  # TFDS

    return sources.load(args.dataset, args.data_dir, args.download)
