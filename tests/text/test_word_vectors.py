import gzip
import zipfile

import keras
import numpy as np
import pytest

import rnnzoo
from rnnzoo.text import PretrainedWords

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


def with_bom(folder):
    path = folder / "vectors.vec"
    path.write_bytes(f"\ufeff5 2\n{LINES}".encode())
    return path


def spaced(folder):
    path = folder / "vectors.txt"
    text = LINES.replace("the 1 2", "the  1\t2").replace(
        "3 4", "3\u00a0\u00a04 "
    )
    path.write_bytes(f"\ufeff{text}\n \r\n".encode())
    return path


@pytest.mark.parametrize(
    "write",
    [
        *(plain, with_header, by_fasttext, zipped, member, gzipped, arrays),
        *(with_bom, spaced),
    ],
)
def test_each_token_has_the_vector_of_its_word(tmp_path, capsys, write):
    pretrained = PretrainedWords(write(tmp_path))
    assert pretrained.dimension == 2
    assert set(pretrained.words()) >= VECTORS.keys()
    counts = dict(zip(TOKENS, [5, 2, 2, 1], strict=True))
    matrix = pretrained.load(TOKENS, counts)
    assert matrix.shape == (6, 2)
    np.testing.assert_array_equal(matrix[0], 0)  # padding
    for i, token in enumerate(TOKENS, start=2):
        if token in VECTORS:
            np.testing.assert_array_equal(matrix[i], VECTORS[token])
    assert np.unique(matrix[[1, 3]]).size == 4  # random, not zeros
    report = "found 3 of 4 tokens (75.0%), 80.0% of all occurrences\n"
    assert capsys.readouterr().out.endswith(report)
    np.testing.assert_array_equal(pretrained.load(TOKENS, counts, 0), matrix)
    assert capsys.readouterr().out == ""
    other = pretrained.load(TOKENS, counts, verbose=0, seed=1)
    assert (other != matrix).any(axis=1).tolist() == [
        *(False, True),
        *(False, True, False, False),
    ]


@pytest.mark.parametrize("end", [b"\n", b""])
def test_word2vecs_binary_files_are_read(tmp_path, end):
    vectors = {"the": [1, 2], "né": [0.1, -3e8], "\u3000": [10.0, 32.0]}
    content = b"3 2\n" + b"".join(
        word.encode() + b" " + np.array(numbers, "<f4").tobytes() + end
        for word, numbers in vectors.items()
    )
    path = tmp_path / "vectors.bin"
    path.write_bytes(content)
    (tmp_path / "vectors.w2v.gz").write_bytes(gzip.compress(content))
    for source in (path, tmp_path / "vectors.w2v.gz"):
        pretrained = PretrainedWords(source)
        assert pretrained.dimension == 2
        assert pretrained.words() == list(vectors)
        matrix = pretrained.load(list(vectors), {}, verbose=0)
        expected = np.array(list(vectors.values()), "float32")
        np.testing.assert_array_equal(matrix[2:], expected)
    path.write_bytes(content[: -3 - len(end)])
    with pytest.raises(ValueError, match="word 3: expected 3 words"):
        PretrainedWords(path).load(["the"], {}, verbose=0)


def test_words_in_another_case_serve_where_none_fits(capsys):
    words = ["The", "THE", "us", "US", "İst"]
    pretrained = PretrainedWords((words, np.arange(5.0)[:, None] + 1))
    tokens = ["the", "THE", "US", "Us", "other"]
    matrix = pretrained.load(tokens, dict.fromkeys(tokens, 1))
    assert matrix[2:6, 0].tolist() == [1, 2, 4, 3]
    assert capsys.readouterr().out.endswith(
        "found 4 of 5 tokens (80.0%), 80.0% of all occurrences; 2 of them in "
        "another case\n"
    )


def test_vectors_that_are_not_finite_are_left_out(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("the nan 2\nof 1 1e99\nto 3 4\nThe 5 6\nin -inf 0\n")
    tokens = ["the", "of", "to", "cat"]
    with pytest.warns(UserWarning, match="left out: 2, such as that of 'the'"):
        matrix = PretrainedWords(path).load(tokens, {}, verbose=0)
    assert np.isfinite(matrix).all()
    assert matrix[[2, 4]].tolist() == [[5, 6], [3, 4]]


def test_random_vectors_are_as_wide_as_those_found():
    words, tokens = (["a", "b"], np.array([[7.0], [-7.0]])), list("abcdefghij")
    matrix = PretrainedWords(words).load(tokens, {}, verbose=0)
    assert 3 < matrix[4:].std() < 14
    with pytest.warns(UserWarning, match="None of the 8 tokens"):
        matrix = PretrainedWords(words).load(tokens[2:], {}, verbose=0)
    assert 0.02 < matrix[2:].std() < 0.1
    assert PretrainedWords(words).load([], {}, verbose=0).shape == (2, 1)


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
        PretrainedWords(path).load(["the", "of"], {}, verbose=0)


def test_bad_sources_are_errors(tmp_path):
    member(tmp_path)
    for source, message in [
        (f"{tmp_path}/vectors.zip", "vectors.zip:one.txt"),
        ({"the": [1, 2]}, "Expected the path of a file.*Received: dict"),
        ((["the"], [[1]], 3), "Expected the path of a file.*Received: tuple"),
        ((["the"], np.zeros((2, 2))), "1 words, an array of shape"),
    ]:
        with pytest.raises(ValueError, match=message):
            rnnzoo.build("han_classifier", embeddings=source)
    for name in ("vectors.zip", "vectors.gz"):
        (tmp_path / name).write_text(LINES)
        with pytest.raises(ValueError, match=f"`embeddings`.*{name}"):
            PretrainedWords(tmp_path / name).words()
    damaged = bytearray(gzip.compress(LINES.encode()))
    damaged[10] ^= 255  # the first after the header
    (tmp_path / "vectors.gz").write_bytes(damaged)
    with pytest.raises(ValueError, match=r"`embeddings`.*Error -3"):
        assert PretrainedWords(tmp_path / "vectors.gz").dimension
    with pytest.warns(UserWarning, match="None of the 1 tokens"):
        PretrainedWords(plain(tmp_path)).load(["film"], {}, verbose=0)
    (tmp_path / "model.bin").write_bytes(b"\xba\x16\x4f\x2f\x0c\0\0\0")
    with pytest.raises(ValueError, match="a model of fastText"):
        assert PretrainedWords(tmp_path / "model.bin").dimension
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
