"""Chunks of raw examples as numbers: in memory, or on disk if they are many."""

import collections
import itertools
import shutil
import tempfile
import weakref
from pathlib import Path

from rnnzoo.memory import available_memory
from rnnzoo.pipeline import columns, disk, raw
from rnnzoo.pipeline.examples import Examples

SHARE = 4  # Ids may take this part of the free memory: joined, they take twice.


class Folder:
    """Where ids are kept that are too many for memory, made when they are.

    Args:
        path: Directory; by default one of the system's for temporary files,
            which is removed together with this object.
        in_memory: `True` or `False` says where ids are kept; `None` leaves it
            to their number.
        verbose: Whether to say so, if they are on disk.
    """

    def __init__(self, path=None, in_memory=None, verbose=0):
        if in_memory not in (True, False, None):
            raise ValueError(
                "Invalid value for argument `in_memory`. Expected True, False "
                f"or None. Received: in_memory={in_memory!r}"
            )
        self.path = path
        self.in_memory = in_memory
        self.verbose = verbose

    def directory(self, name):
        """The directory of some examples."""
        if self.path is None:
            self.path = tempfile.mkdtemp(prefix="rnnzoo-ids-")
            weakref.finalize(self, shutil.rmtree, self.path)
        return Path(self.path, name)

    def has(self, name):
        """Whether an interrupted training left ids there."""
        return self.path is not None and bool(
            disk.part_paths(self.directory(name))
        )


def in_memory(task, chunks, keep_raw):
    """Encodes chunks.

    Args:
        task: `rnnzoo.Task`.
        chunks: Iterable of `rnnzoo.pipeline.raw.Chunk`.
        keep_raw: See `Task.encode`.

    Returns:
        `rnnzoo.pipeline.examples.Examples`; `None` of no chunk.
    """
    return _joined(task, [each for _, each in task.encoded(chunks, keep_raw)])


def on_disk(task, chunks, keep_raw, directory, total=None, verbose=0):
    """Encodes chunks, and writes them; see `Task.encode`.

    Args:
        task, chunks, keep_raw: See `in_memory`.
        directory: Where to write; what an interrupted call has written is
            kept.
        total: Number of examples, for the progress bar, if it is known.
        verbose: Whether to show progress.

    Returns:
        `rnnzoo.pipeline.examples.Examples` on disk.
    """
    if disk.is_finished(directory):
        raise FileExistsError(
            f"{directory} holds whole ids. Expected another directory for new "
            "ones; `Examples.open` opens these."
        )
    disk.remove_stale(directory)
    paths = disk.part_paths(directory)
    chunks = raw.show_progress(chunks, total, task.unit_name, verbose)
    if paths:
        chunks = _not_yet_written(task, chunks, paths, keep_raw)
    return _write(task, task.encoded(chunks, keep_raw), directory, len(paths))


def where_they_fit(task, read, keep_raw, folder, name):
    """Encodes chunks in memory or, if they are too many, on disk.

    Args:
        task, keep_raw: See `in_memory`.
        read: Function that makes an iterable of chunks.
        folder: `Folder`.
        name: What the examples are called there.

    Returns:
        `rnnzoo.pipeline.examples.Examples`.
    """
    if folder.in_memory:
        return in_memory(task, read(), keep_raw)
    if folder.in_memory is False or folder.has(name):
        directory = folder.directory(name)
        if disk.is_finished(directory):
            return task.attach(Examples.open(directory))
        return on_disk(task, read(), keep_raw, directory)
    free = available_memory()
    found, size = collections.deque(), 0
    encoded = task.encoded(read(), keep_raw)
    for end, examples in encoded:
        found.append((end, examples))
        size += columns.size(examples.fields())
        if free is not None and size > free / SHARE:
            directory = folder.directory(name)
            if folder.verbose:
                print(
                    f"The ids of the {task.unit_name}s are kept in {directory}:"
                    f" {free / 1e9:.1f} GB of memory are free, and they take "
                    f"more than {size / 1e9:.1f} GB."
                )
            left = itertools.chain(_drained(found), encoded)
            return _write(task, left, directory)
    return _joined(task, [examples for _, examples in found])


def _joined(task, parts):
    return task.attach(Examples.join(parts)) if parts else None


def _drained(queue):
    while queue:
        yield queue.popleft()


def _write(task, encoded, directory, number=0):
    """Writes encoded chunks as the parts from a number on, and opens all."""
    fingerprint = task.fingerprint()
    waiting, size = [], 0
    for end, examples in encoded:
        waiting.append(examples)
        size += columns.size(examples.fields())
        if size >= disk.PART_BYTES:
            part = Examples.join(waiting)
            waiting, size = [], 0
            disk.write_part(part, directory, number, fingerprint, end)
            number += 1
    if waiting:
        part = Examples.join(waiting)
        disk.write_part(part, directory, number, fingerprint, end)
    disk.finish(directory, fingerprint)
    return task.attach(Examples.open(directory))


def _not_yet_written(task, chunks, paths, keep_raw):
    """Yields the chunks after those that are parts, if these are the same.

    Args:
        paths: Those of the parts.

    Raises:
        ValueError: If the parts are another task's, or of other examples.
    """
    ends = [0]
    for number, path in enumerate(paths):
        header = disk.read_header(path)
        disk.require_fingerprint(
            path, header["fingerprint"], task.fingerprint()
        )
        if path != disk.path_of(path.parent, number) or not header["read"]:
            raise _other_examples(path)
        ends.append(header["read"])
    number = 0
    for chunk in chunks:
        end = chunk.end
        if end > ends[-1]:
            yield chunk
        elif number < len(paths) and chunk.first >= ends[number]:
            ((_, examples),) = task.encoded([chunk], keep_raw)
            if not disk.begins_with(paths[number], examples):
                raise _other_examples(paths[number])
            number += 1
    if number < len(paths):
        raise _other_examples(paths[number])


def _other_examples(path):
    return ValueError(
        f"{path} holds ids of other examples. Expected those of an interrupted "
        "call with the same examples in the same order, to continue; or "
        "another directory."
    )
