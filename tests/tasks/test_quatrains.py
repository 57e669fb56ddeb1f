"""Quatrains against the patterns of handbooks, and against enumeration."""

import itertools
import json
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

import rnnzoo
from rnnzoo.cli import main
from rnnzoo.tasks import verse
from rnnzoo.text import RhymeTable

# As Wang Li's 詩詞格律 lists them: whether the second character is oblique, and
# whether the first line rhymes.
PATTERNS = {
    (1, 0): "仄仄平平仄 平平仄仄平 平平平仄仄 仄仄仄平平",
    (1, 1): "仄仄仄平平 平平仄仄平 平平平仄仄 仄仄仄平平",
    (0, 0): "平平平仄仄 仄仄仄平平 仄仄平平仄 平平仄仄平",
    (0, 1): "平平仄仄平 仄仄仄平平 仄仄平平仄 平平仄仄平",
}
LONG_PATTERNS = {
    (0, 0): "平平仄仄平平仄 仄仄平平仄仄平 仄仄平平平仄仄 平平仄仄仄平平",
    (0, 1): "平平仄仄仄平平 仄仄平平仄仄平 仄仄平平平仄仄 平平仄仄仄平平",
    (1, 0): "仄仄平平平仄仄 平平仄仄仄平平 平平仄仄平平仄 仄仄平平仄仄平",
    (1, 1): "仄仄平平仄仄平 平平仄仄仄平平 平平仄仄平平仄 仄仄平平仄仄平",
}
HANDBOOK = {5: PATTERNS, 7: LONG_PATTERNS}
POEMS = [
    "白日依山盡\n黃河入海流\n欲窮千里目\n更上一層樓",
    "紅豆生南國\n秋來發故枝\n願君多採擷\n此物最相思",
    "床前明月光\n疑是地上霜\n舉頭望明月\n低頭思故鄉",
]
TABLE = RhymeTable.read()
SERVE = """
import json, sys
import tensorflow as tf

served = tf.saved_model.load(sys.argv[1]).signatures["generate"]
types = {k: v.dtype for k, v in served.structured_input_signature[1].items()}
given = json.loads(sys.argv[2])
found = served(**{k: tf.constant(v, types[k]) for k, v in given.items()})
assert "rnnzoo" not in sys.modules
print(json.dumps([each.decode() for each in found["text"].numpy().tolist()]))
"""


def is_ruled(column, length):
    """Whether tones are prescribed: 一三五不論，二四六分明."""
    return column % 2 == 1 or column == length - 1


def build(seed=1, **overrides):
    """A model of some characters with weights far from uniform."""
    task = rnnzoo.build(
        "quatrain_generator",
        units=8,
        embedding_dim=8,
        min_count=1,
        **overrides,
    )
    rhymes = [TABLE.rhymes[name][:9] for name in ("東", "尤", "陽")]
    obliques = [row[2][:6] for row in TABLE.rows if row[0] != "level"]
    task.adapt([*POEMS, *rhymes, *obliques[::6]], verbose=0)
    draw = np.random.default_rng(seed).normal
    task.set_weights([draw(0, 1, each.shape) for each in task.weights])
    return task


@pytest.fixture(scope="module")
def task():
    return build()


def keeps(poem, length):
    """The patterns of the handbook that a poem keeps."""
    tones = {"平": TABLE.level, "仄": TABLE.oblique}
    return [
        key
        for key, pattern in HANDBOOK[length].items()
        if all(
            character in tones[tone]
            for line, ruled in zip(
                poem.split("\n"), pattern.split(), strict=True
            )
            for column, (character, tone) in enumerate(
                zip(line, ruled, strict=True)
            )
            if is_ruled(column, length)
        )
    ]


def rhyme_of(poem):
    """The rhymes that the second line and the fourth share."""
    ends = [line[-1] for line in poem.split("\n")]
    assert ends[1] != ends[3]
    return set(TABLE.rhymes_of(ends[1])) & set(TABLE.rhymes_of(ends[3]))


