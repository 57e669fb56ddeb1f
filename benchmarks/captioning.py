"""Captioners against the usual Keras loop, and against their encoder alone.

    python benchmarks/captioning.py [--encoder efficientnet_lite0.keras]
        [--repeats 7] [--cpu]

Training, from cached feature maps of 7x7x1280: 64 captions of 12 tokens, of a
vocabulary of 5,000, vectors of 256 and 512 units; forward, backward and Adam.

    show, attend and tell   our recipe: LSTM, gate, deep output, dropout
    show and tell           our recipe without attention
    Keras loop              what TensorFlow's captioning tutorial taught, GRU
                            and attention of 512, a step after the other in a
                            tf.function, the features projected and given to
                            attention at each

Captioning, of 32 JPEG files of 160x160, with a beam of 3 over 12 tokens, of
untrained weights, so that none ends early: the whole, without the encoder, and
the encoder alone, on decoded images. The encoder is a saved Keras model, or by
default EfficientNetB0 with random weights.

Median of turns taken one after another. Writes results/captioning.csv, but
with --cpu, which counts processor time on a busy machine, only prints.
"""

import argparse
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import harness
import keras
import numpy as np
import tensorflow as tf

import rnnzoo
from rnnzoo import images as pixels

BATCH, STEPS, TOKENS, VECTOR, UNITS = 64, 12, 5000, 256, 512
GRID, FEATURES = 7, 1280
IMAGES, WIDTH = 32, 3
OURS = {
    "show, attend and tell": "show_attend_tell_captioner",
    "show and tell": "show_tell_captioner",
}


def batch():
    """Features, and ids of captions with their start and end."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(BATCH, GRID, GRID, FEATURES))
    ids = rng.integers(4, TOKENS - 4, (BATCH, STEPS + 1))
    return tf.constant(features, tf.float16), tf.constant(ids, tf.int32)


def our_model(name, encoder):
    task = rnnzoo.build(
        name,
        encoder=encoder,
        finetune_encoder=False,
        vocabulary_size=TOKENS,
        min_count=1,
        embedding_dim=VECTOR,
        units=UNITS,
        max_length=STEPS,
    )
    words = [f"w{i}" for i in range(TOKENS - 4)]
    task.adapt([np.zeros((8, 8, 3), "uint8")], [words], verbose=0)
    task.compile()
    return task


def our_training(name):
    maps = keras.Input((GRID, GRID, 3))
    stand_in = keras.Model(maps, keras.layers.Conv2D(FEATURES, 1)(maps))
    task = our_model(name, stand_in)
    features, ids = batch()
    inputs = {"features": features, "target": ids[:, :-1]}
    step = tf.function(task.train_step, autograph=False)
    return lambda: step((inputs, ids[:, 1:]))


class TutorialAttention(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.places = keras.layers.Dense(UNITS)
        self.state = keras.layers.Dense(UNITS)
        self.score = keras.layers.Dense(1)

    def call(self, features, hidden):
        state = self.state(hidden[:, None])
        scores = self.score(tf.nn.tanh(self.places(features) + state))
        weights = tf.nn.softmax(scores, axis=1)
        return tf.reduce_sum(weights * features, axis=1)


class TutorialDecoder(keras.Model):
    def __init__(self):
        super().__init__()
        layers = keras.layers
        self.project = layers.Dense(VECTOR, activation="relu")
        self.embedding = layers.Embedding(TOKENS, VECTOR)
        self.attention = TutorialAttention()
        self.gru = layers.GRU(UNITS, return_sequences=True, return_state=True)
        self.hidden = layers.Dense(UNITS)
        self.output_layer = layers.Dense(TOKENS)

    def call(self, tokens, features, state):
        context = self.attention(features, state)
        vectors = self.embedding(tokens)
        inputs = tf.concat([context[:, None], vectors], axis=-1)
        outputs, state = self.gru(inputs)  # as taught: it starts anew
        hidden = tf.reshape(self.hidden(outputs), [-1, UNITS])
        return self.output_layer(hidden), state


def loop_training():
    model, optimizer = TutorialDecoder(), keras.optimizers.Adam()
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    maps, ids = batch()

    @tf.function(autograph=False)
    def step(maps, ids):
        loss = 0.0
        state = tf.zeros([BATCH, UNITS])
        with tf.GradientTape() as tape:
            maps = tf.reshape(maps, [BATCH, GRID * GRID, FEATURES])
            features = model.project(tf.cast(maps, tf.float32))
            for t in range(STEPS):
                logits, state = model(ids[:, t : t + 1], features, state)
                loss += loss_of(ids[:, t + 1], logits)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(
            zip(gradients, model.trainable_variables, strict=True)
        )
        return loss

    step(maps, ids)
    return lambda: step(maps, ids)


def captioning(encoder):
    """The three functions that caption, or only encode, a batch of images."""
    task = our_model("show_attend_tell_captioner", encoder)
    rng = np.random.default_rng(0)
    noise = rng.integers(256, size=(IMAGES, 160, 160, 3), dtype="uint8")
    files = tf.constant([tf.io.encode_jpeg(each).numpy() for each in noise])
    images = pixels.decode_batch(files, task.image_size).images
    features = task.encoder(images)

    @tf.function(autograph=False)
    def whole(files):
        images = pixels.decode_batch(files, task.image_size).images
        return task.decode({"image": images}, WIDTH, 1)["captions"]

    @tf.function(autograph=False)
    def without_encoder(features):
        return task.decode({"features": features}, WIDTH, 1)["captions"]

    @tf.function(autograph=False)
    def encoder_alone(images):
        return task.encoder(images, training=False)

    return {
        "captioning: files to captions": lambda: whole(files),
        "captioning: without the encoder": lambda: without_encoder(features),
        "captioning: the encoder alone": lambda: encoder_alone(images),
    }


def measure(functions, count, args):
    """Rows of how many examples a second each function does."""
    clock = time.process_time if args.cpu else time.perf_counter
    times = harness.interleave(functions, args.repeats, clock=clock)
    return [
        {"what": name, "per second": f"{count / seconds:.0f}"}
        for name, seconds in times.items()
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encoder", default="EfficientNetB0")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--cpu", action="store_true")
    args = parser.parse_args()
    training = {
        f"training: {name}": our_training(model) for name, model in OURS.items()
    }
    training["training: Keras loop"] = loop_training()
    rows = measure(training, BATCH, args)
    rows += measure(captioning(args.encoder), IMAGES, args)
    print(harness.machine())
    print(harness.markdown(rows))
    if not args.cpu:
        harness.write_csv("captioning", rows)


if __name__ == "__main__":
    main()
