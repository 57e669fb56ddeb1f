"""Training and tagging on conll2003, against a tagger of Keras's layers.

    python benchmarks/tagging.py [--sentences N] [--repeats 3]

Keras's tagger follows its examples: a convolution over the characters of each
word, a `Bidirectional(LSTM(recurrent_dropout))`, a softmax, and Adam. Words are
folded into the batch by hand: `TimeDistributed` would do that, but Keras 3.15
maps it over the batch if the number of steps is unknown. Ours has a CRF on top.
Both have the same sizes and read the same batches of similar length. They are
timed in turns, on a pass over the training split or its first N sentences.
Writes results/tagging.csv.
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import harness
import keras
import tensorflow as tf
import tensorflow_datasets as tfds
from keras import layers, ops

import rnnzoo
from rnnzoo.text.words import CASES as KINDS_OF_CASE

BATCH = 32
EMBEDDING, CASES, UNITS = 100, 10, 100
SETTINGS = {
    "embedding_dim": EMBEDDING,
    "case_dim": CASES,
    "units": UNITS,
    "dropout": 0.5,
    "recurrent_dropout": 0.25,
}


def load_sentences(split, count):
    """Words and names of tags, two lists of lists."""
    data_dir = os.environ.get("RNNZOO_DATA_DIR", "../shared/tfds")
    dataset, info = tfds.load(
        "conll2003",
        split=split,
        data_dir=data_dir,
        download=False,
        with_info=True,
    )
    names = info.features["ner"].feature.names
    rows = list(dataset.take(count).as_numpy_iterator())
    words = [[word.decode() for word in row["tokens"]] for row in rows]
    return words, [[names[tag] for tag in row["ner"]] for row in rows]


def build_ours(words, tags):
    model = rnnzoo.build("bilstm_cnn_crf_tagger", **SETTINGS)
    model.adapt(words, tags, verbose=0)
    model.compile()
    return model


class ByWord(layers.Wrapper):
    """Applies a layer to each word, as `TimeDistributed` would."""

    def build(self, input_shape):
        self.layer.build((None, input_shape[-1]))

    def call(self, inputs, training=None):
        words = ops.reshape(inputs, (-1, inputs.shape[-1]))
        outputs = self.layer(words, training=training)
        shape = ops.shape(inputs)[:2]
        return ops.reshape(outputs, (*shape, outputs.shape[-1]))


def build_theirs(model):
    """A tagger of Keras's layers, as large as ours."""
    reader, encoder = model.reader, model.features.characters
    words = keras.Input((None,), dtype="int32", name="words")
    length = model.max_characters
    characters = keras.Input((None, length), dtype="int32", name="characters")
    cases = keras.Input((None,), dtype="int32", name="cases")
    by_word = ByWord(
        keras.Sequential(
            [
                layers.Embedding(
                    len(reader.characters), encoder.embedding.output_dim
                ),
                layers.Dropout(0.5),
                layers.Conv1D(encoder.output_dim, 3, padding="same"),
                layers.GlobalMaxPooling1D(),
            ]
        )
    )(characters)
    case = layers.Embedding(KINDS_OF_CASE, CASES)(cases)
    vector = layers.Embedding(len(reader.vocabulary), EMBEDDING)(words)
    x = layers.Concatenate()([vector, by_word, case])
    x = layers.Dropout(0.5)(x)
    x = layers.Bidirectional(
        layers.LSTM(UNITS, return_sequences=True, recurrent_dropout=0.25)
    )(x, mask=words != 0)
    x = layers.Dropout(0.5)(x)
    x = layers.Dense(len(model.tag_set), activation="softmax")(x)
    theirs = keras.Model([words, characters, cases], x)
    theirs.compile("adam", "sparse_categorical_crossentropy")
    return theirs


def as_lists(batches, length):
    """Batches as Keras's model takes them, with words of equal length."""

    def convert(x, y):
        missing = length - tf.shape(x["characters"])[2]
        characters = tf.pad(x["characters"], [[0, 0], [0, 0], [0, missing]])
        characters = tf.ensure_shape(characters, [None, None, length])
        return (x["words"], characters, x["cases"]), y

    return batches.map(convert)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sentences", type=int, default=-1)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    words, tags = load_sentences("train", args.sentences)
    ours = build_ours(words, tags)
    theirs = build_theirs(ours)
    examples = ours.encode(words, tags)
    batches = as_lists(
        examples.batches(BATCH, shuffle=True), ours.max_characters
    )
    quiet = {"batch_size": BATCH, "verbose": 0}
    dev, _ = load_sentences("dev", -1)
    times = harness.interleave(
        {
            "Keras": lambda: theirs.fit(batches, verbose=0),
            "rnnzoo": lambda: ours.fit(examples, **quiet),
            "tagging": lambda: ours.tag(dev),
        },
        args.repeats,
    )
    count = sum(map(len, words))
    speed = {name: count / times[name] for name in ("Keras", "rnnzoo")}
    rows = [
        {
            "what": "training",
            "Keras": f"{speed['Keras']:.0f} words/s",
            "rnnzoo": f"{speed['rnnzoo']:.0f} words/s",
            "ratio": f"{speed['rnnzoo'] / speed['Keras']:.1f}x",
        },
        {
            "what": "tagging, with probabilities",
            "Keras": "",
            "rnnzoo": f"{len(dev) / times['tagging']:.0f} sentences/s",
            "ratio": "",
        },
    ]
    harness.write_csv("tagging", rows)
    print(harness.machine())
    print(harness.markdown(rows))


if __name__ == "__main__":
    main()
