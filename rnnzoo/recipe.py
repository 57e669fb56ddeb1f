"""Defaults of training, as data."""

import dataclasses

from rnnzoo.checks import (
    check_not_negative,
    check_positive,
    check_positive_number,
    check_rate,
)


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Training defaults that come with a model.

    Attributes:
        batch_size: Examples in a batch.
        batch_tokens: Tokens in a batch of training, instead of `batch_size`;
            see `rnnzoo.pipeline.examples.Examples.batches`.
        epochs: Passes over the training data.
        learning_rate: The highest rate.
        final_rate: Share of the rate that is left at the end; it falls there
            along a half cosine.
        vectors_rate: Share of the rate for pretrained word vectors. Vectors
            of words that training never shows stay where they are, so the
            others should not move far from them.
        clipnorm: Largest norm of all gradients together, or `None`.
        patience: Epochs without improvement on validation data after which
            training stops.
        ema_momentum: Momentum of the moving averages of the weights, which
            are then validated and kept in place of the weights; lower in
            short trainings. `None` for no averages.

    Examples:

    >>> import rnnzoo
    >>> rnnzoo.Recipe(epochs=3).batch_size
    64
    """

    batch_size: int = 64
    batch_tokens: int | None = None
    epochs: int = 5
    learning_rate: float = 1e-3
    final_rate: float = 0.05
    vectors_rate: float = 1.0
    clipnorm: float | None = 1.0
    patience: int = 2
    ema_momentum: float | None = None

    def __post_init__(self):
        check_positive("batch_size", self.batch_size)
        check_positive("batch_tokens", self.batch_tokens, optional=True)
        check_positive("epochs", self.epochs)
        check_positive_number("learning_rate", self.learning_rate)
        check_not_negative("final_rate", self.final_rate)
        check_not_negative("vectors_rate", self.vectors_rate)
        if self.clipnorm is not None:
            check_positive_number("clipnorm", self.clipnorm)
        check_not_negative("patience", self.patience)
        if self.ema_momentum is not None:
            check_rate("ema_momentum", self.ema_momentum)
