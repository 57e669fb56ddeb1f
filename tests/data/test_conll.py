"""Files with a word a line."""

import pytest
import tensorflow_datasets as tfds

from rnnzoo.data import read
from rnnzoo.data.conll import is_conll, read_conll

SHARED = """\
-DOCSTART- -X- -X- O

EU NNP B-NP B-ORG
rejects VBZ B-VP O

\u00a0\u2028 NN B-NP O
# NN B-NP O
"""


def test_words_and_tags_are_the_first_and_the_last_column():
    table = read_conll("a.conll", SHARED)
    assert table == {
        "tokens": [["EU", "rejects"], ["\u00a0\u2028", "#"]],
        "tags": [["B-ORG", "O"], ["O", "O"]],
    }
    assert table.place(1) == "a.conll, line 6"
    chunks = read_conll("a.conll", SHARED, tokens="2", tags=3)
    assert chunks["tokens"][0] == ["NNP", "VBZ"]
    assert chunks["tags"][0] == ["B-NP", "B-VP"]


def test_comments_are_no_words():
    text = "# id = 7\n#begin\na\tO\n#\tO\n\n#\tO\nb\tB-X\n\n# newdoc\nc\tO\n"
    assert read_conll("a.conll", text)["tokens"] == [
        ["a", "#"],
        ["#", "b"],
        ["c"],
    ]


def test_numbers_of_words_are_told():
    text = "# sent\n1-2\tdu\t_\n1\tde\tO\n2\tle\tO\n2.1\tx\t_\n\n1\tA\tB-X\n"
    assert read_conll("a.conllu", text) == {
        "tokens": [["de", "le"], ["A"]],
        "tags": [["O", "O"], ["B-X"]],
    }


def test_a_single_column_has_no_tags():
    assert read_conll("a.conll", "a\nb\n") == {"tokens": [["a", "b"]]}


def test_lines_of_text_are_no_words():
    assert is_conll(SHARED)
    for text in ("Vitamins B-12\nNo O here\n", "O\nO\n", "# O\n", "a film\n"):
        assert not is_conll(text)


@pytest.mark.parametrize("suffix", ["txt", "conll"])
def test_the_corpus_is_read_as_tfds_has_it(data_dir, tmp_path, suffix):
    builder = tfds.builder("conll2003", data_dir=data_dir)
    names = builder.info.features["ner"].feature.names
    sentences = [
        (
            [word.decode() for word in each["tokens"]],
            [names[tag] for tag in each["ner"]],
        )
        for each in tfds.as_numpy(builder.as_dataset(split="dev").take(200))
        if len(each["tokens"])
    ]
    path = tmp_path / f"dev.{suffix}"
    path.write_text(
        "\n\n".join(
            "\n".join(map(" ".join, zip(*each, strict=True)))
            for each in sentences
        ),
        "utf-8",
    )
    tokens, tags = map(list, zip(*sentences, strict=True))
    assert read(path) == {"tokens": tokens, "tags": tags}


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        ("a O\nb\n", {}, "a.conll, line 2: expected 2 columns.*Received 1"),
        ("a O\n", {"tags": 3}, "column of tags, from 1 to 2.*tags=3"),
        ("a O\n", {"tokens": "x"}, "column of tokens.*tokens='x'"),
        ("-DOCSTART- O\n", {}, "expected words"),
    ],
)
def test_bad_lines_are_named(text, arguments, message):
    with pytest.raises(ValueError, match=message):
        read_conll("a.conll", text, **arguments)


def test_columns_of_tables_are_refused(tmp_path):
    path = tmp_path / "a.conll"
    path.write_text("a O\n")
    with pytest.raises(ValueError, match="tokens and tags. Received: label"):
        read(path, label="2")
