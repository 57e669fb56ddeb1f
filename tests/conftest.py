import gc
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import pytest
import tensorflow as tf


def pytest_configure():
    """Two logical CPU devices, for `MirroredStrategy`."""
    (cpu,) = tf.config.list_physical_devices("CPU")
    two = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(cpu, two)


def pytest_collection_finish():
    """Makes the garbage collector look less often at what stays.

    Graphs are many objects, and so it would look at all modules all the time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.fixture
def eagerly():
    """Functions run without a graph: faster where they run once or twice."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture(scope="module")
def as_written():
    """Graphs are not optimised, which takes longer than to run them once.

    It takes more memory, too, and so is not for all modules.
    """
    optimizer = tf.config.optimizer
    optimizer.set_experimental_options({"disable_meta_optimizer": True})
    yield
    optimizer.set_experimental_options({"disable_meta_optimizer": False})


@pytest.fixture(scope="session")
def mirrored():
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


@pytest.fixture(scope="session")
def data_dir():
    """Folder of real datasets that TFDS prepared."""
    beside = Path(__file__).parents[2] / "shared" / "tfds"
    folder = Path(os.environ.get("RNNZOO_DATA_DIR", beside))
    if not folder.is_dir():
        pytest.skip("No real datasets: RNNZOO_DATA_DIR names no folder.")
    return str(folder)
