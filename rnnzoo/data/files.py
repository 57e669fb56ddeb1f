"""Files of every kind, by their suffixes."""

import os

from rnnzoo.data import captions
from rnnzoo.data.conll import is_conll, read_conll
from rnnzoo.data.contents import read_text, suffix_of
from rnnzoo.data.delimited import read_delimited
from rnnzoo.data.json_rows import parse, read_json_lines, read_json_list
from rnnzoo.data.lines import read_lines, read_parallel

DELIMITED = (".csv", ".tsv")
LINES = (".jsonl", ".ndjson")
CONLL = (".conll", ".conllu", ".iob", ".iob2", ".bio")
SUFFIXES = (*DELIMITED, *LINES, ".json", *CONLL, ".txt")


def read(path, *, header=True, encoding="utf-8", images=None, **columns):
    """Reads examples from a file, as every task takes them.

    | file | columns |
    | --- | --- |
    | `.csv`, `.tsv`, `.jsonl`, a `.json` list of objects | as it names them |
    | `.conll`, `.conllu`, `.iob`, `.iob2`, `.bio` | `tokens`, `tags` |
    | `.txt`, a text a line | `text` |
    | `"train.en,train.de"`, two files of lines | `source`, `target` |
    | `.json` in COCO's format | `image`, `captions` |
    | a table with the columns `image` and `caption` | `image`, `captions` |
    | a folder of images, with such a file or without | `image`, `captions` |

    A `.txt` file with tags at the end of its lines is read as CoNLL's, and one
    with Flickr8k's captions as those. Each may be packed: `.csv.gz`.

    Values are strings, numbers too: a label such as "5" is the name of a
    class. Lists in JSON stay as they are. Tasks find the columns that they
    need by the names that people usually give them, such as `review` and
    `sentiment`; other columns do no harm. All is held in memory.

    Args:
        path: File or folder; two files, in a tuple or with a comma between
            them, for parallel texts.
        header: Whether the first row of a CSV or TSV file names the columns;
            if not, they are called "1", "2" and so on.
        encoding: Of text, unless the file begins with a byte order mark.
        images: Folder where the images are that a file names; by default that
            of the file.
        **columns: The columns in the file by what they are: `text`, `label`,
            `source`, `target`, `image`, `captions` or what else a task reads.
            Of CoNLL's, `tokens` and `tags` are numbers, from 1; by default the
            first and the last column.

    Returns:
        `Table`, a dictionary of lists that also knows their lines.

    Raises:
        ValueError: If the file is not what it should be; it says in which line
            and column.
        OSError: If there is no such file.

    Examples:

    >>> import pathlib, rnnzoo
    >>> path = pathlib.Path("reviews.csv")
    >>> _ = path.write_text("stars,review\\n5,Lovely.\\n1,'Dull, loud.'\\n")
    >>> rnnzoo.data.read(path)
    Traceback (most recent call last):
        ...
    ValueError: reviews.csv, line 3: expected 2 fields, as in the first row.
    Received 3: ['1', "'Dull", "loud.'"]
    >>> _ = path.write_text('stars,review\\n5,Lovely.\\n1,"Dull, loud."\\n')
    >>> rnnzoo.data.read(path)
    {'stars': ['5', '1'], 'review': ['Lovely.', 'Dull, loud.']}
    >>> rnnzoo.data.read(path, text="review", label="stars")
    {'text': ['Lovely.', 'Dull, loud.'], 'label': ['5', '1']}
    """
    pair = _as_pair(path)
    if pair:
        _require_no_columns(path, columns)
        return read_parallel(pair, encoding)
    path = os.fspath(path)
    if os.path.isdir(path):
        return _read_folder(path, header, encoding, images, columns)
    if suffix_of(path) not in SUFFIXES:
        raise ValueError(
            f"{path}: expected a file that ends with {', '.join(SUFFIXES)}, "
            "maybe before '.gz'; two files of lines, with a comma between; or "
            "a folder of images."
        )
    return _read_file(path, header, encoding, images, columns)


def _as_pair(path):
    """The paths of two files, or `None` if it is one."""
    if isinstance(path, str) and not os.path.exists(path):
        path = tuple(path.split(","))
    if not isinstance(path, (list, tuple)) or len(path) == 1:
        return None
    if len(path) != 2:
        raise ValueError(
            "Invalid value for argument `path`. Expected one file, or two for "
            f"parallel texts. Received: {len(path)}"
        )
    return tuple(map(os.fspath, path))


def _read_file(path, header, encoding, images, columns):
    text, suffix = read_text(path, encoding), suffix_of(path)
    if suffix == ".txt":
        suffix = _kind_of_lines(text)
    if suffix in CONLL:
        if others := columns.keys() - {"tokens", "tags"}:
            raise ValueError(
                f"{path} has words and tags. Expected the numbers of their "
                f"columns, tokens and tags. Received: {', '.join(others)}"
            )
        return read_conll(path, text, **columns)
    if suffix == ".txt":
        _require_no_columns(path, columns)
        return read_lines(path, text)
    table = _read_table(path, text, suffix, header, columns.values())
    table = table.named(columns)
    found = {}
    if columns.keys() <= {"image", "captions"}:
        found = captions.columns_of(table)
    if not found and "image" not in columns:
        return table
    folder = os.path.dirname(path) if images is None else images
    return captions.of_images(table.named(found), folder)


def _read_table(path, text, suffix, header, wanted):
    if suffix == "flickr":
        return captions.read_flickr(path, text)
    if suffix in LINES:
        return read_json_lines(path, text)
    if suffix in DELIMITED:
        return read_delimited(path, text, header, wanted)
    data = parse(path, text)
    if isinstance(data, dict) and "annotations" in data:
        return captions.read_coco(path, data)
    if isinstance(data, list):
        return read_json_list(path, data)
    raise ValueError(
        f"{path}: expected a list of objects, or the images and annotations "
        f"of COCO. Received: {type(data).__name__}"
    )


def _read_folder(path, header, encoding, images, columns):
    names = [name for name in captions.NAMES if name in os.listdir(path)]
    if len(names) > 1:
        raise ValueError(
            f"{path}: expected one file of captions. Found {', '.join(names)}: "
            "name one of them."
        )
    if not names:
        _require_no_columns(path, columns)
        return captions.images_in(path)
    file = os.path.join(path, names[0])
    images = path if images is None else images
    return _read_file(file, header, encoding, images, columns)


def _kind_of_lines(text):
    """The suffix of what is in a file of lines."""
    if is_conll(text):
        return ".conll"
    if captions.is_flickr(text):
        return "flickr"
    return ".csv" if captions.names_images(text) else ".txt"


def _require_no_columns(path, columns):
    if columns:
        raise ValueError(
            f"{path}: expected no names beside a file without columns. "
            f"Received: {', '.join(columns)}"
        )
