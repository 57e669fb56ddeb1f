"""Questions about stories, from whatever holds them, and their answers."""

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import rnnzoo
from rnnzoo.cli import main
from rnnzoo.datasets.stories import distinct_examples

STORIES = [
    ["Mary went to the kitchen.", "John took the milk."],
    "Mary went to the garden. John went to the cellar!",
    ["John sat down.", "Mary went to the cellar."],
]
SPLIT = ["Mary went to the garden.", "John went to the cellar!"]
QUESTIONS = ["Where is Mary?", "Where is John?", "Where is Mary?"]
ANSWERS = ["kitchen", "cellar", "cellar"]
ROWS = [
    {"story": s, "question": q, "answer": a}
    for s, q, a in zip(STORIES, QUESTIONS, ANSWERS, strict=True)
]


def answerer(name="memory_network_answerer", data=None, **options):
    model = rnnzoo.build(name, **{"units": 8, **options})
    model.adapt(
        ((STORIES, QUESTIONS), ANSWERS) if data is None else data, verbose=0
    )
    model.compile()
    return model


def sentences(story):
    return SPLIT if isinstance(story, str) else story


def as_datasets():
    """Datasets of dictionaries and of tuples, in batches or not."""
    rows = tf.data.Dataset.from_generator(
        lambda: [{**row, "story": sentences(row["story"])} for row in ROWS],
        output_signature={
            "story": tf.TensorSpec([None], tf.string),
            "question": tf.TensorSpec([], tf.string),
            "answer": tf.TensorSpec([], tf.string),
        },
    )
    pairs = rows.map(lambda r: ((r["story"], r["question"]), r["answer"]))
    told = [" ".join(sentences(story)) for story in STORIES]
    texts = tf.data.Dataset.from_tensor_slices(
        {"story": told, "question": QUESTIONS, "answer": ANSWERS}
    )
    shapes = {"story": [3], "question": [], "answer": []}
    return [
        rows,
        rows.ragged_batch(2),
        rows.padded_batch(2, shapes),
        pairs,
        pairs.ragged_batch(2),
        texts,
        texts.batch(2),
    ]


@pytest.mark.parametrize(
    "data",
    [
        ROWS,
        [tuple(row.values()) for row in ROWS],
        {"context": STORIES, "query": QUESTIONS, "answer": ANSWERS},
        *as_datasets(),
    ],
    ids=[
        "rows",
        "triples",
        "columns",
        "dataset",
        "batches",
        "padded",
        "tuples",
        "batched tuples",
        "texts",
        "batched texts",
    ],
)
def test_data_may_be_in_whatever_holds_it(data):
    model = answerer()
    expected = model.encode((STORIES, QUESTIONS), ANSWERS)
    found = model.encode(data)
    for name in ("memory", "question"):
        assert found.inputs[name].to_list() == expected.inputs[name].to_list()
    assert found.labels.tolist() == expected.labels.tolist() == [1, 0, 0]


def test_one_question_may_come_alone():
    model = answerer()
    together = model.answer(STORIES, QUESTIONS)
    for story, question, expected in zip(
        STORIES, QUESTIONS, together, strict=True
    ):
        for (alone,) in (
            model.answer(story, question),
            model.answer([story], [question]),
            model.answer([(story, question)]),
            model.answer({"story": [story], "question": [question]}),
        ):
            assert alone.answer == expected.answer
            assert alone.score == pytest.approx(expected.score, abs=1e-5)
    assert model.answer([], []) == []


def test_answers_have_the_vectors_of_their_words():
    answers = ["milk", "Mary", "mary", "milk,ball", "MILK"]
    model = answerer(data=((["Mary has milk."] * 5, ["What?"] * 5), answers))
    tokens = dict(zip(model.labels, model.answer_ids.tolist(), strict=True))
    words = {t: i for i, t in enumerate(model.vocabulary.tokens, 2)}
    assert tokens["milk"] == words["milk"]
    assert tokens["mary"] == words["mary"]
    assert len(set(tokens.values())) == 5


def test_what_is_beyond_the_memory_is_told():
    model = answerer(max_sentences=3)
    story = ["Mary sat.", "", "John sat.", "Mary ran.", " ", "John ran."]
    (recall,) = model.explain([story], ["Where is Mary?"])
    assert recall.dropped == 2
    assert recall.is_read.tolist() == [False, False, True, True, False, True]
    assert recall.weights.shape == (6, 3)
    np.testing.assert_allclose(recall.weights.sum(axis=0), 1, atol=1e-5)
    assert not recall.weights[[0, 1, 4]].any()
    (answer,) = model.answer([story[2:]], ["Where is Mary?"])
    assert recall.score == pytest.approx(answer.score, abs=1e-5)
    (nothing,) = model.explain([["", "?!"[:0]]], [""])
    assert nothing.dropped == 0
    assert nothing.strongest == []


