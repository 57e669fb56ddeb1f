"""Files and directories that appear under their name only when whole."""

import contextlib
import errno
import json
import os
import tempfile
from pathlib import Path


@contextlib.contextmanager
def atomic_path(path, overwrite=True):
    """Gives a temporary path, and renames it to `path` when all went well.

    What is written there, a file or a directory, replaces what was at `path`
    in the last moment. On any error, and on an interrupt, `path` is left as it
    was and the temporary is removed.

    ```python
    with atomic_path("runs/history.csv") as temporary:
        temporary.write_text(csv)
    ```

    Args:
        path: Where the result belongs. Missing parent directories are made. A
            link is followed, as when opening a file.
        overwrite: Whether what is at `path` may be replaced. A file only ever
            replaces a file, and a directory only a directory without anything
            in it that the new one has not.

    Returns:
        A context manager of a `pathlib.Path`, beside `path` and with the same
        name and suffix.

    Raises:
        FileExistsError: `path` exists and may not be replaced.
        OSError: `path` cannot be written; raised on entry, before any work.
        ValueError: `path` is empty or a URL.
    """
    target = _target(path, overwrite)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # The name comes last inside a private directory: writers that look at
        # the suffix see it, and the usual permissions apply.
        private = tempfile.TemporaryDirectory(
            prefix=f".{target.name[:40]}.", dir=target.parent
        )
    except OSError as error:
        # errno chooses the class: PermissionError, FileExistsError, ...
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
            "Invalid value for argument `path`. Expected a path that does not "
            "exist yet. Remove it, or pass `overwrite=True`. Received: "
            f"path={name!r}"
        )
    return target


def _replace(temporary, target, aside):
    """Renames `temporary` to `target`, unless something else would be lost."""
    if target.exists() and target.is_dir() != temporary.is_dir():
        kind = "directory" if temporary.is_dir() else "file"
        raise FileExistsError(
            f"Invalid value for argument `path`. Expected a {kind} or a new "
            f"name. Received something else: path={str(target)!r}"
        )
    if not target.is_dir():
        os.replace(temporary, target)
        return
    foreign = sorted(set(os.listdir(target)) - set(os.listdir(temporary)))
    if foreign:
        raise FileExistsError(
            "Invalid value for argument `path`. Expected a new name, or a "
            "directory that an earlier call wrote. Received one that holds "
            f"other files ({', '.join(foreign[:3])}): path={str(target)!r}"
        )
    os.rename(target, aside)  # a full directory cannot be replaced in one step
    try:
        os.rename(temporary, target)
    except BaseException:
        os.rename(aside, target)
        raise


def write_json(value, path):
    """Writes a file of JSON."""
    with (
        atomic_path(path) as temporary,
        open(temporary, "w", encoding="utf-8") as file,
    ):
        json.dump(value, file, indent=1)


def nearest_existing(path):
    """The path, or the first directory above it that is there."""
    place = Path(path).absolute()
    while not place.exists():
        place = place.parent
    return place


def require_writable(directory):
    """Raises `OSError` now, rather than after hours of training."""
    place = nearest_existing(directory)
    if not place.is_dir() or not os.access(place, os.W_OK):
        raise OSError(
            errno.EACCES if place.is_dir() else errno.ENOTDIR,
            "Invalid value for argument `out`. Expected a directory that can "
            f"be written. Received: out={os.fspath(directory)!r}",
        )
