"""The arguments of the command."""

import argparse
from pathlib import Path

import rnnzoo
from rnnzoo.cli import score_arguments, writing_arguments
from rnnzoo.formats import LITE, SAVED_MODEL
from rnnzoo.recipe import SCHEDULES
from rnnzoo.records import FORMATS

EXIT_CODES = {
    0: "done",
    1: "the reader of the output has left",
    2: "an error that you can mend, said on stderr",
    130: "interrupted",
}
WITHOUT_TENSORFLOW = ("list", "describe")
# Of files: what each is, by its name.
COLUMNS = {
    "text": "texts",
    "first": "texts to compare with others",
    "second": "those others",
    "label": "classes of texts or of pairs of them",
    "score": "how similar the texts of a pair are",
    "source": "texts to translate",
    "target": "their translations",
    "document": "texts to summarize",
    "summary": "their summaries",
    "story": "stories, lists of sentences or texts",
    "question": "questions about them",
    "answer": "their answers",
    "tokens": "words of a sentence",
    "tags": "tags of the words",
    "image": "names of images",
    "captions": "what they show",
}
INPUTS = (
    *("text", "first", "second", "source", "document", "story", "question"),
    *("tokens", "image"),
)


def parse(argv=None):
    """The arguments of the process, or others; see `parser`."""
    args, rest = parser().parse_known_args(argv)
    # Where an option stands before all texts, argparse takes there to be none.
    if hasattr(args, "texts") and not any(each[:1] == "-" for each in rest):
        args.texts += rest
    elif rest:
        parser().error(f"unrecognized arguments: {' '.join(rest)}")
    return args


def parser():
    """The parser; what it returns also has

    - `command`, whose module is in `rnnzoo.cli.commands`,
    - `needs_tensorflow`, whether that module imports it,
    - `options`: dict of the name of an argument of Python to its option.
    """
    parser = argparse.ArgumentParser(
        "rnnzoo",
        description=rnnzoo.__doc__,
        epilog=f"{_exit_codes()} `rnnzoo COMMAND --help` says more.",
        allow_abbrev=False,
        parents=[_everywhere()],
    )
    parser.set_defaults(verbose=False, traceback=False)
    parser.add_argument(
        "--version",
        action="version",
        version=f"rnnzoo {rnnzoo.__version__}",
        help="show the version and exit",
    )
    commands = parser.add_subparsers(
        required=True, metavar="command", dest="command"
    )
    for add in (
        _add_list,
        _add_describe,
        _add_demo,
        _add_train,
        _add_evaluate,
        _add_predict,
        _add_explain,
        _add_export,
        _add_score,
    ):
        add(commands)
    for name, command in commands.choices.items():
        command.set_defaults(
            needs_tensorflow=name not in WITHOUT_TENSORFLOW,
            options=_options(command),
        )
    return parser


def _exit_codes():
    codes = ", ".join(f"{code} ({why})" for code, why in EXIT_CODES.items())
    return f"Exit codes: {codes}."


def _everywhere():
    """Options before or after the name of the command."""
    parser = argparse.ArgumentParser(
        add_help=False, argument_default=argparse.SUPPRESS
    )
    parser.add_argument(
        "--verbose",
        action="store_true",
        help="show what TensorFlow logs, too",
    )
    parser.add_argument(
        "--traceback", action="store_true", help="show where an error arose"
    )
    return parser


def _options(command):
    """Dict of the name of each option's argument to the option."""
    return {
        action.dest: action.option_strings[-1]
        for action in command._actions
        if action.option_strings and action.dest not in ("help", "settings")
    }


def _add(commands, name, help):
    return commands.add_parser(
        name,
        help=help,
        description=help,
        epilog=_exit_codes(),
        allow_abbrev=False,
        parents=[_everywhere()],
    )


# The commands.


def _add_list(commands):
    command = _add(commands, "list", "List the models.")
    command.add_argument(
        "pattern",
        nargs="?",
        default="*",
        help="a part of a name, or a pattern such as '*_classifier'",
    )
    command.add_argument("--task", help="only the models of that kind of task")
    command.add_argument(
        "--pretrained",
        action="store_true",
        help="only the models with weights in the package",
    )


