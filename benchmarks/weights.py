"""Makes the weights that come with the package, and measures them.

    python benchmarks/quality.py han_classifier --seeds 1 --out runs/han
    python benchmarks/weights.py han_classifier --task runs/han/seed-1 --seed 1

Shrinks a trained task: drops the rarest words of its vocabulary, rounds its
matrices to a few bits, and stores them as compressed float16 numbers, which
Keras reads as they are; those of a part to --spare, such as an image encoder,
become float16 alone. Then loads the stored file, as a user does, and writes it
with its scores on the test split into rnnzoo/weights.

With --try, it writes nothing and shows the scores of several sizes on the
validation split, to choose by.
"""

import argparse
import dataclasses
import io
import itertools
import json
import os
import tempfile
import zipfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import h5py
import harness
import numpy as np

import rnnzoo
from rnnzoo import presets
from rnnzoo.cli.settings import read_settings
from rnnzoo.datasets import sources
from rnnzoo.files import atomic_path, checksum, write_json

H5 = "model.weights.h5"
CONFIG = "config.json"
# Arguments of Keras's classes that are not in the oldest release, and defaults.
NEWER = {
    "input_axes": None,
    "output_axes": None,
    "renorm": False,
    "renorm_clipping": None,
    "renorm_momentum": 0.99,
}
TERMS = {
    "imdb_reviews": "Trained on Stanford's Large Movie Review Dataset (Maas et "
    "al. 2011), which states no licence.",
    "conll2003": "Trained on the CoNLL-2003 shared task's annotation of "
    "Reuters' texts, for research under Reuters' and NIST's terms, and on "
    "GloVe vectors (PDDL 1.0).",
    "multi30k": "Trained on Multi30k, sentences about photographs of "
    "Flickr30k, for research.",
    "flickr8k": "Trained on Flickr8k, for non-commercial research and "
    "education. The encoder is EfficientNet-Lite0 (Apache 2.0).",
}


def shrunk(name, task, settings, size):
    """A task of the same weights, without those of the rarest words.

    Args:
        name: Of the model.
        task: A trained task.
        settings: Dict of arguments of `rnnzoo.build`.
        size: Most ids of its vocabulary, or `None` to keep all.
    """
    smaller = rnnzoo.build(name, **settings)
    for each in task.lends:
        setattr(smaller, each, getattr(task, each))
    learned = task.learned
    if size is not None:
        learned = learned | {"vocabulary": task.vocabulary.tokens[: size - 2]}
    smaller.take(**learned)
    for ours, theirs in zip(smaller.weights, task.weights, strict=True):
        ours.assign(theirs[: ours.shape[0]])
    return smaller


def store(task, path, bits, spared):
    """Saves a task as float16 numbers of a few bits, compressed.

    Args:
        task: A task.
        path: Where to save it.
        bits: See `rounded`.
        spared: Tuple of the parts of a task whose numbers are float16 and not
            rounded further.
    """
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder, "whole.keras")
        task.save(whole)
        with zipfile.ZipFile(whole) as archive:
            members = {each: archive.read(each) for each in archive.namelist()}
    members[H5] = _rewritten(members[H5], bits, spared)
    members[CONFIG] = portable(members[CONFIG])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as (
        archive
    ):
        for name, content in members.items():
            method = zipfile.ZIP_STORED if name == H5 else zipfile.ZIP_DEFLATED
            archive.writestr(name, content, method)


def portable(config):
    """A configuration without what the oldest Keras allowed does not know."""

    def without_newer(found):
        return {
            key: value
            for key, value in found.items()
            if key not in NEWER or value != NEWER[key]
        }

    return json.dumps(json.loads(config, object_hook=without_newer)).encode()


def _rewritten(content, bits, spared):
    buffer = io.BytesIO()
    with (
        h5py.File(io.BytesIO(content)) as whole,
        h5py.File(buffer, "w") as small,
    ):

        def write(name, item):
            if isinstance(item, h5py.Group):
                small.require_group(name).attrs.update(item.attrs)
                return
            value, options = item[()], {}
            if value.ndim > 1 and value.dtype == "float32":
                if not name.startswith(tuple(f"{each}/" for each in spared)):
                    value = rounded(value, bits)
                value = value.astype("float16")
                options = {"compression": 9, "shuffle": True}
            small.create_dataset(name, data=value, **options)
            small[name].attrs.update(item.attrs)

        whole.visititems(write)
    return buffer.getvalue()


