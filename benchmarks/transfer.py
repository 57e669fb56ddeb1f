"""Fine-tuning on few examples, against training from scratch on the same.

    python benchmarks/transfer.py classifier
    python benchmarks/transfer.py tagger --set embeddings=glove.6B.100d.txt.gz
    python benchmarks/transfer.py translator

Starts from the weights that come with the package, or from others (--weights):

    classifier  han_classifier, trained on imdb_reviews (two classes of films),
                on reviews of yelp_reviews10k (one to five stars); accuracy
    tagger      bilstm_cnn_crf_tagger, trained on the entities of conll2003, on
                its phrases (noun phrases and ten other kinds); F1 of spans.
                The sentences are of the same newspaper, and the tagger has
                read them; their phrases are new to it
    translator  luong_translator, trained on multi30k, on its pairs about dogs,
                which it has seen among all others; BLEU of the test pairs
                about dogs, also of the saved translator as it is

Each seed draws its examples from the training split; a tenth of them chooses
the epoch. The other numbers are of the whole test split. Fine-tuning has the
recipe's defaults. Training from scratch has smaller batches and more epochs
than the recipe, which is made for more examples; it stops as early. It begins
with the word vectors, if any are given. Replaces the rows of that task in
results/transfer.csv.
"""

import argparse
import csv
import os
import re
import statistics

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import harness
import keras
import numpy as np

import rnnzoo
from rnnzoo.cli.settings import read_settings
from rnnzoo.datasets import sources

SCRATCH = {"batch_size": 16, "epochs": 30}
MODELS = {
    "classifier": "han_classifier",
    "tagger": "bilstm_cnn_crf_tagger",
    "translator": "luong_translator",
}
SIZES = {"classifier": [200, 500, 1000], "tagger": [500], "translator": [500]}
DOGS = re.compile(r"\b(dog|dogs|puppy|puppies)\b", re.IGNORECASE)


def reviews(split, info):
    rows = list(split.as_numpy_iterator())
    return [row["text"] for row in rows], [int(row["label"]) for row in rows]


def phrases(split, info):
    names = info.features["chunks"].feature.names
    rows = list(split.as_numpy_iterator())
    tags = [[names[tag] for tag in row["chunks"]] for row in rows]
    return [row["tokens"].tolist() for row in rows], tags


def about_dogs(split, info):
    rows = [
        (row["en"].decode(), row["de"].decode())
        for row in split.as_numpy_iterator()
    ]
    pairs = [pair for pair in rows if DOGS.search(pair[0])]
    return [list(column) for column in zip(*pairs, strict=True)]


WEIGHTS = {
    "classifier": "imdb_reviews",
    "tagger": "conll2003",
    "translator": "multi30k",
}
DATA = {
    "classifier": ("yelp_reviews10k", reviews),
    "tagger": ("conll2003", phrases),
    "translator": ("multi30k", about_dogs),
}


def run(kind, weights, size, seed, data, overrides):
    """Scores of both trainings, by the names of columns."""
    (x, y), test, labels = data
    rng = np.random.default_rng(seed)
    drawn = rng.permutation(len(x))[:size].tolist()
    train = [x[i] for i in drawn], [y[i] for i in drawn]
    scores = {}
    for column, options in (
        ("from scratch", SCRATCH),
        ("fine-tuned", {"weights": weights}),
    ):
        keras.utils.set_random_seed(seed)
        task, metrics = rnnzoo.finetune(
            MODELS[kind],
            train,
            test_data=test,
            labels=labels,
            verbose=0,
            **options,
            **overrides,
        )
        scores[column] = metrics["test"][metric_of(task)]
        print(f"{kind}, {size}, seed {seed}, {column}: {scores[column]:.4f}")
    return scores


def metric_of(task):
    return "bleu" if task.kind == "translation" else task.monitor


def as_saved(kind, weights, test):
    """The score of the saved task, if it has the labels already."""
    if kind != "translator":
        return ""
    task = rnnzoo.build(MODELS[kind], weights=weights)
    task.compile()
    metrics = task.evaluate(*test, return_dict=True, verbose=0)
    return written([metrics[metric_of(task)]])


def written(values):
    digits = 1 if max(values) > 1 else 3
    text = f"{statistics.mean(values):.{digits}f}"
    if len(values) > 1:
        text += f" ± {statistics.stdev(values):.{digits}f}"
    return text


def rows_of(args, overrides):
    """Yields a row of the table for each number of examples."""
    name, read = DATA[args.kind]
    data_dir = os.environ.get("RNNZOO_DATA_DIR", "../shared/tfds")
    source = sources.load(name, data_dir=data_dir)
    train, test = (
        read(source.split(split), source.info) for split in ("train", "test")
    )
    test = tuple(column[: args.test] for column in test)
    labels = None
    if args.kind == "classifier":
        labels = source.info.features["label"].names
        overrides = {"num_classes": len(labels), **overrides}
    if args.kind == "tagger":  # a few sentences do not have all
        labels = source.info.features["chunks"].feature.names
    saved = as_saved(args.kind, args.weights, test)
    for size in args.sizes or SIZES[args.kind]:
        runs = [
            run(
                args.kind,
                args.weights,
                size,
                seed,
                (train, test, labels),
                overrides,
            )
            for seed in args.seeds
        ]
        yield {
            "task": args.kind,
            "model": MODELS[args.kind],
            "examples": size,
            **{
                column: written([each[column] for each in runs])
                for column in runs[0]
            },
            "as saved": saved,
            "seeds": len(runs),
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=MODELS)
    parser.add_argument("--weights")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--sizes", type=int, nargs="+")
    parser.add_argument("--test", type=int, help="fewer test examples, to try")
    parser.add_argument("--set", dest="settings", nargs="+", default=[])
    args = parser.parse_args()
    args.weights = args.weights or WEIGHTS[args.kind]
    card = rnnzoo.describe(MODELS[args.kind])
    new = list(rows_of(args, read_settings(card, args.settings)))
    rows, path = [], harness.RESULTS / "transfer.csv"
    if path.exists():
        with open(path, newline="") as file:
            rows = list(csv.DictReader(file))
    rows = [row for row in rows if row["task"] != args.kind]
    rows = sorted(
        [*rows, *new], key=lambda row: list(MODELS).index(row["task"])
    )
    harness.write_csv("transfer", rows)
    print(harness.machine())
    print(harness.markdown(rows))


if __name__ == "__main__":
    main()
