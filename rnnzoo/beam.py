"""Pipelines of Apache Beam: count, encode and score on many machines.

They need the extra `beam`. A worker needs rnnzoo, and must see the files under
the same names: in a directory that all share or, to score, also in `gs://`.
"""

import dataclasses
import functools
import glob
import itertools
import json
import os
from pathlib import Path
from typing import Any

from rnnzoo import data as own_data
from rnnzoo.served import Summary, parts

CHUNKS_PER_PART = 32
LOCAL = "FnApiRunner"


@dataclasses.dataclass(frozen=True)
class Files:
    """Files of raw examples, a part each.

    A worker holds a whole file in memory.

    Attributes:
        paths: A path, a pattern such as `"reviews-*.csv"`, or a list of paths.
        options: Arguments of `rnnzoo.data.read`, such as
            `{"text": "review"}`.

    Examples:

    >>> import pathlib
    >>> from rnnzoo.beam import Files
    >>> for name in ("b.txt", "a.txt"):
    ...     _ = pathlib.Path(name).write_text("A film.")
    >>> [read()["text"] for read in Files("*.txt").parts()]
    [['A film.'], ['A film.']]
    """

    paths: Any
    options: dict[str, Any] = dataclasses.field(default_factory=dict)

    def parts(self):
        """List of functions that read the parts."""
        paths = self.paths
        if isinstance(paths, (str, os.PathLike)):
            paths = sorted(glob.glob(os.fspath(paths))) or [paths]
        return [
            functools.partial(own_data.read, path, **self.options)
            for path in paths
        ]


@dataclasses.dataclass(frozen=True)
class Split:
    """A split of a TFDS dataset, that is prepared, in parts.

    The examples are in the order of its files, one file after the other.

    Attributes:
        name: Name of the dataset.
        split: Name of the split, or a part of one such as `"train[:50%]"`.
        data_dir: Where TFDS keeps datasets.
        number: Number of parts; by default, that of the files.
    """

    name: str
    split: str = "train"
    data_dir: str | None = None
    number: int | None = None

    def parts(self):
        """List of functions that read the parts."""
        from rnnzoo.datasets import sources

        number = sources.shards_of(self.name, self.split, self.data_dir)
        number = self.number or number
        return [
            functools.partial(
                sources.load_part,
                *(self.name, self.split, part, number, self.data_dir),
            )
            for part in range(number)
        ]


def count(
    task: Any,
    data: Any,
    out: str | os.PathLike,
    *,
    labels: Any = None,
    limit: int | None = None,
    runner: str | None = None,
    options: dict[str, Any] | None = None,
) -> Any:
    """Counts what `adapt` needs to know, on many machines.

    Args:
        task: `rnnzoo.Task` without a vocabulary.
        data: `Files`, a `Split`, or raw examples as `rnnzoo.finetune` takes
            them, which travel to the workers.
        out: File to write the counts to.
        labels: See `rnnzoo.Task.adapt`.
        limit: See `rnnzoo.Task.count_all`. What is left out depends on how the
            data is cut into parts.
        runner, options: See `score`.

    Returns:
        `rnnzoo.text.Counts`, for `task.adapt(counts=...)`; so is the path of
        the file.

    Raises:
        ImportError: If Beam is not installed.
        ValueError, OSError: If an example is wrong, or a file cannot be read
            or written.

    Examples:

    >>> import rnnzoo
    >>> from rnnzoo import beam
    >>> task = rnnzoo.build("bilstm_classifier", units=4, min_count=1)
    >>> data = ["good film", "bad film"], ["pos", "neg"]
    >>> counts = beam.count(task, data, "counts.jsonl")
    >>> task.adapt(counts="counts.jsonl", verbose=0)
    >>> task.vocabulary.tokens, task.labels
    (('film', 'bad', 'good'), ('neg', 'pos'))
    """
    from rnnzoo.text import Counts

    beam = _beam()
    if labels is not None:
        labels = task.labels_of(labels)
    work = _Work(_config(task), labels, limit)
    with _pipeline(beam, runner, options) as pipeline:
        _ = (
            pipeline
            | "Parts" >> beam.Create(_parts(task, data))
            | "Spread" >> beam.Reshuffle()
            | "Count" >> beam.Map(work.count)
            | "Add" >> beam.CombineGlobally(work.add).without_defaults()
            | "Write" >> beam.Map(Counts.save, os.fspath(out))
        )
    return Counts.load(out, limit)


