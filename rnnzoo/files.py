"""Files and directories that appear only when they are complete."""

import contextlib
import errno
import hashlib
import json
import os
import tempfile
from pathlib import Path


@contextlib.contextmanager
def atomic_path(path, overwrite=True):
    """Gives a temporary path, and renames it to `path` at the end.

    Write a file or a directory to the temporary path. Only when the block ends
    does it replace what was at `path`. After an error or an interrupt, `path`
    is as it was before, and the temporary file or directory is gone.

    Args:
        path: Where the result belongs. Missing parent directories are made. A
            link is followed, as when opening a file.
        overwrite: Whether the result may replace what is at `path`. A file
            replaces only a file, and a directory only a directory in which
            there is nothing that the new one lacks.

    Returns:
        A context manager of a `pathlib.Path`, beside `path` and with the same
        name and suffix.

    Raises:
        FileExistsError: If `path` exists and may not be replaced.
        OSError: If `path` cannot be written; raised before the block begins.
        ValueError: If `path` is empty or a URL.

    Examples:

    >>> import os, tempfile
    >>> from rnnzoo.files import atomic_path
    >>> folder = tempfile.TemporaryDirectory()
    >>> with atomic_path(f"{folder.name}/history.csv") as temporary:
    ...     _ = temporary.write_text("epoch,loss")
    ...     "history.csv" in os.listdir(folder.name)
    False
    >>> os.listdir(folder.name)
    ['history.csv']
    >>> folder.cleanup()
    """
    target = _target(path, overwrite)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # A private directory with the same name in it: writers that look at
        # the suffix see it, and the usual permissions apply.
        private = tempfile.TemporaryDirectory(
            prefix=f".{target.name[:40]}.", dir=target.parent
        )
    except OSError as error:
        # Python makes a PermissionError, FileExistsError, ... of the errno.
        raise OSError(
            error.errno,
            "Invalid value for argument `path`. Expected a place that can be "
            f"written ({error.strerror}). Received: path={os.fspath(path)!r}",
        ) from error
    with private as folder:
        temporary = Path(folder, target.name)
        yield temporary
        _replace(temporary, target, aside=Path(folder, "before"))


def _target(path, overwrite):
    """The real path to write, or an error before work starts."""
    name = os.fspath(path)
    if not name or "://" in name:
        raise ValueError(
            "Invalid value for argument `path`. Expected the path of a local "
            f"file or directory. Received: path={name!r}"
        )
    target = Path(os.path.realpath(name))
    if target.exists() and not overwrite:
        raise FileExistsError(
            f"{name!r} exists already. Remove it, or pass `overwrite=True` to "
            "replace it."
        )
    return target


def _replace(temporary, target, aside):
    """Renames `temporary` to `target`, unless other files would be lost."""
    if target.exists() and target.is_dir() != temporary.is_dir():
        there, new = "directory", "file"
        if temporary.is_dir():
            there, new = new, there
        raise FileExistsError(
            f"{str(target)!r} is a {there}, which a {new} does not replace. "
            "Choose another name."
        )
    if not target.is_dir():
        os.replace(temporary, target)
        return
    foreign = sorted(set(os.listdir(target)) - set(os.listdir(temporary)))
    if foreign:
        raise FileExistsError(
            f"{str(target)!r} holds other files ({', '.join(foreign[:3])}). "
            "Choose another name, or a directory that an earlier call wrote."
        )
    os.rename(target, aside)  # a full directory cannot be replaced in one step
    try:
        os.rename(temporary, target)
    except BaseException:
        os.rename(aside, target)
        raise


def write_json(value, path):
    """Writes a value as a JSON file, through `atomic_path`."""
    with (
        atomic_path(path) as temporary,
        open(temporary, "w", encoding="utf-8") as file,
    ):
        json.dump(value, file, indent=1)


def checksum(path):
    """The SHA-256 checksum of a file, in hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def nearest_existing(path):
    """Finds the path itself, or the nearest directory above that exists."""
    place = Path(path).absolute()
    while not place.exists():
        place = place.parent
    return place


def require_writable(directory):
    """Raises an `OSError` unless a directory can be written or made.

    A training calls it first, rather than to fail after hours.
    """
    place = nearest_existing(directory)
    if not place.is_dir() or not os.access(place, os.W_OK):
        raise OSError(
            errno.EACCES if place.is_dir() else errno.ENOTDIR,
            "Invalid value for argument `out`. Expected a directory that can "
            f"be written. Received: out={os.fspath(directory)!r}",
        )
