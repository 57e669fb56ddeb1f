"""Weights of examples, of words and of classes."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import rnnzoo

SMALL = {"units": 4, "embedding_dim": 4, "min_count": 1}
NO_NOISE = {"dropout": 0.0, "recurrent_dropout": 0.0, "word_dropout": 0.0}
TEXTS = ["good", "bad", "so so", "very good", "fine", "well"]
LABELS = ["pos", "neg", "mid", "pos", "pos", "mid"]
WORDS = [["Ann", "saw", "New", "York"], ["Bad"], [], ["Ann", "ran"]]
TAGS = [["B-PER", "O", "B-LOC", "I-LOC"], ["O"], [], ["B-PER", "O"]]
BY_WORD = [[2.0, 0.5, 0.0, 1.0], [3.0], [], [1.0, 0.25]]


def built(name, x, y, **overrides):
    keras.utils.set_random_seed(1)
    model = rnnzoo.build(name, **SMALL, **NO_NOISE, **overrides)
    model.adapt(x, y, verbose=0)
    model.compile(keras.optimizers.SGD(0.5))
    return model


@pytest.fixture(scope="module", params=["bilstm_crf_tagger", "softmax"])
def tagger(request):
    name = {"softmax": "bilstm_softmax_tagger"}.get(request.param)
    model = built(name or request.param, WORDS, TAGS, characters=None)
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=each.shape) for each in model.get_weights()]
    model.set_weights(weights)
    return model


def loss(model, *data, **options):
    return model.evaluate(*data, verbose=0, return_dict=True, **options)["loss"]


def test_a_sentence_weighs_as_all_of_its_words(tagger, eagerly):
    rows = [2.0, 0.0, 1.0, 3.0]
    alone = [loss(tagger, [x], [y]) for x, y in zip(WORDS, TAGS, strict=True)]
    expected = np.dot(rows, alone) / 4
    for weights in (
        rows,
        np.reshape(rows, (4, 1)),
        [[w] * len(words) for w, words in zip(rows, WORDS, strict=True)],
    ):
        found = loss(tagger, WORDS, TAGS, sample_weight=weights)
        assert found == pytest.approx(expected, rel=1e-5)


def test_each_word_has_its_own_weight(tagger, eagerly):
    """Each word alone by a weight of 1: the loss is linear in the weights."""
    shares = []
    for row, words in enumerate(WORDS):
        for place in range(len(words)):
            only = [np.zeros(len(each)) for each in WORDS]
            only[row][place] = 1
            shares.append(loss(tagger, WORDS, TAGS, sample_weight=only))
    assert sum(shares) == pytest.approx(loss(tagger, WORDS, TAGS), rel=1e-5)
    expected = np.dot(shares, np.concatenate(BY_WORD))
    columns = [tf.ragged.constant(each) for each in (WORDS, TAGS, BY_WORD)]
    dataset = tf.data.Dataset.from_tensor_slices(tuple(columns))
    for data in (
        (WORDS, TAGS, BY_WORD),
        (dataset,),
        (
            dataset.map(
                lambda *row: tuple(map(tf.convert_to_tensor, row))
            ).padded_batch(3),
        ),
    ):
        examples = tagger.encode(*data)
        assert loss(tagger, examples) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("tagger", ["bilstm_crf_tagger"], indirect=True)
def test_class_weights_of_tags_are_weights_of_words(tagger, eagerly):
    for class_weight, expected in (
        ({"PER": 2, "O": 0.5}, [[2, 0.5, 1, 1], [0.5], [], [2, 0.5]]),
        ({"LOC": 2, "I-LOC": 3}, [[1, 1, 2, 3], [1], [], [1, 1]]),
        # Words: two of PER, two of LOC, three outside.
        (
            "balanced",
            [[7 / 6, 7 / 9, 7 / 6, 7 / 6], [7 / 9], [], [7 / 6, 7 / 9]],
        ),
    ):
        found = tagger.class_weights(tagger.encode(WORDS, TAGS), class_weight)
        for ours, row in zip(found.to_list(), expected, strict=True):
            assert ours == pytest.approx(row)
    trained = []
    for options in (
        {"class_weight": {"O": 0.5}, "sample_weight": [1, 2, 1, 3]},
        {"sample_weight": [[1, 0.5, 1, 1], [1.0], [], [3, 1.5]]},
    ):
        model = built("bilstm_crf_tagger", WORDS, TAGS)
        model.fit(WORDS, TAGS, verbose=0, shuffle=False, **options)
        trained.append(model.get_weights())
    for ours, others in zip(*trained, strict=True):
        np.testing.assert_allclose(ours, others, atol=1e-6)


def test_balanced_is_what_scikit_learn_means(eagerly):
    utils = pytest.importorskip("sklearn.utils.class_weight")
    model = built("bilstm_classifier", TEXTS, LABELS, num_classes=3)
    expected = utils.compute_sample_weight("balanced", LABELS)
    by_name = dict(zip(LABELS, expected, strict=True))
    in_order = [by_name[name] for name in model.labels]
    for class_weight in (
        "balanced",
        by_name,
        dict(enumerate(in_order)),
        in_order,
        np.array(in_order),
    ):
        examples = model.encode(TEXTS, LABELS)
        found = model.class_weights(examples, class_weight)
        np.testing.assert_allclose(found, expected, rtol=1e-6)
        model.fit(TEXTS, LABELS, class_weight=class_weight, verbose=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sample_weight": [[1, 2], 1, 1, 1]}, "sentence 0: 2 numbers and 4"),
        ({"sample_weight": [1, "a", 1, 1]}, r"sample_weight\[1\]='a'"),
        ({"sample_weight": [1, [np.nan], 1, 1]}, r"sample_weight\[1\]=\[nan\]"),
        ({"sample_weight": [1, 2]}, "as many as"),
        ({"class_weight": {"ORG": 2.0}}, "any of the classes.*'PER'.*'ORG'"),
        ({"class_weight": [1.0, 2.0]}, r"any of the classes.*\[1.0, 2.0\]"),
        ({"class_weight": {"PER": -1}}, r"class_weight\['PER'\]=-1"),
    ],
)
@pytest.mark.parametrize("tagger", ["bilstm_crf_tagger"], indirect=True)
def test_bad_weights(tagger, options, message):
    with pytest.raises(ValueError, match=message):
        tagger.fit(WORDS, TAGS, verbose=0, **options)


def test_the_recipe_weighs_classes_too(tmp_path):
    for class_weight, message in (
        ({"no": 2.0}, r"`class_weight`.*'pos'.*\{'no': 2.0\}"),
        ("balanced", "another training.*class_weight"),
    ):
        with pytest.raises(ValueError, match=message):
            rnnzoo.finetune(
                "bilstm_classifier",
                (TEXTS, LABELS),
                num_classes=3,
                class_weight=class_weight,
                out=tmp_path,
                verbose=0,
                **SMALL,
            )
