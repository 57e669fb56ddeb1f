"""The scores of all sequences of small cases, one by one."""

import itertools

import numpy as np
import tensorflow as tf

LENGTHS = [4, 1, 3, 0, 2]
TIME, TAGS = 5, 3  # one step more than the longest row has
MASK = np.arange(TIME) < np.array(LENGTHS)[:, None]


def case(seed=0, time=TIME, tags=TAGS, scale=2.0):
    """Random potentials, and a dict of the other scores."""
    rng = np.random.default_rng(seed)

    def draw(*shape):
        return rng.normal(0, scale, shape).astype("float32")

    scores = {"transitions": draw(tags, tags), "start": draw(tags)}
    return draw(len(LENGTHS), time, tags), {**scores, "end": draw(tags)}


def score(path, potentials, transitions, start, end):
    total = sum(potentials[t, tag] for t, tag in enumerate(path))
    total += sum(transitions[a, b] for a, b in itertools.pairwise(path))
    return float(total + (start[path[0]] + end[path[-1]] if path else 0))


def enumerate_paths(potentials, scores, lengths=LENGTHS):
    """The list of all sequences of each row, and their scores, float64."""
    tags = range(potentials.shape[-1])
    exact = {key: value.astype("float64") for key, value in scores.items()}
    for row, length in zip(potentials.astype("float64"), lengths, strict=True):
        paths = list(itertools.product(tags, repeat=length))
        yield paths, np.array([score(path, row, **exact) for path in paths])


def probabilities(scores):
    weights = np.exp(scores - scores.max())
    return weights / weights.sum()


MODES = ["eager", "graph", "jit"]


def run_in(mode, function):
    """The result of a function, called as it is or in a graph."""
    if mode == "eager":
        return function()
    return tf.function(function, jit_compile=mode == "jit")()
