"""What commands read: trained models and datasets."""

from rnnzoo import tasks


def load_model(model):
    """The task that a command names.

    Args:
        model: A `.keras` file, or the directory that `rnnzoo train` made.
    """
    return tasks.load(model)


def load_dataset(args):
    """The `rnnzoo.datasets.sources.Source` that a command names."""
    from rnnzoo.datasets import sources  # TFDS

    return sources.load(args.dataset, args.data_dir, args.download)
