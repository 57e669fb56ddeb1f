"""TFDS, whole or not at all."""

import contextlib
import importlib
import logging


def import_tfds():
    """The module `tensorflow_datasets`.

    Where a part of it cannot be imported, TFDS logs that and stays an empty
    module, whose first use fails for no visible reason.

    Raises:
        ImportError: If TFDS is not whole; it says why, and what to do.
    """
    with _silence():
        tfds = importlib.import_module("tensorflow_datasets")
        try:
            importlib.import_module("tensorflow_datasets.public_api")
        except Exception as error:
            raise ImportError(
                "TFDS cannot be imported. Expected releases that fit each "
                "other: `pip install --upgrade tensorflow tensorflow-datasets "
                f"protobuf`. Received: {error}"
            ) from error
    return tfds


@contextlib.contextmanager
def _silence():
    """Keeps the tracebacks away that TFDS logs and does not raise."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


tfds = import_tfds()
