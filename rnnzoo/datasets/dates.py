"""Dates as people write them, beside ISO 8601."""

import datetime
import random

from rnnzoo.datasets.whole import tfds

SIZES = {"train": 10_000, "validation": 500, "test": 1000}
SEED = 8601
FIRST, LAST = datetime.date(1950, 1, 1), datetime.date(2049, 12, 31)

# Dots put the day first, slashes the month, hyphens the year. A year of two
# digits lies in the only century that the range above allows.
FORMS = (
    "{d}.{m}.{Y}",
    "{dd}.{mm}.{Y}",
    "{d}.{m}.{yy}",
    "{m}/{d}/{Y}",
    "{mm}/{dd}/{Y}",
    "{m}/{d}/{yy}",
    "{Y}-{m}-{d}",
    "{Y} {month} {d}",
    "{d} {month} {Y}",
    "{d} {mon} {Y}",
    "{d} {mon} '{yy}",
    "{d}-{mon}-{yy}",
    "{nth} {month} {Y}",
    "{nth} of {month} {Y}",
    "the {nth} of {month}, {Y}",
    "{month} {d}, {Y}",
    "{month} {nth}, {Y}",
    "{month} the {nth}, {Y}",
    "{mon} {d} {Y}",
    "{day}, {month} {d}, {Y}",
    "{day}, {nth} of {month} {Y}",
    "{dow} {d} {mon} {Y}",
    "{dow}, {mon} {nth} '{yy}",
)
MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
DAYS = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
]


class RnnzooDates(tfds.core.GeneratorBasedBuilder):
    """Dates as people write them, beside ISO 8601.

    10,000 to train on, 500 to validate and 1,000 to test. `text` is a date in
    one of two dozen forms ("Tuesday, 3rd of May 1988", "5/3/88"), and `iso` is
    the same date in ISO 8601 ("1988-05-03"). No day is in two splits. The
    dataset is generated and needs no network.
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
                    "iso": tfds.features.Text(),
                }
            ),
            supervised_keys=("text", "iso"),
            license="Apache-2.0",
        )

    def _split_generators(self, dl_manager):
        rng = random.Random(SEED)
        count = (LAST - FIRST).days + 1
        days = rng.sample(range(count), sum(SIZES.values()))
        splits, start = {}, 0
        for name, size in SIZES.items():
            dates = [
                FIRST + datetime.timedelta(day)
                for day in days[start : start + size]
            ]
            splits[name] = self._generate_examples(dates, random.Random(name))
            start += size
        return splits

    def _generate_examples(self, dates, rng):
        for key, date in enumerate(dates):
            text = write_date(date, rng)
            yield key, {"text": text, "iso": date.isoformat()}


def write_date(date, rng):
    """Writes a date in a form that `rng` draws, sometimes in capitals."""
    month, day = MONTHS[date.month - 1], DAYS[date.weekday()]
    text = rng.choice(FORMS).format(
        d=date.day,
        dd=f"{date.day:02}",
        m=date.month,
        mm=f"{date.month:02}",
        Y=date.year,
        yy=f"{date.year % 100:02}",
        month=month,
        mon=month[:3],
        day=day,
        dow=day[:3],
        nth=f"{date.day}{_ending(date.day)}",
    )
    return rng.choice((text, text, text, text.lower(), text.upper()))


def _ending(day):
    """The ending of an ordinal number: st, nd, rd or th."""
    if day in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
