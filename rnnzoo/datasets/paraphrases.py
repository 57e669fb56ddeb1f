"""Pairs of sentences that say the same in other words, or something else."""

import itertools
import random

import numpy as np

from rnnzoo.datasets.whole import tfds

SIZES = {"train": 3000, "validation": 500, "test": 1000}
SEED = 2005

# A fact is who gave what to whom, and when.
PEOPLE = ("Ann", "Ben", "Carla", "David", "Emma", "Felix", "Grace", "Hugo")
THINGS = (
    ("bike", "bicycle"),
    ("photo", "picture"),
    ("present", "gift"),
    ("couch", "sofa"),
    ("coat", "jacket"),
    ("cup", "mug"),
)
DAYS = ("Monday", "Tuesday", "Friday", "Sunday")
FORMS = (
    "{giver} gave {taker} a {thing} on {day}.",
    "{giver} gave a {thing} to {taker} on {day}.",
    "On {day}, {taker} got a {thing} from {giver}.",
    "{taker} received a {thing} from {giver} on {day}.",
    "On {day}, a {thing} was given to {taker} by {giver}.",
    "It was {giver} who gave {taker} a {thing} on {day}.",
    "It was {taker} who got a {thing} from {giver} on {day}.",
)
ROLES = ("giver", "taker", "thing", "day")
LABELS = ("different", "same")


class RnnzooParaphrases(tfds.core.GeneratorBasedBuilder):
    """Sentences about presents, in pairs.

    3,000 to train on, 500 to validate and 1,000 to test. Both sentences of a
    pair say who gave what to whom, and when, in one of seven forms. Half of
    them say the same (`label` is `same`); of the others, a third has giver and
    taker exchanged, so that all words may be the same. `similarity` is the
    share of the four facts that agree: 1, 0.75, 0.5, 0.25 or 0. No pair occurs
    twice. The dataset is generated and needs no network.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release."}

    def _info(self):
        return tfds.core.DatasetInfo(
            builder=self,
            description=type(self).__doc__,
            features=tfds.features.FeaturesDict(
                {
                    "first": tfds.features.Text(),
                    "second": tfds.features.Text(),
                    "label": tfds.features.ClassLabel(names=LABELS),
                    "similarity": tfds.features.Scalar(np.float32),
                }
            ),
            license="Apache-2.0",
        )

    def _split_generators(self, dl_manager):
        pairs = iter(distinct_pairs(sum(SIZES.values()), SEED))
        return {
            name: self._generate_examples(list(itertools.islice(pairs, size)))
            for name, size in SIZES.items()
        }

    def _generate_examples(self, pairs):
        yield from enumerate(pairs)


def distinct_pairs(count, seed):
    """Draws examples: labels alternate, and no pair occurs twice."""
    rng = random.Random(seed)
    pairs = {}
    while len(pairs) < count:
        fact = draw_fact(rng)
        other = fact if len(pairs) % 2 else changed(fact, rng)
        forms = rng.sample(FORMS, 2)
        first, second = (
            written(each, form, rng)
            for each, form in zip((fact, other), forms, strict=True)
        )
        pairs.setdefault(
            (first, second),
            {
                "first": first,
                "second": second,
                "label": LABELS[fact == other],
                "similarity": similarity(fact, other),
            },
        )
    return list(pairs.values())


def draw_fact(rng):
    """Draws a fact: a dict of the four roles."""
    giver, taker = rng.sample(PEOPLE, 2)
    thing, day = rng.choice(THINGS), rng.choice(DAYS)
    return dict(zip(ROLES, (giver, taker, thing, day), strict=True))


def changed(fact, rng):
    """A fact that differs: giver and taker exchanged, or one to four roles."""
    if rng.random() < 1 / 3:
        return {**fact, "giver": fact["taker"], "taker": fact["giver"]}
    roles = rng.sample(ROLES, rng.randint(1, 4))
    while True:
        drawn = draw_fact(rng)
        other = {**fact, **{role: drawn[role] for role in roles}}
        is_new = all(other[role] != fact[role] for role in roles)
        if is_new and other["giver"] != other["taker"]:
            return other


def similarity(fact, other):
    """Share of the roles that agree."""
    return sum(fact[role] == other[role] for role in ROLES) / len(ROLES)


def written(fact, form, rng):
    """The sentence of a fact, with one of the names of its thing."""
    return form.format(**{**fact, "thing": rng.choice(fact["thing"])})
