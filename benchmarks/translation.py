"""Translators against a Keras decoder, Joey NMT and the matrix products alone.

    python benchmarks/translation.py [--repeats 7] [--cpu]

Random ids, 64 pairs of 14 tokens, in the sizes of our recipe for Multi30k:
vocabularies of 5,000, vectors of 256, an encoder of 2 x 192 GRU units and a
decoder of 384; but without dropout, and with an output layer that is not the
embedding, since Joey NMT could not share one of that size. A training step is
forward, backward and the update of Adam (ours: of LazyAdam); decoding is a beam
of 5 over 14 steps, of untrained weights, so that none ends early. Contestants:

    bahdanau, luong, luong fed
                 our translators; Luong's without and with input feeding
    Keras RNN    keras.layers.RNN over a cell that attends as Bahdanau's
    Keras loop   the steps one by one, as in TensorFlow's tutorial "Neural
                 machine translation with attention"
    Joey NMT     its recurrent model, Bahdanau's attention, input feeding
                 (`pip install joeynmt`; left out if it is not there)
    floor        the matrix products of the first model, forward and backward,
                 and nothing else

Median of turns taken one after another. Writes results/translation.csv, but
with --cpu, which counts processor time on a busy machine, only prints.
"""

import argparse
import functools
import os
import time
import types

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import harness
import keras
import numpy as np
import tensorflow as tf

import rnnzoo
from rnnzoo import losses, search
from rnnzoo.optimizers import LazyAdam

BATCH, STEPS, TOKENS, VECTOR, UNITS, WIDTH = 64, 14, 5000, 256, 384, 5
OURS = {
    "bahdanau": ("bahdanau_translator", {}),
    "luong": ("luong_translator", {"rnn": "gru"}),
    "luong fed": ("luong_translator", {"rnn": "gru", "input_feeding": True}),
}


def ids():
    """Source, target with its start, and target with its end."""
    rng = np.random.default_rng(0)
    shape = (BATCH, STEPS)
    return [
        rng.integers(4, TOKENS - 4, shape).astype("int32") for _ in range(3)
    ]


def our_model(name):
    factory, options = OURS[name]
    model = rnnzoo.build(
        factory,
        unit="word",
        vocabulary_size=TOKENS,
        target_vocabulary_size=TOKENS,
        embedding_dim=VECTOR,
        units=UNITS // 2,
        tied=False,
        dropout=0.0,
        recurrent_dropout=0.0,
        word_dropout=0.0,
        **options,
    )
    words = [f"w{i}" for i in range(TOKENS - 4)]
    model.adapt(words * 2, words * 2, verbose=0)
    return model


def train_step(model, optimizer):
    """A step of a model that has a loss of source and target ids."""
    data = [tf.constant(each) for each in ids()]
    model.loss_of(*data)
    optimizer.build(model.trainable_variables)

    @tf.function(autograph=False)
    def step(source, before, after):
        with tf.GradientTape() as tape:
            loss = model.loss_of(source, before, after)
        variables = model.trainable_variables
        optimizer.apply(tape.gradient(loss, variables), variables)
        return loss

    return lambda: step(*data).numpy()


def crossentropy(logits, after):
    return tf.reduce_mean(losses.smoothed_crossentropy(logits, after))


class Ours:
    """One of our translators."""

    def __init__(self, task):
        self.task = task
        self.trainable_variables = task.trainable_variables

    def loss_of(self, source, before, after):
        inputs = {"source": source, "target": before}
        return crossentropy(self.task(inputs, training=True).logits, after)


def our_decoding(task):
    @tf.function(autograph=False)
    def decode(source):
        memory, mask, states = task._encode_source(source, training=False)
        memory, state = task.decoder.start(memory, mask, states)
        return search.beam(
            functools.partial(task.decoder.step, memory=memory),
            state,
            start=tf.fill([BATCH], task.start_id),
            end=task.end_id,
            max_length=STEPS - 1,  # and the end
            width=WIDTH,
        ).tokens

    source = tf.constant(ids()[0])
    return lambda: decode(source)


