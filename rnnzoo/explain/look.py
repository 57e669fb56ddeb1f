"""Where a captioner looked in an image while it wrote each word."""

import dataclasses

import numpy as np

from rnnzoo.explain import look_html
from rnnzoo.explain.drawing import percent
from rnnzoo.explain.items import Item, Items

TILE = 288  # pixels of the longer side of a tile
FADED = 0.25  # contrast to white of what was not looked at


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Look(Item):
    """An image, its caption, and where the model looked for each word.

    In a notebook it shows itself.

    Args:
        image: uint8 `(height, width, 3)`, the image as the model saw it.
        caption: What the model wrote.
        score: How good the model thinks it is; see `rnnzoo.search.beam`.
        tokens: Strings, the tokens that it wrote.
        weights: `(tokens, rows, columns)`: how much it looked at each part of
            the image when it wrote each one.
    """

    image: np.ndarray
    caption: str
    score: float
    tokens: list
    weights: np.ndarray

    def share_inside(self, box):
        """How much of the weight of each token lies in a box.

        Args:
            box: Its top, left, bottom and right as shares of the height and
                width, as TFDS has them.

        Returns:
            float32 `(tokens,)`; of even weights, the box's share of the area.
        """
        top, left, bottom, right = box
        rows = _covered(self.weights.shape[1], top, bottom)
        columns = _covered(self.weights.shape[2], left, right)
        return self.weights @ columns @ rows

    def heat(self):
        """How much each pixel was looked at, by token.

        The weights, made smooth. The brightest place of a token has 1, unless
        it is less than twice the mean: even attention looks even.

        Returns:
            float32 `(tokens, height, width)`, in 0..1.
        """
        rows = _stretch(self.weights.shape[1], self.image.shape[0])
        columns = _stretch(self.weights.shape[2], self.image.shape[1])
        heat = rows @ self.weights @ columns.T
        largest = heat.max(axis=(1, 2), keepdims=True)
        mean = heat.mean(axis=(1, 2), keepdims=True)
        return heat / np.maximum(np.maximum(largest, 2 * mean), 1e-12)

    def tiles(self):
        """The image by itself, and for each token faded where it is cold.

        Returns:
            uint8 `(1 + tokens, height, width, 3)`, larger than the image if
            that is small.
        """
        larger = max(round(TILE / max(self.image.shape[:2])), 1)
        image = self.image.repeat(larger, axis=0).repeat(larger, axis=1)
        look = dataclasses.replace(self, image=image)
        faded = 255 - FADED * (255 - image.mean(axis=2, keepdims=True))
        heat = look.heat()[..., None]
        lit = image * heat + faded * (1 - heat)
        return np.concatenate([image[None], lit.round().astype("uint8")])

    def _alone(self):
        return Looks([self])

    def __repr__(self):
        lines = [f"{self.caption!r} ({self.score:.3f})"]
        for token, weights in zip(self.tokens, self.weights, strict=True):
            row, column = np.unravel_index(weights.argmax(), weights.shape)
            lines.append(
                f"  {token!r}  row {row + 1} of {len(weights)}, column "
                f"{column + 1} of {len(weights[0])}: {percent(weights.max())}"
            )
        return "\n".join(lines)


class Looks(Items):
    """Looks at several images: a list that can be saved and shown."""

    _title = "Where the model looked"
    _style = look_html.STYLE
    _kind = "images"

    def _article(self, place):
        return look_html.article(self[place])

    def _draw(self, sheet, place):
        from rnnzoo.explain import look_plot  # matplotlib, an extra

        look_plot.draw(sheet, self[place])

    def _strings(self):
        for each in self:
            yield from (each.caption, *each.tokens)


def _stretch(size, length):
    """Linear interpolation of `size` cells to pixels, `(length, size)`."""
    centres = (np.arange(length) + 0.5) * size / length - 0.5
    centres = np.clip(centres, 0, size - 1)
    distances = np.abs(centres[:, None] - np.arange(size))
    return np.maximum(1 - distances, 0).astype("float32")


def _covered(size, start, stop):
    """Share of each of `size` cells that lies between two places in 0..1."""
    edges = np.clip(np.linspace(0, 1, size + 1), start, stop)
    return (np.diff(edges) * size).astype("float32")
