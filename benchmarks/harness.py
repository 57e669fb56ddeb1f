"""Parts that the benchmark scripts share: fair timing, tables, the machine."""

import csv
import dataclasses
import multiprocessing
import os
import platform
import statistics
import time
from pathlib import Path

import numpy as np

RESULTS = Path(__file__).parent / "results"


def interleave(functions, repeats, warmup=1, clock=time.perf_counter):
    """Times functions in turns, so that a busy machine slows them all alike.

    Args:
        functions: Dict of name to a function without arguments.
        repeats: Number of timed calls of each function.
        warmup: Number of calls of each function before those.
        clock: Function that reads the time in seconds. `time.process_time`
            counts the work of all threads and ignores other processes.

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


def training_split(name):
    """The training split of a TFDS dataset, if $RNNZOO_DATA_DIR has it.

    Otherwise returns `None`, and prints why rows are left out.
    """
    from rnnzoo.datasets import sources

    data_dir = os.environ.get("RNNZOO_DATA_DIR", "../shared/tfds")
    try:
        return sources.load(name, data_dir=data_dir).split("train")
    except (FileNotFoundError, ValueError) as error:
        print(f"Real data is left out: {error}")
        return None


def in_any_order(examples):
    """`Examples` whose batches ignore lengths."""
    return dataclasses.replace(examples, lengths=np.zeros(len(examples), int))


def whole_pass(step, batches):
    """A function that trains on all batches once, with `step(*batch)`.

    Trains on the first batch right away, so that no pass traces a graph.
    """
    step(*next(iter(batches)))

    def train():
        for batch in batches:
            step(*batch)

    return train


def products(sizes, leaves=()):
    """A function that only does matrix products, forward and backward.

    Args:
        sizes: List of `(m, k, n)`, products of `(m, k)` and `(k, n)`.
        leaves: List of the sizes whose `(m, k)` needs no gradient.
    """
    import tensorflow as tf

    # Both orientations, so that no product has to transpose.
    factors = {
        size: [
            tf.random.normal(shape)
            for m, k, n in [size]
            for shape in ([m, k], [k, n], [m, n], [n, k], [k, m])
        ]
        for size in sizes
    }

    @tf.function(autograph=False)
    def step():
        done = []
        for size in sizes:
            x, w, dy, w_turned, x_turned = factors[size]
            # Each waits for the one before; else equal ones would be merged.
            with tf.control_dependencies(done[-1:]):
                done.append(tf.matmul(tf.identity(x), w))
                if size not in leaves:
                    done.append(tf.matmul(tf.identity(dy), w_turned))
                done.append(tf.matmul(tf.identity(x_turned), dy))
        return tf.add_n([tf.reduce_sum(each[:1]) for each in done])

    return step


def peak_memory(function, *args):
    """Peak resident memory, in MB, of a fresh process that calls a function.

    Reads Linux's `/proc`, since `getrusage` of a child starts at the parent's
    peak.
    """
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_peak_after, (function, args))


def peak():
    """Peak resident memory of this process until now, in MB."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def _peak_after(function, args):
    function(*args)
    return peak()


def written(settings):
    """Settings as a table shows them: of a path, only the file's name.

    Args:
        settings: List of `key=value`, those that differ from the defaults.
    """
    pairs = (setting.partition("=") for setting in settings)
    return [f"{key}={os.path.basename(value)}" for key, _, value in pairs]


def digits_of(score):
    """Digits that tables show of a score: of a share 4, of a percentage 2."""
    return 2 if score > 1 else 4


def headlines(task, scores):
    """Dict of the scores that models are compared by, with their signatures.

    Args:
        task: `rnnzoo.Task`, which was evaluated.
        scores: What `evaluate` returned.
    """
    signatures = task.signatures or {task.monitor: ""}
    return {
        f"{name} {signature.replace('|', ' ')}".strip(): scores[name]
        for name, signature in signatures.items()
    }


def write_csv(name, rows, folder=RESULTS):
    """Writes rows (dicts with equal keys) to `results/<name>.csv`.

    The file `results/<name>.txt` beside it names the machine.
    """
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.txt").write_text(machine() + "\n")
    with open(folder / f"{name}.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
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