class AttentionCell(keras.layers.Layer):
    """What people write: a GRU cell that attends, its memory an attribute."""

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
        weights = tf.nn.softmax(self.score(hidden), axis=1)
        context = tf.reduce_sum(weights * self.memory, axis=1)
        output, states = self.cell(tf.concat([x, context], axis=-1), states)
        return tf.concat([output, context], axis=-1), states


class KerasRNN(keras.Model):
    """A Keras RNN over that cell."""

    def __init__(self):
        super().__init__()
        layers = keras.layers
        self.source = layers.Embedding(TOKENS, VECTOR)
        self.target = layers.Embedding(TOKENS, VECTOR)
        self.encoder = layers.Bidirectional(
            layers.GRU(UNITS // 2, return_sequences=True)
        )
        self.start = layers.Dense(UNITS, activation="tanh")
        self.keys = layers.Dense(UNITS)
        self.cell = AttentionCell()
        self.decoder = layers.RNN(self.cell, return_sequences=True)
        self.readout = layers.Dense(UNITS, activation="tanh")
        self.output_layer = layers.Dense(TOKENS)

    def encode(self, source):
        memory = self.encoder(self.source(source))
        return memory, self.start(tf.reduce_mean(memory, axis=1))

    def read_out(self, hidden, vectors):
        hidden = self.readout(tf.concat([hidden, vectors], axis=-1))
        return self.output_layer(hidden)

    def loss_of(self, source, before, after):
        memory, start = self.encode(source)
        self.cell.memory, self.cell.keys = memory, self.keys(memory)
        vectors = self.target(before)
        hidden = self.decoder(vectors, initial_state=[start])
        return crossentropy(self.read_out(hidden, vectors), after)


class KerasLoop(KerasRNN):
    """A step after the other, each with its loss and its keys."""

    def loss_of(self, source, before, after):
        memory, state = self.encode(source)
        state, total = [state], 0.0
        for t in range(STEPS):
            self.cell.memory, self.cell.keys = memory, self.keys(memory)
            vectors = self.target(before[:, t])
            hidden, state = self.cell(vectors, state)
            logits = self.read_out(hidden, vectors)
            total += crossentropy(logits, after[:, t])
        return total / STEPS


def joey_steps():
    """Training and decoding of Joey NMT's recurrent model."""
    import torch
    from joeynmt.model import build_model
    from joeynmt.search import beam_search
    from joeynmt.vocabulary import Vocabulary

    torch.set_num_threads(os.cpu_count())
    special = {
        "unk_token": "<unk>",
        "pad_token": "<pad>",
        "bos_token": "<s>",
        "eos_token": "</s>",
        "unk_id": 0,
        "pad_id": 1,
        "bos_id": 2,
        "eos_id": 3,
        "sep_token": None,
        "sep_id": None,
        "lang_tags": [],
    }
    vocabulary = Vocabulary(
        [f"w{i}" for i in range(TOKENS - 4)], types.SimpleNamespace(**special)
    )
    vectors = {"embedding_dim": VECTOR, "scale": False}
    shared = {"type": "recurrent", "rnn_type": "gru", "embeddings": vectors}
    model = build_model(
        {
            "encoder": {
                **shared,
                "hidden_size": UNITS // 2,
                "bidirectional": True,
                "num_layers": 1,
                "dropout": 0.0,
            },
            "decoder": {
                **shared,
                "hidden_size": UNITS,
                "num_layers": 1,
                "dropout": 0.0,
                "attention": "bahdanau",
                "input_feeding": True,
                "init_hidden": "bridge",
            },
            "initializer": "xavier_uniform",
            "embed_initializer": "normal",
            "bias_initializer": "zeros",
        },
        vocabulary,
        vocabulary,
    )
    source, before, after = (torch.tensor(x, dtype=torch.long) for x in ids())
    mask = torch.ones(BATCH, 1, STEPS, dtype=torch.bool)
    lengths = torch.full((BATCH,), STEPS)

    optimizer = torch.optim.Adam(model.parameters())

    def train():
        optimizer.zero_grad()
        logits, *_ = model._encode_decode(
            source, before, mask, lengths, torch.ones_like(mask)
        )
        loss = torch.nn.functional.cross_entropy(
            logits.reshape(-1, TOKENS), after.reshape(-1)
        )
        loss.backward()
        optimizer.step()
        return loss.item()

    def decode():
        with torch.inference_mode():
            encoded, hidden, _, _ = model(
                return_type="encode",
                src=source,
                src_length=lengths,
                src_mask=mask,
            )
            return beam_search(
                model=model,
                beam_size=WIDTH,
                encoder_output=encoded,
                encoder_hidden=hidden,
                src_mask=mask,
                max_output_length=STEPS,
                alpha=0,
            )

    return train, decode


def floor_step():
    """The matrix products of Bahdanau's model, forward and backward."""
    half = UNITS // 2
    sizes = [
        *[(BATCH * STEPS, VECTOR, 3 * half)] * 2,  # encoder
        *[(BATCH, half, 3 * half)] * (2 * STEPS),
        (BATCH * STEPS, UNITS, UNITS),  # keys
        *[(BATCH, UNITS, UNITS)] * STEPS,  # queries
        (BATCH * STEPS, VECTOR, 3 * UNITS),  # decoder
        *[(BATCH, UNITS, 3 * UNITS)] * (2 * STEPS),
        (BATCH * STEPS, 2 * UNITS + VECTOR, UNITS),  # readout
        (BATCH * STEPS, UNITS, TOKENS),
    ]
    # Both ways round, for no product pays for a transposition.
    factors = {
        size: [
            tf.random.normal(shape)
            for m, k, n in [size]
            for shape in ([m, k], [k, n], [m, n], [n, k], [k, m])
        ]
        for size in sizes
    }

    @tf.function(autograph=False)
    def step():
        done = []
        for size in sizes:
            x, w, dy, w_turned, x_turned = factors[size]
            # Controlled by the one before, or equal products are merged.
            with tf.control_dependencies(done[-1:]):
                done.append(tf.matmul(tf.identity(x), w))
                done.append(tf.matmul(tf.identity(dy), w_turned))
                done.append(tf.matmul(tf.identity(x_turned), dy))
        return tf.add_n([tf.reduce_sum(each[:1]) for each in done])

    return step


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument(
        "--cpu", action="store_true", help="count processor time; only print"
    )
    args = parser.parse_args()
    clock = time.process_time if args.cpu else time.perf_counter
    training, decoding = {}, {}
    for name in OURS:
        task = our_model(name)
        training[name] = train_step(Ours(task), LazyAdam())
        decoding[name] = our_decoding(task)
    for name, model in (("Keras RNN", KerasRNN), ("Keras loop", KerasLoop)):
        training[name] = train_step(model(), keras.optimizers.Adam())
    try:
        training["Joey NMT"], decoding["Joey NMT"] = joey_steps()
    except ImportError as error:
        print(f"Joey NMT is left out: {error}")
    training["floor"] = floor_step()
    rows = []
    for what, functions, amount in (
        ("training, target tokens/s", training, BATCH * STEPS),
        ("beam of 5, sentences/s", decoding, BATCH),
    ):
        times = harness.interleave(functions, args.repeats, clock=clock)
        rows += [
            {
                "": what,
                "model": name,
                "per second": f"{amount / time:.0f}",
                "bahdanau is faster by": f"{time / times['bahdanau']:.2f}",
            }
            for name, time in times.items()
        ]
    print(harness.markdown(rows))
    if not args.cpu:
        harness.write_csv("translation", rows)


if __name__ == "__main__":
    main()
