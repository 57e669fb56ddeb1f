"""Raw sentences and their tags, from whatever holds them."""

import contextlib
import itertools
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from rnnzoo import text
from rnnzoo.arrays import as_objects
from rnnzoo.pipeline.raw import inputs, iterate, unzip
from rnnzoo.text import tagging

# Features of TFDS dictionaries: conll2003 has the first, wikiann the second.
_TOKENS, _TAGS = "tokens", ("ner", "tags", "ner_tags")


class Sentences(NamedTuple):
    """Some sentences, columns of equal length.

    Attributes:
        tokens: Lists of words, strings or UTF-8 bytes.
        tags: Lists of tags, one for each word, or `None`.
        sample_weight: Array of a weight for each, or `None`.
        texts: The raw texts, if they were no lists of words.
        starts, ends: Of texts, lists of where each word starts and ends.
    """

    tokens: list
    tags: list | None = None
    sample_weight: np.ndarray | None = None
    texts: list | None = None
    starts: list | None = None
    ends: list | None = None

    def as_texts(self):
        """The same with texts: words joined by blanks, if there are none."""
        if self.texts is not None:
            return self
        texts, starts, ends = [], [], []
        for words in self.tokens:
            words = [word.decode() for word in words]
            lasts = list(itertools.accumulate(len(word) + 1 for word in words))
            texts.append(" ".join(words))
            ends.append([last - 1 for last in lasts])
            starts.append([0, *lasts][: len(words)])
        return self._replace(texts=texts, starts=starts, ends=ends)

    def spans(self, place):
        """A pair (start, end) for each word of a text."""
        return list(zip(self.starts[place], self.ends[place], strict=True))


def read(x, y=None, sample_weight=None, *, tokenizer, names=None):
    """Yields sentences, up to 1024 at a time, in their order.

    Args:
        x: One of
            - a `tf.data.Dataset` of TFDS dictionaries with `tokens` and, for
              tags, `ner` or `tags`; of words, or of pairs of words and tags;
              batched or not (of padded batches, empty words at the end are
              padding); or of single texts,
            - a list of lists of words, with `y`, a list of lists of tags,
            - a list of pairs `(words, tags)` or `(text, spans)`,
            - a list of texts, with `y`, for each a list of spans `(start,
              end, label)` in characters.
        y: Tags or spans, if `x` is a list without them.
        sample_weight: Weight of each sentence, if `x` is no dataset.
        tokenizer: `rnnzoo.text.Tokenizer` that splits texts.
        names: Names of the tags, if tags are integers.

    Yields:
        `Sentences`.

    Raises:
        ValueError: If a sentence does not fit its tags; it says which.
    """
    x, y = unzip(x, y, _is_pair)
    place = 0
    for chunk in _chunks(x, y, sample_weight):
        if len(chunk.x) and isinstance(chunk.x[0], (str, bytes)):
            sentences = _read_texts(chunk, tokenizer, place)
        else:
            sentences = _read_tokens(chunk, names, place)
        yield sentences
        place += len(chunk.x)


