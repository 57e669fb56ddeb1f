"""Pairs of texts: how they come, and what is said about them."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import rnnzoo
from rnnzoo.cli import main
from rnnzoo.pipeline.examples import Examples

PAIRS = [
    ("A dog runs.", "A dog moves."),
    ("A dog runs.", "Rain!"),
    ("", "Rain."),
    ("A cat sleeps.", ""),
]
LABELS = ["yes", "no", "no", "no"]
SCORES = [4.5, 1.0, 2.0, 1.5]
SMALL = {"units": 4, "embedding_dim": 4}


def adapted(name, targets, **overrides):
    keras.utils.set_random_seed(1)
    model = rnnzoo.build(name, **SMALL, **overrides)
    model.adapt(PAIRS, targets, verbose=0)
    model.compile()
    return model


@pytest.fixture(scope="module")
def siamese():
    return adapted("siamese_matcher", LABELS)


@pytest.fixture(scope="module")
def scorer():
    return adapted("siamese_matcher", SCORES, num_classes=None)


def named(first, second, target="label", values=LABELS):
    firsts, seconds = zip(*PAIRS, strict=True)
    return {first: list(firsts), second: list(seconds), target: values}


@pytest.mark.parametrize(
    "data",
    [
        [(*pair, label) for pair, label in zip(PAIRS, LABELS, strict=True)],
        named("sentence1", "sentence2"),
        named("premise", "hypothesis"),
        named("question", "sentence"),
        tf.data.Dataset.from_tensor_slices(named("question1", "question2")),
    ],
    ids=["rows", "mrpc", "snli", "qnli", "dataset"],
)
def test_pairs_are_found_under_their_names(siamese, data):
    examples = siamese.encode(data)
    expected = siamese.encode(PAIRS, LABELS)
    for found, column in zip(examples.inputs, expected.inputs, strict=True):
        assert found.to_list() == column.to_list()
    assert list(examples.labels) == [1, 0, 0, 0]
    np.testing.assert_array_equal(siamese.predict(data), siamese.predict(PAIRS))


def test_examples_without_a_label_are_left_out():
    model = rnnzoo.build("siamese_matcher", num_classes=3, **SMALL)
    data = named("premise", "hypothesis", values=[2, -1, 0, -1])
    model.adapt(data, verbose=0)
    assert "rain" in model.vocabulary.tokens  # of the third
    assert "moves" in model.vocabulary.tokens
    examples = model.encode(data, sample_weight=[1.0, 2.0, 3.0, 4.0])
    assert list(examples.labels) == [2, 0]
    assert list(examples.weights) == [1.0, 3.0]
    assert len(model.predict(data)) == 4
    hidden = named("premise", "hypothesis", values=[-1] * 4)
    with pytest.raises(ValueError, match="all are -1, which stands for no"):
        model.encode(hidden)


def test_candidates_are_ranked_by_the_class_that_is_asked_for(siamese):
    candidates = ["A dog moves.", "Rain!", "A dog moves."]
    scores = siamese.predict([("A dog runs.", each) for each in candidates])
    ranked = siamese.rank("A dog runs.", candidates)
    order = np.argsort(-scores[:, 1], kind="stable")
    assert [each.text for each in ranked] == [candidates[i] for i in order]
    assert [each.score for each in ranked] == sorted(scores[:, 1])[::-1]
    other = siamese.rank("A dog runs.", candidates, label="no")
    assert other[0].score == pytest.approx(1 - ranked[-1].score, abs=1e-6)
    with pytest.raises(ValueError, match="argument `label`.*'no', 'yes'"):
        siamese.rank("A dog runs.", candidates, label="perhaps")
    assert siamese.rank("A dog runs.", []) == []


def test_scores_are_in_the_unit_of_the_data(scorer):
    assert scorer.score_range == (1.0, 4.5)
    assert scorer.compare([("Rain!", "Rain!")])[0].score == 4.5
    assert all(1 <= score <= 4.5 for score in scorer.predict(PAIRS))
    loss = scorer.evaluate(PAIRS, SCORES, verbose=0)
    shares = (scorer.predict(PAIRS) - np.array(SCORES)) / 3.5
    assert loss == pytest.approx(np.mean(shares**2), rel=1e-5)


def test_vectors_give_the_similarity(scorer):
    first, second = scorer.embed(["A dog runs.", "Rain!"])
    (score,) = scorer.predict([("A dog runs.", "Rain!")])
    similarity = np.exp(-np.abs(first - second).sum())
    assert score == pytest.approx(1 + 3.5 * similarity, rel=1e-5)
    assert scorer.embed("Rain!").shape == (1, 8)
    assert scorer.embed([]).shape == (0, 8)
    esim = adapted("esim_matcher", LABELS)
    with pytest.raises(ValueError, match="one alone has no vector"):
        esim.embed(["Rain!"])


def test_candidates_for_a_question_are_scored_by_their_order(siamese):
    pairs = [*PAIRS[:2], ("Rain!", "A dog moves."), ("Rain!", "A cat.")]
    found = siamese.evaluate(pairs, [1, 0, 0, 1], return_dict=True, verbose=0)
    expected = 0
    for question, right in (
        ("A dog runs.", "A dog moves."),
        ("Rain!", "A cat."),
    ):
        candidates = [second for first, second in pairs if first == question]
        best = siamese.rank(question, candidates)[0].text
        expected += (1.0 if best == right else 0.5) / 2
    assert found["mrr"] == found["map"] == expected
    other = siamese.evaluate(PAIRS, LABELS, return_dict=True, verbose=0)
    assert "map" not in other  # each question has about one candidate


def test_batches_go_by_the_longer_text(siamese):
    pairs = [("a", "a b c d e f"), ("a b", "a"), ("a b c", "")]
    assert list(siamese.encode(pairs, ["no"] * 3).lengths) == [6, 2, 3]


def test_pages_and_pictures_show_both_texts(siamese, tmp_path):
    shown = siamese.explain(PAIRS)
    assert shown[0].first_tokens == ["a", "dog", "runs", "."]
    assert shown[0].weights.shape == (4, 4)
    assert shown[3].weights.shape == (4, 0)
    shown.save(tmp_path / "pairs.html")
    page = (tmp_path / "pairs.html").read_text("utf-8")
    assert "A dog moves." in page
    assert "There is nothing to align." in page
    shown.save(tmp_path / "pairs.png")


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([("a", "b", "c")] * 2, ["yes", "no"], "columns first, second"),
        ([("a", 3)] * 2, ["yes", "no"], r"second\[0\]=3"),
        (PAIRS, SCORES, "one label an example"),
        ((["a"], ["b", "c"]), ["yes"], "as many as there are"),
    ],
)
def test_wrong_pairs_are_refused(siamese, x, y, message):
    with pytest.raises(ValueError, match=message):
        siamese.encode(x, y)


def test_wrong_scores_are_refused(scorer):
    with pytest.raises(ValueError, match="one number an example"):
        scorer.encode(PAIRS, LABELS)
    model = rnnzoo.build("esim_matcher", num_classes=None, **SMALL)
    with pytest.raises(ValueError, match="scores that differ"):
        model.adapt(PAIRS, [1.0] * 4, verbose=0)
    with pytest.raises(ValueError, match="argument `label`.*no classes"):
        scorer.rank("a", ["b"], label=1)


@pytest.mark.parametrize("name", ["siamese_matcher", "esim_matcher"])
def test_scores_are_learned_saved_and_served(name, tmp_path):
    model = adapted(name, SCORES, num_classes=None)
    history = model.fit(
        PAIRS, SCORES, epochs=30, verbose=0, batch_size=4, shuffle=False
    ).history
    assert history["loss"][-1] < history["loss"][0]
    model.save(tmp_path / "model.keras")
    again = rnnzoo.load(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict(PAIRS), model.predict(PAIRS))
    model.export(tmp_path / "served")
    served = tf.saved_model.load(str(tmp_path / "served")).signatures
    first, second = map(tf.constant, zip(*PAIRS, strict=True))
    answer = served["serving_default"](first=first, second=second)
    np.testing.assert_allclose(answer["score"], model.predict(PAIRS), atol=1e-5)
    assert ("embed" in served) == (name == "siamese_matcher")
    if "embed" in served:
        vectors = served["embed"](text=first)["embedding"]
        texts = [text for text, _ in PAIRS]
        np.testing.assert_allclose(vectors, model.embed(texts), atol=1e-6)


def test_encoded_pairs_stay_on_disk(siamese, tmp_path):
    siamese.encode(PAIRS, LABELS, out=tmp_path / "ids", verbose=0)
    examples = Examples.open(tmp_path / "ids")
    np.testing.assert_array_equal(
        siamese.predict(examples), siamese.predict(PAIRS)
    )
    found = siamese.evaluate(examples, return_dict=True, verbose=0)
    assert found == siamese.evaluate(PAIRS, LABELS, return_dict=True, verbose=0)


def test_the_command_reads_pairs(siamese, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    siamese.save("model.keras")
    lines = ["\t".join(pair) for pair in PAIRS]
    predict = ["predict", "model.keras", "--format", "jsonl"]
    assert main([*predict, *lines]) == 0
    found = list(map(json.loads, capsys.readouterr().out.splitlines()))
    for record, pair, answer in zip(
        found, PAIRS, siamese.compare(PAIRS), strict=True
    ):
        assert (record["first"], record["second"]) == pair
        assert record["label"] == answer.label
    Path("pairs.csv").write_text("sentence1,sentence2\nA dog runs.,Rain!\n")
    assert main([*predict, "pairs.csv"]) == 0
    assert json.loads(capsys.readouterr().out)["second"] == "Rain!"
    assert main([*predict, "no tab"]) == 2
    assert "first and second, with a tab" in capsys.readouterr().err
    assert main(["explain", "model.keras", lines[0]]) == 0
    assert "'dog'" in capsys.readouterr().out
