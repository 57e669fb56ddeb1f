from pathlib import Path

import pytest

from rnnzoo.memory import available_memory

NAMES = {
    2: ("memory.max", "memory.current", "memory.stat", "inactive_file"),
    1: (
        "memory/memory.limit_in_bytes",
        "memory/memory.usage_in_bytes",
        "memory/memory.stat",
        "total_inactive_file",
    ),
}


@pytest.mark.parametrize("version", NAMES)
@pytest.mark.parametrize(
    ("limit", "used", "expected"),
    [("600", "300", 340), ("600", "900", 0), ("9" * 18, "5", 2048)],
)
def test_the_lesser_of_machine_and_container(
    version, limit, used, expected, tmp_path
):
    Path(tmp_path, "memory").mkdir()
    names = NAMES[version]
    for name, text in zip(
        names, (limit, used, f"file 9\n{names[3]} 40\n"), strict=False
    ):
        (tmp_path / name).write_text(text)
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 9 kB\nMemAvailable:    2 kB\nHugePages: 0\n")
    assert available_memory(meminfo, tmp_path) == expected
    assert available_memory(meminfo, tmp_path / "none") == 2048
    if version == 2:
        (tmp_path / names[0]).write_text("max\n")
        assert available_memory(meminfo, tmp_path) == 2048
    assert available_memory(tmp_path / "none") > 2**20  # of this machine
