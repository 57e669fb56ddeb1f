"""Memory that a process may still use."""

import os
from pathlib import Path

GROUP = "/sys/fs/cgroup"
# The files of a container's limit, of its use, and what of it is in files that
# can be read again; of both versions of cgroup.
_FILES = (
    ("memory.max", "memory.current", "memory.stat", "inactive_file"),
    (
        "memory/memory.limit_in_bytes",
        "memory/memory.usage_in_bytes",
        "memory/memory.stat",
        "total_inactive_file",
    ),
)


def available_memory(meminfo="/proc/meminfo", group=GROUP):
    """Bytes of memory that are free, or hold what can be read again.

    Args:
        meminfo: Linux's file of the machine's memory.
        group: Directory of the limits of a container.

    Returns:
        The lesser of what the machine and its container leave; where there is
        no Linux, half of the machine's memory; `None` if nobody knows.

    Examples:

    >>> from rnnzoo.memory import available_memory
    >>> free = available_memory()
    >>> free is None or free > 0
    True
    """
    try:
        lines = Path(meminfo).read_text().splitlines()
    except OSError:
        return _half_of_all()
    sizes = dict(line.split(":") for line in lines)
    free = int(sizes["MemAvailable"].split()[0]) * 1024
    return min([free, *_left_in(Path(group))])


def _left_in(group):
    """Yields what the limit of a container leaves, if there is one."""
    for *names, inactive in _FILES:
        try:
            limit, used, parts = ((group / name).read_text() for name in names)
        except OSError:
            continue
        if limit.strip() != "max":
            sizes = dict(line.split() for line in parts.splitlines())
            yield max(int(limit) - int(used) + int(sizes[inactive]), 0)


def _half_of_all():
    try:
        pages = os.sysconf("SC_PHYS_PAGES")
        return pages * os.sysconf("SC_PAGE_SIZE") // 2
    except (AttributeError, ValueError):  # Windows
        return None