@pytest.mark.parametrize("length", [5, 7])
def test_tones_are_those_of_the_handbook(length):
    for (start, first), pattern in HANDBOOK[length].items():
        drawn = verse.Pattern(*([each] for each in (0, start, first, 2)))
        drawn = verse.Pattern(*map(tf.constant, drawn))
        (tones,) = verse.kinds_of(drawn, verse.Rules(length, True, False))
        (both,) = verse.kinds_of(drawn, verse.Rules(length, True, True))
        (none,) = verse.kinds_of(drawn, verse.Rules(length, False, False))
        (rhymes,) = verse.kinds_of(drawn, verse.Rules(length, False, True))
        places = verse.size_of(length)
        assert not none.numpy()[:places].any()
        rhymed = (1, 2, 4) if first else (2, 4)
        ends = [line * (length + 1) - 2 for line in rhymed]
        for place, tone in enumerate(pattern):
            line, column = divmod(place, length + 1)
            expected = {"平": verse.LEVEL, "仄": verse.OBLIQUE}.get(tone, 0)
            if not is_ruled(column, length):
                expected = verse.ANY
            assert tones[place] == expected, (line, column)
            is_end = place in ends
            assert both[place] == (verse.RHYME + 2 if is_end else expected)
            assert rhymes[place] == (verse.RHYME + 2 if is_end else verse.ANY)


def test_masks_against_enumeration():
    rng = np.random.default_rng(0)
    masks = rng.random((5, 6)) < 0.6
    length = np.array([5, 7, 7], "int32")
    kinds = rng.integers(0, 5, (3, verse.PLACES)).astype("int32")
    history = rng.integers(0, 6, (3, 1, verse.PLACES + 1)).astype("int32")
    allowed = verse.allowed_by(tf.constant(kinds), masks, length)
    for t in range(verse.PLACES):
        found = allowed(tf.constant(history), t).numpy()
        for row, token in itertools.product(range(3), range(6)):
            expected = masks[kinds[row, t], token]
            if kinds[row, t] >= verse.RHYME:
                ends = [(length[row] + 1) * i - 2 for i in (1, 2, 4)]
                before = [history[row, 0, end] for end in ends if end < t]
                expected = expected and token not in before
            assert found[row, 0, token] == expected


def test_patterns_are_as_frequent_as_in_poems():
    every = verse.Pattern.every(3)
    counts = np.random.default_rng(0).integers(0, 9, 24).astype("float32")
    numbers = np.arange(0, 1, 1e-3, "float32")
    whole = np.array([True, False, True])
    for rules, fits in (
        (verse.Rules(5), (every.length == 0) & (every.rhyme != 1)),
        (verse.Rules(7, rhymes=False), every.length == 1),
        (
            verse.Rules(7, start=1),
            every.length * every.start * whole[every.rhyme],
        ),
        (verse.Rules(5, rhyme=2), (every.length == 0) & (every.rhyme == 2)),
    ):
        found = verse.draw_patterns(numbers, rules, counts, whole)
        expected = counts * fits / (counts * fits).sum()
        for each, share in zip(zip(*every, strict=True), expected, strict=True):
            same = [
                f.numpy() == one for f, one in zip(found, each, strict=True)
            ]
            assert np.all(same, axis=0).mean() == pytest.approx(share, abs=3e-3)


def test_patterns_are_learned(task):
    found = np.reshape(task.patterns, (2, 2, 2, 30))
    names = list(TABLE.rhymes)
    for poem, start, first, name in (
        (POEMS[0], 1, 0, "尤"),
        (POEMS[1], 1, 0, "支"),
        (POEMS[2], 0, 1, "陽"),
    ):
        expected = verse.Pattern(0, start, first, names.index(name))
        assert verse.Pattern.of(poem, TABLE) == expected
        assert found[expected] == 1
    assert sum(task.patterns) == 3
    for other in ("", "a\nb", POEMS[0][:-6], POEMS[0].replace("樓", "東")):
        assert verse.Pattern.of(other, TABLE) is None


