"""Memory networks against the usual way to write them in Keras.

    python benchmarks/answering.py [--repeats 5]

Both read the same questions of bAbI, 1,000 of a task, or 50 of each of the 20
tasks together, with the same sizes and batch sizes, and compute the same
network: position encoding, temporal encoding, 3 hops with adjacent tying.
`fit` and `predict` are called as a user calls them; the baseline's ids are
ready, and padded to the longest story, as most implementations do. Times are
those of the processor, which other programs of the machine change less. Writes
results/answering.csv.
"""

import argparse
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import babi
import harness
import keras
import numpy as np

import rnnzoo

UNITS, HOPS, MEMORY = 20, 3, 50
BATCH, LARGE = 32, 1024  # in training and at inference
TASKS = (1, 2, 3)
EACH = 50  # questions of each task, of all together
EPOCHS = 3  # a call of `fit` has several


class Hops(keras.layers.Layer):
    """The network as tutorials write it: an embedding for each matrix."""

    def __init__(self, ids):
        super().__init__()
        self.words = [
            keras.layers.Embedding(ids, UNITS) for _ in range(HOPS + 1)
        ]

    def build(self, input_shape):
        sentences = input_shape[0][1]
        self.times = [
            self.add_weight(shape=(sentences, UNITS), name=f"time_{i}")
            for i in range(HOPS + 1)
        ]
        for each in self.words:
            each.build(None)

    def encode(self, ids, table):
        """Weighs words by their positions: `(..., words)` to vectors."""
        exists = keras.ops.cast(ids != 0, "float32")[..., None]
        count = keras.ops.maximum(keras.ops.sum(exists, -2, keepdims=True), 1)
        j = keras.ops.cumsum(exists, axis=-2) / count
        k = keras.ops.arange(1, UNITS + 1, dtype="float32") / UNITS
        weights = (1 - j) - k * (1 - 2 * j)
        return keras.ops.sum(self.words[table](ids) * weights * exists, axis=-2)

    def call(self, inputs):
        story, question = inputs
        exists = keras.ops.any(story != 0, axis=2, keepdims=True)
        exists = keras.ops.cast(exists, "float32")
        u = self.encode(question, 0)
        for hop in range(HOPS):
            m = (self.encode(story, hop) + self.times[hop]) * exists
            c = (self.encode(story, hop + 1) + self.times[hop + 1]) * exists
            p = keras.ops.softmax(keras.ops.einsum("bsd,bd->bs", m, u))
            u = u + keras.ops.einsum("bs,bsd->bd", p, c)
        return u


def keras_network(ids, answers, sentences, words, asked):
    story = keras.Input((sentences, words), dtype="int32")
    question = keras.Input((asked,), dtype="int32")
    vector = Hops(ids)([story, question])
    outputs = keras.layers.Dense(answers, "softmax", use_bias=False)(vector)
    model = keras.Model([story, question], outputs)
    model.compile(
        keras.optimizers.Adam(1e-2, global_clipnorm=40.0),
        "sparse_categorical_crossentropy",
    )
    return model


def prepare(table):
    """Both models and their data: `(theirs, x, ours, examples, y)`."""
    ours = rnnzoo.build(
        "memory_network_answerer", units=UNITS, hops=HOPS, max_sentences=MEMORY
    )
    ours.adapt(table, verbose=0)
    ours.compile()
    examples = ours.encode(table)
    x = [
        examples.inputs[name].to_tensor().numpy()
        for name in ("memory", "question")
    ]
    theirs = keras_network(
        len(ours.vocabulary),
        ours.num_classes,
        *x[0].shape[1:],
        x[1].shape[1],
    )
    return theirs, x, ours, examples, np.asarray(examples.labels)


def time_task(table, repeats):
    theirs, x, ours, examples, y = prepare(table)
    training = {"batch_size": BATCH, "epochs": EPOCHS, "verbose": 0}
    inference = {"batch_size": LARGE, "verbose": 0}
    return harness.interleave(
        {
            ("training", "Keras"): lambda: theirs.fit(x, y, **training),
            ("training", "rnnzoo"): lambda: ours.fit(examples, **training),
            ("inference", "Keras"): lambda: theirs.predict(x, **inference),
            ("inference", "rnnzoo"): lambda: ours.predict(
                examples, **inference
            ),
        },
        repeats,
        clock=time.process_time,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    tables, rows = babi.load("train"), []
    first = {
        task: {name: column[:EACH] for name, column in table.items()}
        for task, table in tables.items()
    }
    chosen = {f"task {task}": tables[task] for task in TASKS}
    chosen["all tasks"] = babi.together(first)
    for task, table in chosen.items():
        times = time_task(table, args.repeats)
        for what, epochs in (("training", EPOCHS), ("inference", 1)):
            count = epochs * len(table["question"])
            theirs, ours = (
                count / times[what, who] for who in ("Keras", "rnnzoo")
            )
            rows.append(
                {
                    "what": f"{what}, {task}",
                    "Keras": f"{theirs:,.0f} stories/s",
                    "rnnzoo": f"{ours:,.0f} stories/s",
                    "ratio": f"{ours / theirs:.1f}x",
                }
            )
    harness.write_csv("answering", rows)
    print(harness.machine())
    print(harness.markdown(rows))


if __name__ == "__main__":
    main()
