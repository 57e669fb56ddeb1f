"""The arguments of `rnnzoo score`."""

from rnnzoo.formats import ROWS
from rnnzoo.records import FORMATS


def add(command):
    """Adds them to a parser."""
    command.add_argument("export", help="directory that `rnnzoo export` wrote")
    command.add_argument(
        "source",
        metavar="in",
        help="a .txt, .jsonl or .tfrecord file, or a pattern in quotes",
    )
    command.add_argument("out", help="directory for the answers, in parts")
    command.add_argument(
        "--format",
        choices=FORMATS,
        default="jsonl",
        help="of the answers (default: %(default)s)",
    )
    command.add_argument(
        "--parts",
        type=int,
        metavar="N",
        help="files of answers (default: one for some 10,000 rows)",
    )
    command.add_argument(
        "--overwrite",
        action="store_true",
        help="replace the answers of another call",
    )
    group = command.add_argument_group("of the model")
    group.add_argument(
        "--signature",
        default="serving_default",
        metavar="NAME",
        help="what to ask (default: %(default)s)",
    )
    group.add_argument(
        "--batch-size", type=int, metavar="N", help="rows at once in the model"
    )
    _add_pairs(group, "values", "VALUE", "inputs that all rows share")
    group = command.add_argument_group("of the rows")
    group.add_argument(
        "--rows",
        choices=ROWS,
        help="what a row is, if the name of the file does not say it",
    )
    _add_pairs(group, "columns", "COLUMN", "columns of inputs of other names")
    group = command.add_argument_group("of Apache Beam")
    group.add_argument(
        "--runner",
        metavar="NAME",
        help="what runs it, such as FlinkRunner (default: this process)",
    )
    _add_pairs(group, "runner-options", "VALUE", "options of the runner")


def _add_pairs(group, name, value, help):
    group.add_argument(
        f"--{name}",
        metavar=f"NAME={value}",
        nargs="+",
        action="extend",
        default=[],
        help=help,
    )
