"""Maps of gradients over steps and training, and their colours."""

from typing import Any, NamedTuple

import numpy as np

from rnnzoo.explain.drawing import LIGHT

CONSTANT = 1 / 6  # the error of who always says 1
# Powers of ten: of what fades to nothing, and of the deepest amber.
VANISHED, EXPLODED = -6, 2
TICKS = {-6: "10⁻⁶", -4: "10⁻⁴", -2: "10⁻²", 0: "1", 2: "100"}
LEGEND = "norm of the gradient, as a share of the last column's (log scale)"


class Map(NamedTuple):
    """Gradients over steps or layers and over training, beside the error.

    Attributes:
        training: `rnnzoo.gradients.training.Training`.
        state: `"h"` or `"c"`, the state of an LSTM.
        axis: `"step"` or `"layer"`, what the columns are.
    """

    training: Any
    state: str = "h"
    axis: str = "step"

    @property
    def title(self):
        training = self.training
        is_lstm = training.c is not None
        return f"{training.name}: {self.state}" if is_lstm else training.name

    @property
    def ratios(self):
        """Array `(moments, steps)`."""
        return getattr(self.training, self.state)

    @property
    def ends(self):
        """The ratios of the first column, before and after training."""
        return self.ratios[[0, -1], 0]

    @property
    def verdict(self):
        return verdict(self.training)

    @property
    def note(self):
        """Words for what is left of the gradient in the first column."""
        first, last = map(ratio, self.ends)
        return f"Left at {self.axis} 1: {first} before training, {last} after."

    @property
    def rows(self):
        """Tuples of a moment in words, and the share of the error's bar."""
        rows = []
        for done, error in zip(
            self.training.updates, self.training.errors, strict=True
        ):
            share = min(error / CONSTANT, 1) if np.isfinite(error) else 1
            rows.append((f"{done} updates: error {error:.4f}", float(share)))
        return rows


def verdict(training):
    """Whether the problem was solved, in words."""
    if training.solved is not None:
        return f"solved after {training.solved} updates"
    error = training.errors[-1]
    if not np.isfinite(error):
        return "diverged"
    return f"not solved: error {error:.3f}"


def ratio(value):
    """A ratio, in two digits."""
    return "no number" if np.isnan(value) else f"{value:.2g}"


def pixels(ratios):
    """Colours of ratios, on one scale.

    Args:
        ratios: Array `(rows, columns)`.

    Returns:
        uint8 `(rows, columns, 4)`: red, green, blue and how opaque. Blue fades
        from 1 down to nothing; above 1 it turns to amber. What is no number is
        grey.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log10(np.asarray(ratios, "float64"))[..., None]
    blue, amber, grey = (
        np.array([*bytes.fromhex(LIGHT[name][1:])])
        for name in ("sentence", "word", "muted")
    )
    turned = np.clip(logs / EXPLODED, 0, 1)
    opaque = 1 - np.clip(logs / VANISHED, 0, 1)
    hues = (1 - turned) * blue + turned * amber
    colours = np.concatenate([hues, 255 * opaque], axis=-1)
    colours = np.where(np.isnan(logs), [*grey, 90], colours)
    return colours.round().astype("uint8")


def scale(count):
    """So many ratios, evenly from one end of the scale to the other."""
    return np.logspace(VANISHED, EXPLODED, count)


def ticks():
    """Tuples of a place on the scale, from 0 to 1, and its label."""
    return [
        ((power - VANISHED) / (EXPLODED - VANISHED), label)
        for power, label in TICKS.items()
    ]
