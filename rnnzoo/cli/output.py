"""Output of the command, without the log lines of TensorFlow and Keras."""

import contextlib
import os
import sys
import tempfile


def import_tensorflow(verbose):
    """Imports TensorFlow, without its log lines.

    Args:
        verbose: Whether to let them through.
    """
    if verbose or "tensorflow" in sys.modules:
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Its libraries log while they are loaded, whatever the level is.
    with _silent_stderr():
        import absl.logging
        import tensorflow as tf
    tf.get_logger().setLevel("ERROR")
    absl.logging.set_verbosity(absl.logging.ERROR)  # TFDS logs there


@contextlib.contextmanager
def _silent_stderr():
    """Hides what is written to stderr, unless there is an error."""
    if sys.stderr is None:  # closed by the caller
        yield
        return
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as hidden:
        os.dup2(hidden.fileno(), 2)
        try:
            yield
        except BaseException:
            os.dup2(terminal, 2)
            hidden.seek(0)
            os.write(2, hidden.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)


def verbosity():
    """Keras's `verbose`: bars on a terminal, else a line an epoch."""
    return 1 if sys.stdout.isatty() else 2


def metrics_line(metrics):
    """Metrics, on a line.

    Args:
        metrics: Dict of name to number.
    """
    return ", ".join(f"{name} {value:.4f}" for name, value in metrics.items())
