"""Raw sentences and their tags."""

import contextlib
import itertools
from typing import NamedTuple

import numpy as np

from rnnzoo.pipeline.borders import cut_at
from rnnzoo.pipeline.schema import (
    WEIGHT,
    Feature,
    Number,
    Schema,
    as_numbers,
)
from rnnzoo.text import tagging
from rnnzoo.text.strings import as_text, check_texts


class Sentences(NamedTuple):
    """Some sentences, columns of equal length.

    Attributes:
        tokens: Lists of words, strings or UTF-8 bytes.
        tags: Lists of tags, one for each word, or `None`.
        weights: For each sentence a float32 array, a weight for each word; or
            `None`.
        texts: The raw texts, if they were no lists of words.
        starts, ends: Of texts, lists of where each word starts and ends.
    """

    tokens: list
    tags: list | None = None
    weights: list | None = None
    texts: list | None = None
    starts: list | None = None
    ends: list | None = None

    def as_texts(self):
        """The same sentences with texts, made of words where there are none."""
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


class Sentence(Feature):
    """A list of words, or a text; a column has one kind of them."""

    def fits(self, dtype, rank):
        return (dtype, rank) == ("S", 1)

    def rank(self, spec, key=None):
        return 0 if key == "text" or spec.shape.rank == 0 else 1

    def is_one(self, x):
        return isinstance(x, (str, bytes))


class Tags(Feature):
    """A list of tags, one for each word; or, of a text, a list of spans."""

    def fits(self, dtype, rank):
        return False  # datasets have several kinds of tags

    def may_be(self, dtype, rank):
        return rank > 0

    def classes_in(self, value):
        found = []
        for tag in value:
            if isinstance(tag, str):
                found.append(tagging.split(tag)[1])
            elif isinstance(tag, (list, tuple)):  # of a span
                found.append(tag[-1])
        return [label for label in found if label]


class WordWeights(Number):
    """A weight of a sentence, or a list of them, one for each of its words.

    A column is a list of float32 arrays.
    """

    def check(self, column, argument, first):
        rows = []
        for place, row in enumerate(column, first):
            name = f"{argument}[{place}]"
            row = as_numbers(row, name, "a number, or one for each word")
            if row.ndim > 1 or not np.isfinite(row).all():
                raise ValueError(
                    f"Invalid value for argument `{argument}`. Expected a "
                    "finite number for each sentence, or one for each of its "
                    f"words. Received: {name}={row.tolist()!r:.80}"
                )
            rows.append(np.atleast_1d(row))
        return rows


class TaggedSentences(Schema):
    """The schema of taggers: sentences, and their tags."""

    def is_row(self, item):
        # A tuple of two strings is a sentence of two words.
        return super().is_row(item) and not isinstance(item[1], (str, bytes))


# conll2003 has the first names, wikiann the second.
SCHEMA = TaggedSentences(
    (Sentence("tokens", ("tokens", "text"), ("words",)),),
    (Tags("tags", ("ner", "tags", "ner_tags"), ("labels", "label", "spans")),),
    WordWeights(WEIGHT),
)


def read(chunk, tokenizer, names=None):
    """The `Sentences` of a chunk.

    Args:
        chunk: `rnnzoo.pipeline.raw.Chunk` of `SCHEMA`. Sentences are lists of
            words; in padded batches, empty words at the end are padding; or
            texts. Tags are strings or numbers, one for each word; those of a
            text are spans `(start, end, label)` in characters, at whose
            borders words are cut. Weights are of sentences or of words; a
            single one is that of all words.
        tokenizer: `rnnzoo.text.Tokenizer` that splits texts.
        names: Names of the tags, if they are numbers.

    Raises:
        ValueError: If a sentence does not fit its tags; it says which.
    """
    tokens, tags = chunk["tokens"], chunk.columns.get("tags")
    if len(tokens) and isinstance(tokens[0], (str, bytes)):
        return _read_texts(tokens, tags, chunk.weights, tokenizer, chunk.first)
    return _read_words(tokens, tags, chunk.weights, names, chunk.first)


def as_texts(column):
    """Raw sentences as texts; words are joined by spaces."""
    return [
        each
        if isinstance(each, (str, bytes))
        else " ".join(as_text(word, "x", 0) for word in each)
        for each in column
    ]


