"""Defaults of training, as data."""

import dataclasses

from rnnzoo.checks import (
    check_choice,
    check_count,
    check_not_negative,
    check_positive,
    check_positive_number,
    check_rate,
)

SCHEDULES = ("cosine", "slanted_triangular")
# Howard & Ruder 2018, sections 3.2 and 3.3.
TUNING = {"schedule": "slanted_triangular", "group_decay": 2.6}


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Training defaults that come with a model.

    Attributes:
        batch_size: Examples in a batch.
        batch_tokens: Tokens in a batch of training, instead of `batch_size`;
            see `rnnzoo.pipeline.examples.Examples.batches`.
        epochs: Passes over the training data.
        learning_rate: The highest rate.
        schedule: `"cosine"`: the rate falls along a half cosine; or
            `"slanted_triangular"`: see `rnnzoo.schedules.SlantedTriangular`.
        final_rate: Share of the rate that is left at the end of the cosine.
        vectors_rate: Share of the rate for pretrained word vectors. Vectors
            of words that training never shows stay where they are, so the
            others should not move far from them.
        clipnorm: Largest norm of all gradients together, or `None`.
        patience: Epochs without improvement on validation data after which
            training stops.
        ema_momentum: Momentum of the moving averages of the weights, which
            are then validated and kept in place of the weights; lower in
            short trainings. `None` for no averages.
        group_decay: Rate of each group of layers, divided by that of the
            group before it, which is nearer to the input: discriminative
            rates (Howard & Ruder 2018, section 3.2). The groups are a task's
            `groups`.
        unfreeze: Epochs in which the last group of layers is trained alone,
            then the last two, and so on: gradual unfreezing (Howard & Ruder
            2018, section 3.3). 0 trains all from the start.
        tuning: Dict of the attributes that are others in a training that
            starts from the weights of another task; see `tuned`.

    Examples:

    >>> import rnnzoo
    >>> recipe = rnnzoo.Recipe(epochs=3, tuning={"group_decay": 2.0})
    >>> recipe.batch_size, recipe.group_decay, recipe.tuned.group_decay
    (64, 1.0, 2.0)
    """

    batch_size: int = 64
    batch_tokens: int | None = None
    epochs: int = 5
    learning_rate: float = 1e-3
    schedule: str = "cosine"
    final_rate: float = 0.05
    vectors_rate: float = 1.0
    clipnorm: float | None = 1.0
    patience: int = 2
    ema_momentum: float | None = None
    group_decay: float = 1.0
    unfreeze: int = 0
    tuning: dict = dataclasses.field(default_factory=lambda: dict(TUNING))

    def __post_init__(self):
        check_positive("batch_size", self.batch_size)
        check_positive("batch_tokens", self.batch_tokens, optional=True)
        check_positive("epochs", self.epochs)
        check_positive_number("learning_rate", self.learning_rate)
        check_choice("schedule", self.schedule, SCHEDULES)
        check_not_negative("final_rate", self.final_rate)
        check_not_negative("vectors_rate", self.vectors_rate)
        if self.clipnorm is not None:
            check_positive_number("clipnorm", self.clipnorm)
        check_not_negative("patience", self.patience)
        if self.ema_momentum is not None:
            check_rate("ema_momentum", self.ema_momentum)
        check_positive_number("group_decay", self.group_decay)
        check_count("unfreeze", self.unfreeze)
        names = [each.name for each in dataclasses.fields(self)][:-1]
        if unknown := sorted(set(self.tuning).difference(names)):
            raise ValueError(
                "Invalid value for argument `tuning`. Expected a dictionary "
                f"of any of {', '.join(names)}. Received: {unknown}"
            )
        if self.tuning:
            _ = self.tuned  # checks its values

    @property
    def tuned(self):
        """The `Recipe` of a training that starts from weights."""
        return dataclasses.replace(self, **self.tuning, tuning={})
