"""Inputs and targets of a task, and the features of a dataset that they are."""

import dataclasses
import numbers
import re

import numpy as np
import tensorflow as tf

from rnnzoo.text.strings import check_texts

CHUNK = 1024
WEIGHT = "sample_weight"

# What people call the columns of texts and of classes.
TEXTS = (
    *("review", "sentence", "content", "body", "document", "comment"),
    *("message", "tweet", "article", "post", "review_text", "review_body"),
    *("comment_text", "reviewtext"),
)
LABELS = (
    *("sentiment", "class", "category", "stars", "rating", "score", "topic"),
    *("emotion", "intent", "polarity", "star_rating", "class_index"),
)


class Ambiguous(ValueError):
    """No feature of a dictionary, or more than one, could be what a task needs.

    Attributes:
        name: Name of the `Feature` that was looked for.
    """

    def __init__(self, name, message):
        super().__init__(message)
        self.name = name


@dataclasses.dataclass(frozen=True)
class Feature:
    """An input or a target of a task.

    A subclass says what kind of value it is.

    Attributes:
        name: Name of its column in chunks and in errors.
        keys: Names that datasets give it, the first one found is taken;
            by default its name.
        also: Other names that people give it; one is taken if none of the
            others is there. Without any name, it is the only feature of a
            dictionary that fits.

    Attributes of the class:
        any_rank: Whether values may be of several ranks, so that a batch of
            them may look like a single one.
    """

    any_rank = False

    name: str
    keys: tuple = ()
    also: tuple = ()

    def __post_init__(self):
        object.__setattr__(self, "keys", self.keys or (self.name,))

    def fits(self, dtype, rank):
        """Whether values may be of that kind of dtype, as in NumPy, and rank.

        Args:
            dtype: `"S"` for strings, `"i"`, `"f"` or `"b"` for numbers.
            rank: Rank of one value.
        """
        raise NotImplementedError

    def may_be(self, dtype, rank):
        """Whether they may be of that kind where a name says it; see `fits`."""
        return self.fits(dtype, rank)

    def rank(self, spec, key=None):
        """Rank of one value.

        Args:
            spec: `tf.TypeSpec` of a value or of a batch of values.
            key: Name of the feature, if it has one.
        """
        return 0

    def is_one(self, x):
        """Whether `x` is a single value, not a column of them."""
        return False

    def convert(self, value):
        """One value of a `tf.data.Dataset`, in its graph."""
        return value

    def classes_in(self, value):
        """The classes in one value, where values are classes."""
        return ()

    def check(self, column, argument, first):
        """A column of a chunk as `Task.encode_chunk` takes it.

        Args:
            column: List or array.
            argument: What errors call it.
            first: What they call the place of its first value.

        Raises:
            ValueError: If a value is wrong; it says which.
        """
        return column


class Text(Feature):
    """A string; a column is an array of `bytes` in UTF-8."""

    def fits(self, dtype, rank):
        return (dtype, rank) == ("S", 0)

    def is_one(self, x):
        return isinstance(x, (str, bytes))

    def check(self, column, argument, first):
        return np.asarray(check_texts(column, argument, first))


class Texts(Feature):
    """A text, or a list of texts; a column is a list.

    Its items are `bytes` in UTF-8, or lists of them.
    """

    any_rank = True

    def fits(self, dtype, rank):
        return dtype == "S" and rank < 2

    def rank(self, spec, key=None):
        return min(spec.shape.rank, 1)

    def is_one(self, x):
        return isinstance(x, (str, bytes, list, tuple))

    def check(self, column, argument, first):
        return [
            check_texts([row], argument, first + place)[0]
            if isinstance(row, (str, bytes)) or not hasattr(row, "__len__")
            else check_texts(row, f"{argument}[{first + place}]").tolist()
            for place, row in enumerate(column)
        ]


class Places(Feature):
    """A list of places, from 0, in a list; a column is a list of lists."""

    def fits(self, dtype, rank):
        return False  # other numbers may be in lists, too

    def may_be(self, dtype, rank):
        return (dtype, rank) == ("i", 1)

    def rank(self, spec, key=None):
        return 1

    def check(self, column, argument, first):
        rows = [np.asarray(row) for row in column]
        for place, row in enumerate(rows, first):
            if row.ndim != 1 or (row.size and row.dtype.kind not in "iu"):
                raise ValueError(
                    f"Invalid value for argument `{argument}`. Expected a list "
                    "of integers for each example. Received: "
                    f"{argument}[{place}]={row.tolist()!r:.80}"
                )
        return [row.tolist() for row in rows]


