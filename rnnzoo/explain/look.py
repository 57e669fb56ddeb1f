"""A captioner's attention to an image, word by word."""

import dataclasses

import numpy as np

from rnnzoo.explain import look_html
from rnnzoo.explain.drawing import percent
from rnnzoo.explain.items import Item, Items

TILE = 288  # pixels of the longer side of a tile
FADED = 0.25  # contrast to white where the model did not look


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Look(Item):
    """An image, its caption, and where the model looked for each word.

    A notebook displays it as a page.

    Args:
        image: uint8 `(height, width, 3)`, the image in the shape in which the
            model saw it, with as many pixels or more.
        caption: The caption that the model wrote.
        score: The model's score of the caption; see `rnnzoo.search.beam`.
        tokens: Strings, the tokens of the caption.
        weights: `(tokens, rows, columns)`: attention to each part of the image
            while the model wrote each token.

    Examples:

    >>> import numpy as np
    >>> from rnnzoo.explain import Look
    >>> look = Look(
    ...     image=np.zeros((32, 32, 3), "uint8"),
    ...     caption="a dog",
    ...     score=-0.5,
    ...     tokens=["a", "dog"],
    ...     weights=np.array(
    ...         [[[0.25, 0.25], [0.25, 0.25]], [[0.0, 0.75], [0.0, 0.25]]]
    ...     ),
    ... )
    >>> look.share_inside((0, 0.5, 1, 1)).tolist()  # the right half
    [0.5, 1.0]
    >>> look.tiles().shape
    (3, 288, 288, 3)
    """

    image: np.ndarray
    caption: str
    score: float
    tokens: list
    weights: np.ndarray

    def share_inside(self, box):
        """The share of each token's weight that lies in a box.

        Args:
            box: Top, left, bottom and right, as fractions of the height and
                width, as in TFDS.

        Returns:
            Array `(tokens,)`. With even weights it is the box's share of the
            area.
        """
        top, left, bottom, right = box
        rows = _covered(self.weights.shape[1], top, bottom)
        columns = _covered(self.weights.shape[2], left, right)
        return self.weights @ columns @ rows

    def heat(self):
        """Attention to each pixel, for each token.

        The weights are interpolated. The brightest pixel of a token has 1,
        unless it is less than twice the mean: even attention should look even.

        Returns:
            float32 `(tokens, height, width)`, in 0..1.
        """
        rows = _stretch(self.weights.shape[1], self.image.shape[0])
        columns = _stretch(self.weights.shape[2], self.image.shape[1])
        heat = rows @ self.weights @ columns.T
        largest = heat.max(axis=(1, 2), keepdims=True)
        mean = heat.mean(axis=(1, 2), keepdims=True)
        return heat / np.maximum(np.maximum(largest, 2 * mean), 1e-12)

    @staticmethod
    def size_of(height, width):
        """The size in which to load an image that a model saw in a size."""
        larger = max(round(TILE / max(height, width)), 1)
        return height * larger, width * larger

    def tiles(self):
        """The plain image, and a copy for each token, faded where it is cold.

        Returns:
            uint8 `(1 + tokens, height, width, 3)`; a small image is enlarged.
        """
        height, width = self.image.shape[:2]
        larger = self.size_of(height, width)[0] // height
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
    """A list of looks at several images, to be saved and shown.

    Examples:

    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> from rnnzoo.explain import Look, Looks
    >>> image = np.zeros((8, 8, 3), "uint8")
    >>> weights = np.ones((1, 1, 1))
    >>> looks = Looks([Look(image, "night", -0.5, ["night"], weights)])
    >>> looks
    'night' (-0.500)
      'night'  row 1 of 1, column 1 of 1: 100%
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = pathlib.Path(folder, "looks.html")
    ...     looks.save(page)
    ...     page.read_text("utf-8").count("<img")
    2
    """

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
    """The matrix that interpolates `size` cells to pixels, `(length, size)`."""
    centres = (np.arange(length) + 0.5) * size / length - 0.5
    centres = np.clip(centres, 0, size - 1)
    distances = np.abs(centres[:, None] - np.arange(size))
    return np.maximum(1 - distances, 0).astype("float32")


def _covered(size, start, stop):
    """The share of each of `size` cells between two places in 0..1."""
    edges = np.clip(np.linspace(0, 1, size + 1), start, stop)
    return (np.diff(edges) * size).astype("float32")
