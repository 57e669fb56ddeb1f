"""Raw examples from whatever holds them."""

from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from rnnzoo.arrays import without_index
from rnnzoo.text import check_texts

CHUNK = 1024


class Chunk(NamedTuple):
    """Some examples: arrays, or dicts of arrays, of equal length."""

    x: object
    y: object = None
    sample_weight: object = None


def iterate(x, y=None, sample_weight=None, keys=None, rank=0):
    """Yields raw examples, up to 1024 at a time, in their order.

    Args:
        x: A `tf.data.Dataset`, batched or not, of inputs, `(x, y)`,
            `(x, y, sample_weight)` or dictionaries, as TFDS makes them; or a
            list, array or tensor of inputs, or a list of pairs `(x, y)`.
        y: List or array of targets, if `x` is no dataset.
        sample_weight: List or array, if `x` is no dataset.
        keys: Which features of a dictionary are `(x, y)`; it has them. By
            default, of its features without a shape, the only string, and
            `label` or the only integer.
        rank: Rank of one input: 0 for texts, 1 for sequences of words. It
            tells a batch from an example.

    Yields:
        `Chunk`s of NumPy arrays; of sequences, arrays of their arrays.

    Raises:
        ValueError: If there is no example, or no end of them, or if the parts
            do not fit.
    """
    if isinstance(x, tf.data.Dataset):
        if y is not None or sample_weight is not None:
            raise ValueError(
                "Invalid value for argument `y`. Expected None beside a "
                "dataset, which holds the targets itself."
            )
        chunks = _iterate_dataset(x, keys, rank)
    else:
        chunks = _iterate_arrays(x, y, sample_weight)
    empty = True
    for chunk in chunks:
        empty = False
        yield chunk
    if empty:
        raise ValueError(
            "Invalid value for argument `x`. Expected at least one example. "
            "Received none."
        )


def iterate_texts(x, y=None, sample_weight=None, keys=None):
    """The same of texts, checked; `x` of a chunk is an array of `bytes`."""
    first = 0
    for chunk in iterate(x, y, sample_weight, keys):
        texts = np.asarray(check_texts(chunk.x, "x", first))
        yield chunk._replace(x=texts)
        first += len(chunk.x)


def as_columns(data):
    """`(x, y, sample_weight)` of a dataset, or of a tuple of columns."""
    columns = data if isinstance(data, tuple) else (data,)
    return (*columns, None, None)[:3]


def count(x, rank=0):
    """How many examples there are, or `None` if only reading them tells."""
    if not isinstance(x, tf.data.Dataset):
        return len(x) if hasattr(x, "__len__") else None
    known = int(x.cardinality())
    is_known = known >= 0 and not _is_batched(x.element_spec, rank)
    return known if is_known else None


def show_progress(chunks, total, unit_name, verbose):
    """The same chunks, with a bar of how many examples were read of them.

    Args:
        chunks: Iterable of what has an `x` of some length.
        total: Number of examples; `None` if it is not known.
        unit_name: What an example is called.
        verbose: As in Keras.
    """
    bar = keras.utils.Progbar(total, verbose=verbose, unit_name=unit_name)
    done = 0
    for chunk in chunks:
        yield chunk
        done += len(chunk[0])
        bar.update(done)
    if total is None:
        bar.update(done, finalize=True)


def join_weights(chunks):
    """The sample weights of chunks, float32 `(n,)`, or `None`."""
    weights = [chunk.sample_weight for chunk in chunks]
    if weights[0] is None:
        return None
    weights = np.concatenate(weights).astype("float32")
    if not np.isfinite(weights).all():
        place = int(np.argmin(np.isfinite(weights)))
        raise ValueError(
            "Invalid value for argument `sample_weight`. Expected finite "
            f"numbers. Received: sample_weight[{place}]={weights[place]}"
        )
    return weights


def inputs(x, keys=None):
    """Raw examples without their targets; see `iterate`."""
    if not isinstance(x, tf.data.Dataset):
        return unzip(x)[0]
    if isinstance(x.element_spec, dict):
        key = _pick(x.element_spec, keys and keys[:1])[0]
        return x.map(lambda features: features[key])
    if isinstance(x.element_spec, tuple):
        return x.map(lambda *columns: columns[0])
    return x


