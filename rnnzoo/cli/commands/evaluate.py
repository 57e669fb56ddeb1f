"""`rnnzoo evaluate`."""

from rnnzoo.cli.output import metrics_line, verbosity
from rnnzoo.cli.sources import load_model, load_test


def run(args):
    """Prints the metrics of a trained model, and how they were counted."""
    task = load_model(args.model)
    name, data = load_test(args, task)
    if not task.compiled:  # as weights in the package are
        task.compile()
    metrics = task.evaluate(data, return_dict=True, verbose=verbosity())
    print(f"{name}: {metrics_line(metrics)}")
    for name, signature in task.signatures.items():
        print(f"{name}: {signature}")