class Label(Feature):
    """A class, by its number or its name; a column is an array."""

    def fits(self, dtype, rank):
        return (dtype, rank) == ("i", 0)

    def may_be(self, dtype, rank):
        return rank == 0

    def classes_in(self, value):
        return (value,)

    def check(self, column, argument, first):
        labels = np.asarray(column)
        if labels.dtype.kind in "US":
            # NumPy made strings of missing labels beside strings, too.
            labels = np.array(column, object)
        if labels.ndim == 2 and labels.shape[1] == 1:
            labels = labels[:, 0]
        return labels


class Number(Feature):
    """A number, such as a score; a column is a float32 array `(n,)`."""

    def fits(self, dtype, rank):
        return dtype in "fi" and rank == 0

    def check(self, column, argument, first):
        weights = as_numbers(column, argument, "one number an example")
        if weights.ndim == 2 and weights.shape[1] == 1:
            weights = weights[:, 0]
        if weights.ndim != 1:
            raise ValueError(
                f"Invalid value for argument `{argument}`. Expected one number "
                f"an example, of shape (n,). Received: shape {weights.shape}"
            )
        if not np.isfinite(weights).all():
            place = int(np.argmin(np.isfinite(weights)))
            raise ValueError(
                f"Invalid value for argument `{argument}`. Expected finite "
                f"numbers. Received: {argument}[{first + place}]="
                f"{weights[place]}"
            )
        return weights


def as_numbers(values, argument, expected):
    """A float32 array of numbers from outside.

    Args:
        values: List or array.
        argument, expected: What an error calls it, and says of it.

    Raises:
        ValueError: If a value is no number, or if rows differ in length.
    """
    try:
        return np.asarray(values, "float32")
    except (TypeError, ValueError):
        raise ValueError(
            f"Invalid value for argument `{argument}`. Expected {expected}. "
            f"Received: {argument}={values!r:.80}"
        ) from None


class Labels(Feature):
    """Any number of classes, by numbers or names; a column is a list of lists.

    A row may also have a zero or a one for each class.
    """

    def fits(self, dtype, rank):
        return dtype in "iS" and rank == 1

    def rank(self, spec, key=None):
        return 1

    def classes_in(self, value):
        return value if _is_list(value) else (value,)

    def check(self, column, argument, first):
        for place, row in enumerate(column, first):
            if not _is_list(row) or any(map(_is_list, row)):
                raise ValueError(
                    f"Invalid value for argument `{argument}`. Expected a list "
                    "of labels for each text. Received: "
                    f"{argument}[{place}]={row!r:.80}"
                )
        return [np.asarray(row, object).tolist() for row in column]


def _is_list(value):
    return hasattr(value, "__len__") and not isinstance(value, (str, bytes))


