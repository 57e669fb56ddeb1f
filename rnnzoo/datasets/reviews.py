"""Reviews of a small grammar, in which single words do not decide."""

import random

from rnnzoo.datasets.whole import tfds

SIZES = {"train": 3000, "validation": 500, "test": 1000}
SEED = 2016

# The right-hand sides of rules; `{name}` stands for one of GRAMMAR[name]. The
# names tell what a phrase says of the film: `praise` and `blame` are whole
# opinions, `good` and `bad` are single words.
GRAMMAR = {
    "praise": (
        "The {aspect} was {good}.",
        "The {aspect} was {good}.",
        "What {good_a} {noun}!",
        "I found the {aspect} {very} {good}.",
        "The {aspect} was not {bad} at all.",
        "I would never call the {aspect} {bad}.",
        "There is nothing {bad} about the {aspect}.",
    ),
    "blame": (
        "The {aspect} was {bad}.",
        "The {aspect} was {bad}.",
        "What {bad_a} {noun}!",
        "I found the {aspect} {very} {bad}.",
        "The {aspect} was not {good} at all.",
        "I would never call the {aspect} {good}.",
        "There is nothing {good} about the {aspect}.",
    ),
    "praise after all": (
        "{turn} I loved every minute.",
        "{turn} I did not hate a single minute.",
        "{turn} the {aspect} was {good}.",
        "{turn} I would not call it {bad}.",
        "{turn} it was {good} in the end.",
    ),
    "blame after all": (
        "{turn} I hated every minute.",
        "{turn} I did not love a single minute.",
        "{turn} the {aspect} was {bad}.",
        "{turn} I would not call it {good}.",
        "{turn} it was {bad} in the end.",
    ),
    "blame, then praise": (
        "The {aspect} was {bad}, but the {aspect} was {good}.",
        "The {aspect} was {bad}, but I loved every minute.",
        "Not {good}, the {aspect}, but I did not hate a single minute.",
    ),
    "praise, then blame": (
        "The {aspect} was {good}, but the {aspect} was {bad}.",
        "The {aspect} was {good}, but I hated every minute.",
        "Not {bad}, the {aspect}, but I did not love a single minute.",
    ),
    # The opinions of others do not count.
    "hearsay": (
        "My {friend} called it {good}.",
        "My {friend} called it {bad}.",
        "The posters say it is {good}.",
        "Some critics say it is {bad}.",
        "My {friend} loved every minute.",
        "My {friend} hated every minute.",
    ),
    "remark": (
        "I saw it on a {day}.",
        "It runs for {number} minutes.",
        "My {friend} chose it.",
        "The cinema was {full}.",
        "We sat in row {number}.",
        "It was raining that {day}.",
    ),
    "turn": ("And yet", "Still,", "Even so,", "But"),
    "good_a": ("a {good}", "a {very} {good}"),
    "bad_a": ("a {bad}", "a {very} {bad}"),
}
WORDS = {
    "good": "wonderful moving clever charming brilliant funny lovely gripping "
    "fresh warm",
    "bad": "dull clumsy boring terrible tedious silly dreadful lifeless stale "
    "cold",
    "aspect": "acting plot music ending dialogue script cast pacing story "
    "soundtrack opening",
    "noun": "film movie evening story picture debut",
    "very": "very really quite truly",
    "friend": "sister brother neighbour boss uncle flatmate",
    "day": "Monday Tuesday Friday Saturday Sunday",
    "full": "full packed deserted",
    "number": "7 12 80 95 110 125 140",
}
GRAMMAR |= {name: tuple(words.split()) for name, words in WORDS.items()}

LABELS = ("neg", "pos")


class RnnzooReviews(tfds.core.GeneratorBasedBuilder):
    """Reviews of films that nobody made.

    3,000 to train on, 500 to validate and 1,000 to test. `text` has three to
    seven sentences, `label` is `neg` or `pos`. Good and bad words are about as
    frequent in both: they are negated ("not dull at all"), taken back later
    ("And yet I loved every minute."), or said by others. No text occurs twice.
    The dataset is generated and needs no network.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release."}

    def _info(self):
        return tfds.core.DatasetInfo(
            builder=self,
            description=type(self).__doc__,
            features=tfds.features.FeaturesDict(
                {
                    "text": tfds.features.Text(),
                    "label": tfds.features.ClassLabel(names=LABELS),
                }
            ),
            supervised_keys=("text", "label"),
            license="Apache-2.0",
        )

    def _split_generators(self, dl_manager):
        reviews = distinct_reviews(sum(SIZES.values()), SEED)
        splits, start = {}, 0
        for name, size in SIZES.items():
            splits[name] = self._generate_examples(
                reviews[start : start + size]
            )
            start += size
        return splits

    def _generate_examples(self, reviews):
        for key, (text, label) in enumerate(reviews):
            yield key, {"text": text, "label": label}


def distinct_reviews(count, seed):
    """Draws `count` pairs `(text, label)`: labels alternate, no text twice."""
    rng = random.Random(seed)
    texts = {}
    while len(texts) < count:
        label = LABELS[len(texts) % 2]
        texts.setdefault(write_review(label, rng), label)
    return list(texts.items())


def write_review(label, rng):
    """Draws a review with the verdict `label` from the grammar.

    Its opinions agree, or the last ones take back the first ones, or one
    sentence does both. Remarks and hearsay, which mean nothing, stand between
    them.
    """
    meant, other = ("praise", "blame")[:: 1 if label == "pos" else -1]
    plan = rng.choice(
        (
            [meant] * rng.randint(1, 3),
            [other] * rng.randint(1, 2) + [f"{meant} after all"],
            [other] * rng.randint(1, 2) + [f"{meant} after all", meant],
            [f"{other}, then {meant}"],
        )
    )
    for rule in ("remark", "hearsay", rng.choice(("remark", "hearsay"))):
        plan.insert(rng.randint(0, len(plan)), rule)
    return " ".join(_expand(rule, rng) for rule in plan)


def _expand(rule, rng):
    """A random derivation of a rule of the grammar."""
    parts = rng.choice(GRAMMAR[rule]).split("{")
    text = parts[0]
    for part in parts[1:]:
        name, _, rest = part.partition("}")
        text += _expand(name, rng) + rest
    return text
