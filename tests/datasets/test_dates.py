import datetime
import random

import tensorflow_datasets as tfds

from rnnzoo import datasets  # noqa: F401
from rnnzoo.datasets.dates import FORMS, MONTHS, write_date


def test_dates_are_written_right():
    class First(random.Random):
        form = None

        def choice(self, options):
            return self.form if self.form in options else options[0]

    rng, date = First(), datetime.date(1988, 5, 3)
    for form, expected in {
        "{d}.{m}.{yy}": "3.5.88",
        "{mm}/{dd}/{Y}": "05/03/1988",
        "{day}, {nth} of {month} {Y}": "Tuesday, 3rd of May 1988",
        "{dow}, {mon} {nth} '{yy}": "Tue, May 3rd '88",
    }.items():
        rng.form = form
        assert form in FORMS
        assert write_date(date, rng) == expected
    rng.form = "{nth} {month} {Y}"
    endings = [
        write_date(datetime.date(2000, 1, day), rng).split()[0]
        for day in range(1, 32)
    ]
    assert endings[:4] == ["1st", "2nd", "3rd", "4th"]
    assert endings[10:13] == ["11th", "12th", "13th"]
    assert endings[20:24] + endings[30:] == [
        "21st",
        "22nd",
        "23rd",
        "24th",
        "31st",
    ]


def test_the_dataset_is_always_the_same_and_its_splits_share_no_day(tmp_path):
    found, info = tfds.load("rnnzoo_dates", data_dir=tmp_path, with_info=True)
    assert info.supervised_keys == ("text", "iso")
    days = {}
    for split, size in {
        "train": 10_000,
        "validation": 500,
        "test": 1000,
    }.items():
        rows = list(tfds.as_numpy(found[split]))
        days[split] = {row["iso"].decode() for row in rows}
        assert len(rows) == len(days[split]) == size
        for row in rows[:50]:
            date = datetime.date.fromisoformat(row["iso"].decode())
            text = row["text"].decode()
            assert str(date.year % 100) in text
            month = MONTHS[date.month - 1][:3].lower()
            assert month in text.lower() or str(date.month) in text
    assert not days["train"] & (days["validation"] | days["test"])
    first = next(iter(tfds.as_numpy(found["test"].take(1))))
    again = tfds.load("rnnzoo_dates", data_dir=tmp_path / "b", split="test")
    assert next(iter(tfds.as_numpy(again)))["text"] == first["text"]
