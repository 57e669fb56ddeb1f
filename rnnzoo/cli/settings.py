"""Arguments of Python, from what was typed."""

import ast
import inspect

from rnnzoo.tasks import TextToText, TextWriter
from rnnzoo.tasks.generation import TextGenerator

# Options of texts: for which kinds of tasks they are, and what these do. Those
# that draw texts say in the signature of `generate` which they take.
_WRITING = (
    (("max_length", "min_length"), TextWriter, "writes texts of any length"),
    (("block_ngrams",), TextWriter, "writes texts"),
    (
        ("beam_width", "n_best", "length_penalty"),
        TextWriter,
        "writes the best texts that a beam search finds",
    ),
    (("prefix",), TextToText, "writes texts about texts"),
    (
        ("count", "temperature", "top_k", "top_p", "seed"),
        (),
        "draws texts",
    ),
    (("line_length", "tones", "rhymes"), (), "writes poems"),
)


def read_settings(card, settings):
    """Overrides of `build` from `key=value`, typed by the factory's defaults.

    Args:
        card: `rnnzoo.ModelCard`.
        settings: List of strings.

    Returns:
        Dict.

    Raises:
        ValueError: If there is no such key, or its default is of another type.
    """
    overrides = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals:
            raise ValueError(
                f"Invalid value for --set. Expected key=value. Received: "
                f"{setting}"
            )
        default = card.override_default(key)
        overrides[key] = _typed(key, value, default)
    return overrides


def _typed(key, value, default):
    if isinstance(default, str):
        return None if value.lower() == "none" else value
    try:
        literal = ast.literal_eval(value.title() if _is_word(value) else value)
    except (ValueError, SyntaxError):
        literal = value
    if isinstance(default, float) and type(literal) is int:
        literal = float(literal)
    if None in (default, literal) or type(literal) is type(default):
        return literal
    raise ValueError(
        f"Invalid value for --set {key}. Expected {type(default).__name__}, as "
        f"its default {default!r}. Received: {key}={value}"
    )


def _is_word(value):
    return value.lower() in ("true", "false", "none")


def limits_of(args, task):
    """The arguments of a verb that writes texts that were given.

    Raises:
        ValueError: If one is for another kind of task.
    """
    given = {}
    for names, kinds, what in _WRITING:
        own = {
            name: value
            for name in names
            if (value := getattr(args, name, None)) is not None
        }
        if own and not _takes(task, names, kinds):
            options = ", ".join(args.options[name] for name in own)
            raise ValueError(
                f"Expected a model that {what}, with {options}. Received: "
                f"{args.model}, for {task.kind}"
            )
        given |= own
    return given


def _takes(task, names, kinds):
    if isinstance(task, TextGenerator):
        return {*names} <= {*inspect.signature(task.generate).parameters}
    return isinstance(task, kinds)
