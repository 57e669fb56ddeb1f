import gc
import logging
import weakref

import keras
import pytest
import tensorflow as tf

import rnnzoo
from rnnzoo.graphs import traced


class Scale:
    def __init__(self, factor):
        self.factor, self.traces = factor, 0

    @traced
    def times(self, x):
        self.traces += 1
        return self.factor * x

    @tf.function
    def plainly(self, x):
        return self.factor * x


@pytest.fixture
def alone():
    """The collector looks at what a test makes, not at what others left."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def warned():
    """Messages of TensorFlow's log."""

    class Handler(logging.Handler):
        def emit(self, record):
            messages.append(record.getMessage())

    messages, handler, logger = [], Handler(), tf.get_logger()
    logger.addHandler(handler)
    yield messages
    logger.removeHandler(handler)


def test_the_first_calls_of_several_objects_are_no_retracing(warned):
    scales = [Scale(factor) for factor in range(6)]
    for scale in scales:
        assert scale.times(tf.constant(3.0)) == 3 * scale.factor
    assert not warned
    for scale in scales:
        scale.plainly(tf.constant(3.0))
    assert "triggered tf.function retracing" in warned[0]


def test_an_object_is_traced_once_for_any_size():
    scale = Scale(2)
    for rows in range(4):
        for size in range(4):
            ids = tf.ones([rows, size], tf.int32)
            assert scale.times(ids).shape == (rows, size)
    assert scale.traces == 1
    for rows in range(4):
        assert scale.times(tf.ones([rows, 3])).shape == (rows, 3)
    assert scale.traces == 2
    for size in range(4):  # of features, which are of one size otherwise
        assert scale.times(tf.ones([2, size])).shape == (2, size)
    assert scale.traces == 3
    assert Scale(3).times(tf.ones(1)) == 3


def test_a_graph_keeps_no_object_alive(alone):
    scale = Scale(2)
    scale.times(tf.ones(1))
    reference = weakref.ref(scale)
    del scale
    gc.collect()
    assert reference() is None


def test_several_models_are_trained_without_warnings(warned, monkeypatch):
    alarm = "5 out of the last 5 calls to f triggered tf.function retracing."

    def run(*args, **kwargs):
        tf.get_logger().warning(alarm)
        tf.get_logger().warning("Something else.")
        return {}

    monkeypatch.setattr(keras.Model, "fit", run)
    monkeypatch.setattr(keras.Model, "evaluate", run)
    model = rnnzoo.build("bilstm_classifier", units=4, min_count=1)
    model.adapt(["a", "b"], [0, 1], verbose=0)
    for call in (model.fit, model.evaluate):
        call(["a", "b"], [0, 1])
    model.evaluate(["a", "b"], [0, 1], return_dict=True)
    assert warned == 3 * ["Something else."]
    tf.get_logger().warning(alarm)
    assert warned[-1] == alarm


@pytest.mark.parametrize(
    ("name", "x", "y"),
    [
        ("bilstm_classifier", ["good", "bad"], ["p", "n"]),
        ("bilstm_crf_tagger", ["Ann ran", "It"], [[(0, 3, "P")], []]),
    ],
)
def test_a_trained_task_is_freed(name, x, y, alone):
    """Tests and searches of settings make many, one after the other."""
    task = rnnzoo.build(name, units=4, min_count=1)
    task.adapt(x, y, verbose=0)
    task.compile()
    task.fit(x, y, validation_data=(x, y), verbose=0)
    task.predict(x)
    task.explain(x)
    made = weakref.ref(task)
    del task
    gc.collect()
    assert made() is None
