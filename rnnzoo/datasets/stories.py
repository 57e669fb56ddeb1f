"""Stories of people who walk about and carry things, with questions."""

import random
import re

import numpy as np

from rnnzoo.datasets.whole import tfds

SIZES = {"train": 2000, "validation": 300, "test": 500}
SEED = 2015

PEOPLE = ("Ann", "John", "Mary", "Tom")
PLACES = ("bedroom", "cellar", "garden", "hallway", "kitchen", "office")
THINGS = ("ball", "book", "lamp", "milk")
WALKS = ("went to", "walked to", "moved to", "hurried to")
TAKES = ("took", "picked up", "grabbed")
DROPS = ("put down", "dropped", "left")
_SENTENCE = re.compile(
    rf"(?P<who>{'|'.join(PEOPLE)}) "
    rf"(?:(?P<walks>{'|'.join(WALKS)})|(?P<takes>{'|'.join(TAKES)})"
    rf"|(?P<drops>{'|'.join(DROPS)})) the (?P<what>\w+)\."
)


class RnnzooStories(tfds.core.GeneratorBasedBuilder):
    """Stories of people who walk about and carry things, with questions.

    2,000 questions to train on, 300 to validate and 500 to test, each about a
    `story` of its own, a list of 3 to 10 sentences. Half of them ask where a
    person is, half where a thing is, which may have been carried on, or put
    down. `answer` is a place, and `supporting` has the places in the story,
    from 0, of the sentences that it follows from. The dataset is generated and
    needs no network.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release."}

    def _info(self):
        return tfds.core.DatasetInfo(
            builder=self,
            description=type(self).__doc__,
            features=tfds.features.FeaturesDict(
                {
                    "story": tfds.features.Sequence(tfds.features.Text()),
                    "question": tfds.features.Text(),
                    "answer": tfds.features.Text(),
                    "supporting": tfds.features.Sequence(np.int64),
                }
            ),
            license="Apache-2.0",
        )

    def _split_generators(self, dl_manager):
        examples = distinct_examples(sum(SIZES.values()), SEED)
        splits, start = {}, 0
        for name, size in SIZES.items():
            splits[name] = self._generate_examples(
                examples[start : start + size]
            )
            start += size
        return splits

    def _generate_examples(self, examples):
        yield from enumerate(examples)


def distinct_examples(count, seed):
    """Draws examples, dicts of the features, without a story twice."""
    rng, found = random.Random(seed), {}
    while len(found) < count:
        example = write_example(rng, about_thing=len(found) % 2 == 1)
        if example is not None:
            found.setdefault(tuple(example["story"]), example)
    return list(found.values())


def write_example(rng, about_thing):
    """Draws a story and a question; `None` if there is nothing to ask.

    Args:
        rng: `random.Random`.
        about_thing: Whether to ask for a thing, or for a person.
    """
    # Of a person, where they are and since which sentence; of a thing, the
    # person and the sentence that it was last taken or put down in.
    at, held, lying, story = {}, {}, {}, []
    for number in range(rng.randint(3, 10)):
        who = rng.choice(PEOPLE)
        own = [each for each in held if held[each][0] == who]
        near = [
            each
            for each in THINGS
            if who in at
            and each not in held
            and lying.get(each, at[who])[0] == at[who][0]
        ]
        kind = rng.choice(("walk", "walk", "take", "take", "drop"))
        if kind == "take" and near:
            what, verb = rng.choice(near), rng.choice(TAKES)
            held[what] = (who, number)
            lying.pop(what, None)
        elif kind == "drop" and own:
            what, verb = rng.choice(own), rng.choice(DROPS)
            lying[what] = (at[who][0], [number, at[who][1]])
            del held[what]
        else:
            here = at[who][0] if who in at else None
            others = [each for each in PLACES if each != here]
            what, verb = rng.choice(others), rng.choice(WALKS)
            at[who] = (what, number)
        story.append(f"{who} {verb} the {what}.")
    if not about_thing:
        who = rng.choice(sorted(at))
        place, number = at[who]
        return _example(story, f"Where is {who}?", place, [number])
    known = sorted((*held, *lying))
    if not known:
        return None
    what = rng.choice(known)
    if what in lying:
        place, facts = lying[what]
    else:
        who, number = held[what]
        place, facts = at[who][0], [number, at[who][1]]
    return _example(story, f"Where is the {what}?", place, facts)


def _example(story, question, answer, supporting):
    return {
        "story": story,
        "question": question,
        "answer": answer,
        "supporting": supporting,
    }


def solve(story, question):
    """The answer to a question, from the sentences alone.

    Args:
        story: Strings, the sentences of a story.
        question: A question about it.

    Returns:
        The name of a place, or `None` if the story does not tell.

    Examples:

    >>> from rnnzoo.datasets.stories import solve
    >>> story = ["Tom went to the cellar.", "Tom took the milk."]
    >>> solve(story, "Where is the milk?"), solve(story, "Where is Ann?")
    ('cellar', None)
    """
    places, carried = {}, {}
    for sentence in story:
        found = _SENTENCE.fullmatch(sentence)
        who, what = found["who"], found["what"]
        if found["walks"]:
            places[who] = what
        elif found["takes"]:
            carried[what] = who
        else:
            places[what] = places[who]
            del carried[what]
    asked = re.fullmatch(r"Where is (?:the )?(\w+)\?", question)[1]
    return places.get(carried.get(asked, asked))
