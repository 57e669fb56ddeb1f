"""Matchers against the usual way to write them in Keras, on real pairs.

    python benchmarks/matching.py [--pairs 1280] [--repeats 3]

Both read the same pairs with the same sizes, vocabulary, batch size and limit
of words, with recurrent dropout in training. `fit` and `predict` are called as
a user calls them; the baseline's texts are already tokenized, and padded to the
longest of all, as tutorials do. Writes results/matching.csv.
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import harness
import keras
import numpy as np

import rnnzoo

EMBEDDING, UNITS, CLASSES = 200, 64, 3
BATCH = 32
DROPOUT = 0.25
layers, ops = keras.layers, keras.ops


def bilstm():
    return layers.Bidirectional(
        layers.LSTM(UNITS, return_sequences=True, recurrent_dropout=DROPOUT)
    )


def compiled(inputs, features):
    probabilities = layers.Dense(CLASSES, activation="softmax")(features)
    model = keras.Model(inputs, probabilities)
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def keras_siamese(vocabulary, words):
    """One encoder, called for each text; the maximum over time."""
    pair = [keras.Input((words,), dtype="int32") for _ in range(2)]
    embedding, encoder = (
        layers.Embedding(vocabulary, EMBEDDING, mask_zero=True),
        bilstm(),
    )
    pool = layers.GlobalMaxPooling1D()
    a, b = (pool(encoder(embedding(ids))) for ids in pair)
    features = layers.Concatenate()(
        [layers.Multiply()([a, b]), ops.abs(layers.Subtract()([a, b]))]
    )
    return compiled(pair, features)


def keras_esim(vocabulary, words):
    """Two encoders and `Dot` between them, as public code has it."""
    pair = [keras.Input((words,), dtype="int32") for _ in range(2)]
    embedding, reader = (
        layers.Embedding(vocabulary, EMBEDDING, mask_zero=True),
        bilstm(),
    )
    a, b = (reader(embedding(ids)) for ids in pair)
    attend = layers.Attention()
    comparison, composer = layers.Dense(UNITS, activation="relu"), bilstm()
    pooled = []
    for one, other in ((a, b), (b, a)):
        matched = attend([one, other])
        compared = layers.Concatenate()(
            [
                one,
                matched,
                layers.Subtract()([one, matched]),
                layers.Multiply()([one, matched]),
            ]
        )
        composed = composer(comparison(compared))
        pooled += [
            layers.GlobalAveragePooling1D()(composed),
            layers.GlobalMaxPooling1D()(composed),
        ]
    hidden = layers.Dense(UNITS, activation="tanh")
    return compiled(pair, hidden(layers.Concatenate()(pooled)))


THEIRS = {"siamese_matcher": keras_siamese, "esim_matcher": keras_esim}


def time_model(name, split, repeats):
    firsts, seconds, labels = split
    ours = rnnzoo.build(
        name,
        num_classes=CLASSES,
        units=UNITS,
        embedding_dim=EMBEDDING,
        dropout=0.0,
        word_dropout=0.0,
        recurrent_dropout=DROPOUT,
    )
    ours.adapt((firsts, seconds), labels, verbose=0)
    ours.compile()
    examples = ours.encode((firsts, seconds), labels)
    first, second = (ids.to_tensor().numpy() for ids in examples.inputs)
    words = max(first.shape[1], second.shape[1])
    x = [
        np.pad(ids, [(0, 0), (0, words - ids.shape[1])])
        for ids in (first, second)
    ]
    theirs = THEIRS[name](len(ours.vocabulary), words)
    quiet = {"batch_size": BATCH, "verbose": 0}
    return harness.interleave(
        {
            ("training", "Keras"): lambda: theirs.fit(x, labels, **quiet),
            ("training", "rnnzoo"): lambda: ours.fit(examples, **quiet),
            ("inference", "Keras"): lambda: theirs.predict(x, **quiet),
            ("inference", "rnnzoo"): lambda: ours.predict(examples, **quiet),
        },
        repeats,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=1280)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    data = harness.training_split("sick")
    if data is None:
        return
    rows = list(data.take(args.pairs).as_numpy_iterator())
    split = (
        *(
            [row[side].decode() for row in rows]
            for side in ("premise", "hypothesis")
        ),
        np.array([row["label"] for row in rows]),
    )
    table = []
    for name in THEIRS:
        times = time_model(name, split, args.repeats)
        for what in ("training", "inference"):
            theirs, ours = (
                len(rows) / times[what, who] for who in ("Keras", "rnnzoo")
            )
            table.append(
                {
                    "what": f"{name}, {what}",
                    "Keras": f"{theirs:.0f} pairs/s",
                    "rnnzoo": f"{ours:.0f} pairs/s",
                    "ratio": f"{ours / theirs:.1f}x",
                }
            )
    harness.write_csv("matching", table)
    print(harness.machine())
    print(harness.markdown(table))


if __name__ == "__main__":
    main()
