"""Limits of arguments."""

import re

import numpy as np
import pytest

from rnnzoo import checks


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (
            checks.check_positive,
            [1, np.int64(7)],
            [0, -1, 2.0, True, "1", None],
        ),
        (
            checks.check_positive_number,
            [1, 1e-9],
            [0, True, np.nan, np.inf, "1"],
        ),
        (checks.check_not_negative, [0, 0.5, 3], [-1e-9, False, np.inf, None]),
        (checks.check_rate, [0, 0.5, 0.999], [-0.1, 1, True, np.nan, "0.5"]),
    ],
)
def test_numbers(check, good, bad):
    for value in good:
        check("size", value)
    for value in bad:
        message = (
            f"Invalid value for argument `size`. Expected .* size={value!r}"
        )
        with pytest.raises(ValueError, match=message):
            check("size", value)


def test_what_is_optional_may_be_none():
    checks.check_positive("size", None, optional=True)
    with pytest.raises(ValueError, match="integer or None. Received: size=0"):
        checks.check_positive("size", 0, optional=True)


def test_choices():
    checks.check_choice("kind", "a", ("a", "b"))
    message = re.escape("Expected one of 'a', 'b'. Received: kind='c'")
    with pytest.raises(ValueError, match=message):
        checks.check_choice("kind", "c", ("a", "b"))
    with pytest.raises(ValueError, match="kind"):
        checks.check_choice("kind", ["a"], {"a": 1, "b": 2})


def test_options_have_names():
    checks.check_known({"b": 1}, ("a", "b"))
    for known, message in (("a", "`a`"), ((), "none")):
        with pytest.raises(
            ValueError, match=f"options of x: `b`, `c`. Expected .*: {message}"
        ):
            checks.check_known({"c": 1, "b": None}, known, " of x")
