import types

import numpy as np
import pytest

from rnnzoo.explain.drawing import percent, shown_classes


@pytest.mark.parametrize(
    ("share", "digits", "shown"),
    [
        (0, 0, "0%"),
        (1e-9, 0, "<1%"),
        (0.005, 0, "<1%"),
        (0.006, 0, "1%"),
        (0.5, 0, "50%"),
        (0.994, 0, "99%"),
        (0.995, 0, ">99%"),
        (1 - 1e-9, 0, ">99%"),
        (1, 0, "100%"),
        (0.0004, 1, "<0.1%"),
        (0.9996, 1, ">99.9%"),
        (np.float32(0.1234), 1, "12.3%"),
        (1, 1, "100.0%"),
    ],
)
def test_only_nothing_is_0_and_only_all_is_100_percent(share, digits, shown):
    assert percent(share, digits) == shown


def test_few_classes_are_shown_in_their_order_and_of_many_the_best():
    probabilities = np.array([0.1, 0.02, 0.3, 0.05, 0.2, 0.03, 0.15, 0.14])
    few = types.SimpleNamespace(
        labels=list("abcdefgh"), probabilities=probabilities
    )
    shown, left_out = shown_classes(few)
    assert [name for name, _, _ in shown] == few.labels
    assert [share for _, share, _ in shown] == probabilities.tolist()
    assert [name for name, _, best in shown if best] == ["c"]
    assert left_out == 0
    many = types.SimpleNamespace(
        labels=[*few.labels, "i"], probabilities=np.append(probabilities, 0.01)
    )
    shown, left_out = shown_classes(many)
    assert "".join(name for name, _, _ in shown) == "ceghadf"
    assert [name for name, _, best in shown if best] == ["c"]
    assert left_out == 2
