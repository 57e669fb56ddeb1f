"""Rewrites the tables of both README files from what was measured.

    python benchmarks/readme.py [--check]

Replaces the text between `<!-- results:NAME -->` and `<!-- /results -->`:
in README.md by the list of models, their weights, and one line for each model
and dataset, in benchmarks/README.md by the tables of results/*.csv and
rnnzoo/models/quality.csv. A table that was never measured is left empty.

With --check, writes nothing; the exit code says whether both files are up to
date.
"""

import argparse
import csv
import itertools
import os
import re
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import harness

import rnnzoo
from rnnzoo import presets
from rnnzoo.registry import QUALITY, with_deviation

BENCHMARKS = Path(__file__).parent
README = BENCHMARKS.parent / "README.md"
TABLES = BENCHMARKS / "README.md"
PART = re.compile(r"(<!-- results:(\w+) -->\n).*?(<!-- /results -->)", re.S)
TITLES = {
    "quality": "Scores on the test split; the epoch was chosen on other data",
    "babi": "Mean error on the 20 tasks of bAbI, in percent",
    "answering": "Memory networks, beside the usual Keras code",
    "tagging": "A BiLSTM-CNN-CRF tagger, beside a tagger of Keras's layers",
    "han": "A hierarchical attention network, beside the usual Keras code",
    "matching": "Matchers, beside the usual Keras code, on pairs of SICK",
    "recurrent": "Recurrent layers: time in ms, and our time divided by that "
    "of each contestant",
    "recurrent_memory": "Recurrent layers: peak memory of a training step, "
    "above that of a process that trains an almost empty model; differences "
    "of 20 MB are noise",
    "recurrent_steps": "Recurrent layers at inference: several steps in an "
    "iteration of the loop, and seconds of the call that makes the graph",
    "captioning": "Captioners: examples a second, on random ids and on "
    "Flickr8k",
    "translation": "Translators: training and decoding, on random ids and on "
    "Multi30k",
    "crf": "Conditional random field, beside pytorch-crf",
    "language": "Language models: tokens a second, and ours divided by those "
    "of each contestant",
    "poems": "Quatrains of a quatrain_generator, beside those of the test "
    "split",
    "optimizer": "LazyAdam: a training step of a classifier of embeddings",
    "tflite": "Classifiers for devices: 1,000 test reviews of IMDb, one at a "
    "time",
    "transfer": "Fine-tuning on few examples, against training from scratch on "
    "the same",
    "scale": "Training a bilstm_classifier on reviews of IMDb, repeated: what "
    "grows with the data",
    "scale_paths": "Training and its input from memory and from disk, in turns",
    "scale_extrapolated": "What more data would take, one process on the same "
    "machine",
}
# The meaning of names in a table, where its title does not give it.
LEGENDS = {
    "quality": "Where there is no deviation, there was a single run. "
    "luong_translator trained on one core, except at its defaults, and so did "
    "han_classifier with word vectors. oh-2LSTMp "
    "is the LSTM over one-hot words and regions of Johnson & Zhang 2016.",
    "tagging": "Keras: a BiLSTM of Keras's layers with a softmax in place of "
    "the CRF, trained on our batches.",
    "matching": "64 units, vectors of 200 numbers, batches of 32; in training "
    "with a recurrent dropout of 0.25. Keras pads to the longest text of all.",
    "recurrent": "Shapes are batch x steps x features x units. No dropout: "
    "Keras's layer without recurrent dropout. torch: without dropout and "
    "masks. floor: the matrix products alone. XLA: compiled for this one "
    "shape.",
    "recurrent_steps": "Columns are named by the number of steps; 4 are taken "
    "from 16 to 128 units. Others used the machine at the same time.",
    "captioning": "Keras loop: the model that TensorFlow's tutorial taught "
    "before it moved to a Transformer. floor: the matrix products alone.",
    "translation": "fed: with input feeding. Keras RNN: `keras.layers.RNN` "
    "over a cell that attends. Keras loop and Keras layers: TensorFlow's "
    "tutorials of 2021 and of today. floor: the matrix products alone. Above "
    "1 in the last column, bahdanau is faster.",
    "language": "Training: 20 rows of 35 tokens, a vocabulary of 10,000, no "
    "dropout. Sampling: 100 tokens a row, of new texts. Keras: stateful LSTM "
    "layers; to sample, a Python loop with a call of a graph for each token. "
    "floor: the matrix products alone.",
    "poems": "Trained on tang_quatrains for 9 of 12 epochs, as many as 25 "
    "minutes on two shared cores allowed; temperature 0.8. "
    "perplexity: of a character by the model, with line breaks and ends. "
    "distinct-n: share of the runs of n characters that are different ones. "
    "copied: characters of the longest run of a poem that stands in a training "
    "poem. others: share of the poems that keep a rule, by the Pingshui "
    "rhymes; alternate: all four lines.",
    "babi": "Published: Sukhbaatar et al. 2015, with position encoding, linear "
    "start and noise. restarts: trainings of a task, of which the one with the "
    "lowest loss on held-out questions was tested. seconds: of all tasks, on "
    "one of two shared cores. joint: one model with units=50 for all tasks. "
    "results/babi.csv has each task.",
    "answering": "Stories of bAbI, of one task or of all 20 together. Keras: "
    "an embedding for each matrix, all stories padded to the longest. Seconds "
    "are those of the processor.",
    "optimizer": "gradients alone: the step without the update.",
    "tflite": "8 bits: exported with quantize=True. same class: share of the "
    "reviews that get the class that Keras gives them. .keras: rounded and "
    "compressed. SavedModel: takes texts, and computes only the words that "
    "there are. tflite: takes ids, and always computes as many.",
    "scale": "peak memory: of a fresh process that encodes the reviews and "
    "trains on 20 batches. above few reviews: without what such a process "
    "takes for 1,280 reviews. Others used the machine at the same time.",
    "scale_paths": "training: bilstm_classifier, 64 reviews in a batch. input: "
    "processor time of making the batches of an epoch, its order included, "
    "without a model. Others used the machine at the same time.",
    "scale_extrapolated": "Rates of counting, encoding and training were "
    "measured on 25,000 reviews with bilstm_classifier and on the 29,000 pairs "
    "of multi30k with luong_translator; counting and encoding divide by the "
    "number of processes. The order of an epoch was measured with as many "
    "places. memory: that of the whole process from disk with the most reviews "
    "of the table above, and of this order. Others used the machine at the "
    "same time.",
    "transfer": "classifier: accuracy on Yelp's five stars, of a model of "
    "IMDb's two classes. tagger: F1 of the phrases of conll2003, of a model of "
    "its entities, which has read the same sentences. translator: BLEU of "
    "Multi30k's test pairs about dogs, of a model that has seen the training "
    "pairs among all others; as saved: without fine-tuning.",
}
# Long tables show some of their rows and columns; the CSV files have all.
_FORWARD = {"direction": "forward"}
ROWS = {
    "recurrent": _FORWARD,
    "recurrent_memory": _FORWARD,
    "babi": {"task": "mean"},
}
COLUMNS = {
    "babi": ("model", "error", "restarts", "seconds", "published mean"),
    "recurrent": (
        *("", "cell", "shape", "rnnzoo", "Keras", "/ Keras", "/ no dropout"),
        *("/ torch", "/ floor", "/ rnnzoo XLA", "/ Keras XLA"),
    ),
}
SCRIPTS = {  # else NAME.py
    "recurrent_memory": "recurrent.py --memory",
    "recurrent_steps": "recurrent.py --steps",
    "scale_paths": "scale.py",
    "scale_extrapolated": "scale.py",
}
# The metrics that published figures are given in, and which value is better.
HEADLINES = {
    "accuracy": max,
    "f1": max,
    "bleu_lowercase": max,
    "bleu_4": max,
    "pearson": max,
    "perplexity": min,
}


