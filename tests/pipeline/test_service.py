"""Batches through the tf.data service, with a worker in this process."""

import numpy as np
import pytest
import tensorflow as tf

from rnnzoo.pipeline import disk
from rnnzoo.pipeline.examples import Examples
from rnnzoo.pipeline.passes import Passes

service = tf.data.experimental.service


@pytest.fixture(scope="module")
def through():
    """Function that sends a dataset through a dispatcher and a worker."""
    servers = [service.DispatchServer()]
    target = servers[0].target
    config = service.WorkerConfig(target.split("://")[1])
    servers.append(service.WorkerServer(config))
    yield lambda dataset: dataset.apply(
        service.distribute("parallel_epochs", target)
    )
    servers.clear()


@pytest.fixture(params=["memory", "disk"])
def examples(request, tmp_path):
    ids = [[1 + number % 7] * (1 + number % 13) for number in range(100)]
    labels = np.arange(100, dtype="int32")
    examples = Examples.of(tf.ragged.constant(ids), labels)
    if request.param == "memory":
        return examples
    disk.write_part(examples, tmp_path, 0, "ids")
    disk.finish(tmp_path, "ids")
    return Examples.open(tmp_path)


@pytest.mark.parametrize(
    ("is_shuffled", "batch_tokens"), [(False, None), (True, None), (True, 40)]
)
def test_batches_are_the_same(through, examples, is_shuffled, batch_tokens):
    def batches():
        passes = Passes(1) if is_shuffled else False
        return examples.batches(8, passes, batch_tokens)

    expected, found = list(batches()), list(through(batches()))
    assert len(found) == len(expected) > 12
    for one, other in zip(found, expected, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)
