"""How a model is trained unless the user says otherwise; data, no code."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Training defaults that come with a model.

    Attributes:
        batch_size: Examples in a batch.
        epochs: Passes over the training data.
        learning_rate: The highest rate.
        final_rate: Share of the rate that is left at the end; it falls there
            along a half cosine.
        clipnorm: Largest norm of all gradients together, or `None`.
        patience: Epochs without improvement on validation data after which
            training stops.
    """

    batch_size: int = 64
    epochs: int = 5
    learning_rate: float = 1e-3
    final_rate: float = 0.05
    clipnorm: float | None = 1.0
    patience: int = 2
