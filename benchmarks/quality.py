"""Scores of the recipes on the test split, beside published figures.

    python benchmarks/quality.py han_classifier --seeds 1 2 3
        [--set embeddings=glove.6B.100d.txt.gz]
    python benchmarks/quality.py lm_classifier --weights language
    python benchmarks/quality.py show_attend_tell_captioner --seeds 1
        --set encoder=efficientnet_lite0.keras

Trains as `rnnzoo train NAME --dataset D` does, once for each seed, and adds
rows to the table that `rnnzoo.describe` reads, rnnzoo/models/quality.csv. The
epoch is chosen on the validation split or, without one, on a tenth of the
training split. The scorer is the task's own: accuracy, and the expected
calibration error by 15 bins; the F1 of spans, as in conlleval; sacreBLEU's BLEU
of the texts as they are and, as published, without case; BLEU-1 to BLEU-4 and
CIDEr-D of captions against all references; ROUGE of summaries; or the
perplexity of a token, with the end of each text.
"""

import argparse
import csv
import os
import statistics
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import harness
import keras

import rnnzoo
from rnnzoo.cli.settings import read_settings
from rnnzoo.datasets import sources
from rnnzoo.registry import QUALITY

_FLICKR8K = {
    "bleu_1": "soft attention 67; hard 67; frozen encoder 65.7",
    "bleu_2": "soft attention 44.8; hard 45.7; frozen encoder 41.4",
    "bleu_3": "soft attention 29.9; hard 31.4; frozen encoder 27.1",
    "bleu_4": "soft attention 19.5; hard 21.3; frozen encoder 16.5. "
    "Ours of images that were squashed to 160x160",
}
_SICK = {
    "pearson": "Mueller & Thyagarajan 0.882; Tree-LSTM 0.868; skip-thoughts "
    "0.866"
}
PUBLISHED = {
    "han_classifier": "plain BiLSTM 0.85 to 0.88; oh-2LSTMp 0.919",
    "bilstm_classifier": "plain BiLSTM 0.85 to 0.88; oh-2LSTMp 0.919",
    **dict.fromkeys(
        ("bilstm_crf_tagger", "bilstm_cnn_crf_tagger", "bilstm_softmax_tagger"),
        "Lample et al. 0.9094; Ma & Hovy 0.9121; without vectors 0.81 to 0.84",
    ),
    **dict.fromkeys(
        ("bahdanau_translator", "luong_translator", "seq2seq_translator"),
        "text-only RNN 38.1, tokenised and lower-cased",
    ),
    **dict.fromkeys(
        ("lstm_language_model", "awd_lstm_language_model"),
        "Zaremba et al. small 114.5, medium 82.7; AWD-LSTM 57.3; 5-gram "
        "Kneser-Ney 143.5",
    ),
    "siamese_matcher": _SICK,
    "esim_matcher": _SICK,
    "transformer_translator": "Transformer of 4 layers of 128: 41.0, of "
    "tokens made of subwords, 8,000 updates",
    "conv_seq2seq_translator": "text-only RNN 38.1, tokenised and lower-cased",
    "self_attentive_classifier": "a reimplementation of Lin et al. 0.893",
    "lm_classifier": "ULMFiT 0.954, pretrained on 103 million words of "
    "Wikipedia, too",
    "pointer_generator_summarizer": {
        "rouge1": "Zhang & Tetreault, in several stages, 23.7",
        "rouge2": "Zhang & Tetreault, in several stages, 10.3",
        "rougeLsum": "Zhang & Tetreault, in several stages, 23.4",
    },
    "show_attend_tell_captioner": _FLICKR8K,
    "show_tell_captioner": _FLICKR8K,
}

BESIDE = ("expected_calibration_error",)  # not published


def run(name, seed, overrides, weights, out):
    keras.utils.set_random_seed(seed)
    data_dir = os.environ.get("RNNZOO_DATA_DIR", "../shared/tfds")
    source = sources.load(rnnzoo.describe(name).dataset, data_dir=data_dir)
    train, validation = sources.train_validation(source)
    start = time.perf_counter()
    task, metrics = rnnzoo.finetune(
        name,
        train,
        validation,
        test_data=source.splits["test"],
        labels=source.info,
        weights=weights,
        out=out and os.path.join(out, f"seed-{seed}"),
        verbose=2,
        **overrides,
    )
    minutes = (time.perf_counter() - start) / 60
    print(f"{name}, seed {seed}: {metrics['test']}, {minutes:.1f} min")
    test = metrics["test"]
    beside = {name: test[name] for name in BESIDE if name in test}
    return harness.headlines(task, test) | beside, minutes


def rows_of(args, results):
    """Yields a row of the table for each metric."""
    scores, minutes = zip(*results, strict=True)
    settings = list(args.settings)
    if args.weights:
        settings.append(f"weights={args.weights}")
    for metric in scores[0]:
        values = [each[metric] for each in scores]
        digits = harness.digits_of(max(values))
        yield {
            "model": args.name,
            "dataset": rnnzoo.describe(args.name).dataset,
            "settings": " ".join(harness.written(settings)) or "defaults",
            "metric": metric,
            "test": f"{statistics.mean(values):.{digits}f}",
            "standard deviation": f"{statistics.stdev(values):.{digits}f}"
            if len(values) > 1
            else "",
            "seeds": len(values),
            "minutes a run": f"{statistics.median(minutes):.0f}",
            "published": _published(args.name, metric),
        }


def _place(row):
    """The place of a row: beside others of its task and its model."""
    return rnnzoo.describe(row["model"]).task, row["model"]


def _published(name, metric):
    """The published figure of a model or, if metrics differ, of a metric."""
    if metric in BESIDE:
        return None
    found = PUBLISHED[name]
    return found.get(metric.split()[0]) if isinstance(found, dict) else found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--set", dest="settings", nargs="+", default=[])
    parser.add_argument("--weights", help="what to start from, if from any")
    parser.add_argument("--out", help="where to keep the models, if anywhere")
    args = parser.parse_args()
    overrides = read_settings(rnnzoo.describe(args.name), args.settings)
    results = [
        run(args.name, seed, overrides, args.weights, args.out)
        for seed in args.seeds
    ]
    new = list(rows_of(args, results))
    rows = []
    if QUALITY.exists():
        with open(QUALITY, newline="") as file:
            rows = [dict(each) for each in csv.DictReader(file)]
    key = ("model", "settings")
    rows = [each for each in rows if any(each[k] != new[0][k] for k in key)]
    rows = sorted([*rows, *new], key=_place)
    harness.write_csv(QUALITY.stem, rows, QUALITY.parent)
    print(harness.machine())
    print(harness.markdown(rows))


if __name__ == "__main__":
    main()
