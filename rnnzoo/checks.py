"""Checks of arguments, whose errors all read the same."""

import difflib
import math
import numbers


def check_positive(name, value, optional=False):
    """Raises a `ValueError` unless the value is a positive integer.

    Args:
        name: Name of the argument.
        value: Value of the argument.
        optional: Whether the value may also be `None`.

    Examples:

    >>> from rnnzoo.checks import check_positive
    >>> check_positive("units", 5)
    >>> check_positive("units", 0)
    Traceback (most recent call last):
        ...
    ValueError: Invalid value for argument `units`. Expected a positive integer.
    Received: units=0
    """
    if optional and value is None:
        return
    if not _is_number(value, numbers.Integral) or value < 1:
        none = " or None" if optional else ""
        _refuse(name, value, f"a positive integer{none}")


def check_count(name, value):
    """Raises a `ValueError` unless the value is an integer of at least 0."""
    if not _is_number(value, numbers.Integral) or value < 0:
        _refuse(name, value, "an integer of at least 0")


def check_positive_number(name, value):
    """Raises a `ValueError` unless the value is a finite number above 0."""
    if not _is_number(value) or not value > 0:
        _refuse(name, value, "a finite positive number")


def check_not_negative(name, value):
    """Raises a `ValueError` unless the value is finite and at least 0."""
    if not _is_number(value) or not value >= 0:
        _refuse(name, value, "a finite number of at least 0")


def check_rate(name, value):
    """Raises a `ValueError` unless the value is a number in [0, 1)."""
    if not _is_number(value) or not 0 <= value < 1:
        _refuse(name, value, "a number of at least 0 and less than 1")


def check_choice(name, value, choices):
    """Raises a `ValueError` unless the value is one of the choices."""
    choices = tuple(choices)  # a dict fails where a value has no hash
    if value not in choices:
        _refuse(name, value, f"one of {', '.join(map(repr, choices))}")


def check_known(options, known, where=""):
    """Raises a `ValueError` unless all options are known ones.

    Args:
        options: Names of what was given.
        known: Names of what there is.
        where: What the options are of, such as " of `export`".
    """
    if unknown := sorted(set(options) - set(known)):
        raise ValueError(
            f"Unknown options{where}: {_listed(unknown)}. Expected any of: "
            f"{_listed(known)}"
        )


def _listed(names):
    return ", ".join(f"`{name}`" for name in names) or "none"


def _is_number(value, kind=numbers.Real):
    """Whether a value is a finite number; NaN compares with nothing."""
    if not isinstance(value, kind) or isinstance(value, bool):
        return False
    return -math.inf < value < math.inf


def _refuse(name, value, expected):
    raise ValueError(
        f"Invalid value for argument `{name}`. Expected {expected}. "
        f"Received: {name}={value!r}"
    )


def nearest(word, known):
    """Names most like a word: those that begin with it, then that have it.

    Args:
        word: What was asked for.
        known: Iterable of names.

    Returns:
        List of at most three names; none, if nothing is like the word.

    Examples:

    >>> from rnnzoo.checks import nearest
    >>> nearest("IMDB", ["lm1b", "my_imdb", "imdb_reviews", "mnist"])
    ['imdb_reviews', 'my_imdb', 'lm1b']
    """
    word, known = str(word).lower(), sorted(known)
    if not word:
        return []
    near = [name for name in known if name.lower().startswith(word)]
    near += [name for name in known if word in name.lower()]
    near += difflib.get_close_matches(word, known, n=3, cutoff=0.4)
    return list(dict.fromkeys(near))[:3]
