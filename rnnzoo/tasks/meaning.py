"""The meaning of counts and ids: strings that are equal if it is."""

import hashlib
import json
import operator

import keras

from rnnzoo.pipeline import disk
from rnnzoo.text import Counts


def of_counts(task):
    """A string that says how a task counts raw examples.

    It depends on the class of the task, its features, its tokenizers and what
    `counts_by` names.

    Args:
        task: `rnnzoo.Task`.
    """
    return _digest(task, _counting(task))


def of_ids(task):
    """A string that says what the ids of a task mean.

    It depends on what `of_counts` depends on, and on the vocabularies, labels
    and limits of lengths; not on layers and weights.

    Args:
        task: `rnnzoo.Task` that is adapted.
    """
    settings = {**_counting(task), **_settings(task, task.reads_by)}
    return _digest(task, {**settings, "learned": task.learned})


def require(task, examples):
    """Raises `ValueError` if ids on disk are not a task's.

    Args:
        task: `rnnzoo.Task`.
        examples: `rnnzoo.pipeline.examples.Examples` that are on disk.
    """
    disk.require_fingerprint(
        "these examples", examples.fingerprint, task.fingerprint()
    )


def counts_for(task, counts, x):
    """The sum of counts that a task may learn of.

    Args:
        task: `rnnzoo.Task`.
        counts: See `Task.adapt`.
        x: Raw examples beside them, of which there may be none.

    Returns:
        `rnnzoo.text.Counts`.
    """
    if x is not None:
        raise ValueError(
            "Invalid value for argument `x`. Expected None beside `counts`, "
            f"which were counted before. Received: {type(x).__name__}"
        )
    found = Counts.gather(counts)
    if found.fingerprint != of_counts(task):
        raise ValueError(
            "Invalid value for argument `counts`. Expected those of a task of "
            f"the same class and tokenizers, {of_counts(task)}. Received: "
            f"{found.fingerprint}"
        )
    return found


def _counting(task):
    tokenizers = {
        name: getattr(task, name).get_config()
        for name in (*task.parts, "tokenizer")
        if name.endswith("tokenizer") and hasattr(task, name)
    }
    return {
        "features": [
            (type(each).__name__, each.name) for each in task.schema.features
        ],
        "tokenizers": tokenizers,
        **_settings(task, task.counts_by),
    }


def _settings(task, names):
    return {name: operator.attrgetter(name)(task) for name in names}


def _digest(task, settings):
    text = json.dumps(settings, sort_keys=True, default=repr)
    name = keras.saving.get_registered_name(type(task))
    return f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