def rewrite(text, results=harness.RESULTS, quality=QUALITY):
    """The text of a README with the current tables.

    Args:
        text: What the file holds now.
        results: Directory of the benchmarks' results.
        quality: CSV file of the models' scores.
    """

    def part(match):
        start, name, end = match.groups()
        if name == "models":
            content = models()
        elif name == "weights":
            content = weights()
        elif name == "headlines":
            content = headlines(quality)
        else:
            path = quality if name == "quality" else results / f"{name}.csv"
            content = measured(name, path)
        return start + content + end

    return PART.sub(part, text)


def models():
    """A list of the zoo's models: a line for each task."""
    cards = [rnnzoo.describe(name) for name in rnnzoo.list_models()]
    cards.sort(key=lambda card: card.task)  # keeps the names' order
    return "".join(
        f"- {task.replace('_', ' ').capitalize()}: "
        f"{', '.join(map(_cited, each))}\n"
        for task, each in itertools.groupby(cards, lambda card: card.task)
    )


def _cited(card):
    """A model's name, with the authors and year of its paper."""
    authors, comma, _ = card.paper.partition(", ")
    return f"`{card.name}` ({authors})" if comma else f"`{card.name}`"


def weights():
    """A list of the weights in the package, with their scores and sizes."""
    return "".join(
        f'- `build("{each.model}", weights="{each.name}")`: '
        + ", ".join(
            f"{metric} {score:.{harness.digits_of(score)}f}"
            for metric, score in _plain(each.scores).items()
            if metric in HEADLINES
        )
        + f", {each.size / 1e6:.1f} MB\n"
        for each in presets.index()
    )


