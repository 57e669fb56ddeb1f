"""The `rnnzoo` command."""

import argparse
import ast
import contextlib
import functools
import itertools
import os
import re
import shutil
import sys
from pathlib import Path

import keras

import rnnzoo
from rnnzoo.demo import demo
from rnnzoo.files import require_writable
from rnnzoo.tasks import TextWriter
from rnnzoo.tasks.beam import LIMITS
from rnnzoo.text import as_text
from rnnzoo.training import UNFINISHED

LINES_AT_ONCE = 256


def main(arguments=None):
    """Runs a command.

    An error that the user can mend is one line on stderr.

    Args:
        arguments: List of strings; by default those of the process.

    Returns:
        The exit code: 0; 1 if the reader of the output leaves; 2 for an error
        that the user can mend; 130 if interrupted.
    """
    args = _parser().parse_args(arguments)
    with (
        open(os.devnull, "w") as nowhere,
        # None if the caller closed it; Keras writes to it as well.
        contextlib.redirect_stdout(sys.stdout or nowhere),
    ):
        return _run(args)


def _run(args):
    try:
        args.run(args)
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (ValueError, OSError, ImportError) as error:
        if args.traceback:
            raise
        message = in_options(_one_line(error), args.options)
        print(f"rnnzoo: error: {message}", file=sys.stderr)
        return 2
    return 0


# The commands.


def run_list(args):
    kinds = {rnnzoo.describe(name).task for name in rnnzoo.list_models()}
    if args.task not in (None, *kinds):
        raise ValueError(
            f"Invalid value for --task. Expected one of "
            f"{', '.join(sorted(kinds))}. Received: --task {args.task}"
        )
    is_pattern = set("*?[") & set(args.pattern)
    pattern = args.pattern if is_pattern else f"*{args.pattern}*"
    names = rnnzoo.list_models(pattern, args.task)
    if not names:
        raise ValueError(
            f"No model's name has {args.pattern!r}. Expected a part of a name, "
            "or a pattern such as '*_classifier'. `rnnzoo list` lists all."
        )
    width = max(map(len, names))
    for name in names:
        print(f"{name:<{width}}  {rnnzoo.describe(name).summary}")


def run_describe(args):
    print(rnnzoo.describe(args.name))


def run_demo(args):
    demo(args.name, args.out, args.data_dir, _verbose())


def run_train(args):
    card = rnnzoo.describe(args.name)
    settings = {key: f"--set {key}" for key in card.defaults}
    args.options = settings | args.options
    overrides = read_settings(card, args.settings)
    if args.embeddings is not None:
        overrides |= read_settings(card, [f"embeddings={args.embeddings}"])
    task = rnnzoo.build(args.name, **overrides)  # raises if a value is wrong
    require_writable(args.out)
    unfinished = args.out / UNFINISHED
    if not (args.overwrite or unfinished.is_dir()):
        _require_untrained(args.out)
    source = _load_dataset(args)
    from rnnzoo.datasets import fitting, sources  # TFDS

    fitting.require_fit(task, source)
    train, validation = sources.train_validation(source)
    if "num_classes" in card.defaults:
        classes = task.labels_of(source.info)
        if classes is not None:
            overrides.setdefault("num_classes", len(classes))
    print(f"{args.name} on {source.name}")
    if args.overwrite:
        shutil.rmtree(unfinished, ignore_errors=True)
    keras.utils.set_random_seed(args.seed)
    _, metrics = rnnzoo.finetune(
        args.name,
        train,
        validation,
        test_data=source.splits.get("test"),
        labels=source.info,
        out=args.out,
        epochs=args.epochs,
        batch_size=args.batch_size,
        batch_tokens=args.batch_tokens,
        learning_rate=args.learning_rate,
        verbose=_verbose(),
        **overrides,
    )
    for name in ("validation", "test"):
        if name in metrics:
            print(f"{name:<10}  {_metrics(metrics[name])}")
    print(f"Saved {args.out / 'model.keras'} and {args.out / 'metrics.json'}")


