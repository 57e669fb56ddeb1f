"""`rnnzoo predict`."""

import functools
import io
import itertools
import re
import sys
import warnings

from tqdm import tqdm

from rnnzoo.checks import check_positive
from rnnzoo.cli import lines
from rnnzoo.cli.own_files import read_inputs
from rnnzoo.cli.settings import limits_of
from rnnzoo.cli.sources import load_model
from rnnzoo.records import Lines, in_one_line
from rnnzoo.tasks import TextWriter
from rnnzoo.tasks.answers import as_plain
from rnnzoo.tasks.classifier import Classifier
from rnnzoo.tasks.generation import TextGenerator

LINES_AT_ONCE = 256
UNREADABLE = "Invalid image"  # begins the warning of a captioner


def run(args):
    """Prints a line for each text or path, with its answer."""
    check_positive("batch_size", args.batch_size, optional=True)
    given = lines.read(args.texts, args.encoding)
    task = load_model(args.model)
    if args.texts:
        given = read_inputs(given, args, task)
    names = [each.name for each in task.schema.inputs]
    given = (lines.split(line, names) for line in given)
    verb, form = _verb(args, task), _form(args, task)
    is_quiet = sys.stderr is None or not sys.stderr.isatty()
    with tqdm(
        _answered(given, verb, args.skip_bad),
        unit=" lines",
        disable=is_quiet or sys.stdout.isatty(),
    ) as progress:
        for line, answer in progress:
            print(form(line, answer), flush=True)


def _verb(args, task):
    """Function from texts to their answers."""
    options = limits_of(args, task)
    if args.batch_size is not None:
        options["batch_size"] = args.batch_size
    if args.format and isinstance(task, (TextWriter, TextGenerator)):
        options["return_scores"] = True
    name = task.verb
    if args.probabilities:
        if not isinstance(task, Classifier):
            raise ValueError(
                "Expected a classifier, with --probabilities. Received: "
                f"{args.model}, for {task.kind}"
            )
        if not args.format:
            raise ValueError("Expected --format, with --probabilities.")
        name = "predict"
    return functools.partial(getattr(task, name), **options)


def _form(args, task):
    """Function of a line and its answer, or `None`, that makes the output."""
    if not args.format:
        return functools.partial(_readable, task)
    nothing = [] if max(args.n_best or 1, args.count or 1) > 1 else None
    empty = _record(task, nothing, args.probabilities)
    names = [each.name for each in task.schema.inputs]
    if len(names) == 1:
        names = [task.input_name]
    form = Lines(args.format, {**empty, **dict.fromkeys(names, "")})
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    if (head := form.head()) is not None:
        print(head, flush=True)

    def formed(line, answer):
        record = empty
        if answer is not None:
            record = _record(task, answer, args.probabilities)
        given = line.text if isinstance(line.text, tuple) else [line.text]
        given = dict(itertools.zip_longest(names, given, fillvalue=""))
        return form.line({**record, **given})

    return formed


def _readable(task, line, answer):
    shown = "" if answer is None else task.format_answer(answer)
    given = line.text if isinstance(line.text, tuple) else (line.text,)
    texts = (
        each if isinstance(each, str) else " ".join(each)  # words, sentences
        for each in given
    )
    return "\t".join([shown, *map(in_one_line, texts)])


def _record(task, answer, are_probabilities):
    """An answer as a dictionary; of probabilities, with those of all classes.

    Args:
        task: `rnnzoo.tasks.Task`.
        answer: An answer of its verb, or a row of probabilities; or what
            stands for none.
        are_probabilities: Whether it is a row of them.
    """
    if not are_probabilities:
        return task.as_record(answer)
    row = [None] * task.num_classes
    if answer is not None:
        row = as_plain(answer)
        (answer,) = task.answers_of(answer[None])
    probabilities = dict(zip(task.label_names, row, strict=True))
    return {**task.as_record(answer), "probabilities": probabilities}


def _answered(given, verb, skip_bad):
    """Yields each line with its answer; of a bad one that is skipped, `None`.

    Args:
        given: Iterator of `rnnzoo.cli.lines.Line`s.
        verb: Function from texts to their answers.
        skip_bad: Whether a bad line is only warned of.

    Raises:
        ValueError: If a line is bad, after the answers to those before.
    """
    for chunk in _chunks(given):
        good = [line.text for line in chunk if line.problem is None]
        answers, problems = map(iter, _asked(verb, good))
        for line in chunk:
            answer, problem = None, line.problem
            if problem is None and (answer := next(answers)) is None:
                problem = next(problems, "it has no answer")
            if problem is not None:
                message = f"{line.place}: {problem}"
                if not skip_bad:
                    raise ValueError(
                        f"{message}. With --skip-bad, such lines get a warning."
                    )
                tqdm.write(f"rnnzoo: warning: {message}", file=sys.stderr)
            yield line, answer


def _chunks(given):
    """Yields lists of lines that are alike: all texts, or all words."""
    for _, alike in itertools.groupby(given, lambda line: type(line.text)):
        while chunk := list(itertools.islice(alike, LINES_AT_ONCE)):
            yield chunk


def _asked(verb, texts):
    """Answers, and why those that are `None` are."""
    if not texts:
        return [], []
    problems = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.filterwarnings("always", UNREADABLE)
        answers = verb(texts)
    for each in caught:
        message = str(each.message)
        if message.startswith(UNREADABLE):
            # The line is named, so not the place among those at once.
            message = re.sub(r": images\[\d+\]", "", message)
            problems.append(" ".join(message.split()))
        else:
            warnings.showwarning(
                each.message, each.category, each.filename, each.lineno
            )
    return answers, problems
