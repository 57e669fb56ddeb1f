"""Probabilities of texts by a language model."""

import dataclasses
from typing import Any

import numpy as np
import tensorflow as tf

from rnnzoo import text
from rnnzoo.graphs import traced
from rnnzoo.tasks.task import Task

AT_A_TIME = 1024  # tokens whose scores of all others are in memory
BATCH_SIZE = 64


@dataclasses.dataclass(frozen=True)
class Ranked:
    """One of several texts, and how probable it is.

    Attributes:
        text: The text.
        probability: That it was this one of them, by the model alone.
        log_prob: Its natural log probability.
    """

    text: str
    probability: float
    log_prob: float


class WithProbabilities(Task):
    """A task that says how probable texts are.

    It has a `backbone`, as of `rnnzoo.tasks.LanguageModel`, and `token_losses`
    and `in_rows`.
    """

    def log_prob(
        self, texts: Any, batch_size: int | None = None, verbose: int = 0
    ) -> np.ndarray:
        """Natural log probabilities of texts, with their ends.

        Args:
            texts: Texts, or one; each is taken by itself.
            batch_size: Defaults to 64.
            verbose: As in Keras.

        Returns:
            float32 array `(texts,)`.
        """
        self._require_adapted("log_prob")
        examples = self.encode_inputs(texts)
        if examples is None:
            return np.zeros(0, "float32")
        alone = dataclasses.replace(examples, labels=None, weights=None)
        losses = alone.run(
            lambda inputs: self.total_losses(**inputs),
            batch_size or BATCH_SIZE,
            verbose,
        )
        return -np.array(losses, "float32")

    @traced
    def total_losses(self, before, after):
        """Losses of whole texts, float32 `(batch,)`.

        They are read some steps at a time, since a text may be very long.

        Args:
            before, after: int32 `(batch, time)`, right padded.
        """
        states = self.backbone.start(tf.shape(before)[0])

        def read_on(start, total, states):
            own = slice(start, start + AT_A_TIME)
            read = self.backbone(before[:, own], states, training=False)
            losses = self.token_losses(read.vectors, after[:, own], AT_A_TIME)
            return (
                start + AT_A_TIME,
                total + tf.reduce_sum(losses, axis=1),
                read.states,
            )

        _, total, _ = tf.while_loop(
            lambda start, *_: start < tf.shape(before)[1],
            read_on,
            (0, tf.zeros(tf.shape(before)[:1]), states),
            shape_invariants=(
                tf.TensorShape([]),
                tf.TensorShape([None]),
                [tf.TensorShape([None, each.shape[1]]) for each in states],
            ),
            parallel_iterations=1,
        )
        return total

    @traced
    def _of_window(self, inputs):
        return tf.reduce_sum(self(inputs, training=False).losses)

    def perplexity(self, data: Any) -> float:
        """Perplexity of a token, where the end of each text counts as one.

        Args:
            data: Texts; contiguous ones are read as `evaluate` reads them.

        Returns:
            The exponential of the mean negative log probability.
        """
        self._require_adapted("perplexity")
        examples = self._labelled(data, keep_raw=False)
        examples = dataclasses.replace(examples, weights=None)
        size = 1 if self.contiguous else BATCH_SIZE
        total = count = 0
        for inputs, labels in self.in_rows(examples).batches(size):
            total += float(self._of_window(inputs))
            count += np.count_nonzero(labels)
        return float(np.exp(total / count))

    def rank(self, candidates: Any) -> list[Ranked]:
        """Sorts texts by their probability, such as what was perhaps said.

        Args:
            candidates: Texts.

        Returns:
            List of `Ranked`, the most probable first.
        """
        texts = [
            each.decode() for each in text.check_texts(candidates, "candidates")
        ]
        log_probs = self.log_prob(texts).astype("float64")
        shares = np.exp(log_probs - np.max(log_probs, initial=-np.inf))
        shares /= shares.sum()
        order = np.argsort(-log_probs, kind="stable")
        return [
            Ranked(texts[i], float(shares[i]), float(log_probs[i]))
            for i in order
        ]
