"""Translators against each other, Keras, Joey NMT and the products alone.

    python benchmarks/translation.py [--repeats 7] [--passes 3] [--cpu]

The recurrent ones have the sizes of bahdanau_translator: vocabularies of 5,000,
vectors of 256, an encoder of 2 x 192 GRU units and a decoder of 384. The others
have about as many weights, 6.5 million. There is no dropout,
and the output layer does not share the embedding's weights, because Joey NMT
could not share them at these sizes. A training step is forward, backward and
the update of Adam, in our models of LazyAdam. Contestants:

    bahdanau, luong, luong fed
                 our translators; Luong's without and with input feeding
    transformer  ours, 2 blocks of 256 features on each side
    convolution  ours, 3 blocks of 256 features on each side
    Keras RNN    keras.layers.RNN over a cell with Bahdanau's attention
    Keras loop   one step after another, each with its keys and its loss, as in
                 TensorFlow's tutorial "Neural machine translation with
                 attention" of 2021
    Keras layers the same tutorial today: a GRU, then MultiHeadAttention for all
                 its steps at once, to be compared with luong
    Joey NMT     its recurrent model, Bahdanau's attention, input feeding, and
                 its Transformer, of the size of ours (`pip install joeynmt`;
                 left out if it is not there)
    floor        the matrix products of the first model, forward and backward,
                 and nothing else

Training reads 64 pairs of 14 random ids without padding, which shows the cost
of the computation.

The beam of 5 decodes the same sources over 14 steps, with untrained weights, so
that no translation ends early.

Training on Multi30k (in $RNNZOO_DATA_DIR, by default ../shared/tfds; left out
if it is not there) is a pass over 960 training pairs, drawn once, in batches of
64, with the same ids of words for all. Target tokens and ends are counted,
padding is not. Here the batches differ: ours are those of our `fit`, pairs of
similar length together. The others' are random and padded to their longest
pair, as in the tutorials and by Joey NMT's default. Users of Keras could sort,
too, with `bucket_by_sequence_length`, but this is what they get by following
the guide. The same input pipeline feeds all. All mask padding in the encoder,
in attention and in the loss; Joey NMT packs sources. Keras's loop is then a
`tf.while_loop`, as in its tutorial, because the unrolled loop would be traced
again for each length.

Each figure is the median of turns taken one after another. Writes
results/translation.csv; with --cpu, which counts processor time on a busy
machine, only prints.
"""

import argparse
import functools
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import harness
import joey_nmt
import keras
import numpy as np
import tensorflow as tf

import rnnzoo
from rnnzoo import losses, search
from rnnzoo.optimizers import LazyAdam

BATCH, STEPS, TOKENS, VECTOR, UNITS, WIDTH = 64, 14, 5000, 256, 384, 5
PAIRS = 960
RECURRENT = {
    "rnn": "gru",
    "units": UNITS // 2,
    "embedding_dim": VECTOR,
    "recurrent_dropout": 0.0,
}
BLOCKS = {"units": VECTOR, "hidden_units": 2 * VECTOR, "depth": 2}
OURS = {
    "bahdanau": ("bahdanau_translator", RECURRENT),
    "luong": ("luong_translator", RECURRENT),
    "luong fed": ("luong_translator", {**RECURRENT, "input_feeding": True}),
    "transformer": ("transformer_translator", BLOCKS),
    "convolution": ("conv_seq2seq_translator", {"embedding_dim": VECTOR}),
}
JOEY = {
    "Joey NMT": lambda: joey_nmt.recurrent(VECTOR, UNITS),
    "Joey NMT Transformer": lambda: joey_nmt.transformer(**BLOCKS, num_heads=4),
}


def ids():
    """Random sources, targets after the start, and targets before the end."""
    rng = np.random.default_rng(0)
    source, before, after = rng.integers(4, TOKENS - 4, (3, BATCH, STEPS))
    inputs = {"source": source, "target": before}
    return tf.nest.map_structure(
        lambda x: tf.constant(x, tf.int32), (inputs, after)
    )


def multi30k():
    """Training pairs drawn at random, as ids of words; `None` without data."""
    split = harness.training_split("multi30k")
    if split is None:
        return None
    task = rnnzoo.build(
        "bahdanau_translator",
        unit="word",
        vocabulary_size=TOKENS,
        target_vocabulary_size=TOKENS,
        languages=("en", "de"),
    )
    task.adapt(split, verbose=0)
    examples = task.encode(split)
    rng = np.random.default_rng(0)
    return examples.take(rng.choice(len(examples), PAIRS, replace=False))


def our_model(name):
    factory, options = OURS[name]
    model = rnnzoo.build(
        factory,
        unit="word",
        vocabulary_size=TOKENS,
        target_vocabulary_size=TOKENS,
        tied=False,
        dropout=0.0,
        word_dropout=0.0,
        **options,
    )
    words = [f"w{i}" for i in range(TOKENS)]
    model.adapt(words * 2, words * 2, verbose=0)
    return model


