"""Language models against Keras's layers, PyTorch's and the products alone.

    python benchmarks/language.py [--repeats 15]

Training: a step over 20 rows of 35 tokens, with a vocabulary of 10,000, a state
carried from window to window, a softmax with a kernel of its own, clipped
gradients and stochastic gradient descent; without dropout. Sampling: 100
tokens for each row, with the state kept from token to token.

    rnnzoo   `lstm_language_model`: its training step; `generate`
    Keras    stateful `keras.layers.LSTM`s, its training step as a
             `tf.function`; a Python loop over such a model, one call a token
    torch    `torch.nn.LSTM`
    floor    the matrix products of training alone

Each number is the median of turns taken one after another, as tokens a second;
"x" columns are ours divided by the other's. Writes results/language.csv.
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
# Waiting threads of PyTorch would otherwise keep the other contestants' cores
# busy.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import harness
import keras
import numpy as np
import tensorflow as tf

import rnnzoo

VOCABULARY, ROWS, STEPS, DEPTH = 10_000, 20, 35, 2
UNITS = (200, 650)
SAMPLED, BATCHES = 100, (1, 32)


def optimizer():
    return keras.optimizers.SGD(0.1, global_clipnorm=5.0)


def windows():
    """Ids to read and ids to write, int32 `(rows, steps)`."""
    ids = np.random.default_rng(0).integers(
        2, VOCABULARY - 2, (ROWS, STEPS + 1)
    )
    return ids[:, :-1].astype("int32"), ids[:, 1:].astype("int32")


def our_model(units):
    """An adapted `lstm_language_model` without dropout."""
    task = rnnzoo.build(
        "lstm_language_model",
        units=units,
        embedding_dim=units,
        tied=False,
        dropout=0.0,
    )
    words = [f"w{i}" for i in range(VOCABULARY - 4)]
    task.adapt([" ".join(words)], verbose=0)
    task.compile(optimizer())
    task.build_optimizer()
    return task


def keras_model(units, rows):
    """Keras's layers, which keep their states."""
    model = keras.Sequential(
        [
            keras.Input(batch_shape=(rows, None), dtype="int32"),
            keras.layers.Embedding(VOCABULARY, units),
            *(
                keras.layers.LSTM(units, return_sequences=True, stateful=True)
                for _ in range(DEPTH)
            ),
            keras.layers.Dense(VOCABULARY),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer(), loss)
    model.optimizer.build(model.trainable_variables)
    return model


def graph_step(model, inputs, labels):
    """The training step of a Keras model as a graph."""

    @tf.function(reduce_retracing=True)
    def step(inputs, labels):
        return model.train_step((inputs, labels))["loss"]

    return lambda: step(inputs, labels).numpy()


def train_ours(units):
    before, after = windows()
    inputs = {
        "after": tf.constant(after),
        "before": tf.constant(before),
        "continues": tf.fill([ROWS], True),
    }
    task = our_model(units)
    task.carried.keep(task.backbone.start(ROWS))
    return graph_step(task, inputs, inputs["after"])


def train_keras(units):
    return graph_step(keras_model(units, ROWS), *map(tf.constant, windows()))


def train_torch(units):
    import torch

    torch.set_num_threads(os.cpu_count())
    embedding = torch.nn.Embedding(VOCABULARY, units)
    network = torch.nn.LSTM(units, units, DEPTH, batch_first=True)
    softmax = torch.nn.Linear(units, VOCABULARY)
    parameters = [
        each
        for layer in (embedding, network, softmax)
        for each in layer.parameters()
    ]
    before, after = (torch.tensor(ids.astype("int64")) for ids in windows())
    states = [torch.zeros(DEPTH, ROWS, units) for _ in range(2)]

    def step():
        outputs, new = network(embedding(before), states)
        states[:] = [each.detach() for each in new]
        loss = torch.nn.functional.cross_entropy(
            softmax(outputs).reshape(-1, VOCABULARY), after.reshape(-1)
        )
        gradients = torch.autograd.grad(loss, parameters)
        norm = torch.sqrt(sum(each.square().sum() for each in gradients))
        rate = 0.1 * min(1.0, 5.0 / (norm.item() + 1e-6))
        with (
            torch.no_grad()
        ):  # torch.optim cannot be imported beside TensorFlow
            torch._foreach_add_(parameters, gradients, alpha=-rate)
        return loss.item()

    return step


def train_floor(units):
    tokens = ROWS * STEPS
    at_once = [(tokens, units, 4 * units)] * DEPTH
    in_turn = [(ROWS, units, 4 * units)] * DEPTH * STEPS
    return harness.products([*at_once, *in_turn, (tokens, units, VOCABULARY)])


def sample_ours(units, rows):
    task = our_model(units)
    prompts = ["w1"] * rows

    def sample():
        task.generate(prompts, max_length=SAMPLED, min_length=SAMPLED, seed=1)

    return sample


def sample_keras(units, rows):
    model = keras_model(units, rows)
    generator = np.random.default_rng(0)

    @tf.function(reduce_retracing=True)
    def scores(ids):
        return model(ids, training=False)[:, -1]

    def sample():
        ids = np.full((rows, 1), 3, "int32")
        for _ in range(SAMPLED):
            noise = generator.gumbel(size=(rows, VOCABULARY))
            logits = scores(tf.constant(ids)).numpy() + noise
            ids = logits.argmax(axis=1)[:, None].astype("int32")

    return sample


def row(what, times, tokens):
    """The row of a table, of the seconds that each contestant took."""
    speeds = {who: tokens / each for who, each in times.items()}
    ours = speeds["rnnzoo"]
    found = {"": what}
    for who in ("rnnzoo", "Keras", "torch", "floor"):
        found[who] = f"{speeds[who]:,.0f}" if who in speeds else ""
    for who in ("Keras", "torch", "floor"):
        found[f"x {who}"] = f"{ours / speeds[who]:.2f}" if who in speeds else ""
    return found


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=15)
    args = parser.parse_args()
    rows = []
    for units in UNITS:
        steps = {
            "rnnzoo": train_ours(units),
            "Keras": train_keras(units),
            "torch": train_torch(units),
            "floor": train_floor(units),
        }
        times = harness.interleave(steps, args.repeats, warmup=2)
        what = f"training, {DEPTH} x {units}"
        rows.append(row(what, times, ROWS * STEPS))
    for batch in BATCHES:
        steps = {
            "rnnzoo": sample_ours(UNITS[0], batch),
            "Keras": sample_keras(UNITS[0], batch),
        }
        times = harness.interleave(steps, args.repeats, warmup=2)
        what = f"sampling, {DEPTH} x {UNITS[0]}, {batch} at once"
        rows.append(row(what, times, SAMPLED * batch))
    harness.write_csv("language", rows)
    print(harness.machine())
    print(harness.markdown(rows))


if __name__ == "__main__":
    main()
