"""The file of a saved task: what it may hold, before and after it is read."""

import json
import re
import zipfile

import keras
import tensorflow as tf

from rnnzoo import presets
from rnnzoo.text import TokenizerProtocol

# The members of a saved task, and the most bytes that each may have.
MEMBERS = {
    "metadata.json": 2**16,
    "config.json": 2**28,  # the vocabularies are here
    "model.weights.h5": 2**40,
}
# Keras does not compress them. Where someone did: the most bytes that a byte
# of the file may become, beyond the first ones.
EXPANSION = 10
FREE = 2**20


def refusal(path, expected, received):
    """A `ValueError` that names the file."""
    return ValueError(
        f"Cannot load {path}. Expected {expected}. Received: {received}"
    )


def load(path, kind):
    """Loads a task from a file, a directory it is in, or a hub; see `read`.

    Args:
        path: As `rnnzoo.presets.local` takes it.
        kind: Class of which it must be.

    Raises:
        FileNotFoundError: If there is no such file.
        ConnectionError: If the hub cannot be reached.
    """
    path = presets.local(path)
    if path.is_dir():
        path = path / "model.keras"
    if not path.exists():
        raise FileNotFoundError(
            f"No saved model at {path}. Expected a `.keras` file, or a "
            "directory that `rnnzoo train` made."
        )
    return read(path, kind)


def read(path, kind):
    """Loads a task.

    Args:
        path: Path of a file.
        kind: Class of which it must be.

    Raises:
        ValueError: If there is anything else. The error names the file.
    """
    check_members(path)
    try:
        task = keras.saving.load_model(path)
    except Exception as error:  # of any class, since a file may hold anything
        # Keras repeats the whole configuration before and after the cause.
        cause = str(error).rpartition("Exception encountered: ")[2]
        raise refusal(
            path,
            "a saved task, and the modules that register its classes to be "
            "imported",
            f"{cause or type(error).__name__:.200}{_newer_version(path)}",
        ) from error
    if not isinstance(task, kind):
        raise ValueError(
            f"{path} holds no rnnzoo task. Received: {type(task).__name__}"
        )
    check_weights(path, task)
    return task


def _newer_version(path):
    """The end of an error: that a newer Keras saved the file, if one did.

    An older version does not know the arguments that a newer one has added.
    """
    with zipfile.ZipFile(path) as archive:
        try:
            saved = json.loads(archive.read("metadata.json"))["keras_version"]
        except (ValueError, LookupError, TypeError):
            return ""
    if _numbers(saved) <= _numbers(keras.__version__):
        return ""
    return (
        f"; it was saved by Keras {saved!s:.20}, and this is Keras "
        f"{keras.__version__}"
    )


def _numbers(version):
    """The first numbers of a version, which are in its order."""
    return [int(each) for each in re.findall(r"\d{1,9}", str(version)[:20])][:3]


def check_members(path):
    """Raises `ValueError` unless a file has the members of a saved task.

    Nothing is unpacked: the directory of the archive tells the sizes, and no
    member can be read beyond its size there.

    Args:
        path: Path of a file.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except zipfile.BadZipFile:
        raise refusal(
            path, "a whole `.keras` file", "another kind, or a part of one"
        ) from None
    names = sorted(each.filename for each in members)
    if names != sorted(MEMBERS):
        listed = ", ".join(names[:10]) + ", ..." * (len(names) > 10)
        raise refusal(
            path,
            f"a saved task, an archive of {', '.join(MEMBERS)} and nothing "
            "else",
            listed or "an empty archive",
        )
    for each in members:
        most = min(
            MEMBERS[each.filename], FREE + EXPANSION * each.compress_size
        )
        if each.file_size > most:
            raise refusal(
                path,
                f"a {each.filename} of at most {most:,} bytes",
                f"{each.file_size:,} bytes",
            )


def check_weights(path, task):
    """Raises `ValueError` unless all weights of a loaded task are finite.

    Args:
        path: Path of its file.
        task: Keras model.
    """
    for weight in task.weights:
        value = tf.convert_to_tensor(weight.value)
        if not value.dtype.is_floating:
            continue
        if not tf.reduce_all(tf.math.is_finite(value)):
            raise refusal(
                path,
                "finite weights",
                f"NaN or infinity in {weight.path}, as a training leaves that "
                "diverged",
            )


def check_part(name, part):
    """Raises `ValueError` unless a part of a task is a layer or a tokenizer.

    Args:
        name: Name of the argument of the task.
        part: What its configuration made.
    """
    kind, expected = keras.layers.Layer, "a Keras layer"
    if name.endswith("tokenizer"):
        kind, expected = TokenizerProtocol, "a tokenizer"
    if not isinstance(part, kind):
        raise ValueError(
            f"Invalid value for argument `{name}`. Expected {expected}. "
            f"Received: {name}={part!r:.60}"
        )


def check_sizes(config, sizes):
    """Raises `ValueError` unless all that was learned is as long as it was.

    A vocabulary that loses a token moves the ids of others.

    Args:
        config: Dict, the arguments of a saved task.
        sizes: Their `sizes_of` when it was saved; `None` if nobody knows, as
            in files of version 0.1.0.
    """
    found = sizes_of(config)
    if sizes is not None and found != sizes:
        raise ValueError(
            "Expected the vocabularies and labels that the weights belong to, "
            f"of sizes {sizes}. Received: {found}"
        )


def sizes_of(learned):
    """Dict of a name to the number of tokens or labels that it stands for."""
    return {
        name: len(names)
        for name, names in learned.items()
        if isinstance(names, (list, tuple))
    }
