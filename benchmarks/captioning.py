"""Captioners against the usual Keras loop, and against their encoder alone.

    python benchmarks/captioning.py [--encoder efficientnet_lite0.keras]
        [--repeats 7] [--passes 3] [--cpu]

Training, from feature maps of 7x7x1280 in memory, batches of 64 captions of a
vocabulary of 5,000; forward, backward and Adam:

    show, attend and tell   our recipe: vectors of 256, an LSTM of 512 that
                            attends to features projected to 512, gate, deep
                            output, dropout, LazyAdam with its clipping
    show and tell           our recipe without attention
    Keras loop              the model that TensorFlow's captioning tutorial
                            taught before it moved to a Transformer: vectors of
                            256, a GRU of 512 that attends to features projected
                            to 256, with keys of 512 computed at each step; one
                            step after another, unrolled in a tf.function; no
                            dropout
    floor                   the matrix products of show, attend and tell,
                            forward and backward, and nothing else

The loop has the smaller model: three gates, not four, and contexts of half the
size. But its keys are larger, and it computes them again at each step.

On random ids all captions have 12 tokens, which shows the cost of the
computation. Training on Flickr8k (in $RNNZOO_DATA_DIR, by default
../shared/tfds; left out if it is not there) is a pass over 960 images, each
with one true caption, drawn once, the same ids for all contestants, and random
features. Here the batches differ: ours are those of our `fit`, captions of
similar length together. The loop's are random and padded to the longest of all
training captions, as its tutorial did it; otherwise it would be traced again
for each length. The loss is masked.

Captioning reads 32 JPEG files of 160x160 and writes 12 tokens with a beam of 3.
The weights are untrained, so that no caption ends early. Timed are the whole
path, the path without the encoder, and the encoder alone, on decoded images.
The encoder is a saved Keras model, or by default EfficientNetB0 with random
weights.

Each figure is the median of turns taken one after another. Writes
results/captioning.csv; with --cpu, which counts processor time on a busy
machine, only prints.
"""

import argparse
import dataclasses
import functools
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import harness
import keras
import numpy as np
import tensorflow as tf

import rnnzoo
from rnnzoo.images import pixels
from rnnzoo.pipeline.examples import Examples

BATCH, STEPS, TOKENS, VECTOR, UNITS = 64, 12, 5000, 256, 512
GRID, FEATURES = 7, 1280
CAPTIONS = 960
IMAGES, WIDTH = 32, 3
WORDS = [f"w{i}" for i in range(TOKENS)]
OURS = {
    "show, attend and tell": "show_attend_tell_captioner",
    "show and tell": "show_tell_captioner",
}


def batch():
    """Random features, ids after the start, and ids before the end."""
    rng = np.random.default_rng(0)
    before, after = rng.integers(4, TOKENS - 4, (2, BATCH, STEPS))
    inputs = {
        "features": feature_maps(rng, BATCH),
        "target": tf.constant(before, tf.int32),
    }
    return inputs, tf.constant(after, tf.int32)


def feature_maps(rng, count):
    shape = (count, GRID, GRID, FEATURES)
    return tf.constant(rng.standard_normal(shape, "float32"), tf.float16)


def flickr8k():
    """Draws some training images, and one caption of each, at random.

    Returns:
        Tuple of `rnnzoo.pipeline.examples.Examples`, with random features, and
        the length of the longest training caption; `None` without the data.
    """
    split = harness.training_split("flickr8k")
    if split is None:
        return None
    captions = np.array(
        [each["captions"]["text"] for each in split.as_numpy_iterator()]
    )
    everything = captions.reshape(-1).tolist()
    task = our_model("show_attend_tell_captioner", stand_in(), 50, everything)
    _, after = task.target.around(task.target.ids(everything))
    longest = int(after.bounding_shape()[1])
    rng = np.random.default_rng(0)
    images = rng.choice(len(captions), CAPTIONS, replace=False)
    which = rng.integers(captions.shape[1], size=CAPTIONS)
    texts = captions[images, which].tolist()
    before, after = task.target.around(task.target.ids(texts))
    inputs = {"features": feature_maps(rng, CAPTIONS), "target": before}
    return Examples.of(inputs, after), longest


def padded(examples, length):
    """The same examples, padded to one length, in batches of any order."""
    shape = [None, length]
    inputs = {
        "features": examples.inputs["features"],
        "target": examples.inputs["target"].to_tensor(shape=shape),
    }
    return dataclasses.replace(
        harness.in_any_order(examples),
        inputs=inputs,
        labels=examples.labels.to_tensor(shape=shape),
    )


def stand_in():
    """An encoder that is never called, since features are given."""
    images = keras.Input((GRID, GRID, 3))
    return keras.Model(images, keras.layers.Conv2D(FEATURES, 1)(images))


def our_model(name, encoder, max_length=STEPS, captions=WORDS):
    task = rnnzoo.build(
        name,
        encoder=encoder,
        finetune_encoder=False,
        vocabulary_size=TOKENS,
        min_count=1,
        embedding_dim=VECTOR,
        units=UNITS,
        max_length=max_length,
    )
    task.adapt([np.zeros((8, 8, 3), "uint8")], [captions], verbose=0)
    task.compile()
    return task