@dataclasses.dataclass(frozen=True)
class Schema:
    """The inputs and targets that a task reads.

    Attributes:
        inputs: `Feature`s, in the order in which tuples have them.
        targets: `Feature`s; none if the inputs are their own targets.
        weight: `Feature`, the sample weight.
        extras: `Feature`s that are read, too, where a dictionary has them by
            their names, with targets or without.
        chunk: Most examples of a chunk.
    """

    inputs: tuple
    targets: tuple = ()
    weight: Feature = Number(WEIGHT)  # noqa: RUF009
    extras: tuple = ()
    chunk: int = CHUNK

    @property
    def features(self):
        return (*self.inputs, *self.targets)

    @property
    def all_features(self):
        return (*self.features, *self.extras)

    def is_row(self, item):
        """Whether an item of a list is an example with its targets."""
        return isinstance(item, tuple) and len(item) == len(self.features)

    def is_row_of_inputs(self, item):
        """Whether an item of a list is the inputs of an example, if several."""
        return isinstance(item, tuple) and 1 < len(self.inputs) == len(item)

    def is_one(self, x):
        """Whether `x` is the inputs of one example."""
        if len(self.inputs) == 1:
            return self.inputs[0].is_one(x)
        if isinstance(x, dict):
            return all(
                each.name in x and each.is_one(x[each.name])
                for each in self.inputs
            )
        return isinstance(x, tuple) and all(
            each.is_one(value)
            for each, value in zip(self.inputs, x, strict=False)
        )

    def pick(self, kinds, with_targets=True):
        """Chooses the features of a dictionary.

        Args:
            kinds: Dict of a feature's name to its `(dtype, rank)`; see
                `Feature.fits`. `None` for a feature of another kind.
            with_targets: Whether to look for targets too.

        Returns:
            Dict of names of the schema to names of the dictionary. If there
            are targets, all are there. Extras are there if the dictionary has
            them.

        Raises:
            Ambiguous: If an input is not found, or if it could be several.
        """
        wanted = self.features if with_targets else self.inputs
        found = self._named(kinds, wanted)
        for feature in wanted:
            if feature.name in found:
                continue
            free = [key for key in kinds if key not in found.values()]
            fitting = [
                key for key in free if kinds[key] and feature.fits(*kinds[key])
            ]
            if len(fitting) > 1 or (feature in self.inputs and not fitting):
                raise self._ambiguous(feature, kinds)
            if fitting:
                found[feature.name] = fitting[0]
        missing = {each.name for each in wanted} - set(found)
        if missing:
            wanted = self.inputs
        return {
            **{each.name: found[each.name] for each in wanted},
            **self._extras(kinds, found),
        }

    def _extras(self, kinds, found):
        """Extras that are there; see `pick`."""
        return {
            each.name: key
            for each in self.extras
            for key in each.keys
            if key in kinds
            and key not in found.values()
            and (kinds[key] is None or each.may_be(*kinds[key]))
        }

    def _named(self, kinds, wanted):
        """The features that their names tell; see `pick`."""
        found = {}
        for feature in self.features:
            for key in feature.keys:
                if key in kinds and key not in found.values():
                    found[feature.name] = key
                    break
        for feature in self.features:
            if feature.name in found:
                continue
            called = [
                key
                for key, kind in kinds.items()
                if kind
                and feature.may_be(*kind)
                and key not in found.values()
                and _plain(key) in (*feature.keys, *feature.also)
            ]
            if len(called) > 1 and feature in wanted:
                raise self._ambiguous(feature, kinds)
            if len(called) == 1:
                found[feature.name] = called[0]
        return found

    def _ambiguous(self, feature, kinds):
        names = " or ".join(map(repr, feature.keys))
        return Ambiguous(
            feature.name,
            f"Cannot tell which feature is the {feature.name}. Expected one "
            f"named {names}, or only one of its kind; "
            "`dataset.map(lambda features: {...})` and a dictionary of columns "
            "name them and, of a file, "
            f'`{feature.name}="name"`. Received features: '
            f"{sorted(kinds, key=str)}",
        )


def _plain(name):
    """A name as people mean it: "Review Text" is "review_text"."""
    return re.sub(r"[\s-]+", "_", str(name).strip().lower())


def kind_of_spec(spec, is_batched=False):
    """`(dtype, rank)` of a `tf.TypeSpec`; see `Feature.fits`."""
    if not isinstance(spec, (tf.TensorSpec, tf.RaggedTensorSpec)):
        return None
    rank = spec.shape.rank
    if rank is not None:
        rank -= is_batched
    # The rank of a generator's values is not known without its signature.
    return _letter(spec.dtype), rank or 0


def kind_of_value(value):
    """`(dtype, rank)` of one value of a table; see `Feature.fits`."""
    if isinstance(value, (str, bytes)):
        return "S", 0
    if isinstance(value, numbers.Number):
        return _letter(tf.as_dtype(np.asarray(value).dtype)), 0
    if isinstance(value, (list, tuple, np.ndarray)):
        if not len(value):
            return None
        inner = kind_of_value(value[0])
        return inner and (inner[0], inner[1] + 1)
    return None


def _letter(dtype):
    if dtype == tf.string:
        return "S"
    return "i" if dtype.is_integer else "f" if dtype.is_floating else "b"