@contextlib.contextmanager
def located(place):
    """Says in an error of which sentence it is."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{error}, in sentence {place}") from None


def without_tags(x):
    """The same raw sentences, tags left out if there are any."""
    if isinstance(x, (str, bytes)):
        return [x]
    if isinstance(x, tf.data.Dataset):
        return inputs(x, _keys(x.element_spec))
    return unzip(x, None, _is_pair)[0]


def tag_names(labels):
    """Names of tags, of a sequence or of what TFDS has.

    Args:
        labels: A sequence of names, a TFDS `ClassLabel`, a `Sequence` of
            them, or a `DatasetInfo`.

    Returns:
        Tuple of strings; `None` if the tags of a dataset are texts.

    Raises:
        ValueError: If the dataset has no tags.
    """
    if hasattr(labels, "features"):
        key = _key_of_tags(labels.features)
        if key is None:
            raise ValueError(
                "Invalid value for argument `labels`. Expected a dataset with "
                f"one of the features {', '.join(_TAGS)}. Received one with "
                f"{', '.join(labels.features)}"
            )
        labels = labels.features[key]
        if not hasattr(getattr(labels, "feature", labels), "names"):
            return None
    labels = getattr(labels, "feature", labels)
    return tuple(getattr(labels, "names", labels))


def _is_pair(item):
    # A tuple of two strings is a sentence of two words.
    return len(item) == 2 and not isinstance(item[1], (str, bytes))


def _chunks(x, y, sample_weight):
    if not isinstance(x, tf.data.Dataset):
        if isinstance(x, np.ndarray):
            x = list(x)
        y = None if y is None else as_objects(y)
        return iterate(x, y, sample_weight)
    spec = x.element_spec
    keys = _keys(spec)
    first = spec[_TOKENS] if keys else tf.nest.flatten(spec)[0]
    rank = 0 if first.shape.rank == 0 else 1
    return iterate(x, y, sample_weight, keys=keys, rank=rank)


def _keys(spec):
    """Names of the features, or `None` if they have no names."""
    if not isinstance(spec, dict) or _TOKENS not in spec:
        return None
    tags = _key_of_tags(spec)
    return (_TOKENS,) if tags is None else (_TOKENS, tags)


def _key_of_tags(features):
    return next((key for key in _TAGS if key in features), None)


def _read_texts(chunk, tokenizer, place):
    texts = text.check_texts(list(chunk.x), "x", place)
    tokens = tokenizer(texts)
    words, starts, ends = (column.to_list() for column in tokens)
    tags = None
    if chunk.y is not None:
        tags = [
            _tags_of_spans(*row, place + i)
            for i, row in enumerate(zip(chunk.y, starts, ends, strict=True))
        ]
    texts = [each.decode() for each in texts]
    return Sentences(words, tags, chunk.sample_weight, texts, starts, ends)


def _tags_of_spans(spans, starts, ends, place):
    try:
        spans = [(int(a), int(b), str(label)) for a, b, label in spans]
    except (TypeError, ValueError):
        raise ValueError(
            "Invalid value for argument `y`. Expected spans (start, end, "
            "label) in characters, for a text. Received, for text "
            f"{place}: {spans!r:.80}"
        ) from None
    with located(place):
        spans = tagging.from_offsets(spans, starts, ends)
        return tagging.to_tags(spans, len(starts))


def _read_tokens(chunk, names, place):
    if getattr(chunk.x, "ndim", 1) == 2:
        chunk = _without_padding(chunk)
    for name, column in (("x", chunk.x), ("y", chunk.y)):
        for i, row in enumerate(() if column is None else column):
            _require_list(row, name, place + i)
    tokens = [
        [_as_bytes(word, place + i) for word in words]
        for i, words in enumerate(chunk.x)
    ]
    tags = None
    if chunk.y is not None:
        tags = [
            _as_tags(each, names, place + i) for i, each in enumerate(chunk.y)
        ]
        for i, (words, each) in enumerate(zip(tokens, tags, strict=True)):
            if len(words) != len(each):
                raise ValueError(
                    "Invalid value for argument `y`. Expected a tag for each "
                    f"token. Received, for sentence {place + i}: "
                    f"{len(words)} tokens and {len(each)} tags"
                )
    return Sentences(tokens, tags, chunk.sample_weight)


def _without_padding(chunk):
    """A dense batch without the empty words that fill its rows."""
    steps = np.arange(1, chunk.x.shape[1] + 1)
    lengths = np.max(np.where(chunk.x != b"", steps, 0), axis=1, initial=0)
    return chunk._replace(
        **{
            name: [
                row[:length] for row, length in zip(rows, lengths, strict=True)
            ]
            for name, rows in (("x", chunk.x), ("y", chunk.y))
            if rows is not None
        }
    )


def _require_list(row, name, place):
    # The words of a string would be its letters.
    if isinstance(row, (str, bytes)) or not hasattr(row, "__len__"):
        expected = {"x": "a list of words", "y": "a list of tags"}[name]
        raise ValueError(
            f"Invalid value for argument `{name}`. Expected {expected} for "
            "each sentence, as for the first. Received: "
            f"{name}[{place}]={row!r:.60}"
        )


def _as_bytes(word, place):
    # What TFDS reads is bytes, and was checked when it was written.
    return (
        word if type(word) is bytes else text.as_text(word, "x", place).encode()
    )


def _as_tags(tags, names, place):
    found = []
    for tag in tags:
        if isinstance(tag, bytes):
            tag = tag.decode()
        if not isinstance(tag, str):
            tag = _named(tag, names, place)
        found.append(str(tag))
    with located(place):
        for tag in found:
            tagging.split(tag)
    return found


def _named(tag, names, place):
    if names is None:
        raise ValueError(
            "Invalid value for argument `labels`. Expected the names of the "
            "tags beside tags that are numbers: `adapt(data, labels=info)`, "
            "with what `tfds.load(..., with_info=True)` gives. Received: "
            "labels=None"
        )
    if not isinstance(tag, (int, np.integer)) or not 0 <= tag < len(names):
        raise ValueError(
            f"Invalid value for argument `y`. Expected tags from 0 to "
            f"{len(names) - 1}. Received, for sentence {place}: {tag!r}"
        )
    return names[tag]
