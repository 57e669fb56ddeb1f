"""Tasks that version 0.1.0 saved, and what it answered."""

import json
from pathlib import Path

import numpy as np
import pytest

import rnnzoo

SAVED = Path(__file__).parent / "saved"
ANSWERS = json.loads((SAVED / "answers.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ANSWERS)
def test_an_earlier_file_answers_as_it_did(name):
    task = rnnzoo.load(SAVED / f"{name}.keras")
    inputs, expected = ANSWERS[name]["inputs"], ANSWERS[name]["answers"]
    if task.kind == "captioning":
        inputs = [np.array(image, "uint8") for image in inputs]
        task.shortest = 0  # Version 0.1.0 wrote captions without a word.
    if task.kind == "text_classification":
        np.testing.assert_allclose(task.predict(inputs), expected, atol=1e-5)
        return
    if task.kind == "entity_tagging":
        found = [
            (e.text, e.label, e.start, e.end, e.score)
            for entities in task.tag(inputs)
            for e in entities
        ]
        expected = [entity for entities in expected for entity in entities]
    else:
        write = getattr(task, task.verb)
        found = [(e.text, e.score) for e in write(inputs, return_scores=True)]
    assert [answer[:-1] for answer in found] == [
        tuple(answer[:-1]) for answer in expected
    ]
    scores = [answer[-1] for answer in found]
    assert scores == pytest.approx(
        [answer[-1] for answer in expected], abs=1e-5
    )
