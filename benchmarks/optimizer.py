"""LazyAdam against Adam: training steps of an embedding classifier.

    python benchmarks/optimizer.py [--repeats 30]

The model is an embedding of 50,000 x 200, its mean over the words, and a dense
layer. LazyAdam updates our embedding, Adam updates Keras's. Words follow Zipf's
law, as in text. "gradients alone" is the step of our embedding without the
update: no optimizer can be faster. Writes results/optimizer.csv.
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import harness
import keras
import numpy as np
import tensorflow as tf

from rnnzoo.layers import Embedding
from rnnzoo.optimizers import LazyAdam

VOCABULARY, FEATURES = 50_000, 200
SHAPES = [(32, 100), (64, 200), (128, 400)]  # batch, words


def draw_batch(batch, words):
    """Ids that follow Zipf's law, and random labels."""
    generator = np.random.default_rng(0)
    shares = 1 / np.arange(1, VOCABULARY + 1)
    ids = generator.choice(VOCABULARY, (batch, words), p=shares / shares.sum())
    labels = generator.integers(0, 2, batch)
    return tf.constant(ids, tf.int32), tf.constant(labels)


def make_step(embedding, optimizer, ids, labels):
    """A training step without arguments; without an optimizer, no update."""
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            embedding(VOCABULARY, FEATURES),
            keras.layers.GlobalAveragePooling1D(),
            keras.layers.Dense(2),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    if optimizer is not None:
        optimizer.build(model.trainable_variables)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            value = loss(labels, model(ids, training=True))
        gradients = tape.gradient(value, model.trainable_variables)
        if optimizer is None:
            return value, gradients
        optimizer.apply(gradients, model.trainable_variables)
        return value

    return step


def time_shape(batch, words, repeats):
    ids, labels = draw_batch(batch, words)
    times = harness.interleave(
        {
            "Adam": make_step(
                keras.layers.Embedding, keras.optimizers.Adam(), ids, labels
            ),
            "LazyAdam": make_step(Embedding, LazyAdam(), ids, labels),
            "gradients alone": make_step(Embedding, None, ids, labels),
        },
        repeats,
        warmup=3,
    )
    return {
        "batch x words": f"{batch}x{words}",
        "distinct words": len(np.unique(ids)),
        **{f"{name} (ms)": f"{1e3 * t:.1f}" for name, t in times.items()},
        "Adam / LazyAdam": f"{times['Adam'] / times['LazyAdam']:.1f}x",
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=30)
    args = parser.parse_args()
    rows = [time_shape(*shape, args.repeats) for shape in SHAPES]
    harness.write_csv("optimizer", rows)
    print(harness.machine())
    print(harness.markdown(rows))


if __name__ == "__main__":
    main()
