"""The conditional random field against pytorch-crf, on the CPU.

    python benchmarks/crf.py [--repeats 30]

Times the loss of a batch with the gradients of potentials, transitions, starts
and ends, and the search for the best sequences. The rows differ in length.
"XLA" is ours with `jit_compile=True`. Writes results/crf.csv.
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import harness
import numpy as np
import tensorflow as tf
import torch
import torchcrf

from rnnzoo.layers import CRF

SHAPES = [(32, 50, 9), (64, 100, 20)]  # batch, time, tags


def draw_batch(batch, time, tags):
    """Potentials, tags and a mask; rows have at least half of the steps."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(time // 2, time + 1, (batch, 1))
    lengths[0] = time
    potentials = rng.normal(size=(batch, time, tags)).astype("float32")
    return (
        potentials,
        rng.integers(0, tags, (batch, time)),
        np.arange(time) < lengths,
    )


def ours(potentials, tags, mask, jit):
    """Functions without arguments: the loss with gradients, and Viterbi."""
    layer = CRF(potentials.shape[-1])
    layer.build(potentials.shape)
    potentials = tf.Variable(potentials)
    sources = [potentials, *(weight.value for weight in layer.weights)]

    @tf.function(jit_compile=jit)
    def train():
        with tf.GradientTape() as tape:
            likelihood = layer.log_likelihood(potentials, tags, mask)
            loss = -tf.reduce_sum(likelihood)
        return loss, tape.gradient(loss, sources)

    @tf.function(jit_compile=jit)
    def decode():
        return layer.viterbi(potentials, mask)

    return train, decode


def theirs(potentials, tags, mask):
    layer = torchcrf.CRF(potentials.shape[-1], batch_first=True)
    potentials = torch.tensor(potentials, requires_grad=True)
    tags, mask = torch.tensor(tags), torch.tensor(mask)

    def train():
        layer.zero_grad()
        potentials.grad = None
        loss = -layer(potentials, tags, mask)
        loss.backward()
        return loss

    def decode():
        with torch.no_grad():
            return layer.decode(potentials, mask)

    return train, decode


def time_shape(shape, repeats):
    batch = draw_batch(*shape)
    makers = {
        "pytorch-crf": theirs(*batch),
        "rnnzoo": ours(*batch, jit=False),
        "rnnzoo, XLA": ours(*batch, jit=True),
    }
    rows = []
    for place, what in enumerate(("loss and gradient", "Viterbi")):
        functions = {name: each[place] for name, each in makers.items()}
        times = harness.interleave(functions, repeats, warmup=3)
        rows.append(
            {
                "what": what,
                "batch x time x tags": "x".join(map(str, shape)),
                **{
                    f"{name} (ms)": f"{1e3 * t:.2f}"
                    for name, t in times.items()
                },
                "pytorch-crf / rnnzoo": (
                    f"{times['pytorch-crf'] / times['rnnzoo']:.1f}x"
                ),
            }
        )
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=30)
    args = parser.parse_args()
    torch.set_num_threads(os.cpu_count())
    rows = [row for shape in SHAPES for row in time_shape(shape, args.repeats)]
    harness.write_csv("crf", rows)
    print(harness.machine())
    print(harness.markdown(rows))


if __name__ == "__main__":
    main()
