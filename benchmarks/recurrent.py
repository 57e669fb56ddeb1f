"""Recurrent layers against Keras's, PyTorch's and the matrix products alone.

    python benchmarks/recurrent.py [--xla] [--memory] [--steps] [--repeats 15]
    python benchmarks/recurrent.py --shapes 512x30x100x50 --cells LSTM \
        --only rnnzoo Keras

Shapes are batch x steps x features x units. A training step runs forward and
backward in a `tf.function`. The loss is the mean of the outputs times a fixed
tensor; gradients are those of all weights and of the input. Recurrent dropout
is 0.25, and masks hide random lengths on the right. Batch size and length are
unknown to the graph, as in `fit`. Contestants:

    rnnzoo        our layer
    Keras         keras.layers in graph mode, its default on a CPU
    no dropout    the same without recurrent dropout
    torch         torch.nn without recurrent dropout and masks
    floor         the matrix products of the cell, and nothing else
    rnnzoo XLA, Keras XLA
                  compiled for this one shape; the time to compile is separate

Each number is the median, in ms, of turns taken one after another; "/" columns
are the time of rnnzoo divided by the other's. Writes results/recurrent.csv, or
with --memory the peak memory of training to results/recurrent_memory.csv. With
--steps, what several steps in an iteration of our loop bring at inference, and
what the call that makes the graph takes, to results/recurrent_steps.csv. A run
that options narrow, or that counts processor time with --cpu, only prints.
"""

import argparse
import itertools
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
# Waiting threads of PyTorch would otherwise keep the other contestants' cores
# busy.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import harness
import keras
import numpy as np
import tensorflow as tf

from rnnzoo import layers
from rnnzoo.layers import recurrence

SHAPES = [
    "32x100x128x256",
    "64x50x256x512",
    "512x30x100x50",
    "8x200x64x128",
    "1x50x128x128",  # inference only
]
# Networks from small to large, and steps in an iteration.
STEP_SHAPES = [
    "1x50x128x128",
    "32x100x32x8",
    "32x100x32x16",
    "32x100x64x64",
    "8x200x64x128",
    "32x100x128x128",
    "64x200x200x64",
    "512x30x100x50",
    "32x100x128x256",
]
STEPS = (1, 2, 4, 8)
CELLS = {"LSTM": 4, "GRU": 3}  # gates
DIRECTIONS = {"forward": 1, "bidirectional": 2}
MODES = ["training", "inference"]
RATE = 0.25
GRAPHS = ["rnnzoo", "Keras", "no dropout"]
XLA = ["rnnzoo XLA", "Keras XLA"]
CONTESTANTS = [*GRAPHS, "torch", "floor", *XLA]


