"""Models whose searches can be checked by enumeration."""

import itertools

import numpy as np
import tensorflow as tf

from rnnzoo import search

START, END = 0, 1


class Markov:
    """Models whose next token depends on the time and the last two tokens.

    Args:
        models: Number of models, one a row of the batch.
        vocabulary: Number of tokens.
        spread: How far logits differ.

    The same arguments make the same models, whatever tests ran before.
    """

    def __init__(self, models, vocabulary, spread=2.0):
        shape = (models, 10, vocabulary, vocabulary, vocabulary)
        random = np.random.default_rng(0)
        self.logits = random.normal(scale=spread, size=shape).astype("float32")
        self.models = models

    @property
    def start(self):
        return tf.fill([self.models], START)

    @property
    def state(self):
        """The table's number, the time, and the token before the last."""
        numbers = tf.range(self.models)
        return {"table": [numbers, 0 * numbers], "before": self.start}

    def step(self, tokens, state):
        (model, t), before = state["table"], state["before"]
        places = tf.stack([model, t, before, tokens], axis=1)
        logits = tf.gather_nd(tf.constant(self.logits), places)
        return logits, {"table": [model, t + 1], "before": tokens}

    def log_prob(self, model, tokens):
        """Log probability of the tokens and the end."""
        total, before, last = 0.0, START, START
        for t, token in enumerate([*tokens, END]):
            logits = self.logits[model, t, before, last].astype("float64")
            total += logits[token] - np.log(np.exp(logits).sum())
            before, last = last, token
        return total

    def run(self, method, max_length, **options):
        return method(
            self.step, self.state, self.start, END, max_length, **options
        )


def unpacked(found):
    """Lists of (tokens, score, log probability), one for each sample."""
    tokens, lengths, scores, log_probs = (each.numpy() for each in found)
    return [
        [
            (
                tuple(tokens[i, j, : lengths[i, j]]),
                scores[i, j],
                log_probs[i, j],
            )
            for j in range(tokens.shape[1])
        ]
        for i in range(len(tokens))
    ]


def penalty(tokens, exponent):
    return ((5 + len(tokens) + 1) / 6) ** exponent


def sequences(vocabulary, max_length):
    others = [token for token in range(vocabulary) if token != END]
    for length in range(max_length + 1):
        yield from itertools.product(others, repeat=length)


def assert_same(found, other):
    for a, b in zip(unpacked(found), unpacked(other), strict=True):
        assert [each[0] for each in a] == [each[0] for each in b]
        np.testing.assert_allclose(
            [each[1:] for each in a], [each[1:] for each in b], rtol=1e-5
        )


OPTIONS = {
    "greedy": (search.greedy, {}),
    "beam": (search.beam, {"width": 4, "n_best": 3, "length_penalty": 0.8}),
    "wide": (search.beam, {"width": 12, "n_best": 12}),
    "sample": (search.sample, {"count": 3, "seed": 1, "top_p": 0.9}),
    "blocked": (search.beam, {"width": 3, "n_best": 3, "block_ngrams": 2}),
}
