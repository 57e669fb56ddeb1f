import itertools

import numpy as np
import pytest
import tensorflow as tf

from rnnzoo.metrics import SpanF1
from rnnzoo.text.tagging import TagSet, to_tags

NAMES = ["O", *(f"{p}-{x}" for x in ("A", "B") for p in "BIES")]


def random_tags(rng, rows, steps):
    """Tags with long runs, so that spans often agree, and their padding."""
    true = rng.integers(0, len(NAMES), (rows, steps))
    keep = rng.random((rows, steps)) < 0.7
    predicted = np.where(keep, true, rng.integers(0, len(NAMES), true.shape))
    lengths = rng.integers(0, steps + 1, rows)
    true[np.arange(steps) >= lengths[:, None]] = -1
    return true, predicted


def names_of(tags, true, names):
    return [
        [names[tag] for tag in row[mask]]
        for row, mask in zip(tags, true >= 0, strict=True)
    ]


@pytest.mark.parametrize("first", [0, 2, 4])  # padding must not mean it
@pytest.mark.parametrize("mode", ["eager", "jit"])
def test_agrees_with_seqeval(mode, first):
    names = NAMES[first:] + NAMES[:first]
    seqeval = pytest.importorskip("seqeval.metrics")
    rng = np.random.default_rng(0)
    for case in range(60 if mode == "eager" else 10):
        metric = SpanF1(names)
        update = metric.update_state
        if mode == "jit":
            update = tf.function(update, jit_compile=True)
        true, predicted = [], []
        for _ in range(2):
            batch = random_tags(rng, 4, 1 + case % 7)
            update(*map(tf.constant, batch))
            true += names_of(batch[0], batch[0], names)
            predicted += names_of(batch[1], batch[0], names)
        theirs = seqeval.f1_score(true, predicted, zero_division=0)
        assert float(metric.result()) == pytest.approx(theirs, abs=1e-6)
        report = seqeval.classification_report(
            true, predicted, output_dict=True, zero_division=0
        )
        for label, row in metric.report().items():
            theirs = report.get("micro avg" if label == "all" else label)
            if theirs is None:  # seqeval leaves out what never occurs
                assert row["support"] == row["precision"] == 0
                continue
            for ours, name in (
                ("precision", "precision"),
                ("recall", "recall"),
                ("f1", "f1-score"),
                ("support", "support"),
            ):
                assert row[ours] == pytest.approx(theirs[name], abs=1e-6)


def test_rows_have_weights_and_state_is_reset():
    metric = SpanF1(["O", "B-A", "I-A"])
    metric.update_state([[1, 2], [1, 2]], [[1, 2], [1, 0]], [3.0, 1.0])
    assert float(metric.result()) == pytest.approx(0.75)
    metric.reset_state()
    assert float(metric.result()) == 0
    again = SpanF1.from_config(metric.get_config())
    assert again.tags == metric.tags


def test_rows_without_a_token_count_nothing():
    metric = SpanF1(["O", "B-A", "I-A"])
    metric.update_state([[1, 2]], [[1, 2]])
    metric.update_state(np.zeros((2, 0), int), np.zeros((2, 0), int))
    assert float(metric.result()) == 1


def test_tags_must_be_tags():
    with pytest.raises(ValueError, match="'X-PER'"):
        SpanF1(["O", "X-PER"])


def test_agrees_with_the_bilou_of_seqeval():
    scheme = pytest.importorskip("seqeval.scheme").BILOU
    from seqeval.metrics import f1_score

    rng, names = np.random.default_rng(0), TagSet("AB", "bilou").names
    metric, rows = SpanF1(names), {"true": [], "predicted": []}
    for _ in range(40):
        for tags in rows.values():
            cuts = np.sort(rng.choice(np.arange(1, 10), 3, replace=False))
            bounds = itertools.pairwise([0, *map(int, cuts), 10])
            spans = [(rng.choice(list("ABO")), *pair) for pair in bounds]
            spans = [each for each in spans if each[0] != "O"]
            tags.append(to_tags(spans, 10, "bilou"))
    ids = [
        [[names.index(tag) for tag in each] for each in tags]
        for tags in rows.values()
    ]
    metric.update_state(*ids)
    theirs = f1_score(*rows.values(), mode="strict", scheme=scheme)
    assert float(metric.result()) == pytest.approx(theirs)
    assert 0 < theirs < 1


def test_padding_may_be_on_either_side():
    metric = SpanF1(["I-A", "O"])  # padding must not look like the first tag
    metric.update_state([[-1, 0, -1]], [[0, 0, 0]])
    assert metric.report()["A"]["support"] == 1
    assert float(metric.result()) == 1