def _add_describe(commands):
    command = _add(commands, "describe", "Show what is known of a model.")
    _add_name(command)


def _add_demo(commands):
    command = _add(
        commands, "demo", "Train, explain and serve a model, in two minutes."
    )
    command.add_argument(
        "name",
        nargs="?",
        default="han_classifier",
        help="name of a model (default: %(default)s); or 'gradients', which "
        "shows how gradients vanish and explode, and what cures that",
    )
    command.add_argument(
        "--updates",
        type=int,
        metavar="N",
        help="of 'gradients': updates of each network (default: 1000)",
    )
    command.add_argument(
        "--out",
        type=Path,
        default=Path("rnnzoo_demo"),
        help="directory to write to (default: %(default)s)",
    )
    _add_data_dir(command)


def _add_train(commands):
    command = _add(commands, "train", "Train a model by its recipe.")
    _add_name(command)
    _add_dataset(command, "train")
    command.add_argument(
        "--validation",
        metavar="FILE",
        help="beside --train: examples to choose the best epoch by (default: "
        "a tenth of --train, drawn at random)",
    )
    command.add_argument(
        "--test",
        metavar="FILE",
        help="beside --train: examples to measure at the end",
    )
    _add_columns(command, COLUMNS)
    command.add_argument(
        "--out",
        type=Path,
        required=True,
        help="directory for the model and its metrics",
    )
    command.add_argument(
        "--overwrite",
        action="store_true",
        help="start again, and replace what training left in the directory",
    )
    command.add_argument(
        "--set",
        dest="settings",
        metavar="KEY=VALUE",
        nargs="+",
        action="extend",
        default=[],
        help="arguments of the model; `rnnzoo describe` lists them",
    )
    command.add_argument(
        "--embeddings",
        metavar="FILE",
        help="word vectors: a text file in GloVe's format",
    )
    command.add_argument(
        "--weights",
        metavar="MODEL",
        help="a trained model to start from, also of other labels and words",
    )
    group = command.add_argument_group("in place of those of the recipe")
    group.add_argument(
        "--epochs", type=int, metavar="N", help="passes over the training data"
    )
    group.add_argument(
        "--batch-size", type=int, metavar="N", help="examples in a batch"
    )
    group.add_argument(
        "--batch-tokens",
        type=int,
        metavar="N",
        help="tokens in a batch of training, instead",
    )
    group.add_argument(
        "--learning-rate", type=float, metavar="RATE", help="the highest rate"
    )
    group.add_argument("--schedule", choices=SCHEDULES, help="of the rate")
    group.add_argument(
        "--group-decay",
        type=float,
        metavar="FACTOR",
        help="rate of each group of layers, divided by that of the group "
        "before it",
    )
    group.add_argument(
        "--unfreeze",
        type=int,
        metavar="N",
        help="epochs before the next group of layers is trained, too; 0: none",
    )
    command.add_argument(
        "--seed",
        type=int,
        default=1,
        metavar="N",
        help="seed of the weights, the order and the dropout "
        "(default: %(default)s)",
    )


def _add_evaluate(commands):
    command = _add(commands, "evaluate", "Measure a trained model.")
    _add_model(command)
    _add_dataset(command, "test")
    command.add_argument("--split", help="split of the dataset (default: test)")
    _add_columns(command, COLUMNS)