def _plain(scores):
    """Scores by the names of their metrics, without signatures."""
    return {name.partition(" ")[0]: each for name, each in scores.items()}


def headlines(path):
    """A line for each model and dataset that has a published figure.

    Of several settings, the table shows the one with the best score.
    """
    found = {}
    for row in _rows(path):
        metric = row["metric"].partition(" ")[0]
        if metric in HEADLINES and row["published"]:
            found.setdefault((row["model"], row["dataset"], metric), []).append(
                row
            )
    best = {
        key: HEADLINES[key[2]](rows, key=lambda row: float(row["test"]))
        for key, rows in found.items()
    }
    if not best:
        return ""
    table = harness.markdown(
        [
            {
                "model": f"`{model}`",
                "dataset": dataset,
                "settings": row["settings"],
                "metric": metric,
                "measured": with_deviation(row),
                "published": row["published"],
            }
            for (model, dataset, metric), row in best.items()
        ]
    )
    signatures = dict.fromkeys(
        "`{}` is {}".format(*row["metric"].split(" ", 1))
        for row in best.values()
        if " " in row["metric"]
    )
    scorers = f"{'; '.join(signatures)}. " if signatures else ""
    return f"{table}\n\n{scorers}Machine: {_machine(path)}.\n"


def measured(name, path):
    """Title, table and machine of a benchmark; nothing if it was not run."""
    rows = [
        {key: row[key] for key in COLUMNS.get(name, row)}
        for row in _rows(path)
        if ROWS.get(name, {}).items() <= row.items()
    ]
    if not rows:
        return ""
    legend = f"{LEGENDS[name]}\n\n" if name in LEGENDS else ""
    script = SCRIPTS.get(name, f"{name}.py")
    note = f"Measured by `benchmarks/{script}`. {_machine(path)}".rstrip()
    return f"**{TITLES[name]}**\n\n{harness.markdown(rows)}\n\n{legend}{note}\n"


def _rows(path):
    """The rows of a CSV file, as dicts; none without the file."""
    if not path.exists():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _machine(path):
    """The machine that a CSV file's figures were measured on."""
    note = path.with_suffix(".txt")
    return note.read_text(encoding="utf-8").strip() if note.exists() else ""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    stale = []
    for path in (README, TABLES):
        before = path.read_text(encoding="utf-8")
        after = rewrite(before)
        if before != after:
            stale.append(os.fspath(path.relative_to(BENCHMARKS.parent)))
            if not args.check:
                path.write_text(after, encoding="utf-8")
    if args.check and stale:
        sys.exit(
            f"Not up to date: {', '.join(stale)}. Run benchmarks/readme.py."
        )


if __name__ == "__main__":
    main()
