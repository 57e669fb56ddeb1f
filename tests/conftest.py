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
