"""TFDS, whole or not at all."""

import importlib

from rnnzoo import logs


def import_tfds():
    """The module `tensorflow_datasets`.

    Where a part of it cannot be imported, TFDS logs that and stays an empty
    module, whose first use fails for no visible reason.

    Raises:
        ImportError: If TFDS is not whole; it says why, and what to do.
    """
    with logs.silence():
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


tfds = import_tfds()