def train_step(model, optimizer, signature=None):
    """A training step of a model whose `loss_of` takes ids."""
    model.loss_of(*ids())
    optimizer.build(model.trainable_variables)

    def step(inputs, after):
        with tf.GradientTape() as tape:
            tokens = tf.reduce_sum(tf.cast(after != 0, tf.float32))
            loss = model.loss_of(inputs, after) / tokens
        variables = model.trainable_variables
        optimizer.apply(tape.gradient(loss, variables), variables)
        return loss

    return tf.function(step, signature, autograph=False)


def crossentropy(logits, after):
    """The sum over all tokens except padding."""
    mask = tf.cast(after != 0, tf.float32)
    return tf.reduce_sum(mask * losses.smoothed_crossentropy(logits, after))


class Ours:
    """One of our translators."""

    def __init__(self, task):
        self.task = task
        self.trainable_variables = task.trainable_variables

    def loss_of(self, inputs, after):
        return crossentropy(self.task(inputs, training=True).logits, after)


def our_decoding(task):
    @tf.function(autograph=False)
    def decode(source):
        memory, mask, states = task.encode_source(
            {"source": source}, training=False
        )
        memory, state = task.decoder.start(memory, mask, states, steps=STEPS)
        return search.beam(
            functools.partial(task.decoder.step, memory=memory),
            state,
            start=tf.fill([BATCH], task.target.start_id),
            end=task.target.end_id,
            max_length=STEPS - 1,  # and the end
            width=WIDTH,
        ).tokens

    source = ids()[0]["source"]
    return lambda: decode(source)


class AttentionCell(keras.layers.Layer):
    """A cell as users write it: a GRU that attends to `self.memory`."""

    state_size = output_size = UNITS

    def __init__(self):
        super().__init__()
        self.cell = keras.layers.GRUCell(UNITS)
        self.query = keras.layers.Dense(UNITS, use_bias=False)
        self.score = keras.layers.Dense(1, use_bias=False)

    def build(self, shape):
        self.query.build((None, UNITS))
        self.score.build((None, None, UNITS))
        self.cell.build((None, shape[-1] + UNITS))

    def call(self, x, states):
        hidden = tf.tanh(self.query(states[0])[:, None] + self.keys)
        scores = self.score(hidden)
        if self.mask is not None:
            scores = tf.where(self.mask[..., None], scores, -1e9)
        weights = tf.nn.softmax(scores, axis=1)
        context = tf.reduce_sum(weights * self.memory, axis=1)
        output, states = self.cell(tf.concat([x, context], axis=-1), states)
        return tf.concat([output, context], axis=-1), states


