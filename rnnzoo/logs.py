"""Log lines of other libraries."""

import contextlib
import logging


@contextlib.contextmanager
def silence():
    """Keeps log lines away, and then lets them through as before."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