def encode(
    task: Any,
    data: Any,
    out: str | os.PathLike,
    *,
    keep_raw: bool = True,
    overwrite: bool = False,
    runner: str | None = None,
    options: dict[str, Any] | None = None,
) -> Any:
    """Writes raw examples as numbers, on many machines.

    They are those that `task.encode(data, out=out)` writes, in the same order.

    Args:
        task: `rnnzoo.Task` with a vocabulary.
        data: See `count`. A file, or a part of a split, makes a part of the
            ids, which should take some megabytes.
        out: Directory to write to.
        keep_raw: See `rnnzoo.Task.encode`.
        overwrite: Whether to replace ids that are there.
        runner, options: See `score`.

    Returns:
        `rnnzoo.pipeline.examples.Examples`.

    Raises:
        ImportError: If Beam is not installed.
        FileExistsError: If `out` holds ids.
        ValueError, OSError: If an example is wrong, or a file cannot be read
            or written.

    Examples:

    >>> import rnnzoo
    >>> from rnnzoo import beam
    >>> task = rnnzoo.build("bilstm_classifier", units=4, min_count=1)
    >>> data = ["good film", "good"], ["pos", "neg"]
    >>> task.adapt(*data, verbose=0)
    >>> ids = beam.encode(task, data, "ids")
    >>> for texts, labels in ids.batches(2):
    ...     print(texts.numpy().tolist(), labels.numpy().tolist())
    [[2, 3], [2, 0]] [1, 0]
    """
    from rnnzoo.pipeline import disk
    from rnnzoo.pipeline.examples import Examples

    beam = _beam()
    task._require_adapted("encode")
    work = _Work(_config(task), keep_raw=keep_raw, out=os.fspath(out))
    fingerprint = task.fingerprint()
    pipeline, numbered = _pipeline(beam, runner, options), _parts(task, data)
    _remove_ids(out, overwrite)
    with pipeline:
        _ = (
            pipeline
            | "Parts" >> beam.Create(numbered)
            | "Spread" >> beam.Reshuffle()
            | "Encode" >> beam.Map(work.encode)
        )
    disk.remove_stale(out)
    found = len(disk.part_paths(out))
    if found != len(numbered):  # by a runner that hides errors
        raise OSError(
            f"{os.fspath(out)!r} has {found} of {len(numbered)} parts. "
            "Expected the same call once more, with `overwrite=True`."
        )
    disk.finish(out, fingerprint)
    return task.attach(Examples.open(out))


def score(
    export: str | os.PathLike,
    source: Any,
    out: str | os.PathLike,
    *,
    runner: str | None = None,
    options: dict[str, Any] | None = None,
    **settings: Any,
) -> Summary:
    """Asks an exported SavedModel about all rows of files, on many machines.

    It writes the bytes that `rnnzoo.served.score` writes. A worker makes a part
    at a time; one that fails, and is tried again, makes the same part.

    Args:
        export, source, out: See `rnnzoo.served.score`.
        runner: Name of a runner of Beam, such as `"FlinkRunner"`; by default
            `"FnApiRunner"`, in this process. (Beam's `"DirectRunner"` first
            tries to download another one.)
        options: Dict of the runner's options, such as
            `{"direct_num_workers": 4}`.
        **settings: Of `rnnzoo.served.score`. There should be several `parts`
            for each worker.

    Returns:
        `rnnzoo.served.Summary`.

    Raises:
        ImportError: If Beam is not installed.
        ValueError, OSError: See `rnnzoo.served.score`.

    Examples:

    >>> import pathlib
    >>> import tensorflow as tf
    >>> from rnnzoo import beam
    >>> @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "text")])
    ... def measure(text):
    ...     return {"length": tf.strings.length(text)}
    >>> tf.saved_model.save(tf.Module(), "served", measure)
    >>> _ = pathlib.Path("texts.txt").write_text("ab\\n")
    >>> beam.score("served", "texts.txt", "answers")
    Summary(rows=1, bad=0, parts=1)
    """
    beam = _beam()
    pipeline = _pipeline(beam, runner, options)
    scoring, missing, total = parts.plan(export, source, out, **settings)
    with pipeline:
        _ = (
            pipeline
            | "Parts" >> beam.Create(missing)
            | "Spread" >> beam.Reshuffle()
            | "Score" >> beam.Map(scoring.write)
        )
    return parts.finish(scoring, total)


