"""`rnnzoo explain`."""

from rnnzoo.cli import lines
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
    names = [each.name for each in task.schema.inputs]
    given = []
    for line in lines.read(args.texts, "utf-8"):
        line = lines.split(line, names)
        if line.problem is not None:
            raise ValueError(f"{line.place}: {line.problem}")
        given.append(line.text)
    explanations = task.explain(given)
    for path in filter(None, (args.html, args.png)):
        explanations.save(path)
        print(f"Saved {path}")
    if not (args.html or args.png):
        print(*explanations, sep="\n")