def run_evaluate(args):
    task = rnnzoo.load(args.model)
    source = _load_dataset(args)
    data = source.split(args.split)
    from rnnzoo.datasets import fitting  # TFDS

    fitting.require_fit(task, source)
    task.require_labels_of(source.info)
    metrics = task.evaluate(data, return_dict=True, verbose=_verbose())
    print(f"{source.name}, {args.split}: {_metrics(metrics)}")
    for name, signature in task.signatures.items():
        print(f"{name}: {signature}")


def run_predict(args):
    task = rnnzoo.load(args.model)
    verb = functools.partial(getattr(task, task.verb), **_limits(args, task))
    lines = iter(args.texts or _stdin_lines())
    while texts := list(itertools.islice(lines, LINES_AT_ONCE)):
        for text, result in zip(texts, verb(texts), strict=True):
            print(f"{task.format_answer(result)}\t{text}", flush=True)


def run_explain(args):
    for suffix in ("html", "png"):
        path = getattr(args, suffix)
        if path and not path.lower().endswith(f".{suffix}"):
            raise ValueError(
                f"Invalid value for --{suffix}. Expected a name that ends with "
                f"'.{suffix}'. Received: --{suffix} {path}"
            )
    task = rnnzoo.load(args.model)
    explanations = task.explain(args.texts)
    for path in filter(None, (args.html, args.png)):
        explanations.save(path)
        print(f"Saved {path}")
    if not (args.html or args.png):
        print(*explanations, sep="\n")


def run_export(args):
    task = rnnzoo.load(args.model)
    task.export(args.out, **_limits(args, task))
    print(f"Saved {args.out}, a SavedModel that takes raw examples")


# What the commands share.


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
    if default is None or type(literal) is type(default):
        return literal
    raise ValueError(
        f"Invalid value for --set {key}. Expected {type(default).__name__}, as "
        f"its default {default!r}. Received: {key}={value}"
    )


def _is_word(value):
    return value.lower() in ("true", "false", "none")


def _limits(args, task):
    """Dict of the limits of texts that were given."""
    limits = {
        name: value
        for name in LIMITS
        if (value := getattr(args, name)) is not None
    }
    if limits and not isinstance(task, TextWriter):
        options = ", ".join(args.options[name] for name in limits)
        raise ValueError(
            f"Expected a model that writes texts, with {options}. Received: "
            f"{args.model}, for {task.kind}"
        )
    return limits


def _stdin_lines():
    if sys.stdin is None:
        raise ValueError("Expected texts, as arguments or on standard input.")
    for number, line in enumerate(sys.stdin.buffer, start=1):
        yield as_text(line, "line", number).rstrip("\r\n")


def _load_dataset(args):
    from rnnzoo.datasets import sources  # TFDS

    return sources.load(args.dataset, args.data_dir, args.download)


def _require_untrained(out):
    if (out / "model.keras").exists():
        raise ValueError(
            f"{out} holds a trained model. Name another directory, or pass "
            "--overwrite to replace it."
        )


def _metrics(metrics):
    return ", ".join(f"{name} {value:.4f}" for name, value in metrics.items())


def _verbose():
    return 1 if sys.stdout.isatty() else 2


def in_options(message, options):
    """An error in the words of the command.

    Args:
        message: What Python's users read.
        options: Dict of the name of an argument of Python to the option of the
            command, as it is written.
    """
    message = re.sub(r"\(`\w+(?:=\w+)?`, (--[\w-]+)\)", r"(\1)", message)
    message = message.replace("`rnnzoo.list_models()`", "`rnnzoo list`")
    message = re.sub(
        r"`rnnzoo\.describe\('(\w+)'\)`", r"`rnnzoo describe \1`", message
    )
    for name, option in options.items():
        for kind in ("argument ", ""):
            message = message.replace(f"{kind}`{name}`", option)
        between = "=" if option.startswith("--set") else " "
        message = re.sub(rf"\b{name}=(?=\S)", option + between, message)
    return message


def _one_line(error):
    # An error of the system has its reason and, often, the file's name.
    if isinstance(error, OSError) and error.strerror and not error.filename:
        return " ".join(error.strerror.split())
    return " ".join(str(error).split())


