"""Texts, one a line, and pairs of such files."""

from rnnzoo.data.contents import lines_of, read_text
from rnnzoo.data.table import Table


def read_lines(path, text):
    """The texts of a file, one a line: a `Table` of `text`."""
    lines = lines_of(text)
    return Table({"text": lines}, path, range(1, len(lines) + 1))


def read_parallel(paths, encoding):
    """Texts and their translations, in two files of as many lines.

    Args:
        paths: Two paths, of the sources and of the targets.
        encoding: See `rnnzoo.data.contents.read_text`.

    Returns:
        `Table` of `source` and `target`.

    Raises:
        ValueError: If the files differ in their number of lines.
    """
    source, target = (lines_of(read_text(path, encoding)) for path in paths)
    if len(source) != len(target):
        raise ValueError(
            f"{paths[0]} and {paths[1]}: expected as many lines in both. "
            f"Received: {len(source)} and {len(target)}"
        )
    columns = {"source": source, "target": target}
    return Table(columns, ",".join(paths), range(1, len(source) + 1))
