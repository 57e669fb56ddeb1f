"""Scores of files of rows, in parts that appear when they are whole."""

import dataclasses
import functools
import hashlib
import itertools
import json
import os
from typing import Any, NamedTuple

import tensorflow as tf
from tqdm import tqdm

from rnnzoo.checks import check_choice, check_positive
from rnnzoo.records import FORMATS, Lines
from rnnzoo.served.files import Files, Mark, appearing
from rnnzoo.served.model import Answer, Served
from rnnzoo.served.rows import MissingColumn, Reader

BATCH_SIZE = 64
# Batches whose rows are sorted by length together.
BATCHES_PER_BLOCK = 16
BLOCKS_PER_PART = 10
SETTINGS = "score.json"


class Part(NamedTuple):
    """Some consecutive rows, whose answers are a file.

    Attributes:
        number: Its number, from 0.
        start: `rnnzoo.served.files.Mark` of its first row.
        rows: Number of its rows.
    """

    number: int
    start: Mark
    rows: int


class Summary(NamedTuple):
    """Numbers of what was scored.

    Attributes:
        rows: Number of rows.
        bad: How many of them have no answer.
        parts: Number of files of answers.
    """

    rows: int
    bad: int
    parts: int


@dataclasses.dataclass(frozen=True)
class Scoring:
    """All that makes the answers of a part, wherever it runs.

    The bytes of a part are a function of these attributes and of the rows:
    blocks of as many rows are sorted by length and cut into batches, by the
    numbers of the rows alone, whatever runs and whichever part they are in.

    Attributes:
        export, signature, columns, values, batch_size: See `score`.
        files: `rnnzoo.served.files.Files` of the rows.
        format: One of `rnnzoo.records.FORMATS`.
        out: Directory of the parts.
        parts: Number of parts.
        checksum: That of the export.
    """

    export: str
    signature: str
    files: Files
    columns: dict[str, str]
    values: dict[str, Any]
    batch_size: int
    format: str
    out: str
    parts: int
    checksum: str

    @property
    def served(self):
        """The `rnnzoo.served.Served`, loaded once in a process."""
        return _served(self.export, self.signature, self.checksum)

    @property
    def reader(self):
        """The `rnnzoo.served.rows.Reader`."""
        inputs = self.served.inputs
        return Reader(self.files.kind, inputs, self.columns, self.values)

    @property
    def block(self):
        """Number of rows that are sorted together."""
        return self.batch_size * BATCHES_PER_BLOCK

    def path(self, kind, number):
        """The path of a file of a part: `"part"`, or `"bad"`."""
        suffix = self.format if kind == "part" else "jsonl"
        name = f"{kind}-{number:05}-of-{self.parts:05}.{suffix}"
        return os.path.join(self.out, name)

    def write(self, part, seen=None):
        """Writes the answers of a part, and before that what is bad in it.

        Args:
            part: `Part`.
            seen: Function of the number of rows that were answered.
        """
        bad = []
        with appearing(self.path("part", part.number)) as file:
            for line in self._lines(part, bad, seen or (lambda count: None)):
                file.write(f"{line}\n".encode())
            if bad:
                with appearing(self.path("bad", part.number)) as reasons:
                    for row, reason in bad:
                        reasons.write(_bad_line(row, reason))

    def _lines(self, part, bad, seen):
        served, reader = self.served, self.reader
        form = Lines(self.format, dict.fromkeys(served.outputs))
        if part.number == 0 and (head := form.head()) is not None:
            yield head
        nothing = form.line(dict.fromkeys(served.outputs))
        if self.format == "jsonl":
            nothing = "null"
        rows = self.files.read(part.start, part.rows)
        for block in _chunks(rows, self.block):
            for row, answer in zip(
                block, self._answered(block, served, reader), strict=True
            ):
                if answer.problem is None:
                    yield form.line(answer.record)
                else:
                    bad.append((row, answer.problem))
                    yield nothing
            seen(len(block))

    def _answered(self, block, served, reader):
        """List of the `Answer`s to a block of rows."""
        answers, good = [None] * len(block), []
        for place, row in enumerate(block):
            try:
                good.append((place, reader(row.data)))
            except ValueError as error:
                answers[place] = Answer(None, str(error))
        good.sort(key=lambda pair: len(block[pair[0]].data))
        for batch in _chunks(iter(good), self.batch_size):
            places, rows = zip(*batch, strict=True)
            found = served(rows, reader.values)
            for place, answer in zip(places, found, strict=True):
                answers[place] = answer
        return answers


