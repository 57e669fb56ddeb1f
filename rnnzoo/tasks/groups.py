"""Learning rates of groups of layers, and when they begin to be trained."""


def by_group(task, recipe, steps):
    """Arguments of `rnnzoo.optimizers.LazyAdam` for a task's groups of layers.

    Args:
        task: Built `rnnzoo.Task`. A weight that none of its `groups` has is
            trained as those of the last one; groups that are not trained do
            not count.
        recipe: `rnnzoo.Recipe`; of it `group_decay` and `unfreeze`.
        steps: Number of training steps in the recipe's epochs.

    Returns:
        Dict of `factors` and `waits`; empty where all groups are treated
        alike.

    Examples:

    >>> import rnnzoo
    >>> from rnnzoo.tasks.groups import by_group
    >>> model = rnnzoo.build("bilstm_classifier", units=4, min_count=1)
    >>> model.adapt(["good", "bad"], ["pos", "neg"], verbose=0)
    >>> recipe = rnnzoo.Recipe(epochs=4, group_decay=2.0, unfreeze=1)
    >>> found = by_group(model, recipe, steps=40)
    >>> found["factors"][0], found["factors"][-1]  # of embedding and head
    (0.25, 1.0)
    >>> found["waits"][0], found["waits"][-1]
    (20, 0)
    """
    if recipe.group_decay == 1 and not recipe.unfreeze:
        return {}
    places = _places(task)
    wait = recipe.unfreeze * (steps // recipe.epochs)
    return {
        "factors": [recipe.group_decay**-place for place in places],
        "waits": [wait * place for place in places],
    }


def _places(task):
    """For each trained weight, the number of groups after its own."""
    group_of = {}
    for name, layers in task.groups().items():
        for layer in layers:
            for weight in layer.trainable_weights:
                group_of.setdefault(id(weight), name)
    order = list(dict.fromkeys(group_of.values())) or [None]
    return [
        len(order) - 1 - order.index(group_of.get(id(weight), order[-1]))
        for weight in task.trainable_weights
    ]
