"""The kinds of tasks that a dataset has the inputs and targets of."""

from rnnzoo import registry
from rnnzoo.pipeline.schema import Text, kind_of_spec


def require_fit(task, source):
    """Raises if a dataset fits other kinds of tasks, and not this one.

    Args:
        task: `rnnzoo.tasks.Task`.
        source: `rnnzoo.datasets.sources.Source`.

    Raises:
        ValueError: It names those kinds, and a model of each.
    """
    if fits(task, source):
        return
    models = {
        registry.describe(name).task: name for name in registry.list_models()
    }
    fitting = [
        f"{kind} ({name})"
        for kind, name in models.items()
        if kind != task.kind and fits(registry.build(name), source)
    ]
    if fitting:
        raise ValueError(
            f"{source.name} has the features {', '.join(source.info.features)},"
            f" which fit no {task.kind}. Expected a model for "
            f"{' or '.join(fitting)}, or another dataset."
        )


def fits(task, source):
    """Whether a dataset has the inputs and the targets of a task."""
    spec = next(iter(source.splits.values())).element_spec
    kinds = {name: kind_of_spec(each) for name, each in spec.items()}
    try:
        schema = task.schema_of(source.info)
        found = schema.pick(kinds)
    except ValueError:
        return False
    return all(
        each.name in found
        and (not isinstance(each, Text) or kinds[found[each.name]] == ("S", 0))
        for each in schema.features
    )
