"""`rnnzoo evaluate`."""

from rnnzoo.cli.output import metrics_line, verbosity
from rnnzoo.cli.sources import load_dataset, load_model


def run(args):
    """Prints the metrics of a trained model, and how they were counted."""
    task = load_model(args.model)
    source = load_dataset(args)
    data = source.split(args.split)
    from rnnzoo.datasets import fitting  # TFDS

    fitting.require_fit(task, source)
    task.require_labels_of(source.info)
    metrics = task.evaluate(data, return_dict=True, verbose=verbosity())
    print(f"{source.name}, {args.split}: {metrics_line(metrics)}")
    for name, signature in task.signatures.items():
        print(f"{name}: {signature}")
