"""A language model of film reviews, for `lm_classifier` to start from.

    python benchmarks/pretraining.py --out language
    python benchmarks/quality.py lm_classifier --weights language

Trains `awd_lstm_language_model` on the reviews of imdb_unsupervised, without
those whose text is also one of imdb_reviews' test split, for one epoch; one
review in fifty is left for validation. The sizes are what two cores read in
about an hour: one layer, most of the words in clusters of the softmax that are
seldom computed, and little dropout, since no review is read twice. Writes
results/pretraining.csv.
"""

import argparse
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import harness
import keras

import rnnzoo
from rnnzoo.datasets import sources

MODEL = "awd_lstm_language_model"
SETTINGS = {
    "units": 512,
    "depth": 1,
    "embedding_dim": 256,
    "tied": False,
    "cutoffs": [2000],
    "vocabulary_size": 20_000,
    "unit": "word",
    "lowercase": True,
    "dropout": 0.1,
    "input_dropout": 0.1,
    "output_dropout": 0.1,
    "word_dropout": 0.02,
    "weight_dropout": 0.1,
}
RECIPE = {"epochs": 1, "batch_size": 64}
VALIDATED = 50  # one text in so many


def texts_of(name, split):
    data_dir = os.environ.get("RNNZOO_DATA_DIR", "../shared/tfds")
    rows = sources.load(name, data_dir=data_dir).split(split)
    return [row["text"].decode() for row in rows.as_numpy_iterator()]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--out", required=True, help="where to keep the model")
    parser.add_argument("--texts", type=int, help="fewer texts, to try")
    args = parser.parse_args()
    test = set(texts_of("imdb_reviews", "test"))
    texts = texts_of("imdb_unsupervised", "train")[: args.texts]
    kept = [each for each in texts if each not in test]
    print(
        f"{len(texts) - len(kept)} of {len(texts)} texts are in the test split"
    )
    keras.utils.set_random_seed(1)
    start = time.perf_counter()
    _, metrics = rnnzoo.finetune(
        MODEL,
        [text for i, text in enumerate(kept) if i % VALIDATED],
        kept[::VALIDATED],
        out=args.out,
        verbose=1,
        **RECIPE,
        **SETTINGS,
    )
    row = {
        "model": MODEL,
        "settings": " ".join(
            harness.written(f"{k}={v}" for k, v in SETTINGS.items())
        ),
        "texts": len(kept),
        "left out": len(texts) - len(kept),
        "perplexity": f"{metrics['validation']['perplexity']:.1f}",
        "minutes": f"{(time.perf_counter() - start) / 60:.0f}",
    }
    harness.write_csv("pretraining", [row])
    print(harness.machine())
    print(harness.markdown([row]))


if __name__ == "__main__":
    main()
