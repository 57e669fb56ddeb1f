"""Weights by their roles, copied from one task to another."""

import keras
import numpy as np


def roles(task):
    """The weights of a task by what they are in it.

    Keras's own paths differ between two tasks, since layers without a name get
    numbers, and between a task that was built and one that was loaded.

    Args:
        task: Built Keras model.

    Returns:
        Dict from the path of attributes, such as `"head.kernel"`, to a weight.

    Examples:

    >>> import rnnzoo
    >>> from rnnzoo.tasks.roles import roles
    >>> model = rnnzoo.build("bilstm_classifier", units=4, min_count=1)
    >>> model.adapt(["good", "bad"], ["pos", "neg"], verbose=0)
    >>> sorted(roles(model))[-2:]
    ['head.bias', 'head.kernel']
    """
    weights = {id(weight) for weight in task.weights}
    found = {}
    for path, layer in _layers(task, (), set()):
        own = layer._trainable_variables + layer._non_trainable_variables
        for place, weight in enumerate(own):
            if id(weight) in weights:
                role = ".".join((*path, weight.name))
                # Names are those that a layer gives, not always different.
                found[f"{role}_{place}" if role in found else role] = weight
    return found


def _layers(value, path, seen):
    """Yields the layers in a layer or a container with their paths, once."""
    children = ()
    if isinstance(value, keras.layers.Layer):
        if id(value) in seen:
            return
        seen.add(id(value))
        yield path, value
        # Private attributes last: they hold what the others do, too.
        children = sorted(
            vars(value).items(), key=lambda each: (each[0][0] == "_", each[0])
        )
    elif isinstance(value, dict):
        children = value.items()
    elif isinstance(value, list | tuple):
        children = enumerate(value)
    for name, child in children:
        yield from _layers(child, (*path, str(name)), seen)


def copy_weights(task, saved, found, layers=None, seed=0):
    """Copies the weights of a task, where the other has a use for them.

    Args:
        task: `rnnzoo.Task`, whose weights change; see its `indexed` and
            `keys`. Weights of tokens that the other lacks are drawn from a
            normal distribution with the mean and the standard deviation of
            those of its tokens, feature by feature.
        saved: The task whose weights are copied.
        found: Dict of the name of a vocabulary to the tokens that already have
            their vectors.
        layers: Dict from the path of a layer of `saved` to the path of the one
            here that takes over its weights; by default the tasks have all
            layers in common.
        seed: Seed of what is drawn.

    Raises:
        ValueError: If the tasks have other layers, before any weight changes.
    """
    ours, theirs = roles(task), roles(saved)
    if layers is not None:
        ours = _below(ours, {path: path for path in layers.values()})
        theirs = _below(theirs, layers)
    if different := sorted(ours.keys() ^ theirs.keys()):
        raise ValueError(f"only one of the two has {', '.join(different[:3])}")
    axes_of = {id(weight): axes for weight, axes in task.indexed()}
    for role, weight in ours.items():
        axes = axes_of.get(id(weight), {})
        here, there = weight.shape, theirs[role].shape
        if _without(here, axes) != _without(there, axes):
            raise ValueError(
                f"{role} has the shape {tuple(there)}, not {tuple(here)}"
            )
    rng = np.random.default_rng(seed)
    for role, weight in ours.items():
        value, old = np.array(weight), np.array(theirs[role])
        to, of = ([range(size) for size in each.shape] for each in (value, old))
        for axis, name in axes_of.get(id(weight), {}).items():
            keys, known = task.keys(name), saved.keys(name)
            if name in task.embedded():
                drawn = set(keys).difference(known, found.get(name, ()))
                _draw(value, keys, drawn, old, known, axis, rng)
            place = {key: i for i, key in enumerate(known)}
            both = [i for i, key in enumerate(keys) if key in place]
            to[axis], of[axis] = both, [place[keys[i]] for i in both]
        value[np.ix_(*to)] = old[np.ix_(*of)]
        weight.assign(value)


def _below(weights, layers):
    """The weights of some layers, with other paths of these layers."""
    return {
        path + role.removeprefix(old): weight
        for role, weight in weights.items()
        for old, path in layers.items()
        if role.startswith(f"{old}.")
    }


def _without(shape, axes):
    return [size for axis, size in enumerate(shape) if axis not in axes]


def _draw(value, keys, drawn, old, known, axis, rng):
    """Draws the weights of some tokens, as wide as those of others."""
    tokens = [i for i, key in enumerate(known) if isinstance(key, str)]
    places = [i for i, key in enumerate(keys) if key in drawn]
    if not tokens:
        return
    others = np.moveaxis(old, axis, 0)[tokens]
    mean, spread = others.mean(axis=0), others.std(axis=0)
    np.moveaxis(value, axis, 0)[places] = rng.normal(
        mean, spread, (len(places), *mean.shape)
    )
