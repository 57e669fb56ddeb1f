"""Imports of the command before it answers, and what they print."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rnnzoo.cli import output
from rnnzoo.cli.arguments import parse, parser

SAVED = Path(__file__).parents[1] / "saved"
HEAVY = re.compile(r"\| +(keras|tensorflow|numpy)$", re.MULTILINE)
# As pip writes it.
SCRIPT = "import sys\nfrom rnnzoo.cli import main\nsys.exit(main())\n"
PUBLIC = """
import sys
import rnnzoo
assert "keras" not in sys.modules
for name in rnnzoo.__all__:
    assert getattr(rnnzoo, name) is not None
assert rnnzoo.Translator is rnnzoo.tasks.Translator
assert rnnzoo.finetune is sys.modules["rnnzoo.training"].finetune
try:
    rnnzoo.nothing
except AttributeError as error:
    print(error)
"""


def run(*arguments):
    asked = {"TF_CPP_MIN_LOG_LEVEL"}  # by the tests
    env = {key: os.environ[key] for key in os.environ.keys() - asked}
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        text=True,
        env=env,
    )


@pytest.mark.parametrize(
    "arguments",
    [
        *("list", "describe han_classifier", "--version"),
        *("--help", "train --help", "score --help"),
    ],
)
def test_an_answer_that_needs_no_keras_imports_none(arguments):
    done = run("-X", "importtime", "-m", "rnnzoo", *arguments.split())
    assert done.returncode == 0
    assert done.stdout
    assert not HEAVY.search(done.stderr)


def test_so_does_the_installed_command(tmp_path):
    script = tmp_path / "rnnzoo"
    script.write_text(SCRIPT)
    done = run("-X", "importtime", script, "list", "han")
    assert done.stdout.startswith("han_classifier")
    assert not HEAVY.search(done.stderr)
    # Any other program has all that is registered with Keras.
    script.rename(tmp_path / "other")
    done = run("-X", "importtime", tmp_path / "other", "list", "han")
    assert done.stdout.startswith("han_classifier")
    assert HEAVY.search(done.stderr)


def test_public_names_are_there_in_the_command_too(tmp_path):
    script = tmp_path / "rnnzoo"
    script.write_text(PUBLIC)
    done = run(script)
    assert done.stdout == "module 'rnnzoo' has no attribute 'nothing'\n"


def test_only_our_own_lines_are_printed():
    model = SAVED / "bilstm_cnn_crf_tagger.keras"
    done = run("-m", "rnnzoo", "predict", model, "Ann saw Bonn.")
    assert done.stdout.endswith("\tAnn saw Bonn.\n")
    assert done.stderr == ""


def test_lines_are_hidden_unless_something_fails(capfd):
    with output._silent_stderr():
        os.write(2, b"a line of a library\n")
    assert capfd.readouterr().err == ""

    def fail():
        with output._silent_stderr():
            os.write(2, b"a line of a library\n")
            raise ImportError

    with pytest.raises(ImportError):
        fail()
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "a line of a library\nafter\n"


def test_options_that_fit_everywhere():
    for typed in (
        ["--verbose", "predict", "x", "--traceback"],
        ["predict", "--traceback", "--verbose", "x"],
    ):
        args = parse(typed)
        assert args.verbose
        assert args.traceback
    assert not parse(["--traceback", "list"]).verbose


def test_every_argument_has_a_help_text():
    (commands,) = parser()._subparsers._group_actions
    for command in (parser(), *commands.choices.values()):
        for action in command._actions:
            assert action.help or action.dest == "command", action
