import random
from pathlib import Path

import pytest

import rnnzoo

SAVED = Path(__file__).parents[1] / "saved"
WORDS = ("a", "quiet", "lovely", "film", ",", ".", "grüße", "電影", "🎬")


@pytest.fixture(scope="session")
def classifier():
    return rnnzoo.load(SAVED / "bilstm_classifier.keras")


@pytest.fixture(scope="session")
def export(classifier, tmp_path_factory):
    folder = tmp_path_factory.mktemp("export") / "classifier"
    classifier.export(folder, samples=2)
    return str(folder)


@pytest.fixture(scope="session")
def texts():
    """300 texts of very different lengths, one of them empty."""
    draw = random.Random(1)
    lengths = [draw.choice((1, 3, 10, 40)) for _ in range(299)]
    texts = [" ".join(draw.choices(WORDS, k=length)) for length in lengths]
    return [*texts[:100], "", *texts[100:]]


@pytest.fixture
def source(texts, tmp_path):
    """The texts as a file of lines; lines 3 and 205 are no text."""
    lines = [text.encode() for text in texts]
    lines[2], lines[204] = b"caf\xe9 \x85", b"\xff"
    path = tmp_path / "texts.txt"
    path.write_bytes(b"\n".join(lines))
    return str(path)


@pytest.fixture
def read_parts():
    """Function of a directory: the bytes of its parts, put together."""

    def read(folder, kind="part"):
        parts = sorted(Path(folder).glob(f"{kind}-*"))
        return b"".join(part.read_bytes() for part in parts)

    return read
