"""Named weights: those in the package, and those on a hub."""

import dataclasses
import functools
import json
import os
from pathlib import Path

from rnnzoo.checks import nearest
from rnnzoo.files import checksum

FOLDER = Path(__file__).parent / "weights"
INDEX = FOLDER / "index.json"
HUB = "hf://"
HUB_FILE = "model.keras"


@dataclasses.dataclass(frozen=True)
class Weights:
    """Weights of a model, and where they come from.

    Attributes:
        model: Name of the model.
        name: Their own name, that of the dataset they were trained on.
        file: Name of their file in the package.
        size: Its size in bytes.
        sha256: Its checksum.
        settings: Dict of arguments of `rnnzoo.build`, besides the defaults. One
            that is the name of the file stands for its path.
        training: How they were trained and made small.
        seed: Seed of the training.
        terms: What the data allow.
        scores: Dict of a metric to the score of this very file on the test
            split.

    Examples:

    >>> import rnnzoo
    >>> weights = rnnzoo.describe("han_classifier").weights["imdb_reviews"]
    >>> weights.size < 8_000_000, list(weights.scores)
    (True, ['accuracy'])
    """

    model: str
    name: str
    file: str
    size: int
    sha256: str
    settings: dict
    training: str
    seed: int
    terms: str
    scores: dict

    @property
    def path(self):
        """Path of the file.

        Raises:
            FileNotFoundError: If it is missing.
            ValueError: If its checksum differs.
        """
        path = FOLDER / self.file
        if not path.exists():
            raise FileNotFoundError(
                f"The weights {self.name!r} of {self.model} are missing: there "
                f"is no {path}. Expected a whole installation of rnnzoo."
            )
        found = checksum(path)
        if found != self.sha256:
            raise ValueError(
                f"The weights {self.name!r} of {self.model} are damaged. "
                f"Expected a file with the SHA-256 checksum {self.sha256}. "
                f"Received: {path} with {found}. Install rnnzoo again."
            )
        return path


def weights_of(model):
    """Dict of the names of a model's weights to `Weights`.

    Args:
        model: Name of a model.
    """
    return {each.name: each for each in index() if each.model == model}


def locate(weights, model):
    """Path of a file with weights of a model, and what the model must be.

    Args:
        weights: Name of weights of the model, or as `local` takes it.
        model: Name of a model.

    Returns:
        Tuple of a `pathlib.Path` and a dict of arguments of `rnnzoo.build`.

    Raises:
        ValueError: If weights have no such name and there is no such path; it
            lists the nearest. If a file of the package is damaged.
    """
    named = weights_of(model)
    if isinstance(weights, str) and weights in named:
        found = named[weights]
        path = found.path
        return path, {
            key: str(path) if value == found.file else value
            for key, value in found.settings.items()
        }
    path = local(weights)
    if not path.exists() and path.name == weights and not path.suffix:
        near = ", ".join(nearest(weights, named) or sorted(named))
        known = (
            f"one like {near}" if near else "none by name, as there are none"
        )
        raise ValueError(
            f"Unknown weights of {model}: {weights!r}. Expected {known}; a "
            f"path; or {HUB}user/repository."
        )
    return path, {}


def local(path):
    """Path of a file, which is downloaded if it is on a hub.

    Args:
        path: A path; or `hf://user/repository`, whose file `model.keras` is
            meant, with `@revision` if it is not the newest. What was downloaded
            is kept in the cache of `huggingface_hub`.

    Returns:
        `pathlib.Path`.

    Raises:
        ValueError: If it is neither.
        FileNotFoundError: If the hub has no such file.
        ConnectionError: If the hub cannot be reached, and the file is not
            there from before.
        ImportError: If `huggingface_hub` is missing.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise ValueError(
            "Invalid value for argument `weights`. Expected a name, a path or "
            f"{HUB}user/repository. Received: weights={path!r:.60}"
        )
    path = os.fspath(path)
    return _from_hub(path) if path.startswith(HUB) else Path(path)


@functools.cache
def index():
    """Tuple of the `Weights` in the package."""
    if not INDEX.exists():
        return ()
    entries = json.loads(INDEX.read_text(encoding="utf-8"))
    return tuple(Weights(**each) for each in entries)


def _from_hub(address):
    """Path of a file that is downloaded, or that was before."""
    try:
        import huggingface_hub
        from huggingface_hub import errors
    except ImportError:
        raise ImportError(
            f"{address} needs `huggingface_hub`, which is not installed. "
            '`pip install "rnnzoo[hub]"` installs it.'
        ) from None
    repository, _, revision = address.removeprefix(HUB).partition("@")
    try:
        path = huggingface_hub.hf_hub_download(
            repository, HUB_FILE, revision=revision or None
        )
    except errors.HFValidationError as error:
        raise ValueError(
            "Invalid value for argument `weights`. Expected "
            f"{HUB}user/repository or {HUB}user/repository@revision. "
            f"Received: weights={address!r}"
        ) from error
    except errors.LocalEntryNotFoundError as error:
        raise ConnectionError(
            f"Cannot download {address}: the hub cannot be reached, and there "
            "is no copy from before."
        ) from error
    except (errors.HfHubHTTPError, errors.EntryNotFoundError) as error:
        raise FileNotFoundError(
            f"Cannot download {address}. Expected a repository that you may "
            f"read, with a file {HUB_FILE}. The hub says: "
            f"{str(error).strip().splitlines()[-1]:.200}"
        ) from error
    return Path(path)
