"""Classifiers whose dropout stays on, to tell how sure they are."""

import numbers
from typing import Any

import numpy as np
import tensorflow as tf

from rnnzoo.checks import check_positive
from rnnzoo.graphs import map_rows, traced
from rnnzoo.layers.dropout import one_network
from rnnzoo.uncertainty import Uncertainty, uncertainty

BATCH_SIZE = 128  # at inference
SAMPLES = 30
_SEEDS = range(2**31)


class WithSamples:
    """A classifier of texts that answers by sampled networks, too.

    The task has `thin(ids)`, the probabilities `(batch, classes)` of a network
    whose masks `rnnzoo.layers.dropout.draw_mask` draws.
    """

    def sample(
        self,
        x: Any,
        samples: int = SAMPLES,
        seed: int = 0,
        batch_size: int | None = None,
        verbose: int = 0,
    ) -> Uncertainty:
        """The answers of networks that were sampled by dropout.

        Gal & Ghahramani 2016, "Dropout as a Bayesian Approximation": dropout
        stays on as in training. Each sample is one network, which reads all
        texts with the same masks. So answers depend on the seed alone, neither
        on the other texts nor on the batch size, and more samples begin with
        the same ones.

        Args:
            x, batch_size, verbose: See `predict`.
            samples: Number of networks.
            seed: Integer that the masks depend on, below 2**31.

        Returns:
            `rnnzoo.uncertainty.Uncertainty`, in the order of the texts.

        Raises:
            ValueError: If the model has no dropout.

        Examples:

        >>> import rnnzoo
        >>> model = rnnzoo.build("bilstm_classifier", units=4, min_count=1)
        >>> model.adapt(["A lovely film.", "Dull."], ["pos", "neg"], verbose=0)
        >>> found = model.sample(["Lovely!", "Who knows?"], samples=10)
        >>> found.mean.shape, found.entropy.shape, found.samples.shape
        ((2, 2), (2,), (2, 10, 2))
        >>> again = model.sample(["Who knows?"], samples=5)
        >>> bool(abs(again.samples[0] - found.samples[1, :5]).max() < 1e-5)
        True
        """
        self._require_adapted("sample")
        check_positive("samples", samples)
        if not isinstance(seed, numbers.Integral) or seed not in _SEEDS:
            raise ValueError(
                "Invalid value for argument `seed`. Expected an integer from "
                f"0 to {_SEEDS[-1]}. Received: seed={seed!r:.80}"
            )
        examples = self.encode_inputs(x)
        if examples is None:
            none = self._measure(tf.zeros((0, samples, self.num_classes)))
            return Uncertainty(**{key: none[key].numpy() for key in none})
        of_all = tf.constant(samples), tf.constant(seed, tf.int32)
        rows = examples.run(
            lambda ids: self._sample(ids, *of_all),
            batch_size or BATCH_SIZE,
            verbose,
        )
        return Uncertainty(
            **{key: np.stack([row[key] for row in rows]) for key in rows[0]}
        )

    def sampled(self, ids, samples, seed):
        """Answers of sampled networks in the graph: fields of `Uncertainty`.

        Args:
            ids: Right padded ids; see `call`.
            samples, seed: int32 scalars.
        """

        def answer(number):
            with one_network(tf.random.fold_in([0, seed], number)) as network:
                probabilities = self.thin(ids)
            if not network.masks:
                raise ValueError(
                    f"`{type(self).__name__}.sample()` needs dropout, and the "
                    "model has none. Expected a model that was trained with a "
                    "`dropout`, `recurrent_dropout` or `word_dropout` above 0."
                )
            return probabilities

        samples = map_rows(answer, tf.range(samples), tf.float32)
        return self._measure(tf.transpose(samples, [1, 0, 2]))

    _sample = traced(sampled)

    def _measure(self, samples):
        return uncertainty(samples, independent=self.activation == "sigmoid")