def score(
    export: str | os.PathLike,
    source: Any,
    out: str | os.PathLike,
    *,
    signature: str = "serving_default",
    rows: str | None = None,
    columns: dict[str, str] | None = None,
    values: dict[str, Any] | None = None,
    batch_size: int = BATCH_SIZE,
    parts: int | None = None,
    format: str = "jsonl",
    overwrite: bool = False,
    verbose: int = 1,
) -> Summary:
    """Asks an exported SavedModel about all rows of files.

    Line n of the answers is that of row n, in files such as
    `part-00000-of-00010.jsonl`, each of which appears when it is whole. The
    answer to a bad row is `null` or, in columns, empty. Such rows are in
    `bad-00000-of-00010.jsonl`: objects of `file`, `line` (its number there,
    from 1) and `reason`. After an interrupt, the same call continues after the
    last whole part.

    Put together, the parts are the same bytes for any number of parts, and are
    those that `rnnzoo.beam.score` writes.

    Args:
        export: Directory of a SavedModel.
        source: Path of a file of rows, a pattern, or a list of paths; see
            `rnnzoo.served.files.Files`.
        out: Directory to write to.
        signature: Name of the signature to ask.
        rows: What a row is; by default, what the name of the file says.
            - `"lines"`: a text in UTF-8, for a signature of one input,
            - `"jsonl"`: an object of JSON, as an instance for TensorFlow
              Serving,
            - `"tfrecord"`: a `tf.train.Example`.
        columns: Dict of the name of an input to that of its column, if it has
            another name.
        values: Dict of the name of an input to its value for all rows, such as
            a seed.
        batch_size: Rows in a batch. Others change answers by rounding.
        parts: Number of files of answers; by default, one for some 10,000
            rows.
        format: `"jsonl"`: objects, as TensorFlow Serving's predictions, but
            `null` where a number is not finite. `"csv"` or `"tsv"`: columns,
            whose names are in the first line of a CSV.
        overwrite: Whether to replace the answers of another call.
        verbose: 0 shows no progress.

    Returns:
        `Summary`.

    Raises:
        ValueError: If there is no such export or signature, or if the rows
            cannot be what it takes.
        FileExistsError: If `out` has other files.
        OSError: If a file cannot be read or written.

    Examples:

    >>> import pathlib
    >>> import tensorflow as tf
    >>> from rnnzoo.served import score
    >>> @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "text")])
    ... def measure(text):
    ...     return {"length": tf.strings.length(text)}
    >>> tf.saved_model.save(tf.Module(), "served", measure)
    >>> _ = pathlib.Path("texts.txt").write_bytes(b"ab\\n\\xff\\n\\n")
    >>> score("served", "texts.txt", "answers", verbose=0)
    Summary(rows=3, bad=1, parts=1)
    >>> pathlib.Path("answers/part-00000-of-00001.jsonl").read_text()
    '{"length": 2}\\nnull\\n{"length": 0}\\n'
    >>> print(pathlib.Path("answers/bad-00000-of-00001.jsonl").read_text())
    {"file": "texts.txt", "line": 2, "reason": "expected text in UTF-8. ..."}
    <BLANKLINE>
    """
    scoring, missing, count = plan(
        export,
        source,
        out,
        signature=signature,
        rows=rows,
        columns=columns,
        values=values,
        batch_size=batch_size,
        parts=parts,
        format=format,
        overwrite=overwrite,
    )
    done = count - sum(part.rows for part in missing)
    with tqdm(
        total=count, initial=done, unit=" rows", disable=not verbose
    ) as progress:
        for part in missing:
            scoring.write(part, progress.update)
    return finish(scoring, count)