class KerasRNN(keras.Model):
    """Keras's RNN over `AttentionCell`; `padded`: whether to mask sources."""

    def __init__(self, padded):
        super().__init__()
        layers = keras.layers
        self.source = layers.Embedding(TOKENS, VECTOR, mask_zero=padded)
        self.target = layers.Embedding(TOKENS, VECTOR)
        self.encoder = layers.Bidirectional(
            layers.GRU(UNITS // 2, return_sequences=True)
        )
        self.mean = layers.GlobalAveragePooling1D()
        self.start = layers.Dense(UNITS, activation="tanh")
        self.keys = layers.Dense(UNITS)
        self.cell = AttentionCell()
        self.decoder = layers.RNN(self.cell, return_sequences=True)
        self.readout = layers.Dense(UNITS, activation="tanh")
        self.output_layer = layers.Dense(TOKENS)

    def encode(self, source):
        """The memory, its mask or `None`, and the first state."""
        mask = self.source.compute_mask(source)
        memory = self.encoder(self.source(source), mask=mask)
        return memory, mask, self.start(self.mean(memory, mask=mask))

    def read_out(self, hidden, vectors):
        hidden = self.readout(tf.concat([hidden, vectors], axis=-1))
        return self.output_layer(hidden)

    def loss_of(self, inputs, after):
        memory, self.cell.mask, start = self.encode(inputs["source"])
        self.cell.memory, self.cell.keys = memory, self.keys(memory)
        vectors = self.target(inputs["target"])
        hidden = self.decoder(vectors, initial_state=[start])
        return crossentropy(self.read_out(hidden, vectors), after)


class KerasLoop(KerasRNN):
    """One step after another, each with its loss and its keys."""

    def loss_of(self, inputs, after):
        memory, self.cell.mask, start = self.encode(inputs["source"])
        before = inputs["target"]

        def step(t, state, loss):
            self.cell.memory, self.cell.keys = memory, self.keys(memory)
            vectors = self.target(before[:, t])
            hidden, (state,) = self.cell(vectors, [state])
            logits = self.read_out(hidden, vectors)
            return t + 1, state, loss + crossentropy(logits, after[:, t])

        loop = (0, start, 0.0)
        if before.shape[1] is None:
            count = tf.shape(before)[1]
            return tf.while_loop(lambda t, *_: t < count, step, loop)[-1]
        for _ in range(before.shape[1]):
            loop = step(*loop)
        return loop[-1]


class KerasLayers(KerasRNN):
    """Keras's layers alone: attention comes after all steps of the GRU."""

    def __init__(self, padded):
        super().__init__(padded)
        self.decoder = keras.layers.GRU(UNITS, return_sequences=True)
        self.attention = keras.layers.MultiHeadAttention(1, UNITS)

    def loss_of(self, inputs, after):
        memory, mask, start = self.encode(inputs["source"])
        mask = None if mask is None else mask[:, None]
        vectors = self.target(inputs["target"])
        hidden = self.decoder(vectors, initial_state=start)
        context = self.attention(hidden, memory, attention_mask=mask)
        hidden = tf.concat([hidden, context], axis=-1)
        return crossentropy(self.read_out(hidden, vectors), after)


KERAS = {
    "Keras RNN": KerasRNN,
    "Keras loop": KerasLoop,
    "Keras layers": KerasLayers,
}


def floor_step():
    """The matrix products of Bahdanau's model, forward and backward."""
    half = UNITS // 2
    return harness.products(
        [
            *[(BATCH * STEPS, VECTOR, 3 * half)] * 2,  # encoder
            *[(BATCH, half, 3 * half)] * (2 * STEPS),
            (BATCH * STEPS, UNITS, UNITS),  # keys
            *[(BATCH, UNITS, UNITS)] * STEPS,  # queries
            (BATCH * STEPS, VECTOR, 3 * UNITS),  # decoder
            *[(BATCH, UNITS, 3 * UNITS)] * (2 * STEPS),
            (BATCH * STEPS, 2 * UNITS + VECTOR, UNITS),  # readout
            (BATCH * STEPS, UNITS, TOKENS),
        ]
    )


def equal_lengths(joey):
    """Functions that train on a batch of random ids, and that decode it."""
    tasks = {name: our_model(name) for name in OURS}
    steps = {
        name: train_step(Ours(task), LazyAdam()) for name, task in tasks.items()
    }
    for name, model in KERAS.items():
        steps[name] = train_step(model(padded=False), keras.optimizers.Adam())
    decoding = {name: our_decoding(task) for name, task in tasks.items()}
    source = ids()[0]["source"]
    for name, model in joey.items():
        steps[name] = joey_nmt.train_step(model)
        decoding[name] = joey_nmt.decoding(model, source, STEPS, WIDTH)
    training = {
        name: functools.partial(step, *ids()) for name, step in steps.items()
    }
    return {**training, "floor": floor_step()}, decoding


def real_lengths(examples, joey):
    """Functions that train on all examples once."""
    ours = examples.batches(BATCH, shuffle=True)
    others = harness.in_any_order(examples).batches(BATCH, shuffle=True)
    signature = ours.element_spec
    passes = {}
    for name in OURS:
        step = train_step(Ours(our_model(name)), LazyAdam(), signature)
        passes[name] = harness.whole_pass(step, ours)
    for name, model in KERAS.items():
        adam = keras.optimizers.Adam()
        step = train_step(model(padded=True), adam, signature)
        passes[name] = harness.whole_pass(step, others)
    for name, model in joey.items():
        passes[name] = harness.whole_pass(joey_nmt.train_step(model), others)
    return passes


def measure(what, functions, amount, repeats, cpu, **options):
    """Rows of the amount that each function does in a second."""
    clock = time.process_time if cpu else time.perf_counter
    times = harness.interleave(functions, repeats, clock=clock, **options)
    return [
        {
            "": what,
            "model": name,
            "per second": f"{amount / time:.0f}",
            "bahdanau / it": f"{time / times['bahdanau']:.2f}",
        }
        for name, time in times.items()
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--passes", type=int, default=3, help="over real data")
    parser.add_argument(
        "--cpu", action="store_true", help="count processor time; only print"
    )
    args = parser.parse_args()
    joey = {
        name: joey_nmt.build(TOKENS, *configurations())
        for name, configurations in JOEY.items()
    }
    joey = {name: model for name, model in joey.items() if model is not None}
    training, decoding = equal_lengths(joey)
    rows = measure(
        "training, target tokens/s",
        training,
        BATCH * STEPS,
        args.repeats,
        args.cpu,
    )
    rows += measure(
        "beam of 5, sentences/s", decoding, BATCH, args.repeats, args.cpu
    )
    examples = multi30k()
    if examples is not None:
        rows += measure(
            "training on Multi30k, target tokens/s",
            real_lengths(examples, joey),
            int(examples.tokens.sum()),
            args.passes,
            args.cpu,
            warmup=0,
        )
    print(harness.machine())
    print(harness.markdown(rows))
    if not args.cpu:
        harness.write_csv("translation", rows)


if __name__ == "__main__":
    main()