@dataclasses.dataclass(frozen=True)
class _Work:
    """Work on numbered parts of raw examples, which workers do.

    Attributes:
        config: What `_config` says of the task.
        labels, limit: See `count`.
        keep_raw, out: See `encode`.
    """

    config: str
    labels: tuple | None = None
    limit: int | None = None
    keep_raw: bool = True
    out: str | None = None

    def count(self, numbered):
        """The `rnnzoo.text.Counts` of a part."""
        task = _task(self.config)
        chunks = _chunks(task, numbered[1])
        return task.count_chunks(chunks, self.labels, self.limit)

    def add(self, counts):
        """The sum of the counts of parts; of no parts, those of nothing."""
        from rnnzoo.text import Counts

        nothing = _task(self.config).count_chunks([], self.labels, self.limit)
        return Counts.gather([nothing, *counts], self.limit)

    def encode(self, numbered):
        """Writes the ids of a part."""
        from rnnzoo.pipeline import disk
        from rnnzoo.pipeline.examples import Examples

        task, (number, part) = _task(self.config), numbered
        found = list(task.encoded(_chunks(task, part), self.keep_raw))
        examples = Examples.join([each for _, each in found])
        read = None if callable(part) else found[-1][0]
        fingerprint = task.fingerprint()
        disk.write_part(examples, self.out, number, fingerprint, read)


def _parts(task, data):
    """List of numbered parts: chunks of raw examples, or what reads them."""
    from rnnzoo.pipeline import raw

    if isinstance(data, (Files, Split)):
        if not (found := data.parts()):
            raise ValueError(
                "Invalid value for argument `data`. Expected at least one "
                f"file. Received: {data}"
            )
        return list(enumerate(found))
    chunks = iter(task.read(*raw.as_columns(data)))
    groups = iter(lambda: list(itertools.islice(chunks, CHUNKS_PER_PART)), [])
    return list(enumerate(groups))


def _chunks(task, part):
    return task.read(part()) if callable(part) else part


def _remove_ids(out, overwrite):
    """Removes ids from a directory, or sees that there are none."""
    from rnnzoo.pipeline import disk

    found = disk.part_paths(out)
    if disk.is_finished(out):
        found.insert(0, Path(out, disk.LIST))  # and first of all
    if found and not overwrite:
        raise FileExistsError(
            f"{os.fspath(out)!r} holds ids. Choose another directory, or pass "
            "`overwrite=True` to replace them."
        )
    for path in found:
        path.unlink()


def _config(task):
    """A task without its weights, which neither counts nor ids depend on."""
    from keras.saving import serialize_keras_object

    found = serialize_keras_object(task)
    names = ("module", "class_name", "registered_name", "config")
    return json.dumps({name: found[name] for name in names})


@functools.lru_cache(maxsize=1)
def _task(config):
    """The task of a worker."""
    from keras.saving import deserialize_keras_object

    return deserialize_keras_object(json.loads(config))


def _pipeline(beam, runner, options):
    from apache_beam.options.pipeline_options import PipelineOptions

    options = PipelineOptions.from_dictionary(dict(options or {}))
    return beam.Pipeline(runner=runner or LOCAL, options=options)


def _beam():
    try:
        import apache_beam
    except ImportError as error:
        raise ImportError(
            'Pipelines need Apache Beam: `pip install "rnnzoo[beam]"`.'
        ) from error
    return apache_beam
