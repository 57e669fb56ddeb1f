"""Pipelines of Apache Beam: scores of files by an exported SavedModel.

They need the extra `beam`. A worker needs rnnzoo, and must see the files under
the same names: a directory that all share, or `gs://`.
"""

import os
from typing import Any

from rnnzoo.served import Summary, parts


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
        runner: Name of a runner of Beam, such as `"FlinkRunner"`; by default,
            this machine.
        options: Dict of the runner's options, such as
            `{"direct_num_workers": 4}`.
        **settings: Of `rnnzoo.served.score`. There should be several `parts`
            for each worker.

    Returns:
        `rnnzoo.served.Summary`.

    Raises:
        ImportError: If Beam is not installed.
        ValueError, OSError: See `rnnzoo.served.score`.
    """
    beam = _beam()
    pipeline = _pipeline(beam, runner, options)
    scoring, missing, count = parts.plan(export, source, out, **settings)
    with pipeline:
        _ = (
            pipeline
            | "Parts" >> beam.Create(missing)
            | "Spread" >> beam.Reshuffle()
            | "Score" >> beam.Map(scoring.write)
        )
    return parts.finish(scoring, count)


def _pipeline(beam, runner, options):
    from apache_beam.options.pipeline_options import PipelineOptions

    options = PipelineOptions.from_dictionary(dict(options or {}))
    return beam.Pipeline(runner=runner, options=options)


def _beam():
    try:
        import apache_beam
    except ImportError as error:
        raise ImportError(
            'Pipelines need Apache Beam: `pip install "rnnzoo[beam]"`.'
        ) from error
    return apache_beam
