"""How a model is trained unless the user says otherwise; data, no code."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Training defaults that come with a model.

    Attributes:
        batch_size: Examples in a batch.
        batch_tokens: Tokens in a batch of training, in place of `batch_size`;
            see `rnnzoo.pipeline.examples.Examples.batches`.
        epochs: Passes over the training data.
        learning_rate: The highest rate.
        final_rate: Share of the rate that is left at the end; it falls there
            along a half cosine.
        vectors_rate: Share of the rate for pretrained word vectors. Those of
            words that training never shows stay where they are, so others
            should not move far from them.
        clipnorm: Largest norm of all gradients together, or `None`.
        patience: Epochs without improvement on validation data after which
            training stops.
        ema_momentum: Momentum of the moving averages of the weights, which
            then are what is validated and kept; less in short trainings, and
            `None` for no averages.
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
