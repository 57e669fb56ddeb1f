"""`rnnzoo explain`."""

from rnnzoo.cli.sources import load_model


def run(args):
    """Prints what a model looked at, or writes it to files."""
    for suffix in ("html", "png"):
        path = getattr(args, suffix)
        if path and not path.lower().endswith(f".{suffix}"):
            raise ValueError(
                f"Invalid value for --{suffix}. Expected a name that ends with "
                f"'.{suffix}'. Received: --{suffix} {path}"
            )
    task = load_model(args.model)
    explanations = task.explain(args.texts)
    for path in filter(None, (args.html, args.png)):
        explanations.save(path)
        print(f"Saved {path}")
    if not (args.html or args.png):
        print(*explanations, sep="\n")
