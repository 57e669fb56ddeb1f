"""Artists of a sheet, by their kind."""

from matplotlib.colors import to_hex
from matplotlib.patches import FancyBboxPatch
from matplotlib.text import Text

from rnnzoo.explain.drawing import LIGHT


def texts(sheet):
    """Artists of texts, in the order in which they were drawn."""
    return [each for each in sheet.artists if isinstance(each, Text)]


def strings(sheet):
    return [each.get_text() for each in texts(sheet)]


def boxes(sheet, *colors):
    """Boxes of some colours: names of `LIGHT`, or hex codes."""
    wanted = {LIGHT.get(color, color) for color in colors}
    return [
        each
        for each in sheet.artists
        if isinstance(each, FancyBboxPatch)
        and to_hex(each.get_facecolor()) in wanted
    ]