def unzip(x, y=None, is_pair=lambda item: len(item) == 2):
    """Columns of a list of pairs; others as they are.

    Args:
        x, y: As in `iterate`.
        is_pair: Function that says whether a tuple is a pair.
    """
    if y is not None or not isinstance(x, list) or not x:
        return x, y
    if all(isinstance(item, tuple) and is_pair(item) for item in x):
        return tuple(map(list, zip(*x, strict=True)))
    return x, y


def _iterate_arrays(x, y, sample_weight):
    columns = (*unzip(x, y), sample_weight)
    x, y, sample_weight = map(without_index, columns)
    if isinstance(x, (str, bytes)) or not hasattr(x, "__len__"):
        raise ValueError(
            "Invalid value for argument `x`. Expected a dataset, or a list or "
            f"array of examples. Received: {x!r}"
        )
    for name, column in (("y", y), ("sample_weight", sample_weight)):
        if column is not None and len(column) != len(x):
            raise ValueError(
                f"Invalid value for argument `{name}`. Expected as many as "
                f"there are examples, {len(x)}. Received: {len(column)}"
            )
    for start in range(0, len(x), CHUNK):
        part = slice(start, start + CHUNK)
        yield Chunk(
            x[part],
            None if y is None else _as_array(y[part]),
            None if sample_weight is None else np.asarray(sample_weight[part]),
        )


def _as_array(values):
    array = np.asarray(values)
    # NumPy would make a string of what is none beside strings.
    return array if array.dtype.kind not in "US" else np.array(values, object)


def _iterate_dataset(dataset, keys, rank):
    if dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
        raise ValueError(
            "Invalid value for argument `x`. Expected a dataset that ends. "
            "Received one that repeats for ever; `dataset.take(n)` ends."
        )
    spec = dataset.element_spec
    if isinstance(spec, dict):
        pick = _pick(spec, keys)
        dataset = dataset.map(lambda features: tuple(features[k] for k in pick))
    elif not isinstance(spec, tuple):
        dataset = dataset.map(lambda x: (x,))
    elif not 1 <= len(spec) <= 3:
        raise ValueError(
            "Invalid value for argument `x`. Expected a dataset of `x`, "
            "`(x, y)` or `(x, y, sample_weight)`. Received tuples of "
            f"{len(spec)}"
        )
    inputs_spec = dataset.element_spec[0]
    is_known = tf.nest.flatten(inputs_spec)[0].shape.rank is not None
    if not _is_batched(inputs_spec, rank):
        dataset = dataset.ragged_batch(CHUNK)
    for columns in dataset.prefetch(2).as_numpy_iterator():
        if not is_known and np.ndim(tf.nest.flatten(columns)[0]) <= rank:
            raise ValueError(
                "Invalid value for argument `x`. Expected a dataset whose "
                "elements have known shapes: `from_generator` takes an "
                f"`output_signature`. Received: {dataset.element_spec}"
            )
        yield Chunk(*columns)


def _pick(spec, keys):
    if keys is not None:
        return tuple(keys)
    ranks = {
        key: each.shape.rank
        for key, each in spec.items()
        if isinstance(each, tf.TensorSpec)
    }
    # 1 in batches, None of a generator without a signature
    scalar = next((n for n in (0, 1) if n in ranks.values()), None)
    flat = {key: spec[key].dtype for key, n in ranks.items() if n == scalar}
    labels = [key for key, dtype in flat.items() if dtype.is_integer]
    if "label" in flat:
        labels = ["label"]
    strings = [
        key
        for key, dtype in flat.items()
        if dtype == tf.string and key not in labels
    ]
    if "text" in strings:
        strings = ["text"]
    if len(strings) != 1 or len(labels) > 1:
        raise ValueError(
            "Cannot tell which feature is the input and which the label. "
            "Expected one string and one integer, or pairs `(x, y)`; "
            "`dataset.map(lambda f: (f['...'], f['...']))` makes them. "
            f"Received features: {sorted(spec)}"
        )
    return (*strings, *labels)


def _is_batched(spec, rank):
    """Whether an element is a batch of inputs of that rank."""
    received = tf.nest.flatten(spec)[0].shape.rank
    return received is None or received > rank
