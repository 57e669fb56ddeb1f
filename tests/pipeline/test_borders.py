import warnings

import pytest

import rnnzoo
from rnnzoo.pipeline.borders import cut_at, warning_of_cuts
from rnnzoo.text import Tokenizer

CASES = [
    ("Anglo-French talks", [(0, 5, "A"), (6, 12, "B")]),
    ("it weighs 10kg.", [(10, 12, "A"), (12, 14, "B")]),
    ("10:30pm", [(0, 5, "A"), (5, 7, "B")]),
    ("a London-based firm", [(2, 8, "A")]),
    ("see https://www.bonn.de/x now", [(16, 20, "A"), (21, 23, "B")]),
    ("日本語 in Zürich-Süd", [(7, 13, "A")]),
    ("x 😴abc y", [(3, 4, "A"), (4, 6, "B")]),
    ("pre-Anglo-French", [(4, 9, "A")]),
]


@pytest.mark.parametrize(
    "tokenizer",
    [
        Tokenizer(lowercase=False),
        Tokenizer(),
        Tokenizer("character", lowercase=False),
    ],
    ids=["cased", "lower", "character"],
)
def test_spans_are_neither_longer_nor_shorter(tokenizer):
    texts = [text for text, _ in CASES]
    spans = [each for _, each in CASES]
    found = [column.to_list() for column in tokenizer(texts)]
    cut = cut_at(spans, texts, *found, tokenizer)
    for row, (text, each) in enumerate(CASES):
        starts, ends = cut.starts[row], cut.ends[row]
        assert "".join(
            text[a:b] for a, b in zip(starts, ends, strict=True)
        ) == "".join(
            text[a:b] for a, b in zip(*(x[row] for x in found[1:]), strict=True)
        )
        for start, end, _ in each:
            assert start in starts
            assert end in ends
        whole = [found[0][row][source].decode() for source in cut.sources[row]]
        for word, source in zip(cut.words[row], whole, strict=True):
            assert word.decode() in source


def test_only_words_with_a_border_are_cut():
    tokenizer = Tokenizer(lowercase=False)
    texts = ["10kg 10kg", "well-known"]
    found = [column.to_list() for column in tokenizer(texts)]
    cut = cut_at([[(5, 7, "A")], []], texts, *found, tokenizer)
    assert cut.words == [[b"10kg", b"10", b"kg"], found[0][1]]
    assert cut.sources[0] == [0, 1, 1]


def test_a_tagger_learns_parts_and_says_so():
    texts = ["London-based Ann"] * 2
    spans = [[(0, 6, "LOC"), (13, 16, "PER")]] * 2
    model = rnnzoo.build("bilstm_crf_tagger", units=4, min_count=1)
    model.adapt(texts, spans, verbose=0)
    with pytest.warns(UserWarning, match="inside of 2 words.*'London-based'"):
        examples = model.encode(texts, spans, [[2.0, 1.0], [1.0, 1.0]])
    names = [model.tag_set.names[each] for each in examples.labels[0].numpy()]
    assert names[0] == "S-LOC"
    assert names[-1] == "S-PER"
    assert set(names[1:-1]) == {"O"}
    assert examples.weights[0].numpy().tolist() == [2.0] * (len(names) - 1) + [
        1.0
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(model.encode_inputs(texts[:1]).inputs["words"][0]) == 2
        with warning_of_cuts():
            pass
