"""Colours, numbers and choices that pages and pictures share.

Amber and blue stay apart for every common kind of colour blindness, and text
keeps a contrast of 4.5 to 1 or better on every shade.
"""

import numpy as np

# paper, panel: backgrounds. word, sentence: the hues of the two attentions.
# shade: how opaque the darkest word is.
LIGHT = {
    "paper": "#ffffff",
    "track": "#eceff3",
    "ink": "#1c2128",
    "muted": "#5f6975",
    "word": "#f5a61d",
    "sentence": "#2f7fc1",
    "shade": 0.95,
}
DARK = {
    "paper": "#15181d",
    "track": "#2a3038",
    "ink": "#e9edf1",
    "muted": "#9aa5b1",
    "word": "#d98a0b",
    "sentence": "#5aa7e6",
    "shade": 0.62,
}

# Colours of the kinds of entities, reused in turn. Colour-blind readers can
# tell them apart, too.
KINDS = (
    "#f5a61d",
    "#2f7fc1",
    "#2e9d6a",
    "#c4567e",
    "#8668c4",
    "#2aa5b3",
    "#a8702c",
    "#7a828c",
)

MAX_CLASSES = 8


def percent(share, digits=0):
    """A share as a percentage; only 0 itself reads 0%, only 1 reads 100%."""
    smallest = 10.0**-digits
    value = 100 * float(share)
    if 0 < value <= smallest / 2:
        return f"<{smallest:.{digits}f}%"
    if 100 - smallest / 2 <= value < 100:
        return f">{100 - smallest:.{digits}f}%"
    return f"{value:.{digits}f}%"


def shown_classes(explanation):
    """Chooses the classes that get a bar.

    Up to eight classes are all shown, in their own order; of more, the seven
    most probable.

    Returns:
        Tuple of a list of (name, probability, whether it is predicted), and
        the number of classes that were left out.
    """
    labels, probabilities = explanation.labels, explanation.probabilities
    order = np.arange(len(labels))
    if len(labels) > MAX_CLASSES:
        order = np.argsort(-probabilities, kind="stable")[: MAX_CLASSES - 1]
    best = np.argmax(probabilities)
    shown = [(labels[i], probabilities[i], i == best) for i in order]
    return shown, len(labels) - len(shown)
