"""Sentences of a small grammar, in which a name does not tell its kind."""

import random
import zlib

from rnnzoo.datasets.whole import tfds

SIZES = {"train": 3000, "validation": 500, "test": 1000}
SEED = 2003

LABELS = ("PER", "ORG", "LOC")
TAGS = ("O", *(f"{letter}-{label}" for label in LABELS for letter in "BI"))

# `{name}` stands for one of GRAMMAR[name], and `{X:...}` for an entity of kind
# X. People, firms and towns share their names: "Marlow" may be any of them.
SENTENCES = (
    "{person} moved from {town} to {town} in {year} .",
    "{person} , who worked for {firm} , died in {town} at {number} .",
    "{person} was born {number} miles north of {town} .",
    "{surname} told reporters that {firm} would leave {town} .",
    "{surname} said on {day} that {surname} was wrong .",
    "{surname} and {person} met on {day} .",
    "A spokesman for {firm} said {surname} was in {town} .",
    "A friend of {surname} drove through {town} .",
    "{firm} beat {firm} {number} - {number} on {day} .",
    "{firm} hired {number} people in {town} .",
    "{firm} , which owns {firm} , made no comment .",
    "Shares in {firm} fell {number} percent on {day} .",
    "Nobody at {firm} could be reached .",
    "{town} lies {number} miles north of {town} .",
    "Trains to {town} were late on {day} , {firm} said .",
    "The mayor of {town} , {person} , wrote to {firm} .",
    "The road from {town} was closed in {year} .",
    "We asked {surname} about {firm} .",
    "Why did {person} leave {firm} ?",
    "It rained in {town} , but not in {town} .",
    "On {day} the rain stopped .",
    "The Monday market opens at {number} .",
    "No more than {number} people came .",
)
GRAMMAR = {
    "person": ("{PER:{given} {name}}", "{PER:{given} {initial} {name}}"),
    "surname": ("{PER:{name}}", "{title} {PER:{name}}"),
    "town": ("{LOC:{name}}", "{LOC:{name}}", "{LOC:{side} {name}}"),
    "firm": (
        "{ORG:{name}}",
        "{ORG:{name} {kind}}",
        "{ORG:{body} of {name}}",
        "{ORG:{name} & {name}}",
    ),
}
WORDS = {
    "given": "Ada Ben Clara David Emma Frank Grace Henry Iris Jack Karen Liam",
    "initial": "A. B. J. K. M. R.",
    "title": "Mr. Ms. Dr. Judge",
    "side": "North South East West New",
    "kind": "Ltd Bank Council United Group Airlines",
    "body": "University Bank Museum",
    "day": "Monday Tuesday Friday Sunday",
    "year": "1963 1987 1996 2003",
    "number": "2 3 7 12 40 85",
    "first": "Ash Bel Bren Cald El Hal Hart Hol Kel Lang Mar May Nor Pen Rad "
    "Sel Stan Thorn Ux Win",
    "last": "bury combe croft den field ford ham lee ley low mere ridge shaw "
    "stead ton wick worth",
}
GRAMMAR |= {name: tuple(words.split()) for name, words in WORDS.items()}


class RnnzooEntities(tfds.core.GeneratorBasedBuilder):
    """Sentences about nobody, with their entities.

    3,000 to train on, 500 to validate and 1,000 to test. `tokens` are the
    words, and `ner` their tags in BIO: people (PER), organisations (ORG) and
    places (LOC), laid out as in `conll2003`. All three kinds share their names,
    so that only the words around a name tell its kind. A tenth of the names
    occur in the test split alone. The dataset is generated and needs no
    network.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release."}

    def _info(self):
        tags = tfds.features.ClassLabel(names=TAGS)
        return tfds.core.DatasetInfo(
            builder=self,
            description=type(self).__doc__,
            features=tfds.features.FeaturesDict(
                {
                    "tokens": tfds.features.Sequence(tfds.features.Text()),
                    "ner": tfds.features.Sequence(tags),
                }
            ),
            license="Apache-2.0",
        )

    def _split_generators(self, dl_manager):
        sentences = distinct_sentences(SIZES, SEED)
        return {
            name: self._generate_examples(each)
            for name, each in sentences.items()
        }

    def _generate_examples(self, sentences):
        for key, (tokens, tags) in enumerate(sentences):
            yield key, {"tokens": tokens, "ner": tags}


def distinct_sentences(sizes, seed):
    """Draws pairs `(tokens, tags)` for each split, no sentence twice.

    Args:
        sizes: Dict of a split's name to its number of sentences.
        seed: Seed of the draw.
    """
    rng = random.Random(seed)
    seen, splits = set(), {}
    for split, size in sizes.items():
        sentences = splits[split] = []
        while len(sentences) < size:
            tokens, tags = write_sentence(rng, split == "test")
            if tuple(tokens) not in seen:
                seen.add(tuple(tokens))
                sentences.append((tokens, tags))
    return splits


def write_sentence(rng, any_name=True):
    """Draws a sentence from the grammar: its tokens and tags.

    Args:
        rng: `random.Random`.
        any_name: Whether names that are kept for the test split may occur.
    """
    tokens, tags = [], []
    for text, label in _expand(rng.choice(SENTENCES), None, rng, any_name):
        for place, token in enumerate(text.split()):
            tokens.append(token)
            letter = "I" if place else "B"
            tags.append(f"{letter}-{label}" if label else "O")
    return tokens, tags


def _expand(rule, label, rng, any_name):
    """Yields texts with their labels, from a random derivation of a rule."""
    while rule:
        text, brace, rest = rule.partition("{")
        if text:
            yield text, label
        if not brace:
            return
        inner, rule = _split(rest)
        name, colon, phrase = inner.partition(":")
        if colon:
            parts = _expand(phrase, None, rng, any_name)
            yield "".join(part for part, _ in parts), name
        elif name == "name":
            yield _name(rng, any_name), label
        else:
            yield from _expand(rng.choice(GRAMMAR[name]), label, rng, any_name)


def _split(rest):
    """Splits at the closing brace: the text inside, and the text after it."""
    depth = 1
    for place, character in enumerate(rest):
        depth += (character == "{") - (character == "}")
        if not depth:
            return rest[:place], rest[place + 1 :]
    raise ValueError(f"Expected a closing brace. Received: {rest!r}")


def _name(rng, any_name):
    while True:
        name = rng.choice(GRAMMAR["first"]) + rng.choice(GRAMMAR["last"])
        if any_name or not is_kept(name):
            return name


def is_kept(name):
    """Whether a name is kept for the test split."""
    return zlib.crc32(name.encode()) % 10 == 0
