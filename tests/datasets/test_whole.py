"""TFDS that is half installed is one clear error."""

import logging
import sys

import pytest

from rnnzoo.datasets import whole


def test_an_empty_tfds_says_what_to_do(monkeypatch):
    assert whole.import_tfds().builder
    monkeypatch.setitem(sys.modules, "tensorflow_datasets.public_api", None)
    with pytest.raises(ImportError, match="pip install.*protobuf.*public_api"):
        whole.import_tfds()
    assert logging.getLogger().isEnabledFor(logging.ERROR)
