"""Rewrites the tables of the README from the registry and results/*.csv.

    python benchmarks/readme.py [--check]

Between `<!-- results:NAME -->` and `<!-- /results -->` stands what the scripts
measured; if there is no such table, nothing does. With --check the README
is only compared, and the exit code says whether it was up to date.
"""

import argparse
import csv
import os
import re
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import harness

import rnnzoo
from rnnzoo.registry import QUALITY

README = Path(__file__).parents[1] / "README.md"
PART = re.compile(r"(<!-- results:(\w+) -->\n).*?(<!-- /results -->)", re.S)
TITLES = {
    "quality": "Quality on the test split, epoch chosen on other data",
    "tagging": "Entity tagging",
    "han": "A hierarchical attention network, beside the usual Keras code",
    "recurrent": "Recurrent layers (batch x steps x features x units): ms, and "
    "the time of ours over that of others",
    "recurrent_memory": "Recurrent layers: peak memory of a training step, "
    "above that of a process that trains next to nothing; 20 MB are noise",
    "captioning": "Captioners, examples a second; of random ids or, with the "
    "batches that each one makes, on Flickr8k",
    "translation": "Translators, training and decoding; of random ids or, with "
    "the batches that each one makes, on Multi30k",
    "crf": "Conditional random field",
    "optimizer": "LazyAdam, a training step of an embedding classifier",
}
# What the names in a table mean, if its title does not say.
LEGENDS = {
    "quality": "No deviation: a single run. luong_translator had one core. "
    "oh-2LSTMp is the LSTM over one-hot "
    "words and regions of Johnson & Zhang 2016.",
    "tagging": "Keras: a BiLSTM of Keras's layers with a softmax, and no CRF, "
    "on our batches.",
    "recurrent": "no dropout: Keras's layer without recurrent dropout. torch: "
    "without dropout and masks. XLA: compiled for the one shape.",
    "captioning": "Keras loop: what TensorFlow's tutorial taught before it "
    "took a Transformer.",
    "translation": "fed: with input feeding. Keras RNN: `keras.layers.RNN` "
    "over a cell that attends. Keras loop and Keras layers: TensorFlow's "
    "tutorials of 2021 and of today. Above 1 in the last column, bahdanau is "
    "faster.",
    "optimizer": "gradients alone: the step without the update.",
}
# Of long tables the README shows some rows and columns; all are in the CSV.
_FORWARD = {"direction": "forward"}
ROWS = {"recurrent": _FORWARD, "recurrent_memory": _FORWARD}
COLUMNS = {
    "recurrent": (
        *("", "cell", "shape", "rnnzoo", "Keras", "/ Keras", "/ no dropout"),
        *("/ torch", "/ floor", "/ rnnzoo XLA", "/ Keras XLA"),
    )
}
SCRIPTS = {"recurrent_memory": "recurrent.py --memory"}  # else of that name


def rewrite(text, results=harness.RESULTS):
    """The README with its parts made anew."""

    def part(match):
        start, name, end = match.groups()
        content = models() if name == "models" else measured(name, results)
        return start + content + end

    return PART.sub(part, text)


def models():
    """A table of all models of the zoo."""
    cards = [rnnzoo.describe(name) for name in rnnzoo.list_models()]
    rows = [
        {
            "model": f"`{card.name}`",
            "task": card.task.replace("_", " "),
            "what": card.summary,
            "paper": card.paper,
        }
        for card in cards
    ]
    return harness.markdown(rows) + "\n"


def measured(name, results):
    """Title, table and machine of a benchmark; nothing if it was not run."""
    path = QUALITY if name == "quality" else results / f"{name}.csv"
    if not path.exists():
        return ""
    with open(path, newline="") as file:
        rows = [
            {key: row[key] for key in COLUMNS.get(name, row)}
            for row in csv.DictReader(file)
            if ROWS.get(name, {}).items() <= row.items()
        ]
    machine = path.with_suffix(".txt")
    note = machine.read_text().strip() if machine.exists() else ""
    script = SCRIPTS.get(name, f"{name}.py")
    legend = f"\n{LEGENDS[name]}\n" if name in LEGENDS else ""
    note = (
        f"{legend}\nMeasured by `benchmarks/{script}`. {note}".rstrip() + "\n"
    )
    return f"**{TITLES[name]}**\n\n{harness.markdown(rows)}\n{note}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    before = README.read_text(encoding="utf-8")
    after = rewrite(before)
    if args.check:
        if before != after:
            sys.exit("README.md is not up to date: run benchmarks/readme.py")
        return
    README.write_text(after, encoding="utf-8")


if __name__ == "__main__":
    main()
