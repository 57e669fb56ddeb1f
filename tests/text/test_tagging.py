import itertools

import pytest

from rnnzoo.text.tagging import (
    SCHEMES,
    Span,
    TagSet,
    from_offsets,
    to_spans,
    to_tags,
)

NAMES = ["O", *(f"{p}-{x}" for p in "BIES" for x in ("A", "B-C"))]


def test_spans_are_those_of_seqeval():
    labeling = pytest.importorskip("seqeval.metrics.sequence_labeling")
    for length in range(4):
        for tags in itertools.product(NAMES, repeat=length):
            theirs = labeling.get_entities(list(tags))
            ours = [(label, a, b - 1) for label, a, b in to_spans(tags)]
            assert ours == theirs, tags


@pytest.mark.parametrize("name", ["IOB2", "IOBES", "BILOU"])
def test_well_formed_tags_are_those_of_seqeval_s_schemes(name):
    """All that the constraints allow, and nothing else, is well formed."""
    schemes = pytest.importorskip("seqeval.scheme")
    ours = {"IOB2": "bio", "IOBES": "bioes", "BILOU": "bilou"}[name]
    tag_set = TagSet(["A", "B"], ours)
    start, between, end = tag_set.constraints
    well_formed = 0
    for path in itertools.product(range(len(tag_set)), repeat=3):
        tags = [tag_set.names[each] for each in path]
        found = schemes.Tokens(tags, getattr(schemes, name)).entities
        found = [(each.tag, each.start, each.end) for each in found]
        allowed = start[path[0]] and end[path[-1]]
        allowed &= all(between[a][b] for a, b in itertools.pairwise(path))
        inside = sum(last - first for _, first, last in found)
        # Strictly read, a tag of no span is one that is badly placed.
        assert allowed == (inside == sum(tag != "O" for tag in tags)), tags
        if allowed:
            well_formed += 1
            assert to_spans(tags) == found
    assert well_formed > 30


@pytest.mark.parametrize("letters", ["BILUO", "BMEWO"])
def test_other_letters_mean_those_of_bioes(letters):
    bioes = dict(zip(letters, "BIESO", strict=True))
    names = ["O", *(f"{p}-{x}" for p in letters[:4] for x in ("A", "B"))]
    for tags in itertools.product(names, repeat=3):
        same = [bioes[tag[0]] + tag[1:] for tag in tags]
        assert to_spans(tags) == to_spans(same)


def test_plain_labels_are_those_of_io():
    tags = ["PER", "PER", "O", "LOC", "PER", "NN|SYM", "."]
    with_letters = [tag if tag == "O" else f"I-{tag}" for tag in tags]
    assert to_spans(tags) == to_spans(with_letters)
    assert to_spans(tags)[0] == Span("PER", 0, 2)
    tag_set = TagSet(["PER", "LOC"], "io")
    assert tag_set.names == ("O", "I-PER", "I-LOC")
    assert tag_set.encode(["B-PER", "B-PER", "O"]) == [1, 1, 0]
    start, between, end = tag_set.constraints
    assert all([*start, *end, *itertools.chain.from_iterable(between)])


@pytest.mark.parametrize("scheme", ["bio", "bioes", "bilou", "bmewo"])
def test_spans_to_tags_and_back(scheme):
    spans = [Span("A", 0, 1), Span("A", 1, 3), Span("B", 4, 7)]
    tags = to_tags(spans[::-1], 8, scheme)
    assert to_spans(tags) == spans
    expected = {
        "bio": "B-A B-A I-A O B-B I-B I-B O",
        "bioes": "S-A B-A E-A O B-B I-B E-B O",
        "bilou": "U-A B-A L-A O B-B I-B L-B O",
        "bmewo": "W-A B-A E-A O B-B M-B E-B O",
    }
    assert " ".join(tags) == expected[scheme]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_encoding_repairs_what_no_scheme_would_write(scheme):
    tag_set = TagSet(["A", "B"], scheme)
    ids = tag_set.encode(["I-A", "I-A", "O", "I-B", "I-A"])
    names = [tag_set.names[each] for each in ids]
    assert to_spans(names) == [
        Span("A", 0, 2),
        Span("B", 3, 4),
        Span("A", 4, 5),
    ]
    assert tag_set.encode([]) == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_constraints_allow_what_encoding_makes(scheme):
    tag_set = TagSet(["A", "B"], scheme)
    start, between, end = tag_set.constraints
    for path in itertools.product(range(len(tag_set)), repeat=3):
        allowed = start[path[0]] and end[path[-1]]
        allowed &= all(between[a][b] for a, b in itertools.pairwise(path))
        names = [tag_set.names[each] for each in path]
        assert allowed == (tag_set.encode(names) == list(path)), names


def test_words_that_share_a_character_belong_to_the_span():
    starts, ends = [0, 4, 11, 18], [3, 10, 17, 19]
    spans = from_offsets([(4, 17, "A"), (1, 3, "B")], starts, ends)
    assert spans == [Span("A", 1, 3), Span("B", 0, 1)]
    with pytest.raises(ValueError, match=r"each with a word.*\(3, 4, 'A'\)"):
        from_offsets([(3, 4, "A")], starts, ends)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: to_spans(["X-A"]), "'X-A'"),
        (lambda: to_spans(["B"]), "'B'"),
        (
            lambda: TagSet("A").encode(["B-Z"]),
            r"labels of \['A'\]. Received: 'Z'",
        ),
        (lambda: to_spans(["b-A"]), "'b-A'"),
        (lambda: to_spans(["o"]), "'o'"),
        (lambda: to_spans(["nan"]), "'nan'"),
        (lambda: TagSet("A", "iob"), "`scheme`.*'iob'"),
        (lambda: to_tags([("A", 0, 3)], 2), "`spans`"),
        (lambda: to_tags([("A", 0, 2), ("B", 1, 2)], 2), "overlap"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
