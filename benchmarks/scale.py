"""Memory, time and disk of training data that grows.

    python benchmarks/scale.py [--sizes 25000 100000 400000] [--only paths]

Reviews are those of imdb_reviews, repeated, for the bilstm_classifier that
comes with the package; pairs are those of multi30k. Each peak of memory is that
of a fresh process, which encodes the reviews, in memory or on disk, and trains
on 20 batches. Of the peak, that of a process with 1,280 reviews is subtracted:
TensorFlow, and what training takes whatever the data.

Writes results/scale.csv; results/scale_paths.csv, training and its input from
memory and from disk, in turns, of the input the processor time; and
results/scale_extrapolated.csv, what more data than that would take, from the
measured rates and from passes over as many places.
"""

import argparse
import csv
import multiprocessing
import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import harness
import keras
import numpy as np

import rnnzoo
from rnnzoo.pipeline import disk
from rnnzoo.pipeline.examples import Examples

SIZES = (25_000, 100_000, 400_000)
BATCH, STEPS = 64, 20
DRAWN = 100  # batches at a time, of the input alone
TEN_MILLION, FORTY_MILLION = 10**7, 4 * 10**7
TOKENS = 4_096  # in a batch of pairs


def classifier():
    return rnnzoo.build("bilstm_classifier", weights="imdb_reviews")


def reviews(count):
    """That many reviews; each after the first 25,000 is there once more."""
    return harness.training_split("imdb_reviews").repeat().take(count)


class FirstStep(keras.callbacks.Callback):
    """Notes when the first steps of a training are done."""

    def __init__(self):
        super().__init__()
        self.time = None

    def on_train_batch_end(self, batch, logs=None):
        self.time = self.time or time.perf_counter()


def train_a_little(count, ids):
    """Encodes reviews, on disk if a folder is given, and trains on a few.

    Returns:
        Tuple of the peak of memory in MB, and of the seconds until the reviews
        are encoded and until the first ten steps are done.
    """
    task, data = classifier(), reviews(count)
    task.compile()
    start = time.perf_counter()
    examples = task.encode(data, keep_raw=False, out=ids, verbose=0)
    encoded, first = time.perf_counter() - start, FirstStep()
    task.fit(
        examples,
        batch_size=BATCH,
        steps_per_epoch=STEPS,
        callbacks=[first],
        verbose=0,
    )
    return harness.peak(), encoded, first.time - start


def pass_over(count, batch_size, batch_tokens):
    """Draws the order of a pass over examples that are nothing but lengths.

    Returns:
        Tuple of the peak of memory in MB, beside that before, and of seconds.
    """
    lengths = np.random.default_rng(0).integers(5, 40, count).astype("int32")
    examples = Examples(np.zeros(count, "int8"), None, None, lengths)
    small = examples.take(np.arange(1_000))
    next(iter(small.batches(batch_size, True, batch_tokens)))
    before, start = harness.peak() - lengths.nbytes / 2**20, time.perf_counter()
    next(iter(examples.batches(batch_size, True, batch_tokens)))
    return harness.peak() - before, time.perf_counter() - start


def fresh(function, *args):
    """The result of a function in a fresh process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, args)


def size_of(folder):
    """Bytes of the files of a folder."""
    return sum(path.stat().st_size for path in Path(folder).iterdir())


def grow(sizes, folder):
    """Rows of memory and time, for each number of reviews."""
    rows = []
    idle, *_ = fresh(train_a_little, BATCH * STEPS, None)
    for count in sizes:
        for where, ids in (("memory", None), ("disk", folder / str(count))):
            peak, encoded, first = fresh(train_a_little, count, ids)
            rows.append(
                {
                    "reviews": f"{count:,}",
                    "ids in": where,
                    "peak memory": f"{peak:.0f} MB",
                    "above few reviews": f"{peak - idle:.0f} MB",
                    "encoded after": f"{encoded:.0f} s",
                    "first steps after": f"{first:.0f} s",
                    "files": "" if ids is None else megabytes(size_of(ids)),
                }
            )
            print(rows[-1], flush=True)
    return rows


def repeat(task, examples, times, folder):
    """A task's examples so many times, on disk and in memory."""
    for number in range(times):
        disk.write_part(examples, folder, number, task.fingerprint())
    disk.finish(folder, task.fingerprint())
    return {
        "memory": Examples.join([examples] * times),
        "disk": Examples.open(folder),
    }


def input_costs(examples, rounds):
    """Microseconds that the input of an epoch takes for an example.

    Args:
        examples: Dict of anything to `Examples`.
        rounds: Number of turns of each.
    """
    batches = {key: each.batches(BATCH, True) for key, each in examples.items()}
    orders = {
        key: lambda each=each: next(iter(each)) for key, each in batches.items()
    }
    begun = harness.interleave(orders, rounds, clock=time.process_time)
    running = {key: iter(each.repeat()) for key, each in batches.items()}

    def draw(key):
        for _ in range(DRAWN):
            next(running[key])

    drawn = harness.interleave(
        {key: lambda key=key: draw(key) for key in examples},
        rounds,
        clock=time.process_time,
    )
    return {
        key: 1e6 * (begun[key] / len(each) + drawn[key] / (DRAWN * BATCH))
        for key, each in examples.items()
    }


