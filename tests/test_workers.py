"""Training on two machines, which are two processes here."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).with_name("worker.py")
LIMIT = 300  # seconds


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("localhost", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def start(*args, **environment):
    return subprocess.Popen(
        [sys.executable, SCRIPT, *map(str, args)],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def start_two(*arguments):
    """Two workers, each with its own arguments."""
    workers = [f"localhost:{port}" for port in free_ports(2)]
    processes = []
    for index, args in enumerate(arguments):
        config = {
            "cluster": {"worker": workers},
            "task": {"type": "worker", "index": index},
        }
        processes.append(start(*args, TF_CONFIG=json.dumps(config)))
    return processes


def result(process):
    out, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, err[-2000:]
    history, weights = json.loads(out.splitlines()[-1])
    return history, weights


@pytest.mark.slow
def test_two_workers_and_a_kill(tmp_path):
    alone = start(tmp_path / "alone")
    whole = start_two(*[[tmp_path / "whole"]] * 2)
    expected, _ = result(alone)
    (history, weights), second = map(result, whole)
    assert second == (history, weights)
    print(json.dumps(history), json.dumps(expected))
    assert history.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(history[name], values, atol=1e-5)
    assert {each.name for each in (tmp_path / "whole").iterdir()} == {
        "model.keras",
        "metrics.json",
    }
    # The second worker is killed; the first one stops, and both continue.
    killed = start_two([tmp_path / "killed"], [tmp_path / "killed", 2])
    for process in killed:
        process.communicate(timeout=LIMIT)
        assert process.returncode != 0
    assert (tmp_path / "killed" / "unfinished").is_dir()
    again = start_two(*[[tmp_path / "killed"]] * 2)
    for process in again:
        assert result(process) == (history, weights)
