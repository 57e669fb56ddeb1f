import gzip
import zipfile

import keras
import numpy as np
import pytest

import rnnzoo
from rnnzoo.text.word_vectors import dimension, load_vectors

LINES = "the 1 2\n. . . 3 4\n\x85 5 6\nunused 7 8\nthe 9 9\n"
TOKENS = ["the", "missing", ". . .", "\x85"]
VECTORS = {"the": [1, 2], ". . .": [3, 4], "\x85": [5, 6]}


def plain(folder):
    path = folder / "vectors.txt"
    path.write_bytes(LINES.encode())
    return path


def with_header(folder):
    path = folder / "vectors.vec"
    path.write_bytes(f"5 2\n{LINES}".encode())
    return str(path)


def by_fasttext(folder):
    path = folder / "vectors.vec"
    path.write_bytes(f"5 2\n{LINES}".replace("\n", " \n").encode())
    return path


def zipped(folder):
    path = folder / "vectors.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("two.txt", LINES)
    return path


def member(folder):
    path = folder / "vectors.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("one.txt", "the 1\n")
        archive.writestr("two.txt", LINES)
    return f"{path}:two.txt"


def gzipped(folder):
    path = folder / "vectors.txt.gz"
    path.write_bytes(gzip.compress(LINES.encode()))
    return path


def arrays(folder):
    return list(VECTORS), np.array(list(VECTORS.values()), "float64")


@pytest.mark.parametrize(
    "write", [plain, with_header, by_fasttext, zipped, member, gzipped, arrays]
)
def test_each_token_has_the_vector_of_its_word(tmp_path, write):
    source = write(tmp_path)
    assert dimension(source) == 2
    vectors = load_vectors(source, TOKENS, verbose=0)
    np.testing.assert_array_equal(vectors.found, [True, False, True, True])
    np.testing.assert_array_equal(vectors.matrix[0], 0)  # padding
    for i, token in enumerate(TOKENS, start=2):
        if token in VECTORS:
            np.testing.assert_array_equal(vectors.matrix[i], VECTORS[token])
    assert np.unique(vectors.matrix[[1, 3]]).size == 4  # random, not zeros
    report = vectors.report([5, 2, 2, 1])
    assert "3 of 4 tokens (75.0%), 80.0% of what occurs" in report


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("the 1 2\nof 3\n", "line 2: expected a word and 2 numbers"),
        ("the 1 2\nof 3 x\n", "line 2: expected 2 numbers after 'of'"),
        ("", "expected a word and its numbers"),
    ],
)
def test_a_broken_file_is_an_error_that_names_the_line(
    tmp_path, content, message
):
    path = tmp_path / "vectors.txt"
    path.write_text(content)
    with pytest.raises(ValueError, match=message):
        load_vectors(path, ["the", "of"], verbose=0)


def test_bad_sources_are_errors(tmp_path):
    member(tmp_path)
    for source, message in [
        (f"{tmp_path}/vectors.zip", "vectors.zip:one.txt"),
        ({"the": [1, 2]}, "Expected the path of a file.*Received: dict"),
        ((["the"], np.zeros((2, 2))), "1 words, an array of shape"),
    ]:
        with pytest.raises(ValueError, match=message):
            rnnzoo.build("han_classifier", embeddings=source)
    for name in ("vectors.zip", "vectors.gz"):
        (tmp_path / name).write_text(LINES)
        with pytest.raises(ValueError, match=f"`embeddings`.*{name}"):
            dimension(tmp_path / name)
    damaged = bytearray(gzip.compress(LINES.encode()))
    damaged[10] ^= 255  # the first behind the header
    (tmp_path / "vectors.gz").write_bytes(damaged)
    with pytest.raises(ValueError, match=r"`embeddings`.*Error -3"):
        dimension(tmp_path / "vectors.gz")
    with pytest.warns(UserWarning, match="None of the 1 tokens"):
        load_vectors(plain(tmp_path), ["THE"], verbose=0)
    with pytest.raises(FileNotFoundError):
        rnnzoo.build("han_classifier", embeddings=str(tmp_path / "none.txt"))


@pytest.mark.parametrize("trainable", [True, False])
def test_vectors_are_fine_tuned_or_frozen(tmp_path, capsys, trainable):
    keras.utils.set_random_seed(0)
    model = rnnzoo.build(
        "bilstm_classifier",
        embeddings=(["good", "bad"], np.eye(2)),
        trainable_embeddings=trainable,
        units=2,
        min_count=1,
    )
    texts, labels = ["good good", "bad, bad"] * 4, [1, 0] * 4
    model.adapt(texts)
    assert "2 of 3 tokens" in capsys.readouterr().out
    place = 2 + model.vocabulary.tokens.index("good")
    vectors = model.encoder.embedding.embeddings
    np.testing.assert_array_equal(vectors[place], [1, 0])
    model.compile()
    model.fit(texts, labels, verbose=0)
    assert (vectors[place] == [1, 0]).numpy().all() == (not trainable)
    model.save(tmp_path / "model.keras")
    again = rnnzoo.load(tmp_path / "model.keras").encoder.embedding
    assert again.trainable == trainable
    np.testing.assert_array_equal(again.embeddings, vectors)
