"""The surprise of a language model at each token of a text."""

import math
from typing import Any

import numpy as np
import tensorflow as tf

from rnnzoo.explain import Surprise, Surprises
from rnnzoo.graphs import traced
from rnnzoo.ids import pad
from rnnzoo.layers.softmax import in_parts
from rnnzoo.pipeline.examples import Examples
from rnnzoo.tasks.probabilities import AT_A_TIME
from rnnzoo.tasks.task import Task

ALTERNATIVES = 5
BATCH_SIZE = 64


class WithSurprise(Task):
    """A task that explains texts by what it expected in place of each token.

    It has `backbone` and `softmax`, layers as of
    `rnnzoo.tasks.LanguageModel`, and `target`, a
    `rnnzoo.tasks.target_text.TargetText`.
    """

    def explain(self, x: Any) -> Surprises:
        """The bits of surprise at each token, and what was likelier.

        Args:
            x: Texts, or one text; each is taken by itself.

        Returns:
            `rnnzoo.explain.Surprises`, one for each text.
        """
        self._require_adapted("explain")
        surprises = Surprises()
        for chunk in self.read_inputs(x):
            lengths = np.array([len(each) for each in chunk["text"]], int)
            texts = tf.constant(chunk["text"].tolist(), tf.string)
            rows = Examples(texts, None, None, lengths).run(
                self._surprised, BATCH_SIZE
            )
            surprises += map(_surprise, chunk["text"], rows)
        return surprises

    @traced
    def _surprised(self, texts):
        """Surprise at each token of texts, in bits, and likelier tokens."""
        tokens = self.target.tokenizer(texts)
        before, after = self.target.around(self.target.ids_of(tokens.words))
        read = self.backbone(pad(before), training=False)
        weights = self.softmax.prepare()
        count = min(ALTERNATIVES, self.target.size - 2)  # those with any

        def expect(vectors, ids):
            log_probs = tf.nn.log_softmax(self.softmax.scores(vectors, weights))
            probabilities = tf.exp(log_probs)
            entropies = -tf.reduce_sum(
                tf.math.multiply_no_nan(log_probs, probabilities), axis=1
            )
            found = tf.math.top_k(probabilities, count)
            losses = -tf.gather(log_probs, ids, batch_dims=1)
            return losses, entropies, found.values, found.indices

        ids = pad(after)
        vectors = tf.reshape(read.vectors, [-1, read.vectors.shape[-1]])
        losses, entropies, values, places = in_parts(
            expect, (vectors, tf.reshape(ids, [-1])), AT_A_TIME
        )
        shape = tf.shape(ids)
        wide = tf.concat([shape, [count]], axis=0)
        return {
            "count": tokens.words.row_lengths(),
            "tokens": pad(tokens.words),
            "starts": pad(tokens.starts),
            "ends": pad(tokens.ends),
            "bits": tf.reshape(losses / math.log(2), shape),
            "entropies": tf.reshape(entropies / math.log(2), shape),
            "probabilities": tf.reshape(values, wide),
            "likeliest": self.target.spell(tf.reshape(places, wide)),
        }


def _surprise(text, row):
    """The `Surprise` of what the graph made of a text."""
    count, text = row["count"], text.decode()
    spans = zip(row["starts"][:count], row["ends"][:count], strict=True)
    alternatives = [
        [(name.decode(), float(p)) for name, p in zip(*pair, strict=True)]
        for pair in zip(row["likeliest"], row["probabilities"], strict=True)
    ]
    return Surprise(
        text=text,
        tokens=[each.decode() for each in row["tokens"][:count]] + [""],
        spans=[
            *((int(start), int(end)) for start, end in spans),
            (len(text), len(text)),
        ],
        bits=row["bits"][: count + 1],
        entropies=row["entropies"][: count + 1],
        alternatives=alternatives[: count + 1],
    )
