"""Validation of a task after its epochs."""

import keras
import numpy as np

from rnnzoo import replicas
from rnnzoo.optimizers import moving_averages


class Validation(keras.callbacks.Callback):
    """Evaluates and scores a task at the end of epochs.

    It comes before all other callbacks, which find the results in the logs
    under Keras's names, `"val_loss"` and so on. Where the optimizer keeps
    moving averages of the weights, they are what is evaluated.

    Args:
        examples: `rnnzoo.pipeline.examples.Examples`.
        batches: Their batches, as `fit` takes them.
        frequency: Epochs from one validation to the next, or a collection of
            the numbers of epochs, from 1.
        steps: Most batches to evaluate, or `None`.
        others: Callbacks that also follow the evaluation.
    """

    def __init__(self, examples, batches, frequency, steps, others):
        super().__init__()
        self.examples = examples
        self.frequency = frequency
        self.options = {
            "batches": batches,
            "steps": steps,
            # As in Keras, they keep the parameters of the training.
            "callbacks": keras.callbacks.CallbackList(others),
            "verbose": 0,
        }

    def on_epoch_end(self, epoch, logs=None):
        if not self._is_due(epoch + 1):
            return
        with moving_averages(self.model):
            found = self.model.evaluate_examples(
                self.examples, quick=True, **self.options
            )
        # Workers must agree on when to stop, whatever they round.
        strategy = self.model.distribute_strategy
        agreed = replicas.agree(strategy, np.array(list(found.values())))
        logs.update(
            {f"val_{n}": v for n, v in zip(found, agreed.tolist(), strict=True)}
        )

    def _is_due(self, epoch):
        if isinstance(self.frequency, int):
            return epoch % self.frequency == 0
        return epoch in self.frequency