@contextlib.contextmanager
def located(place):
    """Says in an error of which sentence it is."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{error}, in sentence {place}") from None


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
        keys = SCHEMA.targets[0].keys
        key = next((key for key in keys if key in labels.features), None)
        if key is None:
            raise ValueError(
                "Invalid value for argument `labels`. Expected a dataset with "
                f"one of the features {', '.join(keys)}. Received one with "
                f"{', '.join(labels.features)}"
            )
        labels = labels.features[key]
        if not hasattr(getattr(labels, "feature", labels), "names"):
            return None
    labels = getattr(labels, "feature", labels)
    return tuple(getattr(labels, "names", labels))


def _read_texts(texts, spans, weights, tokenizer, first):
    texts = check_texts(list(texts), "x", first)
    found = [column.to_list() for column in tokenizer(texts)]
    weights = _aligned(weights, found[0], first)
    texts = [each.decode() for each in texts]
    if spans is None:
        return Sentences(found[0], None, weights, texts, *found[1:])
    spans = [_as_spans(each, first + i) for i, each in enumerate(spans)]
    words, starts, ends, sources = cut_at(spans, texts, *found, tokenizer)
    if weights is not None:
        weights = [
            row[parts] for row, parts in zip(weights, sources, strict=True)
        ]
    tags = [
        _tags_of_spans(*row, first + i)
        for i, row in enumerate(zip(spans, starts, ends, strict=True))
    ]
    return Sentences(words, tags, weights, texts, starts, ends)


def _as_spans(spans, place):
    if isinstance(spans, (str, bytes)):
        raise ValueError(
            "Invalid value for argument `y`. Expected spans (start, end, "
            "label) for a text, or a list of tags for a list of words. "
            f"Received, for text {place}: {spans!r:.60}. If each row is a "
            "word, put those of a sentence into a list, and their tags; with "
            "pandas, `frame.groupby(sentence).agg(list)` does."
        )
    try:
        return [
            (int(a), int(b), as_text(label, "y", place))
            for a, b, label in spans
        ]
    except (TypeError, ValueError):
        raise ValueError(
            "Invalid value for argument `y`. Expected spans (start, end, "
            "label) in characters, for a text. Received, for text "
            f"{place}: {spans!r:.80}"
        ) from None


def _tags_of_spans(spans, starts, ends, place):
    with located(place):
        spans = tagging.from_offsets(spans, starts, ends)
        return tagging.to_tags(spans, len(starts))


def _aligned(weights, words, first):
    """A weight for each word, of rows that may be a single weight."""
    if weights is None:
        return None
    found = []
    for place, (row, each) in enumerate(zip(weights, words, strict=True)):
        if len(row) not in (1, len(each)):
            raise ValueError(
                f"Invalid value for argument `{WEIGHT}`. Expected a number "
                "for each sentence, or for each of its words. Received, for "
                f"sentence {first + place}: {len(row)} numbers and "
                f"{len(each)} words"
            )
        found.append(np.broadcast_to(row, len(each)))
    return found


def _read_words(sentences, numbers, weights, names, first):
    if getattr(sentences, "ndim", 1) == 2:
        sentences, numbers, weights = _without_padding(
            sentences, numbers, weights
        )
    for name, column in (("x", sentences), ("y", numbers)):
        for i, row in enumerate(() if column is None else column):
            _require_list(row, name, first + i)
    tokens = [
        [_as_bytes(word, first + i) for word in words]
        for i, words in enumerate(sentences)
    ]
    weights = _aligned(weights, tokens, first)
    if numbers is None:
        return Sentences(tokens, weights=weights)
    tags = [_as_tags(each, names, first + i) for i, each in enumerate(numbers)]
    _require_one_scheme({tag for each in tags for tag in each})
    for i, (words, each) in enumerate(zip(tokens, tags, strict=True)):
        if len(words) != len(each):
            raise ValueError(
                "Invalid value for argument `y`. Expected a tag for each "
                f"token. Received, for sentence {first + i}: {len(words)} "
                f"tokens and {len(each)} tags"
            )
    return Sentences(tokens, tags, weights)


def _without_padding(sentences, *columns):
    """A dense batch without the empty words that fill its rows."""
    steps = np.arange(1, sentences.shape[1] + 1)
    words = sentences.astype(object)
    is_word = (words != b"") & (words != "")
    lengths = np.max(np.where(is_word, steps, 0), axis=1, initial=0)
    return [
        rows
        if rows is None
        else [row[:length] for row, length in zip(rows, lengths, strict=True)]
        for rows in (sentences, *columns)
    ]


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
    return word if type(word) is bytes else as_text(word, "x", place).encode()


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


def _require_one_scheme(tags):
    """Raises if some tags have letters and some do not: one is a slip."""
    plain = {tag for tag in tags if tagging.is_plain(tag)}
    lettered = tags - plain - {tagging.OUTSIDE}
    if plain and lettered:
        raise ValueError(
            "Invalid value for argument `y`. Expected a letter before all "
            "labels, as in 'B-PER', or before none. Received both "
            f"{min(plain)!r} and {min(lettered)!r}"
        )


def _named(tag, names, place):
    if not isinstance(tag, (int, np.integer)):
        raise ValueError(
            "Invalid value for argument `y`. Expected a tag for each token, "
            "such as 'O' or 'B-PER', or its number. Received, for sentence "
            f"{place}: {tag!r}"
        )
    if names is None:
        raise ValueError(
            "Invalid value for argument `labels`. Expected the names of the "
            "tags beside tags that are numbers: `adapt(data, labels=info)`, "
            "with what `tfds.load(..., with_info=True)` gives. Received: "
            "labels=None"
        )
    if not 0 <= tag < len(names):
        raise ValueError(
            f"Invalid value for argument `y`. Expected tags from 0 to "
            f"{len(names) - 1}. Received, for sentence {place}: {tag!r}"
        )
    return names[tag]
