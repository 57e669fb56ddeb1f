"""Counts that are added up, kept in files, and pruned within a bound."""

import json
from collections import Counter

import numpy as np
import pytest

from rnnzoo.text import Counts, TokenCounter, Vocabulary

ODD = ["\x85", "\u2028", "\x1c", "\n", "a\tb", "😀", '"', "\\", "é"]


def zipf(count, seed):
    """Random words, few of which are frequent."""
    numbers = np.random.default_rng(seed).zipf(1.3, count) % 5_000
    return [f"w{number}" for number in numbers]


def counts_of(words, **options):
    counts = Counts("mine", **options)
    for first in range(0, len(words), 100):
        counts["text"].update(words[first : first + 100])
    counts.examples = len(words)
    return counts


def test_parts_add_up_to_one_pass(tmp_path):
    words = zipf(3_000, seed=0) + ODD
    parts = []
    for number, part in enumerate((words[:900], words[900:901], words[901:])):
        parts.append(tmp_path / f"{number}.jsonl")
        counts_of(part).save(parts[-1])
    parts[1] = Counts.load(parts[1])
    total = Counts.gather(parts)
    assert total["text"].counts == Counter(words)
    assert (total.examples, total.error) == (len(words), 0)
    assert Counts.gather(parts[0])["text"].counts == Counter(words[:900])
    assert parts[1].examples == 1  # as before


def test_files_are_plain_and_the_same_for_the_same_counts(tmp_path):
    counts_of(ODD + ["b"] * 3).save(tmp_path / "one")
    counts_of(["b", *ODD[::-1], "b", "b"]).save(tmp_path / "two")
    lines = (tmp_path / "one").read_text().splitlines()
    assert lines == (tmp_path / "two").read_text().splitlines()
    assert json.loads(lines[0])["counters"] == [
        {"name": "text", "types": 10, "error": 0}
    ]
    assert dict(map(json.loads, lines[1:])) == Counter(ODD + ["b"] * 3)


@pytest.mark.parametrize("limit", [50, 400, 4_000])
def test_the_bound_of_pruned_counts_holds(limit, tmp_path):
    words = zipf(20_000, seed=1)
    true = Counter(words)
    whole = counts_of(words, limit=limit)
    parts = (words[:9_000], words[9_000:])
    halves = [counts_of(part, limit=limit) for part in parts]
    halves[0].save(tmp_path / "half")
    merged = Counts.gather([tmp_path / "half", halves[1]], limit)
    for found in (whole["text"], merged["text"]):
        assert len(found.counts) <= limit
        assert (found.error > 0) == (limit < len(true))
        for word, count in true.items():
            assert count - found.error <= found.counts[word] <= count
    kept = Vocabulary.from_counts(whole["text"].counts, 12).tokens
    assert kept == Vocabulary.from_counts(true, 12).tokens  # the frequent ones


def test_a_batch_of_new_types_may_leave_none():
    counter = TokenCounter(limit=2)
    counter.update(["a", "b", "c"])
    counter.update(["a", "a"])
    assert (dict(counter.counts), counter.error) == ({"a": 2}, 1)
    with pytest.raises(ValueError, match="`limit`"):
        TokenCounter(limit=0)


def test_counts_of_another_kind_are_refused():
    for other in (Counts("yours"), Counts("mine", labels=["a"])):
        with pytest.raises(ValueError, match="`counts`.*the same"):
            Counts("mine").merge(other)
    with pytest.raises(ValueError, match="`counts`.*at least one"):
        Counts.gather([])
    with pytest.raises(ValueError, match=r"`counts`.*path.*3"):
        Counts.gather([3])


def one_line_less(lines):
    return lines[:-1]


def one_line_more(lines):
    return [*lines, '["more", 1]\n']


def half_a_line(lines):
    return [*lines[:-1], lines[-1][:4]]


def another_version(lines):
    return [lines[0].replace('"version": 1', '"version": 2'), *lines[1:]]


def nothing(lines):
    return []


def another_file(lines):
    return ["[1, 2]\n"]


@pytest.mark.parametrize(
    "damage",
    [
        *(one_line_less, one_line_more, half_a_line),
        *(another_version, nothing, another_file),
    ],
)
def test_what_is_no_whole_file_is_refused(damage, tmp_path):
    path = tmp_path / "counts.jsonl"
    counts_of(["a", "b"]).save(path)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(damage(lines)))
    with pytest.raises(ValueError, match=r"counts.jsonl.*Counts.save"):
        Counts.load(path)
    with pytest.raises(FileNotFoundError):
        Counts.load(tmp_path / "none")
