"""HAN against the usual way to write it in Keras, on real reviews.

    python benchmarks/han.py [--documents 640] [--repeats 3]

Both read the same documents with the same sizes, vocabulary, batch size and
limits. `fit` and `predict` are called as a user calls them; the baseline's text
is already tokenized. Writes results/han.csv.
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import harness
import keras
import numpy as np
import tensorflow_datasets as tfds

import rnnzoo

SENTENCES, WORDS = 25, 50
VOCABULARY, EMBEDDING, UNITS = 30_000, 200, 50
BATCH = 64
RATES = {"no dropout": 0.0, "recurrent dropout 0.25": 0.25}


class Attention(keras.layers.Layer):
    """Attention pooling as tutorials write it."""

    def build(self, input_shape):
        size = input_shape[-1]
        self.dense = keras.layers.Dense(size, activation="tanh")
        self.dense.build(input_shape)
        self.context = self.add_weight(shape=(size, 1), name="context")

    def call(self, inputs, mask=None):
        scores = keras.ops.matmul(self.dense(inputs), self.context)
        if mask is not None:
            scores = keras.ops.where(mask[..., None], scores, -1e9)
        return keras.ops.sum(keras.ops.softmax(scores, axis=1) * inputs, axis=1)


def keras_han(rate):
    """The usual model: TimeDistributed word encoder, sentence encoder, Adam."""

    def gru():
        return keras.layers.Bidirectional(
            keras.layers.GRU(
                UNITS, return_sequences=True, recurrent_dropout=rate
            )
        )

    words = keras.Input((WORDS,), dtype="int32")
    x = keras.layers.Embedding(VOCABULARY, EMBEDDING, mask_zero=True)(words)
    sentence_encoder = keras.Model(words, Attention()(gru()(x)))
    document = keras.Input((SENTENCES, WORDS), dtype="int32")
    x = keras.layers.TimeDistributed(sentence_encoder)(document)
    x = Attention()(gru()(x))
    model = keras.Model(document, keras.layers.Dense(2, "softmax")(x))
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def rnnzoo_han(rate, texts):
    model = rnnzoo.build(
        "han_classifier",
        vocabulary_size=VOCABULARY,
        min_count=1,
        embedding_dim=EMBEDDING,
        word_units=UNITS,
        sentence_units=UNITS,
        max_sentences=SENTENCES,
        max_words=WORDS,
        dropout=0.0,
        recurrent_dropout=rate,
    )
    model.adapt(texts)
    model.compile()
    return model


def load_reviews(count):
    data_dir = os.environ.get("RNNZOO_DATA_DIR", "../shared/tfds")
    dataset = tfds.load(
        "imdb_reviews",
        split="train",
        data_dir=data_dir,
        download=False,
        as_supervised=True,
    )
    pairs = list(dataset.take(count).as_numpy_iterator())
    texts = [text.decode() for text, _ in pairs]
    return texts, np.array([label for _, label in pairs])


def prepare(rate, count):
    """Both models and their data: `(theirs, x, ours, examples, y, texts)`."""
    texts, labels = load_reviews(count)
    ours = rnnzoo_han(rate, texts)
    examples = ours.encode(texts, labels)
    x = examples.inputs.to_tensor(shape=(None, SENTENCES, WORDS)).numpy()
    return keras_han(rate), x, ours, examples, labels, texts


def time_rate(rate, count, repeats):
    theirs, x, ours, examples, labels, texts = prepare(rate, count)

    def pipeline():
        encoded = ours.encode(texts, labels)
        for _ in encoded.batches(BATCH, shuffle=True):
            pass

    quiet = {"batch_size": BATCH, "verbose": 0}
    return harness.interleave(
        {
            ("training", "Keras"): lambda: theirs.fit(x, labels, **quiet),
            ("training", "rnnzoo"): lambda: ours.fit(examples, **quiet),
            ("inference", "Keras"): lambda: theirs.predict(x, **quiet),
            ("inference", "rnnzoo"): lambda: ours.predict(examples, **quiet),
            ("pipeline", "rnnzoo"): pipeline,
        },
        repeats,
    )


def train_only(who, rate, count):
    theirs, x, ours, examples, labels, _ = prepare(rate, count)
    if who == "Keras":
        theirs.fit(x, labels, batch_size=BATCH, verbose=0)
    else:
        ours.fit(examples, batch_size=BATCH, verbose=0)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=640)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    rows = []
    for name, rate in RATES.items():
        times = time_rate(rate, args.documents, args.repeats)
        memory = {
            who: harness.peak_memory(train_only, who, rate, args.documents)
            for who in ("Keras", "rnnzoo")
        }
        speed = {key: args.documents / each for key, each in times.items()}
        for what in ("training", "inference"):
            theirs, ours = speed[what, "Keras"], speed[what, "rnnzoo"]
            rows.append(
                {
                    "what": f"{what}, {name}",
                    "Keras": f"{theirs:.0f} docs/s",
                    "rnnzoo": f"{ours:.0f} docs/s",
                    "ratio": f"{ours / theirs:.1f}x",
                }
            )
        pipeline, training = (
            speed["pipeline", "rnnzoo"],
            speed["training", "rnnzoo"],
        )
        rows.append(
            {
                "what": f"raw text to batches, {name}",
                "Keras": "",
                "rnnzoo": f"{pipeline:.0f} docs/s",
                "ratio": f"{pipeline / training:.1f}x of training",
            }
        )
        rows.append(
            {
                "what": f"peak memory in training, {name}",
                "Keras": f"{memory['Keras']:.0f} MB",
                "rnnzoo": f"{memory['rnnzoo']:.0f} MB",
                "ratio": f"{memory['rnnzoo'] / memory['Keras']:.2f}x",
            }
        )
    harness.write_csv("han", rows)
    print(harness.machine())
    print(harness.markdown(rows))


if __name__ == "__main__":
    main()
