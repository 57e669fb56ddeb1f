"""Every model learns on replicas what it learns on one device."""

import contextlib
from unittest import mock

import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import TASKS

import rnnzoo
from rnnzoo.optimizers import LazyAdam


def _ones(shape, *args, **kwargs):
    """Numbers for which dropout drops nothing."""
    return tf.ones(shape)


@contextlib.contextmanager
def without_dropout():
    """The initial weights are drawn before, and so are random."""
    with (
        mock.patch("tensorflow.random.stateless_uniform", _ones),
        mock.patch.object(
            keras.layers.Dropout, "call", lambda self, x, **kwargs: x
        ),
    ):
        yield


@pytest.mark.parametrize("name", rnnzoo.list_models())
def test_replicas_train_as_one(name, mirrored):
    keras.utils.set_random_seed(1)
    task = TASKS[rnnzoo.describe(name).task]
    examples, weights, found = None, None, []
    for strategy in (tf.distribute.get_strategy(), mirrored):
        with strategy.scope():
            model = task.build(name)
        model.adapt(task.inputs, task.targets, verbose=0)
        few = (
            each and each[:4] + each[5:] for each in (task.inputs, task.targets)
        )
        examples = examples or model.encode(*few)
        weights = weights or model.get_weights()
        model.set_weights(weights)
        with strategy.scope():
            model.compile(
                LazyAdam(0.1, epsilon=1.0, global_clipnorm=0.1),
                run_eagerly=strategy is not mirrored,  # without tracing
            )
        # Batches of 2, 2 and 1, where a replica has no rows.
        with without_dropout():
            done = model.fit(examples, batch_size=2, shuffle=False, verbose=0)
        logs = {k: v for k, v in done.history.items() if k != "perplexity"}
        if "perplexity" in done.history:  # as the loss that it is made of
            logs["bits"] = np.log2(done.history["perplexity"]).tolist()
        found.append((logs, model.get_weights()))
    (logs, one), (others, two) = found
    assert others.keys() == logs.keys()
    for key, value in logs.items():
        assert others[key] == pytest.approx(value, abs=1e-5), key
    for a, b in zip(one, two, strict=True):
        np.testing.assert_allclose(b, a, atol=1e-5)
