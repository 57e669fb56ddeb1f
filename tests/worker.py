"""Trains a classifier, alone or as one of the workers in `TF_CONFIG`.

    python worker.py OUT [EPOCH]

Kills its process at the start of an epoch, if one is given. Prints the losses.
"""

import json
import os
import signal
import sys

import tensorflow as tf

# Before anything else runs.
if "TF_CONFIG" in os.environ:
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
else:
    strategy = tf.distribute.get_strategy()

import keras
import numpy as np

import rnnzoo

TEXTS = ["good film", "bad film", "a very good one", "bad", "good", "so bad!"]
LABELS = ["pos", "neg", "pos", "neg", "pos", "neg"]


class Killed(keras.callbacks.Callback):
    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            os.kill(os.getpid(), signal.SIGKILL)


def main(out, epoch=None):
    with strategy.scope():
        task = rnnzoo.build(
            "bilstm_classifier",
            units=4,
            embedding_dim=4,
            min_count=1,
            word_dropout=0.0,
            dropout=0.0,
            recurrent_dropout=0.0,
        )
    task.adapt(TEXTS, LABELS, verbose=0)
    draw = np.random.default_rng(0).normal
    task.set_weights([draw(0, 0.3, each.shape) for each in task.weights])
    np.random.seed(1)
    # In batches of 5 and 2; the second worker has one of the last two.
    _, metrics = rnnzoo.finetune(
        task,
        (TEXTS * 3, LABELS * 3),
        (TEXTS[1:], LABELS[1:]),
        epochs=4,
        batch_size=5,
        learning_rate=0.01,
        out=out,
        callbacks=[] if epoch is None else [Killed(int(epoch))],
        verbose=0,
    )
    last = [float(np.square(each).sum()) for each in task.get_weights()]
    print(json.dumps([metrics["history"], last]))


if __name__ == "__main__":
    main(*sys.argv[1:])
