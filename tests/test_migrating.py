"""The page for those who come from elsewhere keeps its promises."""

import itertools
import re
from pathlib import Path

import numpy as np
import pytest

PAGE = Path(__file__).parents[1] / "rnnzoo" / "MIGRATING.md"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def names():
    """Names that the examples have made, run in their order."""
    found = {}
    for block in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        exec(compile(block, str(PAGE), "exec"), found)
    return found


def test_the_crf_sums_over_all_sequences(names):
    scores, transitions = names["scores"], names["transitions"]

    def score(row, tags):
        return sum(scores[row, t, tag] for t, tag in enumerate(tags)) + sum(
            transitions[pair] for pair in itertools.pairwise(tags)
        )

    for row, length in enumerate(names["lengths"]):
        every = list(itertools.product(range(3), repeat=length))
        of_all = [score(row, tags) for tags in every]
        expected = score(row, names["tags"][row, :length])
        expected -= np.log(np.sum(np.exp(of_all)))
        assert float(names["log_likelihood"][row]) == pytest.approx(expected)
        best = tuple(names["best"][row, :length].numpy())
        assert best == every[np.argmax(of_all)]
        assert float(names["best_scores"][row]) == pytest.approx(max(of_all))


def test_an_old_crf_has_the_same_answers(names):
    scores = names["features"] @ names["kernel"] + names["bias"]
    scores[:, 0] += names["left_boundary"]
    scores[:, -1] += names["right_boundary"]
    every = list(itertools.product(range(3), repeat=4))
    for row, tagged in zip(scores, names["tagged"], strict=True):
        of_all = [
            sum(row[t, tag] for t, tag in enumerate(tags))
            + sum(
                names["chain_kernel"][pair] for pair in itertools.pairwise(tags)
            )
            for tags in every
        ]
        assert tuple(tagged) == every[np.argmax(of_all)]


def test_the_layers_answer(names):
    assert np.log(20) / 2 < float(names["loss"]) < 2 * np.log(20)
    assert names["best_tokens"].shape[0] == 2
    assert names["labels"] == ["pos", "neg"]


def test_old_attention_has_the_same_answers(names):
    encoded, mask = names["encoded"], names["encoded_mask"].numpy()
    hidden = np.tanh(encoded @ names["W"] + names["b"])
    shares = np.exp(hidden @ names["u"]) * mask
    shares /= shares.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(names["shares"], shares, atol=1e-5)
    expected = (shares[..., None] * encoded).sum(axis=1)
    np.testing.assert_allclose(names["vectors"], expected, atol=1e-5)
