"""Pictures of coloured shapes, and sentences that tell where they are."""

import dataclasses
import random

import numpy as np

from rnnzoo.datasets.whole import tfds

SIZES = {"train": 3000, "validation": 250, "test": 500}
SEED = 1502
SIDE = 64  # pixels
ALONE = 0.2  # share of the pictures that show one shape
RADII = (6.0, 11.0)  # pixels

COLORS = {
    "red": (225, 40, 40),
    "green": (40, 180, 60),
    "blue": (50, 90, 235),
    "yellow": (240, 215, 50),
    "purple": (165, 60, 200),
    "white": (245, 245, 245),
}
# How far a point lies outside a shape whose box is 2 r wide and high.
SHAPES = {
    "circle": lambda x, y, r: np.hypot(x, y) - r,
    "square": lambda x, y, r: np.maximum(abs(x), abs(y)) - r,
    "triangle": lambda x, y, r: np.maximum(
        y - r, (2 * abs(x) - y - r) / 5**0.5
    ),
    "cross": lambda x, y, r: np.minimum(
        np.maximum(abs(x) - r, abs(y) - r / 3),
        np.maximum(abs(x) - r / 3, abs(y) - r),
    ),
}

OPPOSITES = {"left of": "right of", "above": "below"}
OF_ONE = ("a {a}", "there is a {a}", "a {a} alone")
OF_TWO = (
    "a {a} {relation} a {b}",
    "a {b} {opposite} a {a}",
    "there is a {a} {relation} a {b}",
    "the {a} is {relation} the {b}",
    "the {b} is {opposite} the {a}",
)


class RnnzooShapes(tfds.core.GeneratorBasedBuilder):
    """Pictures of coloured shapes, with captions.

    3,000 to train on, 250 to validate and 500 to test. A picture of 64x64
    pixels shows one or two shapes, and three or five captions name them: "a red
    circle left of a blue square". The features are laid out as in
    `coco_captions`; the `label` of an object is its name ("red circle"). No
    picture is in two splits. The dataset is generated and needs no network.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release."}

    def _info(self):
        text = tfds.features.Text()
        return tfds.core.DatasetInfo(
            builder=self,
            description=type(self).__doc__,
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(
                        shape=(SIDE, SIDE, 3), encoding_format="png"
                    ),
                    "image/filename": text,
                    "image/id": np.int64,
                    "captions": tfds.features.Sequence(
                        {"id": np.int64, "text": text}
                    ),
                    "objects": tfds.features.Sequence(
                        {"bbox": tfds.features.BBoxFeature(), "label": text}
                    ),
                }
            ),
            license="Apache-2.0",
        )

    def _split_generators(self, dl_manager):
        scenes = distinct_scenes(sum(SIZES.values()), SEED)
        splits, start = {}, 0
        for name, size in SIZES.items():
            ids = range(start, start + size)
            splits[name] = self._generate_examples(ids, scenes)
            start += size
        return splits

    def _generate_examples(self, ids, scenes):
        for place in ids:
            captions = describe(scenes[place])
            yield (
                place,
                {
                    "image": draw(scenes[place], np.random.default_rng(place)),
                    "image/filename": f"{place}.png",
                    "image/id": place,
                    "captions": [
                        {"id": number, "text": text}
                        for number, text in enumerate(captions)
                    ],
                    "objects": [
                        {
                            "bbox": tfds.features.BBox(*each.box),
                            "label": each.name,
                        }
                        for each in scenes[place]
                    ],
                },
            )


@dataclasses.dataclass(frozen=True)
class Thing:
    """A shape in a picture; its place and radius are given in pixels."""

    color: str
    shape: str
    x: float
    y: float
    radius: float

    @property
    def name(self):
        return f"{self.color} {self.shape}"

    @property
    def box(self):
        """Top, left, bottom and right, as fractions of the picture's side."""
        y, x, r = self.y, self.x, self.radius
        return tuple(edge / SIDE for edge in (y - r, x - r, y + r, x + r))


def distinct_scenes(count, seed):
    """Draws `count` different scenes: tuples of one or two `Thing`s."""
    rng = random.Random(seed)
    scenes = {}  # keeps the order
    while len(scenes) < count:
        scenes[_random_scene(rng)] = None
    return list(scenes)


def describe(scene):
    """All captions of a scene."""
    if len(scene) == 1:
        return [form.format(a=scene[0].name) for form in OF_ONE]
    a, b = scene
    relation = "left of" if abs(a.x - b.x) > abs(a.y - b.y) else "above"
    if (a.x, a.y)[relation == "above"] > (b.x, b.y)[relation == "above"]:
        a, b = b, a
    words = {"relation": relation, "opposite": OPPOSITES[relation]}
    return [form.format(a=a.name, b=b.name, **words) for form in OF_TWO]


def draw(scene, rng):
    """The picture of a scene: uint8 `(64, 64, 3)`.

    Args:
        scene: Tuple of `Thing`s, the last in front.
        rng: NumPy generator that draws the noise and the light.
    """
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5
    picture = np.full((SIDE, SIDE, 3), rng.uniform(20, 70))
    for thing in scene:
        outside = SHAPES[thing.shape](x - thing.x, y - thing.y, thing.radius)
        cover = np.clip(0.5 - outside, 0, 1)[:, :, None]
        color = np.array(COLORS[thing.color]) * rng.uniform(0.85, 1)
        picture += cover * (color - picture)
    picture += rng.normal(0, 5, picture.shape)
    return np.clip(picture, 0, 255).round().astype(np.uint8)


def _random_scene(rng):
    if rng.random() < ALONE:
        return (_random_thing(rng),)
    while True:
        scene = _random_thing(rng), _random_thing(rng)
        if _is_plain(*scene):
            return scene


def _random_thing(rng):
    radius = round(rng.uniform(*RADII), 1)
    x, y = (round(rng.uniform(radius, SIDE - radius), 1) for _ in "xy")
    return Thing(
        rng.choice(list(COLORS)), rng.choice(list(SHAPES)), x, y, radius
    )


def _is_plain(a, b):
    """Whether two things differ, lie apart, and have one clear relation."""
    near, far = sorted((abs(a.x - b.x), abs(a.y - b.y)))
    apart = far > a.radius + b.radius + 2
    return a.name != b.name and apart and far > 2 * near
