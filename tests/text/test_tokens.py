"""One protocol: each tokenizer can stand in for any other."""

import pytest
import tensorflow as tf

from rnnzoo.export import lookup_tables
from rnnzoo.ids import pad
from rnnzoo.text import (
    SubwordTokenizer,
    TokenCounter,
    Tokenizer,
    TokenizerProtocol,
    in_graph,
)

TEXTS = [
    'A fine film... he said. "Go!"Really. Mr. X and İstanbul agree',
    "",
    "One<br /><br />Two\n\nthree: 日本語。終わり！",
    "end.Begin without a space.",
    "sci-fi " + "ab" * 40 + ". xyz",
    " \t ",
]
SIZES = {"word": None, "character": None, "subword": 60}


@pytest.fixture(params=SIZES)
def unit(request):
    return request.param


@pytest.fixture(params=[False, True], ids=["as written", "lowercase"])
def tokenizer(unit, request):
    """A tokenizer that has learned its tokens."""
    return learned(unit, request.param)


def learned(unit, lowercase=False):
    if unit == "subword":
        tokenizer = SubwordTokenizer(lowercase)
    else:
        tokenizer = Tokenizer(unit, lowercase)
    counter = TokenCounter()
    counter.update(tokenizer.to_count(TEXTS))
    tokenizer.learn(counter.counts, SIZES[unit])
    return tokenizer


def test_all_follow_the_protocol(tokenizer, unit):
    assert isinstance(tokenizer, TokenizerProtocol)
    assert tokenizer.unit == unit
    again = type(tokenizer).from_config(tokenizer.get_config())
    assert again.lowercase == tokenizer.lowercase
    assert again(TEXTS).words.to_list() == tokenizer(TEXTS).words.to_list()


@pytest.mark.parametrize("max_words", [None, 1, 3])
def test_sentences_are_the_tokens_of_the_text(tokenizer, max_words):
    flat, nested = tokenizer(TEXTS), tokenizer.sentences(TEXTS, max_words)
    lengths = nested.words.row_lengths(axis=2).flat_values.numpy()
    assert lengths.min() > 0
    if max_words:
        assert lengths.max() == max_words
    spaces = flat.words.values == " "  # not between sentences
    for ours, theirs in zip(nested, flat, strict=True):
        ours = tf.boolean_mask(
            ours.flat_values, nested.words.flat_values != " "
        )
        theirs = tf.boolean_mask(theirs.values, ~spaces)
        assert ours.numpy().tolist() == theirs.numpy().tolist()


def test_sentences_of_all_units_are_the_same(tokenizer):
    expected = [
        [
            "A fine film... he said.",
            '"Go!"',
            "Really.",
            "Mr. X and İstanbul agree",
        ],
        [],
        ["One", "Two", "three: 日本語。", "終わり！"],
        ["end.", "Begin without a space."],
        ["sci-fi " + "ab" * 40 + ".", "xyz"],
        [],
    ]
    _, starts, ends = map(tf.RaggedTensor.to_list, tokenizer.sentences(TEXTS))
    assert expected == [
        [text[a[0] : b[-1]] for a, b in zip(*places, strict=True)]
        for text, *places in zip(TEXTS, starts, ends, strict=True)
    ]


def test_long_sentences_continue_in_the_next(tokenizer):
    whole = tokenizer.sentences(TEXTS)
    cut = tokenizer.sentences(TEXTS, 3)
    for ours, theirs in zip(cut, whole, strict=True):
        assert ours.to_list() == [
            [
                sentence[i : i + 3]
                for sentence in text
                for i in range(0, len(sentence), 3)
            ]
            for text in theirs.to_list()
        ]


def test_offsets_of_sentences_are_places_of_the_text(unit):
    tokens = learned(unit).sentences(TEXTS)
    for text, *columns in zip(TEXTS, *tokens, strict=True):
        place = 0
        columns = [column.flat_values.numpy().tolist() for column in columns]
        for word, start, end in zip(*columns, strict=True):
            word = word.decode()
            written = text[start:end]
            assert place <= start <= end <= len(text)
            if unit == "subword":
                word = word.removeprefix("▁")
                assert len(word) == end - start
            assert word == written or word.isspace()
            place = end


def test_joined_tokens_are_the_text_again(tokenizer):
    texts = ["A fine film. Go!", "", "İstanbul, sci-fi: one"]
    if tokenizer.lowercase:
        texts = [text.lower() for text in texts]
    tokens = tokenizer(texts).words
    padded = pad(tokens)
    for each, shape in [
        (tokens, [3]),
        (padded, [3]),
        (padded[:, None], [3, 1]),
        (padded[:0], [0]),
    ]:
        joined = tokenizer.join(each)
        assert joined.shape == shape
        found = tf.reshape(joined, [-1]).numpy()
        assert [x.decode() for x in found] == texts[: len(found)]


def test_exports_need_stock_operations_only(unit, tmp_path):
    tokenizer = learned(unit, lowercase=True)

    @in_graph
    def split(texts):
        words = tokenizer(texts).words
        sentences = tokenizer.sentences(texts, 7)
        return {
            "sentences": sentences.words.to_tensor(),
            "starts": sentences.starts.to_tensor(),
            "ends": sentences.ends.to_tensor(),
            "texts": tokenizer.join(words),
        }

    signature = split.get_concrete_function()
    graph = signature.graph.as_graph_def()
    operations = [node.op for node in graph.node]
    for function in graph.library.function:
        operations += [node.op for node in function.node_def]
    assert not [op for op in operations if "Py" in op or "Numpy" in op]
    module = tf.Module()
    module.tables = lookup_tables(tokenizer)
    tf.saved_model.save(module, str(tmp_path), {"serving_default": split})
    served = tf.saved_model.load(str(tmp_path))
    for texts in (TEXTS, TEXTS[:1], TEXTS[1:2]):
        theirs = served.signatures["serving_default"](tf.constant(texts))
        for name, ours in split(tf.constant(texts)).items():
            assert theirs[name].numpy().tolist() == ours.numpy().tolist()


def test_the_number_of_ids_is_optional_where_it_can_be():
    counts = {"a": 2, "b": 1}
    assert Tokenizer().learn(counts) == ("a", "b")
    assert Tokenizer().learn(counts, 3) == ("a",)
    assert Tokenizer().learn(counts, min_count=2) == ("a",)
    with pytest.raises(ValueError, match="`vocabulary_size`"):
        SubwordTokenizer().learn(counts)
    with pytest.raises(ValueError, match="`max_words`.*=0"):
        learned("subword").sentences(["a"], 0)
    for split in (SubwordTokenizer(), SubwordTokenizer().sentences):
        with pytest.raises(ValueError, match="pieces.*not known"):
            split(["a"])