def test_hops_are_compared_with_supporting_sentences():
    rows = [
        {**row, "story": sentences(row["story"]), "supporting": [place]}
        for row, place in zip(ROWS, (0, 1, 1), strict=True)
    ]
    rows[0]["story"] = ["It rained.", "", *rows[0]["story"]]
    rows[0]["supporting"] = [2]
    model = answerer(data=rows, max_sentences=3)
    scores = model.evaluate(rows, return_dict=True, verbose=0)
    recalls = model.explain(rows)
    assert [each.supporting for each in recalls] == [[2], [1], [1]]
    for hop in range(3):
        hits = [each.strongest[hop] in each.supporting for each in recalls]
        assert scores[f"support_hop_{hop + 1}"] == pytest.approx(np.mean(hits))
    no_facts = model.evaluate(ROWS, return_dict=True, verbose=0)
    assert not [name for name in no_facts if name.startswith("support")]


def test_an_answer_never_seen_is_an_error_in_training_and_else_wrong():
    model = answerer()
    others = (STORIES, QUESTIONS), ["kitchen", "attic", "cellar"]
    with pytest.raises(ValueError, match="`y`.*has seen.*kitchen.*1 other"):
        model.fit(others, verbose=0)
    right = model.predict((STORIES, QUESTIONS)).argmax(axis=1) == [1, -1, 0]
    with pytest.warns(UserWarning, match="count as wrong: attic"):
        scores = model.evaluate(others, return_dict=True, verbose=0)
    assert scores["accuracy"] == pytest.approx(right.mean())
    assert np.isfinite(scores["loss"])


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (([1], ["Who?"]), ["a"], r"`story`.*strings.*story\[0\]=1"),
        (([["a", 2]], ["Who?"]), ["a"], r"`story\[0\]`.*story\[0\]\[1\]=2"),
        ((["a"], [3]), ["a"], r"`question`.*question\[0\]=3"),
        ((["a", "b"], ["Who?"]), ["a"], "`question`.*2. Received: 1"),
        ((["a"], ["Who?"]), [4], r"`y`.*y\[0\]=4"),
        ((["a"], ["Who?"]), None, "no answer"),
        (
            {
                "story": ["a"],
                "question": ["b"],
                "answer": ["c"],
                "supporting": [[0.5]],
            },
            None,
            "",
        ),
    ],
)
def test_bad_examples_are_named(x, y, message):
    model = rnnzoo.build("memory_network_answerer")
    if not message:  # numbers that are no places are left alone
        model.adapt(x, verbose=0)
        return
    with pytest.raises(ValueError, match=message):
        model.adapt(x, y, verbose=0)


def test_the_linear_start_is_over_before_the_last_epoch():
    model = answerer(linear_share=0.9)
    seen = []

    class Watch(tf.keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            seen.append(float(self.model.network.linear.numpy()))

    model.fit(
        (STORIES, QUESTIONS),
        ANSWERS,
        epochs=3,
        validation_data=((STORIES, QUESTIONS), ANSWERS),
        callbacks=[Watch()],
        verbose=0,
    )
    assert seen == [1, 1, 0]


def test_two_hops_find_a_thing_that_was_carried():
    examples = distinct_examples(1000, seed=3)
    train, test = examples[:900], examples[900:]
    tf.keras.utils.set_random_seed(1)
    model, _ = rnnzoo.finetune(
        "memory_network_answerer",
        train,
        test,
        epochs=30,
        learning_rate=0.01,
        verbose=0,
    )
    scores = model.evaluate(test, return_dict=True, verbose=0)
    assert scores["accuracy"] > 0.75  # a place at random: 0.17
    assert scores["support_hop_1"] > 0.7


def test_the_command_reads_stories(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = answerer()
    model.save("model.keras")
    Path("stories.jsonl").write_text(
        "\n".join(map(json.dumps, ROWS)), encoding="utf-8"
    )
    expected = [each.answer for each in model.answer(STORIES, QUESTIONS)]
    assert main(["predict", "model.keras", "stories.jsonl"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("\t")[0] for line in lines] == expected
    assert lines[0].endswith("John took the milk.\tWhere is Mary?")
    line = f"{STORIES[1]}\t{QUESTIONS[1]}"
    assert main(["predict", "model.keras", line, "--format", "jsonl"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["answer"] == expected[1]
    assert (record["story"], record["question"]) == (STORIES[1], QUESTIONS[1])
    assert main(["explain", "model.keras", line]) == 0
    assert "Mary went to the garden." in capsys.readouterr().out
