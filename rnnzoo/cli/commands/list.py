"""`rnnzoo list`."""

from rnnzoo import registry


def run(args):
    """Prints the names of models, and what they are."""
    cards = [registry.describe(name) for name in registry.list_models()]
    kinds = {card.task for card in cards}
    if args.task not in (None, *kinds):
        raise ValueError(
            f"Invalid value for --task. Expected one of "
            f"{', '.join(sorted(kinds))}. Received: --task {args.task}"
        )
    is_pattern = set("*?[") & set(args.pattern)
    pattern = args.pattern if is_pattern else f"*{args.pattern}*"
    pretrained = args.pretrained or None
    names = registry.list_models(pattern, args.task, pretrained)
    if not names:
        raise ValueError(
            f"No model's name has {args.pattern!r}. Expected a part of a name, "
            "or a pattern such as '*_classifier'. `rnnzoo list` lists all."
        )
    width = max(map(len, names))
    for name in names:
        print(f"{name:<{width}}  {registry.describe(name).summary}")
