"""Quatrains that a model wrote, beside the real ones of the test split.

    rnnzoo train quatrain_generator --dataset tang_quatrains --out poems
    python benchmarks/poems.py poems [--temperature 0.8]

The model writes as many poems as the test split has, with lines of the same
lengths, with the rules of regulated verse switched on and off.

    perplexity  of a character by the model; each line break and the end of a
                poem count as one
    distinct-n  share of the runs of n characters of a line that are different
                ones
    copied      characters of the longest run of a poem that a training poem
                has; the breaks inside do not count
    others      share of the poems that keep a rule, by the table of the model:
                all lines alternate in tone; the lines of both couplets oppose
                each other, by their second characters; the second and the
                third line adhere; the second and the fourth end level; and
                rhyme, with different characters. A character that the table
                lacks fits everywhere but in a rhyme

Writes results/poems.csv, and prints some of the poems.
"""

import argparse
import os
import statistics

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import harness

import rnnzoo
from rnnzoo.datasets import sources

SEED = 1
SHOWN = 8


def poems_of(split):
    """The poems of a split, with line breaks."""
    return [
        b"\n".join(row["lines"]).decode() for row in split.as_numpy_iterator()
    ]


def written(task, poems, **options):
    """As many poems as these, with lines of the same lengths."""
    found = []
    for line_length in (5, 7):
        count = sum(poem.index("\n") == line_length for poem in poems)
        if count:
            (texts,) = task.generate(
                "", count, line_length, seed=SEED, **options
            )
            found += texts
    return found


def distinct(poems, n):
    """The share of runs of `n` characters that are different ones."""
    runs = [
        line[i : i + n]
        for poem in poems
        for line in poem.split("\n")
        for i in range(len(line) - n + 1)
    ]
    return len(set(runs)) / len(runs)


def longest_copied(poem, known):
    """Characters of the longest run of a poem that stands in a text."""
    longest, start = 0, 0
    for end in range(1, len(poem) + 1):
        while poem[start:end] not in known:
            start += 1
        run = poem[start:end]
        longest = max(longest, len(run) - run.count("\n"))
    return longest


def tones(table, character):
    """The tones that a character may have: 0 for level, 1 for oblique."""
    found = {
        tone
        for tone, members in enumerate((table.level, table.oblique))
        if character in members
    }
    return found or {0, 1}


def rules_kept(poem, table):
    """Dict of the name of a rule to whether a poem keeps it."""
    lines = poem.split("\n")
    second = [tones(table, line[1]) for line in lines]
    ends = [line[-1] for line in lines]
    rhymes = [set(table.rhymes_of(end)) for end in ends]

    def alternates(line):
        ruled = [tones(table, each) for each in line[1:-1:2]]
        return any(
            all((start + i) % 2 in each for i, each in enumerate(ruled))
            for start in (0, 1)
        )

    def oppose(one, other):
        return any(1 - tone in other for tone in one)

    return {
        "alternate": all(map(alternates, lines)),
        "oppose": oppose(*second[:2]) and oppose(*second[2:]),
        "adhere": bool(second[1] & second[2]),
        "end level": all(0 in tones(table, ends[i]) for i in (1, 3)),
        "rhyme": ends[1] != ends[3] and bool(rhymes[1] & rhymes[3]),
    }


def row(what, poems, task, known):
    """The row of a table."""
    copied = [longest_copied(poem, known) for poem in poems]
    kept = [rules_kept(poem, task.table) for poem in poems]
    return {
        "": what,
        "poems": len(poems),
        "perplexity": f"{task.perplexity(poems):.1f}",
        **{f"distinct-{n}": f"{distinct(poems, n):.3f}" for n in (1, 2, 3)},
        "copied, mean": f"{statistics.mean(copied):.2f}",
        "copied, most": max(copied),
        **{
            rule: f"{statistics.mean(each[rule] for each in kept):.3f}"
            for rule in kept[0]
        },
    }


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("model", help="as `rnnzoo.load` takes it")
    parser.add_argument("--temperature", type=float, default=0.8)
    args = parser.parse_args()
    task = rnnzoo.load(args.model)
    data_dir = os.environ.get("RNNZOO_DATA_DIR", "../shared/tfds")
    source = sources.load("tang_quatrains", data_dir=data_dir)
    known = "\0".join(poems_of(source.split("train")))
    test = poems_of(source.split("test"))
    rows = [row("test poems", test, task, known)]
    for what, is_on in (("rules on", True), ("rules off", False)):
        options = {"tones": is_on, "rhymes": is_on}
        poems = written(task, test, temperature=args.temperature, **options)
        rows.append(row(what, poems, task, known))
        for poem in [*poems[:SHOWN], *poems[-SHOWN:]]:
            print(what, poem.replace("\n", " "))
    harness.write_csv("poems", rows)
    print(harness.machine())
    print(harness.markdown(rows))


if __name__ == "__main__":
    main()