def paths(sizes, folder, rounds):
    """Rows of training and of its input, from memory and from disk."""
    task = classifier()
    task.compile()
    first = task.encode(reviews(sizes[0]), keep_raw=False)
    examples = {
        (count, where): each
        for count in sizes
        for where, each in repeat(
            task, first, count // len(first), folder / f"{count} times"
        ).items()
    }

    def train(where):
        task.fit(
            examples[sizes[0], where],
            batch_size=BATCH,
            steps_per_epoch=STEPS,
            verbose=0,
        )

    times = harness.interleave(
        {where: lambda w=where: train(w) for where in ("memory", "disk")},
        rounds,
    )
    rates = {where: STEPS / each for where, each in times.items()}
    rows = [_path("training, batches a second", rates, 1)]
    costs = input_costs(examples, 4 * rounds)
    for count in sizes:
        of_count = {where: costs[count, where] for where in times}
        what = f"input, us a review, of {count:,}"
        rows.append(_path(what, of_count, 1))
    return rows


def _path(what, numbers, digits):
    return {
        "what": what,
        **{where: f"{each:.{digits}f}" for where, each in numbers.items()},
        "disk / memory": f"{numbers['disk'] / numbers['memory']:.2f}",
    }


def rates(task, data, count, folder, **batch):
    """Seconds an example of counting, encoding and training; bytes on disk."""
    start = time.perf_counter()
    counts = task.count_all(data, verbose=0)
    counted = time.perf_counter()
    task.adapt(counts=counts, verbose=0)
    begun = time.perf_counter()
    examples = task.encode(data, keep_raw=False, out=folder, verbose=0)
    encoded = time.perf_counter()
    task.compile()
    fit = {"steps_per_epoch": STEPS, "verbose": 0, **batch}
    task.fit(examples, **fit)  # traces
    trained = time.perf_counter()
    task.fit(examples, **fit)
    steps = len(
        examples.batches(
            batch.get("batch_size"), True, batch.get("batch_tokens")
        )
    )
    return {
        "counting": (counted - start) / count,
        "encoding": (encoded - begun) / count,
        "an epoch": (time.perf_counter() - trained) * steps / STEPS / count,
        "disk": size_of(folder) / count,
    }


def extrapolate(what, count, rate, beside, order):
    """A row of what a number of examples takes.

    Args:
        what: What an example is called.
        count: Number of examples.
        rate: What `rates` returned.
        beside: Peak of memory in MB, of few examples.
        order: Tuple of that of a pass over as many places, and of its seconds.
    """
    return {
        "examples": f"{count / 1e6:.0f} million {what}",
        **{
            name: f"{rate[name] * count / 3600:.1f} h"
            for name in ("counting", "encoding", "an epoch")
        },
        "order of an epoch": f"{order[1]:.0f} s",
        "files": f"{rate['disk'] * count / 1e9:.1f} GB",
        "memory": f"{(beside + order[0]) / 1e3:.1f} GB",
    }


def megabytes(size):
    return f"{size / 1e6:.0f} MB"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=("memory", "paths", "extrapolated"))
    args = parser.parse_args()
    sizes = sorted(args.sizes)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        if args.only in (None, "memory"):
            report("scale", grow(sizes, folder))
        if args.only in (None, "paths"):
            report("scale_paths", paths(sizes, folder, args.rounds))
        if args.only in (None, "extrapolated"):
            report("scale_extrapolated", extrapolated(folder))


def report(name, rows):
    """Writes a table, and shows it."""
    harness.write_csv(name, rows)
    print(harness.machine())
    print(harness.markdown(rows), flush=True)


def extrapolated(folder):
    """Rows of what more data would take; after `grow`."""
    with open(harness.RESULTS / "scale.csv", newline="") as file:
        *_, last = csv.DictReader(file)  # the most reviews, on disk
    on_disk = float(last["peak memory"].split()[0])
    pairs = harness.training_split("multi30k")
    return [
        extrapolate(
            "reviews",
            TEN_MILLION,
            rates(
                rnnzoo.build("bilstm_classifier"),
                reviews(SIZES[0]),
                SIZES[0],
                folder / "reviews",
                batch_size=BATCH,
            ),
            on_disk,
            fresh(pass_over, TEN_MILLION, BATCH, None),
        ),
        extrapolate(
            "pairs",
            FORTY_MILLION,
            rates(
                rnnzoo.build("luong_translator", languages=("en", "de")),
                pairs,
                int(pairs.cardinality()),
                folder / "pairs",
                batch_tokens=TOKENS,
            ),
            on_disk,
            fresh(pass_over, FORTY_MILLION, None, TOKENS),
        ),
    ]


if __name__ == "__main__":
    main()