def test_counts_of_parts_add_up(tmp_path):
    path = tmp_path / "own.tsv"
    path.write_text("level\t山\t山流樓\nrising\t海\t海上里目日盡\n")
    one, same = (rnnzoo.build("quatrain_generator", units=4) for _ in range(2))
    one.adapt(POEMS, verbose=0)
    counts = [same.count_all([poem], verbose=0) for poem in POEMS]
    same.adapt(counts=counts, verbose=0)
    assert same.learned == one.learned
    other = rnnzoo.build("quatrain_generator", units=4, table=path)
    with pytest.raises(ValueError, match="argument `counts`"):
        other.adapt(counts=counts, verbose=0)


@pytest.mark.parametrize("length", [5, 7])
def test_every_quatrain_keeps_the_rules(task, length):
    (found,) = task.generate("", 150, length, seed=1)
    assert len(set(found)) == 150
    for poem in found:
        assert [len(line) for line in poem.split("\n")] == [length] * 4
        assert keeps(poem, length)
        assert rhyme_of(poem)
    kept = [keeps(poem, length) for poem in found]
    assert {key for each in kept for key in each} == set(HANDBOOK[length])
    for poem, each in zip(found, kept, strict=True):
        if all(first for _, first in each):
            ends = [line[-1] for line in poem.split("\n")]
            assert ends[0] not in (ends[1], ends[3])
            assert rhyme_of(poem) & set(TABLE.rhymes_of(ends[0]))
    (found,) = task.generate("", 150, length, False, False, seed=1)
    assert not all(keeps(poem, length) for poem in found)


def test_rules_are_given(task):
    for start, tone in enumerate(("level", "oblique")):
        (found,) = task.generate("", 30, 5, tones=tone, rhymes="東", seed=2)
        for poem in found:
            assert "東" in rhyme_of(poem)
            assert start in {key[0] for key in keeps(poem, 5)}
    (found,) = task.generate("", 30, 5, tones=False, seed=2)
    assert all(map(rhyme_of, found))
    (found,) = task.generate("", 30, 7, block_ngrams=1, seed=2)
    for poem in found:
        assert len(set(poem)) == 4 * 7 + 1


def test_one_graph_writes_by_all_rules(monkeypatch):
    task, traces = build(), []
    write = task.write

    def traced(*args):
        traces.append(args)
        return write(*args)

    monkeypatch.setattr(task, "write", traced)
    for line_length, temperature in ((5, 1.0), (7, 0.5)):
        for rules in ((True, True), (False, True), (False, False)):
            task.generate(
                "", 1, line_length, *rules, temperature=temperature, seed=1
            )
    assert len(traces) == 1
    for tones, rhyme in (("level", "東"), ("oblique", "陽")):
        task.generate("", 1, 5, tones, rhyme, seed=1)
    assert len(traces) == 2


def test_heads_begin_the_lines(task):
    heads = ["山河月", "", "白日依山", "目目"]
    found = task.generate(heads, 2, 7, return_scores=True, seed=3)
    for head, poems in zip(heads, found, strict=True):
        for poem in poems:
            lines = poem.text.split("\n")
            assert "".join(line[0] for line in lines)[: len(head)] == head
            assert keeps(poem.text, 7)
            (expected,) = task.log_prob([poem.text])
            assert poem.log_prob == pytest.approx(expected, rel=1e-5)
    assert task.generate([]) == []


def test_a_seed_draws_the_same_whatever_else_is_asked(task):
    heads = ["山", "", "河"]
    together = task.generate(heads, 3, seed=5)
    assert together == task.generate(heads, 3, seed=5, batch_size=1)
    fewer = task.generate(heads[:2], 2, seed=5)
    assert fewer == [poems[:2] for poems in together[:2]]
    assert together != task.generate(heads, 3, seed=6)
    assert len({poem for poems in together for poem in poems}) == 9


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("heads", "山河月日一"),
        ("heads", ["山", "a"]),
        ("heads", "山\n"),
        ("heads", "山 月"),
        ("heads", 3),
        ("line_length", 6),
        ("line_length", "7"),
        ("tones", "rising"),
        ("rhymes", "董"),
        ("rhymes", "咸"),  # of the table, but not of the vocabulary
        ("count", 0),
        ("seed", -1),
        ("temperature", -1),
    ],
)
def test_wrong_arguments_are_errors(task, argument, value):
    with pytest.raises(ValueError, match=f"argument `{argument}`"):
        task.generate(**{argument: value})


