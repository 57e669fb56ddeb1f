"""Notices of an office, beside their subjects."""

import random

from rnnzoo.datasets.whole import tfds

SIZES = {"train": 8000, "validation": 500, "test": 500}
SEED = 1703
CONSONANTS, VOWELS = "bdfgklmnprstvz", "aeiou"
ENDINGS = ("", "n", "r", "s", "l", "k")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
EVENTS = ("talk", "workshop", "concert", "reading", "lecture", "course")
ROLES = ("driver", "librarian", "treasurer", "gardener", "manager", "cook")
THINGS = ("bag", "key", "scarf", "bicycle", "notebook", "jacket")

# For each kind of notice its subject, and ways to say it. `{who}` is a person
# and `{where}` a place that no other notice names.
KINDS = (
    (
        "{Event} with {who} on {day}",
        (
            "The {event} with {who} has been moved to {day}.",
            "{who} will give a {event} on {day}.",
            "On {day} there is a {event} with {who}.",
        ),
    ),
    (
        "{who} is our new {role}",
        (
            "Please welcome {who}, who joins us as {role}.",
            "We have a new {role}: {who} begins on {day}.",
            "From {day} on, {who} works with us as {role}.",
        ),
    ),
    (
        "{who} has lost a {thing}",
        (
            "{who} has been looking for a {thing} since {day}.",
            "A {thing} is missing, and it belongs to {who}.",
            "Has anyone seen the {thing} of {who}?",
        ),
    ),
    (
        "{where} is closed until {day}",
        (
            "The doors of {where} stay shut until {day}.",
            "Until {day}, nobody may enter {where}.",
            "{where} will open again on {day}, not before.",
        ),
    ),
    (
        "{who} moves to {where}",
        (
            "{who} leaves us and will work in {where} from {day} on.",
            "The new office of {who} is in {where}.",
            "From {day} on, you find {who} in {where}.",
        ),
    ),
)
OPENINGS = ("Dear colleagues,", "Hello everybody,", "Good morning,", "Hi all,")
REMARKS = (
    "It has been a busy week for all of us.",
    "Many of you have asked about this.",
    "The coffee machine works again.",
    "Please tell those who do not read their mail.",
    "We thank {other} for the help.",
    "{other} has told us this morning.",
    "Nothing else changes for the time being.",
    "The list on the door will be updated soon.",
)
CLOSINGS = (
    "Questions go to {other}.",
    "Please answer {other} by the end of the week.",
    "Regards, {other}",
    "Thank you, {other}",
)


class RnnzooNotices(tfds.core.GeneratorBasedBuilder):
    """Notices of an office, beside their subjects.

    8,000 to train on, 500 to validate and 500 to test. `document` is a notice
    of some sentences and `summary` its subject: "Reading with Tovi Sarel on
    Friday". Who and what it is about has an invented name, which no other
    notice has: a summary copies it. Notices also name others, who are not in
    the subject. The dataset is generated and needs no network.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release."}

    def _info(self):
        return tfds.core.DatasetInfo(
            builder=self,
            description=type(self).__doc__,
            features=tfds.features.FeaturesDict(
                {
                    "document": tfds.features.Text(),
                    "summary": tfds.features.Text(),
                }
            ),
            supervised_keys=("document", "summary"),
            license="Apache-2.0",
        )

    def _split_generators(self, dl_manager):
        names = invent_names(4 * sum(SIZES.values()), random.Random(SEED))
        splits, start = {}, 0
        for name, size in SIZES.items():
            own = names[4 * start : 4 * (start + size)]
            splits[name] = self._generate_examples(own, random.Random(name))
            start += size
        return splits

    def _generate_examples(self, names, rng):
        for key in range(len(names) // 4):
            document, summary = write_notice(names[4 * key :][:4], rng)
            yield key, {"document": document, "summary": summary}


def invent_names(count, rng):
    """Names of two or three syllables, all different.

    Args:
        count: Their number.
        rng: `random.Random`.
    """
    names = {}  # a set has no order
    while len(names) < count:
        syllables = [
            rng.choice(CONSONANTS) + rng.choice(VOWELS)
            for _ in range(rng.choice((2, 3, 3)))
        ]
        names["".join(syllables).title() + rng.choice(ENDINGS)] = None
    return list(names)


def write_notice(names, rng):
    """Writes a notice and its subject.

    Args:
        names: Four names: first and last of who it is about, the place, and
            who else is named.
        rng: `random.Random`, which draws the rest.
    """
    first, last, where, other = names
    event = rng.choice(EVENTS)
    facts = {
        "who": f"{first} {last}",
        "where": f"{where} {rng.choice(('House', 'Hall', 'Street'))}",
        "other": other,
        "day": rng.choice(DAYS),
        "event": event,
        "Event": event.title(),
        "role": rng.choice(ROLES),
        "thing": rng.choice(THINGS),
    }
    subject, news = rng.choice(KINDS)
    remarks = rng.sample(REMARKS, rng.choice((1, 2, 3)))
    remarks.insert(rng.randrange(len(remarks) + 1), rng.choice(news))
    parts = (rng.choice(OPENINGS), *remarks, rng.choice(CLOSINGS))
    return " ".join(parts).format(**facts), subject.format(**facts)
