"""The embedded sentences: ready without a network; names alone do not tell."""

from collections import Counter, defaultdict

import pytest
import tensorflow_datasets as tfds

from rnnzoo.datasets import entities
from rnnzoo.text import tagging


@pytest.fixture(scope="module")
def splits(tmp_path_factory):
    data, info = tfds.load(
        "rnnzoo_entities",
        data_dir=tmp_path_factory.mktemp("data"),
        with_info=True,
    )
    names = info.features["ner"].feature.names
    return {
        name: [
            (
                [token.decode() for token in each["tokens"]],
                [names[tag] for tag in each["ner"]],
            )
            for each in tfds.as_numpy(dataset)
        ]
        for name, dataset in data.items()
    }


def spans(sentences):
    for tokens, names in sentences:
        for label, first, last in tagging.to_spans(names):
            yield label, tokens[first:last]


def test_splits_are_of_the_promised_size_and_share_no_sentence(splits):
    assert {name: len(each) for name, each in splits.items()} == entities.SIZES
    sentences = [" ".join(t) for each in splits.values() for t, _ in each]
    assert len(set(sentences)) == len(sentences)


def test_generation_is_deterministic(splits):
    again = entities.distinct_sentences(entities.SIZES, entities.SEED)
    for name, sentences in splits.items():
        assert sorted(sentences) == sorted(again[name])


def test_tags_are_well_formed(splits):
    for tokens, names in splits["train"]:
        assert tagging.to_tags(tagging.to_spans(names), len(tokens)) == names


def test_names_alone_do_not_tell(splits):
    """The best guess from a single name is wrong about every second time."""
    seen = defaultdict(Counter)
    for label, words in spans(splits["train"]):
        if len(words) == 1:
            seen[words[0]][label] += 1
    hits = [
        seen[words[0]].most_common(1)[0][0] == label
        for label, words in spans(splits["test"])
        if len(words) == 1 and words[0] in seen
    ]
    assert 0.3 < sum(hits) / len(hits) < 0.6


def test_some_names_are_new_at_the_test(splits):
    firsts, lasts = entities.GRAMMAR["first"], entities.GRAMMAR["last"]
    invented = {first + last for first in firsts for last in lasts}
    names = {
        split: {w for _, words in spans(each) for w in words} & invented
        for split, each in splits.items()
    }
    known = names["train"] | names["validation"]
    kept = set(filter(entities.is_kept, invented))
    assert names["test"] & kept
    assert not known & kept