def plan(
    export,
    source,
    out,
    *,
    signature="serving_default",
    rows=None,
    columns=None,
    values=None,
    batch_size=BATCH_SIZE,
    parts=None,
    format="jsonl",
    overwrite=False,
):
    """Checks the arguments of `score`, and says what is left to do.

    Returns:
        Tuple of the `Scoring`, the list of the `Part`s that are not there yet,
        and the number of all rows.
    """
    check_positive("batch_size", batch_size)
    check_positive("parts", parts, optional=True)
    check_choice("format", format, FORMATS)
    export, out = os.fspath(export), os.fspath(out)
    scoring = Scoring(
        export=export,
        signature=signature,
        files=Files(source, rows),
        columns=dict(columns or {}),
        values=dict(values or {}),
        batch_size=batch_size,
        format=format,
        out=out,
        parts=parts or 1,
        checksum=_checksum(export),
    )
    _ = scoring.reader  # or an error
    count, marks = scoring.files.index(scoring.block)
    if parts is None:
        parts = max(-(-len(marks) // BLOCKS_PER_PART), 1)
        scoring = dataclasses.replace(scoring, parts=parts)
    _require_columns(scoring, marks)
    _prepare(scoring, overwrite)
    there = set(tf.io.gfile.listdir(out))
    missing = [
        part
        for part in _cut(scoring, count, marks)
        if os.path.basename(scoring.path("part", part.number)) not in there
    ]
    return scoring, missing, count


def finish(scoring, count):
    """Removes what stopped writers left, and counts bad rows.

    Args:
        scoring: `Scoring` whose parts are all there.
        count: Number of the rows.

    Returns:
        `Summary`.

    Raises:
        OSError: If there are fewer parts than there must be.
    """
    bad, names = 0, tf.io.gfile.listdir(scoring.out)
    found = sum(name.startswith("part-") for name in names)
    if found < scoring.parts:
        raise OSError(
            f"{scoring.out!r} has {found} of {scoring.parts} parts. Expected "
            "the same call once more, which continues."
        )
    for name in names:
        if name.startswith("bad-"):
            path = os.path.join(scoring.out, name)
            with tf.io.gfile.GFile(path, "rb") as file:
                bad += file.read().count(b"\n")
    _remove(scoring.out, (".part-", ".bad-"))
    return Summary(count, bad, scoring.parts)


def _cut(scoring, count, marks):
    """Yields the parts: whole blocks, as even as can be."""
    for number in range(scoring.parts):
        first, end = (
            each * len(marks) // scoring.parts for each in (number, number + 1)
        )
        rows = min(end * scoring.block, count) - first * scoring.block
        start = marks[first] if first < end else Mark(0, 0, 0)
        yield Part(number, start, rows if first < end else 0)


def _require_columns(scoring, marks):
    """Raises `ValueError` if none of the first rows has what is asked for."""
    problem = None
    for row in scoring.files.read(marks[0], scoring.block) if marks else ():
        try:
            scoring.reader(row.data)
            return
        except MissingColumn as error:
            problem = problem or f"{row.path}, line {row.number}: {error}"
        except ValueError:
            pass
    if problem is not None:
        raise ValueError(
            f"{problem}. Expected `columns` to name it, as the first rows are "
            "all alike."
        )


def _prepare(scoring, overwrite):
    """Makes the directory, or sees that it is of the same scoring."""
    settings = _settings(scoring)
    path = os.path.join(scoring.out, SETTINGS)
    try:
        tf.io.gfile.makedirs(scoring.out)
    except tf.errors.OpError as error:
        raise OSError(
            "Invalid value for argument `out`. Expected a directory that can "
            f"be written ({error.message}). Received: out={scoring.out!r}"
        ) from error
    there = tf.io.gfile.listdir(scoring.out)
    if SETTINGS in there:
        with tf.io.gfile.GFile(path) as file:
            if file.read() == settings:
                return
    if there and SETTINGS not in there:
        raise FileExistsError(
            f"{scoring.out!r} holds other files "
            f"({', '.join(sorted(there)[:3])}). Choose another directory."
        )
    if there and not overwrite:
        raise FileExistsError(
            f"{scoring.out!r} holds answers of another export, of other rows "
            "or settings. Choose another directory, or replace them "
            "(`overwrite=True`, --overwrite)."
        )
    _remove(scoring.out, ("part-", "bad-", ".part-", ".bad-"))
    with appearing(path) as file:
        file.write(settings.encode())


def _settings(scoring):
    """The settings that the bytes of the parts depend on, as JSON."""
    settings = {
        field.name: getattr(scoring, field.name)
        for field in dataclasses.fields(scoring)
        if field.name not in ("export", "out")
    }
    files = scoring.files
    stats = [tf.io.gfile.stat(path) for path in files.paths]
    settings["files"] = [
        [path, stat.length, stat.mtime_nsec]
        for path, stat in zip(files.paths, stats, strict=True)
    ]
    return json.dumps({**settings, "rows": files.kind}, indent=1)


def _remove(folder, beginnings):
    """Removes the files of a directory whose names begin in some way."""
    for name in tf.io.gfile.listdir(folder):
        if name.startswith(beginnings):
            tf.io.gfile.remove(os.path.join(folder, name))


def _checksum(export):
    """SHA-256 of the files of an export, in hexadecimal digits."""
    found = hashlib.sha256()
    for folder, _, names in sorted(tf.io.gfile.walk(export)):
        for name in sorted(names):
            with tf.io.gfile.GFile(os.path.join(folder, name), "rb") as file:
                content = hashlib.sha256(file.read()).hexdigest()
            found.update(f"{name} {content}\n".encode())
    return found.hexdigest()


@functools.lru_cache(maxsize=1)
def _served(export, signature, checksum):
    """The export, loaded; another one of the same name is loaded again."""
    return Served(export, signature)


def _chunks(iterator, size):
    return iter(lambda: list(itertools.islice(iterator, size)), [])


def _bad_line(row, reason):
    record = {"file": row.path, "line": row.number, "reason": reason}
    return (Lines("jsonl", record).line(record) + "\n").encode()