def rounded(matrix, bits):
    """Numbers rounded to whole multiples of a power of two.

    Each slice along the axis that loses least has a step of its own, so that
    its largest number has at most `bits` bits beside the sign.

    Args:
        matrix: float32 array.
        bits: Integer.
    """
    candidates = []
    for axis in range(matrix.ndim):
        others = tuple(i for i in range(matrix.ndim) if i != axis)
        largest = np.abs(matrix).max(axis=others, keepdims=True)
        largest = np.maximum(largest, np.finfo("float16").tiny)
        step = 2.0 ** np.ceil(np.log2(largest / (2**bits - 1)))
        candidates.append(np.round(matrix / step) * step)
    return min(candidates, key=lambda each: ((each - matrix) ** 2).sum())


def try_sizes(args, task, settings, source):
    """Prints the scores of each size on the validation split."""
    _, validation = sources.train_validation(source)
    print("as trained", scores_of(task, validation), flush=True)
    for bits, size in itertools.product(args.bits, args.vocabulary):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "small.keras")
            smaller = shrunk(args.name, task, settings, size)
            store(smaller, path, bits, args.spare)
            megabytes = path.stat().st_size / 1e6
            scores = scores_of(rnnzoo.load(path), validation)
        print(
            f"{bits} bits, {size} ids, {megabytes:.2f} MB", scores, flush=True
        )


def write(args, task, settings, source):
    """Writes the file, and its entry of the index with its scores."""
    (bits,), (size,) = args.bits, args.vocabulary
    file = f"{args.name}.{source.info.name}.keras"
    with atomic_path(presets.FOLDER / file) as path:
        smaller = shrunk(args.name, task, settings, size)
        store(smaller, path, bits, args.spare)
    path = presets.FOLDER / file
    given = ", ".join(harness.written(args.settings)) or "its defaults"
    kept = f"Numbers of {bits} bits are kept"
    if args.spare:
        kept += f"; those of the {' and the '.join(args.spare)} are float16"
    if size:
        kept += f", and the {size:,} most frequent words"
    if "encoder" in settings:  # It is in the weights.
        settings = settings | {"encoder": file}
    entry = presets.Weights(
        model=args.name,
        name=source.info.name,
        file=file,
        size=path.stat().st_size,
        sha256=checksum(path),
        settings=settings,
        training=f"Trained by the model's recipe, with {given} and "
        f"seed {args.seed}. {kept}.",
        seed=args.seed,
        terms=TERMS[source.info.name],
        scores=scores_of(rnnzoo.load(path), source.split("test")),
    )
    entries = {(each.model, each.name): each for each in presets.index()}
    entries[entry.model, entry.name] = entry
    ordered = [dataclasses.asdict(entries[key]) for key in sorted(entries)]
    write_json(ordered, presets.INDEX)
    print(entry)


def scores_of(task, data):
    """Dict of the scores that the tables show, with their signatures."""
    task.compile()
    found = task.evaluate(data, return_dict=True, verbose=0)
    scores = harness.headlines(task, found)
    return {
        name: round(score, harness.digits_of(score))
        for name, score in scores.items()
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name")
    parser.add_argument("--task", required=True, help="what was trained")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--set", dest="settings", nargs="+", default=[])
    parser.add_argument("--bits", type=int, nargs="+", default=[5])
    parser.add_argument("--spare", nargs="+", default=[], metavar="PART")
    parser.add_argument("--vocabulary", type=int, nargs="+", default=[None])
    parser.add_argument("--try", dest="tries", action="store_true")
    args = parser.parse_args()
    card = rnnzoo.describe(args.name)
    settings = read_settings(card, args.settings)
    settings.pop("embeddings", None)  # They are in the weights.
    data_dir = os.environ.get("RNNZOO_DATA_DIR", "../shared/tfds")
    source = sources.load(card.dataset, data_dir=data_dir)
    run = try_sizes if args.tries else write
    run(args, rnnzoo.load(args.task), settings, source)


if __name__ == "__main__":
    main()