# The arguments.


def _parser():
    parser = argparse.ArgumentParser(
        "rnnzoo", description=rnnzoo.__doc__, allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=_version())
    parser.add_argument(
        "--traceback", action="store_true", help="show where an error arose"
    )
    commands = parser.add_subparsers(required=True, metavar="command")

    def add(name, run, help):
        command = commands.add_parser(name, help=help, description=help)
        command.set_defaults(run=run)
        return command

    command = add("list", run_list, "List the models.")
    command.add_argument("pattern", nargs="?", default="*")
    command.add_argument("--task", help="only the models of that task")

    command = add("describe", run_describe, "Show what is known of a model.")
    command.add_argument("name")

    command = add(
        "demo", run_demo, "Train, explain and serve a model, in two minutes."
    )
    command.add_argument("name", nargs="?", default="han_classifier")
    command.add_argument("--out", type=Path, default=Path("rnnzoo_demo"))
    _add_data_dir(command)

    command = add("train", run_train, "Train a model by its recipe.")
    command.add_argument("name")
    _add_dataset(command)
    command.add_argument(
        "--set",
        dest="settings",
        metavar="key=value",
        nargs="+",
        action="extend",
        default=[],
        help="arguments of the model; `rnnzoo describe` lists them",
    )
    command.add_argument(
        "--embeddings", help="word vectors: a text file in GloVe's format"
    )
    command.add_argument("--epochs", type=int)
    command.add_argument("--batch-size", type=int)
    command.add_argument(
        "--batch-tokens",
        type=int,
        help="tokens in a batch of training, instead",
    )
    command.add_argument("--learning-rate", type=float)
    command.add_argument("--seed", type=int, default=1)
    command.add_argument("--out", type=Path, required=True)
    command.add_argument(
        "--overwrite",
        action="store_true",
        help="start again, and replace what training left in the directory",
    )

    command = add("evaluate", run_evaluate, "Measure a trained model.")
    _add_model(command)
    _add_dataset(command)
    command.add_argument("--split", default="test")

    command = add(
        "predict",
        run_predict,
        "Answer texts, or describe images by their paths, one a line, with "
        "tabs between results and text.",
    )
    _add_model(command)
    command.add_argument(
        "texts", nargs="*", help="or paths; by default lines of stdin"
    )
    _add_limits(command)

    command = add("explain", run_explain, "Show what a model looked at.")
    _add_model(command)
    command.add_argument("texts", nargs="+")
    command.add_argument("--html", help="write a page")
    command.add_argument("--png", help="write a picture")

    command = add("export", run_export, "Write a SavedModel, to be served.")
    _add_model(command)
    command.add_argument("out", type=Path)
    _add_limits(command)
    for command in commands.choices.values():
        command.set_defaults(options=_options(command))
    return parser


def _options(command):
    """Dict of the name of each option's argument to the option."""
    return {
        action.dest: action.option_strings[-1]
        for action in command._actions
        if action.option_strings and action.dest not in ("help", "settings")
    }


def _add_model(command):
    command.add_argument(
        "model", type=Path, help="a `.keras` file, or the directory it is in"
    )


def _add_limits(command):
    group = command.add_argument_group("of models that write texts")
    group.add_argument("--max-length", type=int, help="most tokens of a text")
    group.add_argument("--min-length", type=int, help="fewest tokens")
    group.add_argument(
        "--block-ngrams",
        type=int,
        help="size of the n-grams that a text has only once",
    )
    group.add_argument(
        "--length-penalty",
        type=float,
        help="exponent of the length in scores; higher for longer texts",
    )


def _add_dataset(command):
    command.add_argument(
        "--dataset", required=True, help="its name in TFDS, as imdb_reviews"
    )
    command.add_argument(
        "--download", action="store_true", help="download it if it is missing"
    )
    _add_data_dir(command)


def _add_data_dir(command):
    command.add_argument(
        "--data-dir",
        help="where TFDS keeps datasets, if not where it usually does",
    )


def _version():
    return f"rnnzoo {rnnzoo.__version__}"
