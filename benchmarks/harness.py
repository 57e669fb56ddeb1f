"""What the benchmark scripts share: fair timing, tables, the machine's name."""

import csv
import multiprocessing
import os
import platform
import statistics
import time
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def interleave(functions, repeats, warmup=1, clock=time.perf_counter):
    """Times functions in turns, so that a busy machine is unfair to none.

    Args:
        functions: Dict of name to a function without arguments.
        repeats: Timed calls of each.
        warmup: Calls of each before.
        clock: Function that reads the time in seconds. `time.process_time`
            counts the work of all threads, whatever else the machine does.

    Returns:
        Dict of name to the median time in seconds.
    """
    for function in functions.values():
        for _ in range(warmup):
            function()
    times = {name: [] for name in functions}
    for _ in range(repeats):
        for name, function in functions.items():
            start = clock()
            function()
            times[name].append(clock() - start)
    return {name: statistics.median(each) for name, each in times.items()}


def peak_memory(function, *args):
    """Peak resident memory, in MB, of a fresh process that calls function.

    Reads Linux's `/proc`: `getrusage` of a child begins at the parent's peak.
    """
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_peak_after, (function, args))


def _peak_after(function, args):
    function(*args)
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def write_csv(name, rows, folder=RESULTS):
    """Writes rows (dicts with equal keys) to `results/<name>.csv`.

    Beside it, `results/<name>.txt` says on which machine.
    """
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.txt").write_text(machine() + "\n")
    with open(folder / f"{name}.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def markdown(rows):
    """A Markdown table of rows (dicts with equal keys)."""
    lines = [list(rows[0]), ["---"] * len(rows[0])]
    lines += [[str(value) for value in row.values()] for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def machine():
    """One line about the processor and the versions that were timed."""
    import keras
    import tensorflow as tf

    return (
        f"{os.cpu_count()} x {platform.processor() or platform.machine()}, "
        f"Python {platform.python_version()}, TensorFlow {tf.__version__}, "
        f"Keras {keras.__version__}"
    )
