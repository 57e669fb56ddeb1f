"""Memory that a process may still use."""

import os
from pathlib import Path

GROUP = Path("/sys/fs/cgroup")


def available_memory(meminfo="/proc/meminfo", group=GROUP):
    """Bytes of memory that are free, or hold what can be read again.

    Args:
        meminfo: Linux's file of the machine's memory.
        group: Directory of the limits of a container, cgroup version 2.

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
    return min(free, _left_in(Path(group), free))


def _left_in(group, otherwise):
    """What the limit of a container leaves."""
    try:
        limit = (group / "memory.max").read_text().strip()
        used = int((group / "memory.current").read_text())
        parts = (group / "memory.stat").read_text().splitlines()
    except OSError:
        return otherwise
    if limit == "max":
        return otherwise
    files = dict(line.split() for line in parts)["inactive_file"]
    return max(int(limit) - used + int(files), 0)


def _half_of_all():
    try:
        pages = os.sysconf("SC_PHYS_PAGES")
        return pages * os.sysconf("SC_PAGE_SIZE") // 2
    except (AttributeError, ValueError):  # Windows
        return None