def our_step(name, signature=None):
    task = our_model(name, stand_in())
    return tf.function(
        lambda *batch: task.train_step(batch), signature, autograph=False
    )


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
        outputs, state = self.gru(inputs)  # from a zero state, as taught
        hidden = tf.reshape(self.hidden(outputs), [-1, UNITS])
        return self.output_layer(hidden), state


def loop_step():
    """A training step of the tutorial, unrolled again for each length."""
    model, optimizer = TutorialDecoder(), keras.optimizers.Adam()
    losses_of = keras.losses.SparseCategoricalCrossentropy(
        from_logits=True, reduction="none"
    )

    @tf.function(autograph=False)
    def step(inputs, after):
        loss = 0.0
        before = inputs["target"]
        state = tf.zeros([BATCH, UNITS])
        with tf.GradientTape() as tape:
            maps = tf.cast(inputs["features"], tf.float32)
            maps = tf.reshape(maps, [BATCH, GRID * GRID, FEATURES])
            features = model.project(maps)
            for t in range(before.shape[1]):
                logits, state = model(before[:, t : t + 1], features, state)
                mask = tf.cast(after[:, t] != 0, tf.float32)
                loss += tf.reduce_mean(mask * losses_of(after[:, t], logits))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(
            zip(gradients, model.trainable_variables, strict=True)
        )
        return loss

    return step


def floor_step():
    """The matrix products of show, attend and tell, forward and backward."""
    places, gates = BATCH * GRID * GRID, 4 * UNITS
    projection = (places, FEATURES, UNITS)
    return harness.products(
        [
            projection,
            (places, UNITS, UNITS // 2),  # keys
            (BATCH, UNITS, 2 * UNITS),  # first states
            *[(BATCH, UNITS, UNITS // 2)] * STEPS,  # queries
            (BATCH * STEPS, VECTOR, gates),
            *[(BATCH, UNITS, gates)] * (2 * STEPS),  # contexts and states
            (BATCH * STEPS, 2 * UNITS + VECTOR, UNITS),  # readout
            (BATCH * STEPS, UNITS, TOKENS),
        ],
        leaves=[projection],
    )


def equal_lengths():
    """Functions that train on a batch of random ids."""
    steps = {name: our_step(model) for name, model in OURS.items()}
    steps["Keras loop"] = loop_step()
    data = batch()
    training = {
        f"training: {name}": functools.partial(step, *data)
        for name, step in steps.items()
    }
    return {**training, "training: floor": floor_step()}


def real_lengths(examples, longest):
    """Functions that train on all examples once."""
    batches = examples.batches(BATCH, shuffle=True)
    passes = {
        name: harness.whole_pass(our_step(model, batches.element_spec), batches)
        for name, model in OURS.items()
    }
    batches = padded(examples, longest).batches(BATCH, shuffle=True)
    passes["Keras loop"] = harness.whole_pass(loop_step(), batches)
    return {
        f"training on Flickr8k: {name}": train for name, train in passes.items()
    }


def captioning(encoder):
    """Three functions that caption, or only encode, a batch of images."""
    task = our_model("show_attend_tell_captioner", encoder)
    rng = np.random.default_rng(0)
    noise = rng.integers(256, size=(IMAGES, 160, 160, 3), dtype="uint8")
    files = tf.constant([tf.io.encode_jpeg(each).numpy() for each in noise])
    images = pixels.decode_batch(files, task.image_size).images
    features = task.encoder(images)
    beam = task.beam(WIDTH)

    @tf.function(autograph=False)
    def whole(files):
        images = pixels.decode_batch(files, task.image_size).images
        return task.write_about({"image": images}, beam)["texts"]

    @tf.function(autograph=False)
    def without_encoder(features):
        return task.write_about({"features": features}, beam)["texts"]

    @tf.function(autograph=False)
    def encoder_alone(images):
        return task.encoder(images, training=False)

    return {
        "captioning: files to captions": lambda: whole(files),
        "captioning: without the encoder": lambda: without_encoder(features),
        "captioning: the encoder alone": lambda: encoder_alone(images),
    }


def measure(functions, count, repeats, cpu, **options):
    """Rows of the examples that each function reads in a second."""
    clock = time.process_time if cpu else time.perf_counter
    times = harness.interleave(functions, repeats, clock=clock, **options)
    return [
        {"what": name, "per second": f"{count / seconds:.0f}"}
        for name, seconds in times.items()
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encoder", default="EfficientNetB0")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--passes", type=int, default=3, help="over real data")
    parser.add_argument("--cpu", action="store_true")
    args = parser.parse_args()
    rows = measure(equal_lengths(), BATCH, args.repeats, args.cpu)
    real = flickr8k()
    if real is not None:
        passes = real_lengths(*real)
        rows += measure(passes, CAPTIONS, args.passes, args.cpu, warmup=0)
    rows += measure(captioning(args.encoder), IMAGES, args.repeats, args.cpu)
    print(harness.machine())
    print(harness.markdown(rows))
    if not args.cpu:
        harness.write_csv("captioning", rows)


if __name__ == "__main__":
    main()