def test_too_few_characters_for_the_rules_are_an_error():
    task = rnnzoo.build("quatrain_generator", units=4, embedding_dim=4)
    task.adapt(["ab", "ab"], verbose=0)
    assert not any(task.patterns)
    assert len(task.generate("a", tones=False, rhymes=False)[0]) == 31
    with pytest.raises(ValueError, match="argument `tones`"):
        task.generate("a")
    with pytest.raises(ValueError, match="argument `rhymes`"):
        task.generate("a", tones=False)


def test_poems_are_texts_or_lines(task):
    lines = [poem.split("\n") for poem in POEMS]
    rows = [{"title": "", "lines": each} for each in lines]
    dataset = tf.data.Dataset.from_tensor_slices({"lines": lines})
    expected = task.log_prob(POEMS)
    for same in ({"lines": lines}, rows, dataset, dataset.batch(2), lines):
        np.testing.assert_array_equal(task.log_prob(same), expected)
    (surprise,) = task.explain([lines[0]])
    assert surprise.text == POEMS[0]
    assert surprise.log_prob == pytest.approx(expected[0], rel=1e-5)
    with pytest.raises(ValueError, match=r"`x\[1\]`"):
        task.log_prob([lines[0], [3]])


def test_saving_keeps_the_table_and_the_patterns(tmp_path):
    path = tmp_path / "own.tsv"
    path.write_text("level\t山\t山流樓光霜\nrising\t海\t海上里目日盡\n")
    task = build(table=path)
    task.save(tmp_path / "model.keras")
    path.unlink()
    again = rnnzoo.load(tmp_path / "model.keras")
    assert again.table.rows == task.table.rows
    assert again.patterns == task.patterns
    (found,) = task.generate("", 5, seed=1)
    assert again.generate("", 5, seed=1) == [found]
    assert all(poem[-1] in "山流樓光霜" for poem in found)


def test_an_export_writes_the_same_quatrains(task, tmp_path):
    task.export(tmp_path / "1")
    heads, lengths = ["山河", "", "白日依山"], [7, 5, 7]
    given = {
        "heads": heads,
        "line_length": lengths,
        "tones": True,
        "rhymes": [True, True, False],
        "temperature": 1.0,
        "top_k": 0,
        "top_p": 1.0,
        "seed": [1, 2, 3],
    }
    done = subprocess.run(
        [sys.executable, "-c", SERVE, str(tmp_path / "1"), json.dumps(given)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    expected = [
        task.generate(head, 1, length, rhymes=rhymes, seed=seed)[0]
        for head, length, rhymes, seed in zip(
            heads, lengths, given["rhymes"], given["seed"], strict=True
        )
    ]
    assert json.loads(done.stdout) == expected


def test_own_files_on_the_command_line(tmp_path, capsys):
    file = tmp_path / "poems.jsonl"
    rows = [{"title": "t", "lines": poem.split("\n")} for poem in POEMS * 4]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    out = str(tmp_path / "out")
    small = ["units=4", "embedding_dim=4", "min_count=1"]
    train = ["train", "quatrain_generator", "--train", str(file)]
    train += ["--out", out, "--epochs", "1", "--set", *small]
    assert main(train) == 0
    capsys.readouterr()
    ask = ["predict", out, "山河", "--line-length", "5", "--seed", "1"]
    off = ["--tones", "off", "--rhymes", "off", "--count", "2"]
    assert main([*ask, *off, "--format", "jsonl"]) == 0
    (record,) = map(json.loads, capsys.readouterr().out.splitlines())
    expected = rnnzoo.load(out).generate("山河", 2, 5, False, False, seed=1)
    assert [each["text"] for each in record["texts"]] == expected[0]
    assert main([*ask, "--max-length", "9"]) == 2
    assert "--max-length" in capsys.readouterr().err