def draw(shape, directions):
    """Inputs, mask, and the tensor that weighs the outputs in the loss."""
    batch, steps, features, units = shape
    generator = np.random.default_rng(0)
    lengths = generator.integers(max(steps // 4, 1), steps + 1, batch)
    lengths[0] = steps
    x = generator.normal(size=(batch, steps, features))
    mask = np.arange(steps) < lengths[:, None]
    weights = generator.normal(size=(batch, steps, directions * units))
    return x.astype("float32"), mask, weights.astype("float32")


def make_layer(who, cell, directions, units):
    """A layer of rnnzoo or Keras that returns sequences."""
    library = layers if who.startswith("rnnzoo") else keras.layers
    rate = 0.0 if who == "no dropout" else RATE
    layer = getattr(library, cell)(
        units, return_sequences=True, recurrent_dropout=rate
    )
    return library.Bidirectional(layer) if directions == 2 else layer


def keras_step(who, cell, shape, directions, mode):
    """A step of a layer of rnnzoo or Keras, a function without arguments."""
    _, _, features, units = shape
    layer = make_layer(who, cell, directions, units)
    layer.build((None, None, features))
    data = [tf.constant(each) for each in draw(shape, directions)]
    xla = who in XLA
    signature = [
        tf.TensorSpec(
            each.shape if xla else [None, None, *each.shape[2:]], each.dtype
        )
        for each in data
    ]

    @tf.function(jit_compile=xla, input_signature=signature)
    def step(x, mask, weights):
        if mode == "inference":
            return layer(x, mask=mask, training=False)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x, mask=mask, training=True)
            loss = tf.reduce_mean(y * weights)
        return tape.gradient(loss, [*layer.trainable_variables, x])

    return lambda: step(*data)


def torch_step(cell, shape, directions, mode):
    """A step of PyTorch's layer, without recurrent dropout and masks."""
    import torch

    torch.set_num_threads(os.cpu_count())
    _, _, features, units = shape
    layer = getattr(torch.nn, cell)(
        features, units, batch_first=True, bidirectional=directions == 2
    )
    x, _, weights = draw(shape, directions)
    x = torch.tensor(x, requires_grad=mode == "training")
    weights = torch.tensor(weights)

    def train():
        loss = (layer(x)[0] * weights).mean()
        return torch.autograd.grad(loss, [*layer.parameters(), x])

    def infer():
        with torch.inference_mode():
            return layer(x)[0]

    return train if mode == "training" else infer


def floor_step(cell, shape, directions, mode):
    """The products of the cell: two at each step, the others all at once."""
    batch, steps, features, units = shape
    wide = CELLS[cell] * units
    sizes = {
        "x": (steps * batch, features),
        "kernel": (features, wide),
        "recurrent": (units, wide),
        "h": (steps, batch, units),
        "slopes": (steps, batch, wide),
    }
    tensors = [
        {name: tf.random.normal(size) for name, size in sizes.items()}
        for _ in range(directions)
    ]

    def products(left, right):
        """One product at each step, in sequence; returns the last results."""

        def step(t, _):
            return t + 1, [
                tf.matmul(a[t], b) for a, b in zip(left, right, strict=True)
            ]

        start = [tf.zeros((batch, each.shape[1])) for each in right]
        return tf.while_loop(
            lambda t, _: t < steps, step, (0, start), parallel_iterations=1
        )[1]

    @tf.function
    def step(tensors):
        recurrent = [each["recurrent"] for each in tensors]
        results = [tf.matmul(each["x"], each["kernel"]) for each in tensors]
        results += products([each["h"] for each in tensors], recurrent)
        if mode == "inference":
            return results
        # Transposed once, since `transpose_b` makes such small products slow.
        transposed = [tf.transpose(each) for each in recurrent]
        results += products([each["slopes"] for each in tensors], transposed)
        for each in tensors:
            slope = tf.reshape(each["slopes"], (-1, wide))
            h = tf.reshape(each["h"], (-1, units))
            results += [
                tf.matmul(each["x"], slope, transpose_a=True),
                tf.matmul(h, slope, transpose_a=True),
                tf.matmul(slope, each["kernel"], transpose_b=True),
            ]
        return results

    return lambda: step(tensors)


def make_step(who, *case):
    """A contestant's function without arguments."""
    if who == "torch":
        return torch_step(*case)
    if who == "floor":
        return floor_step(*case)
    return keras_step(who, *case)


def parse(shape):
    return tuple(map(int, shape.split("x")))


def time_case(case, names, repeats, clock):
    """The row of times of one cell, shape, direction and mode."""
    cell, shape, direction, mode = case
    sizes, directions = parse(shape), DIRECTIONS[direction]
    steps, compiling = {}, {}
    for who in names:
        steps[who] = make_step(who, cell, sizes, directions, mode)
        if who in XLA:
            start = time.perf_counter()
            steps[who]()
            compiling[who] = time.perf_counter() - start
    times = harness.interleave(steps, repeats, warmup=2, clock=clock)
    row = {"": mode, "cell": cell, "direction": direction, "shape": shape}
    row |= {who: f"{1e3 * each:.1f}" for who, each in times.items()}
    if "rnnzoo" in times:
        row |= {
            f"/ {who}": f"{times['rnnzoo'] / each:.2f}"
            for who, each in times.items()
            if who != "rnnzoo"
        }
    row |= {f"{who} compile (s)": f"{s:.1f}" for who, s in compiling.items()}
    return row


def time_steps(case, repeats, clock):
    """The row of times by the steps that an iteration takes."""
    cell, shape, direction, mode = case
    sizes, directions = parse(shape), DIRECTIONS[direction]
    graphs, first = {}, {}
    chosen = recurrence.GROUP, recurrence.GROUPED
    # The first graph of a process takes longer than others.
    keras_step("rnnzoo", cell, sizes, directions, mode)()
    for steps in STEPS:
        recurrence.GROUP, recurrence.GROUPED = steps, (1, sizes[-1])
        graphs[steps] = keras_step("rnnzoo", cell, sizes, directions, mode)
        start = time.perf_counter()
        graphs[steps]()
        first[steps] = time.perf_counter() - start
    recurrence.GROUP, recurrence.GROUPED = chosen
    times = harness.interleave(graphs, repeats, warmup=2, clock=clock)
    row = {"": mode, "cell": cell, "direction": direction, "shape": shape}
    row |= {f"{steps} (ms)": f"{1e3 * t:.1f}" for steps, t in times.items()}
    row |= {
        f"{steps} / 1": f"{times[steps] / times[1]:.2f}" for steps in STEPS[1:]
    }
    return row | {
        f"{steps} first (s)": f"{t:.2f}" for steps, t in first.items()
    }


def train_twice(who, cell, shape, directions):
    step = keras_step(who, cell, shape, directions, "training")
    step()
    step()


def measure_memory(case):
    """The row of the peak memory of training one cell, shape and direction."""
    cell, shape, direction = case
    sizes, directions = parse(shape), DIRECTIONS[direction]
    peaks = {
        who: harness.peak_memory(train_twice, who, cell, sizes, directions)
        for who in GRAPHS
    }
    # A process that imports, builds and feeds the same, with a single unit.
    tiny = (1, 1, 1, 1)
    idle = harness.peak_memory(train_twice, "Keras", cell, tiny, directions)
    row = {"cell": cell, "direction": direction, "shape": shape}
    row |= {f"{who} (MB)": f"{peak - idle:.0f}" for who, peak in peaks.items()}
    ratio = (peaks["rnnzoo"] - idle) / (peaks["Keras"] - idle)
    return {**row, "/ Keras": f"{ratio:.2f}", "idle (MB)": f"{idle:.0f}"}


def is_worth(case):
    """Whether to time a case: a batch of one is for inference only."""
    _, shape, _, mode = case
    return mode == "inference" or parse(shape)[0] > 1


def report(name, rows, whole):
    if whole:
        harness.write_csv(name, rows)
    print(harness.markdown(rows))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )

    def choose(name, choices):
        parser.add_argument(name, nargs="+", choices=choices, default=choices)

    parser.add_argument("--shapes", nargs="+", default=SHAPES)
    choose("--cells", list(CELLS))
    choose("--directions", list(DIRECTIONS))
    choose("--modes", MODES)
    choose("--only", CONTESTANTS)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--xla", action="store_true", help="XLA too: slow")
    parser.add_argument("--cpu", action="store_true", help="processor time")
    parser.add_argument("--memory", action="store_true", help="memory alone")
    parser.add_argument(
        "--steps", action="store_true", help="steps of an iteration alone"
    )
    args = parser.parse_args()
    whole = all(
        getattr(args, name.strip("-")) == parser.get_default(name.strip("-"))
        for name in ("--shapes", "--cells", "--directions", "--modes", "--only")
    )
    print(harness.machine())
    if args.steps and whole:
        args.shapes, args.directions = STEP_SHAPES, ["forward"]
        args.modes = ["inference"]
    cases = itertools.product(args.cells, args.shapes, args.directions)
    if args.memory:
        cases = [case for case in cases if is_worth((*case, "training"))]
        rows = [measure_memory(case) for case in cases]
        return report("recurrent_memory", rows, whole)
    names = [who for who in args.only if args.xla or who not in XLA]
    cases = [
        (*case, mode)
        for mode, case in itertools.product(args.modes, cases)
        if is_worth((*case, mode))
    ]
    clock = time.process_time if args.cpu else time.perf_counter
    if args.steps:
        rows = [time_steps(case, args.repeats, clock) for case in cases]
        return report("recurrent_steps", rows, whole and not args.cpu)
    rows = [time_case(case, names, args.repeats, clock) for case in cases]
    report("recurrent", rows, whole and not args.cpu)


if __name__ == "__main__":
    main()