def _add_predict(commands):
    command = _add(
        commands,
        "predict",
        "Answer texts, continue them, or describe images by their paths, one a "
        "line, with tabs between results and text.",
    )
    _add_model(command)
    command.add_argument(
        "texts",
        nargs="*",
        help="texts, images or files of examples; by default lines of stdin",
    )
    command.add_argument(
        "--format",
        choices=FORMATS,
        help="for programs: columns, without names or with them, or JSON; "
        "line breaks, tabs and backslashes in texts as JSON writes them",
    )
    command.add_argument(
        "--probabilities",
        action="store_true",
        help="of classifiers: those of all classes; with --format",
    )
    command.add_argument(
        "--batch-size",
        type=int,
        metavar="N",
        help="lines at once in the model",
    )
    command.add_argument(
        "--skip-bad",
        action="store_true",
        help="warn of lines that are not text, and of images that cannot be "
        "read, and leave their answers empty",
    )
    _add_columns(command, INPUTS)
    group = writing_arguments.add_limits(command)
    group.add_argument(
        "--n-best",
        type=int,
        metavar="N",
        help="number of answers, at most the width of the beam",
    )
    group.add_argument(
        "--prefix", metavar="TEXT", help="how answers to texts must begin"
    )
    writing_arguments.add_sampling(command)
    writing_arguments.add_verse(command)


def _add_explain(commands):
    command = _add(commands, "explain", "Show what a model looked at.")
    _add_model(command)
    command.add_argument("texts", nargs="+", help="texts, or paths of images")
    command.add_argument("--html", metavar="FILE", help="write a page")
    command.add_argument("--png", metavar="FILE", help="write a picture")


def _add_export(commands):
    command = _add(commands, "export", "Write a model to be served.")
    _add_model(command)
    command.add_argument("out", type=Path, help="directory to write to")
    command.add_argument(
        "--format",
        choices=(SAVED_MODEL, LITE),
        default=SAVED_MODEL,
        help="a SavedModel, or a model for devices (default: %(default)s)",
    )
    group = command.add_argument_group("of classifiers")
    group.add_argument(
        "--samples",
        type=int,
        metavar="N",
        help="networks that the signature `sample` asks",
    )
    group = command.add_argument_group(f"of --format {LITE}")
    group.add_argument(
        "--quantize",
        action="store_const",
        const=True,
        help="keep large weights as integers of 8 bits",
    )
    group.add_argument(
        "--max-words",
        type=int,
        metavar="N",
        help="words that it takes, of a sentence if it takes sentences "
        "(default: all that the model reads)",
    )
    group.add_argument(
        "--max-sentences",
        type=int,
        metavar="N",
        help="sentences that it takes, likewise",
    )
    writing_arguments.add_limits(command)


def _add_score(commands):
    command = _add(
        commands, "score", "Answer all rows of files, by an exported model."
    )
    score_arguments.add(command)


# What they share.


def _add_name(command, **options):
    command.add_argument(
        "name", help="name of a model; `rnnzoo list` lists them", **options
    )


def _add_model(command):
    command.add_argument(
        "model",
        help="a `.keras` file, the directory it is in, hf://user/repository, "
        "or the name of a model that has weights",
    )


def _add_dataset(command, files):
    """Adds a dataset or, by the name of the option, files."""
    group = command.add_mutually_exclusive_group(required=True)
    group.add_argument(
        "--dataset", metavar="NAME", help="its name in TFDS, as imdb_reviews"
    )
    group.add_argument(
        f"--{files}",
        metavar="FILE",
        help="your own examples: a .csv, .tsv, .jsonl, .json, .conll or .txt "
        "file, a folder of images, or two files as in train.en,train.de",
    )
    command.add_argument(
        "--download", action="store_true", help="download it if it is missing"
    )
    _add_data_dir(command)


def _add_columns(command, names):
    group = command.add_argument_group("of files")
    for name in names:
        group.add_argument(
            f"--{name}",
            metavar="COLUMN",
            help=f"the column of {COLUMNS[name]}",
        )
    group.add_argument(
        "--no-header",
        dest="header",
        action="store_false",
        help="the first row is an example; columns are called 1, 2 and so on",
    )
    group.add_argument(
        "--encoding",
        default="utf-8",
        metavar="NAME",
        help="of text (default: %(default)s)",
    )
    group.add_argument(
        "--images",
        metavar="FOLDER",
        help="where the images are that a file names",
    )


def _add_data_dir(command):
    command.add_argument(
        "--data-dir",
        metavar="DIRECTORY",
        help="where TFDS keeps datasets, if not where it usually does",
    )
