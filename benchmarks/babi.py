"""Errors on the 20 tasks of bAbI, beside published ones.

    python benchmarks/babi.py [--tasks 1 2 15] [--restarts 3] [--joint]
        [--models memory_network_answerer lstm_answerer]

English, 1,000 questions of each task to train on, of which a tenth, drawn at
random, is held out. Each model is trained on a task by its recipe, as often as
there are restarts; the restart with the lowest loss on the held-out questions
is tested. With --joint, one model is trained on all tasks together, with
units=50 as in the paper, and tested on each. Errors are percentages of 1,000
test questions. Rows of results/babi.csv that are not measured again stay.
"""

import argparse
import csv
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import harness
import keras

import rnnzoo
from rnnzoo.datasets import sources

TASKS = range(1, 21)
NAMES = (
    "memory_network_answerer",
    "lstm_answerer",
)
JOINT = {"units": 50}
COLUMNS = ("story", "question", "answer", "supporting")
MEAN = "mean"
# Sukhbaatar et al. 2015, table 1, of the networks with 3 hops: position
# encoding, linear start and noise; and the same, trained jointly.
PUBLISHED = {"memory_network_answerer": "13.9", "joint": "12.4"}


def load(split):
    """Dict of the number of a task to a table of its questions."""
    data_dir = os.environ.get("RNNZOO_DATA_DIR", "../shared/tfds")
    source = sources.load("babi_qa", data_dir=data_dir)
    tables = {task: {name: [] for name in COLUMNS} for task in TASKS}
    for row in source.split(split).as_numpy_iterator():
        table = tables[int(row["task"])]
        for name in COLUMNS:
            value = row[name]
            is_text = isinstance(value, bytes)
            table[name].append(value if is_text else value.tolist())
    return tables


def together(tables):
    """One table of several."""
    return {
        name: [each for table in tables.values() for each in table[name]]
        for name in COLUMNS
    }


def best_of(name, table, restarts, **overrides):
    """The model with the lowest validation loss of some restarts."""
    found, lowest = None, float("inf")
    for seed in range(restarts):
        keras.backend.clear_session()
        keras.utils.set_random_seed(seed)
        model, metrics = rnnzoo.finetune(name, table, verbose=0, **overrides)
        loss = metrics["validation"]["loss"]
        print(f"  restart {seed}: {metrics['validation']}", flush=True)
        if loss < lowest:
            found, lowest = model, loss
    return found


def error_of(model, table):
    """Percentage of wrong answers, and the share of supporting sentences."""
    scores = model.evaluate(table, return_dict=True, verbose=0)
    support = [v for k, v in scores.items() if k.startswith("support_hop")]
    return 100 * (1 - scores["accuracy"]), max(support, default=None)


def measure(args, train, test):
    """Yields rows of the table."""
    for name in args.models:
        for task in args.tasks:
            start = time.perf_counter()
            model = best_of(name, train[task], args.restarts)
            seconds = time.perf_counter() - start
            found = error_of(model, test[task])
            yield row_of(name, task, args.restarts, *found, seconds)
        if args.joint:
            start = time.perf_counter()
            model = best_of(name, together(train), 1, **JOINT)
            seconds = (time.perf_counter() - start) / len(TASKS)
            for task in TASKS:
                found = error_of(model, test[task])
                yield row_of(f"{name}, joint", task, 1, *found, seconds)


def row_of(name, task, restarts, error, support, seconds):
    row = {
        "model": name,
        "task": str(task),
        "error": f"{error:.1f}",
        "support": "" if support is None else f"{support:.2f}",
        "restarts": str(restarts),
        "seconds": f"{seconds:.0f}",
        "published mean": "",
    }
    print(row, flush=True)
    return row


def with_means(rows):
    """The rows in order, after those of each model their mean error."""
    for name in dict.fromkeys(row["model"] for row in rows):
        own = [row for row in rows if row["model"] == name]
        own.sort(key=lambda row: int(row["task"]))
        yield from own
        if len(own) < len(TASKS):
            continue
        published = ""
        if name.startswith("memory"):
            published = PUBLISHED["joint" if "joint" in name else name]
        mean = sum(float(row["error"]) for row in own) / len(own)
        seconds = sum(float(row["seconds"]) for row in own)
        yield own[0] | {
            "task": MEAN,
            "error": f"{mean:.1f}",
            "support": "",
            "seconds": f"{seconds:.0f}",
            "published mean": published,
        }


def known():
    """The rows that were measured before, but for the means."""
    path = harness.RESULTS / "babi.csv"
    if not path.exists():
        return []
    with open(path, newline="") as file:
        return [row for row in csv.DictReader(file) if row["task"] != MEAN]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", default=list(NAMES))
    parser.add_argument("--tasks", type=int, nargs="*", default=list(TASKS))
    parser.add_argument("--restarts", type=int, default=3)
    parser.add_argument("--joint", action="store_true")
    args = parser.parse_args()
    rows = known()
    for new in measure(args, load("train"), load("test")):
        key = new["model"], new["task"]
        rows = [r for r in rows if (r["model"], r["task"]) != key]
        rows.append(new)
        harness.write_csv("babi", list(with_means(rows)))
    print(harness.machine())
    print(harness.markdown(list(with_means(rows))))


if __name__ == "__main__":
    main()
