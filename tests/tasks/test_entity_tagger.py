import json
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

import rnnzoo
from rnnzoo.text.tagging import to_spans, to_tags

TAGS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
LINES = [
    ("Angela Merkel visited Paris .", "B-PER I-PER O B-LOC O"),
    ("Bad .", "O O"),
    ("", ""),
    ("New York saw 1,000 people", "B-LOC I-LOC O O O"),
    ("Paris Hilton left", "B-PER I-PER O"),
    ("İzmir 😴 東京 ! Anna Li", "B-LOC O B-LOC O B-PER I-PER"),
]
WORDS = [words.split() for words, _ in LINES]
LABELS = [tags.split() for _, tags in LINES]
TEXTS = [
    "Angela Merkel visited Paris.",
    "",
    "  Mr.  Li left\u00a0New York\u2028for Paris!  ",
    "?!... ---",
]
SMALL = {
    "min_count": 1,
    "embedding_dim": 12,
    "units": 12,
    "dropout": 0.1,
    "recurrent_dropout": 0.1,
}


def build(name="bilstm_cnn_crf_tagger", seed=1, **options):
    keras.utils.set_random_seed(seed)
    return rnnzoo.build(name, **{**SMALL, **options})


@pytest.fixture(scope="module", params=["bioes", "softmax"])
def model(request):
    name = {
        "bioes": "bilstm_cnn_crf_tagger",
        "softmax": "bilstm_softmax_tagger",
    }
    model = build(name[request.param])
    model.adapt(WORDS, LABELS, verbose=0)
    model.compile(keras.optimizers.Adam(0.02))
    model.fit(WORDS, LABELS, epochs=40, batch_size=6, verbose=0)
    return model


def test_it_learns(model):
    result = model.evaluate(WORDS, LABELS, return_dict=True, verbose=0)
    assert result["f1"] == 1
    assert result["f1_PER"] == result["f1_LOC"] == 1
    assert 0 <= result["loss"] < 0.5
    assert model.predict(WORDS) == LABELS


def test_entities_of_words(model):
    found = model.tag(WORDS)
    assert [(e.text, e.label, e.start, e.end) for e in found[0]] == [
        ("Angela Merkel", "PER", 0, 2),
        ("Paris", "LOC", 3, 4),
    ]
    assert found[1] == found[2] == []
    assert all(0.5 < e.score <= 1 for row in found for e in row)


def test_entities_of_texts(model):
    for text, entities in zip(TEXTS, model.tag(TEXTS), strict=True):
        for entity in entities:
            assert text[entity.start : entity.end] == entity.text
    first = model.tag(TEXTS[0])[0]
    assert [e.text for e in first] == ["Angela Merkel", "Paris"]
    # The same words, the same answer.
    of_words = model.tag([["Angela", "Merkel", "visited", "Paris", "."]])[0]
    for a, b in zip(first, of_words, strict=True):
        assert (a.text, a.label) == (b.text, b.label)
        assert a.score == pytest.approx(b.score, abs=1e-5)


@pytest.mark.parametrize("model", ["bioes"], indirect=True)
def test_scores_are_shares_of_all_sequences(model):
    """By the likelihood of each sequence that has the entity."""
    entity = model.tag([WORDS[4]])[0][0]
    ids = model.encode([WORDS[4]]).inputs
    ids = {name: each.to_tensor() for name, each in ids.items()}
    count = len(model.tag_set)
    paths = np.stack(np.meshgrid(*[range(count)] * 3), -1).reshape(-1, 3)
    potentials = np.repeat(model(ids, training=False), len(paths), axis=0)
    shares = np.exp(model.crf.log_likelihood(potentials, paths))
    names = [[model.tag_set.names[tag] for tag in path] for path in paths]
    has = [
        (entity.label, entity.start, entity.end) in to_spans(each)
        for each in names
    ]
    assert entity.score == pytest.approx(shares[has].sum(), abs=1e-4)


def test_the_batch_and_the_order_change_nothing(model):
    together = model.tag(WORDS)
    for words, expected in zip(WORDS, together, strict=True):
        for a, b in zip(model.tag([words])[0], expected, strict=True):
            assert (a.text, a.start) == (b.text, b.start)
            assert a.score == pytest.approx(b.score, abs=1e-5)
    assert model.predict(WORDS[::-1], batch_size=2) == LABELS[::-1]


@pytest.mark.parametrize("model", ["bioes"], indirect=True)
def test_explanations_are_of_the_text_and_of_each_word(model):
    for text, marking in zip(TEXTS, model.explain(TEXTS), strict=True):
        assert marking.text == text
        assert [text[a:b] for a, b in marking.spans] == marking.tokens
        found = [(e.text, e.label, e.start) for e in marking.entities]
        tagged = model.tag(text)[0]
        assert found == [(e.text, e.label, e.start) for e in tagged]
        assert marking.marginals.shape == (len(marking.tokens), 2)
    (of_words,) = model.explain(WORDS[:1])
    assert of_words.text == " ".join(WORDS[0])
    assert [e.text for e in of_words.entities] == ["Angela Merkel", "Paris"]
    sure = of_words.marginals
    assert (sure.argmax(axis=1)[[0, 1, 3]] == [1, 1, 0]).all()
    assert (sure.sum(axis=1) > 0.5).tolist() == [True, True, False, True, False]


@pytest.mark.parametrize("model", ["bioes"], indirect=True)
def test_saved_and_restored(model, tmp_path, eagerly):
    model.save(tmp_path / "model.keras")
    again = rnnzoo.load(tmp_path / "model.keras")
    assert again.tag(WORDS) == model.tag(WORDS)
    assert again.labels == model.labels
    again.fit(WORDS, LABELS, verbose=0)  # it came compiled
    lent = build(weights=tmp_path / "model.keras")
    assert lent.tag(WORDS) == model.tag(WORDS)


SERVE = """
import json, sys
import tensorflow as tf
model = tf.saved_model.load(sys.argv[1])
texts, words = json.load(sys.stdin)
answers = [model.signatures["serving_default"](text=tf.constant(texts)),
           model.signatures["tokens"](tokens=tf.constant(words))]
assert "rnnzoo" not in sys.modules
json.dump([{name: value.numpy().astype("U" if value.dtype == tf.string else
            value.numpy().dtype).tolist() for name, value in answer.items()}
           for answer in answers], sys.stdout)
"""


@pytest.mark.parametrize("model", ["bioes"], indirect=True)
def test_export_stands_alone(model, tmp_path):
    model.export(tmp_path / "served")
    words = [row + [""] * (7 - len(row)) for row in WORDS]
    done = subprocess.run(
        [sys.executable, "-c", SERVE, str(tmp_path / "served")],
        input=json.dumps([TEXTS, words]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    served, of_words = json.loads(done.stdout)
    assert of_words["counts"] == [len(row) for row in WORDS]
    for tags, count, expected in zip(
        of_words["tags"], of_words["counts"], model.predict(WORDS), strict=True
    ):
        assert tags[:count] == expected
        assert not any(tags[count:])
    for i, (text, entities) in enumerate(
        zip(TEXTS, model.tag(TEXTS), strict=True)
    ):
        row = {name: values[i] for name, values in served.items()}
        n = row.pop("counts")
        surfaces = [
            text[a:b]
            for a, b in zip(row["starts"][:n], row["ends"][:n], strict=True)
        ]
        assert surfaces == row["tokens"][:n]
        spans = to_spans(row["tags"][:n])
        assert len(spans) == len(entities)
        for span, entity in zip(spans, entities, strict=True):
            assert span.label == entity.label
            assert row["starts"][span.first] == entity.start
            assert row["ends"][span.last - 1] == entity.end
            assert row["scores"][span.first] == pytest.approx(
                entity.score, abs=1e-5
            )


def test_every_way_to_give_the_same_sentences():
    """TFDS dictionaries, pairs, lists, texts with spans: the same ids."""
    model = build()
    numbers = [[TAGS.index(tag) for tag in tags] for tags in LABELS]
    spec = {
        "tokens": tf.TensorSpec([None], tf.string),
        "ner": tf.TensorSpec([None], tf.int64),
        "pos": tf.TensorSpec([None], tf.int64),
    }
    dictionaries = tf.data.Dataset.from_generator(
        lambda: (
            {"tokens": np.array(w, object), "ner": n, "pos": n}
            for w, n in zip(WORDS, numbers, strict=True)
        ),
        output_signature=spec,
    )
    classes = tfds.features.Sequence(tfds.features.ClassLabel(names=TAGS))
    model.adapt(dictionaries, labels=classes, verbose=0)
    assert model.labels == ("PER", "LOC")
    assert model.tag_names == tuple(TAGS)
    renamed = dictionaries.map(
        lambda f: {
            "tokens": f["tokens"],
            "tags": f["ner"],
            "langs": f["tokens"],
        }
    )
    pairs = dictionaries.map(lambda f: (f["tokens"], f["ner"]))
    texts = [words for words, _ in LINES[:2]]
    spans = [[(0, 13, "PER"), (22, 27, "LOC")], []]
    spanned = list(zip(texts, spans, strict=True))
    expected = model.encode(WORDS, LABELS)
    for given in (
        (dictionaries,),
        (dictionaries.ragged_batch(4),),
        (dictionaries.padded_batch(4),),
        (renamed,),
        (pairs,),
        (list(zip(WORDS, LABELS, strict=True)),),
        (WORDS, numbers),
        (texts, spans),
        (spanned,),
    ):
        examples = model.encode(*given)
        count = len(examples)
        assert count == (2 if given[-1] in (spans, spanned) else len(WORDS))
        for name in expected.inputs:
            assert (
                examples.inputs[name].to_list()
                == expected.inputs[name][:count].to_list()
            )
        assert examples.labels.to_list() == expected.labels[:count].to_list()
    tags = model.predict(dictionaries)
    assert tags == model.predict(WORDS) == model.predict(pairs)
    assert tags == model.predict(dictionaries.padded_batch(5))


def test_counts_are_the_same_however_the_data_is_cut():
    whole = build()
    whole.adapt(WORDS, LABELS, verbose=0)
    parts = [
        build().count_all(WORDS[first:end], LABELS[first:end], verbose=0)
        for first, end in ((0, 2), (2, 5), (5, 6))
    ]
    task = build()
    task.adapt(counts=parts, verbose=0)
    assert task.learned == whole.learned
    task = build()
    task.tokenizer = rnnzoo.text.SubwordTokenizer()
    with pytest.raises(ValueError, match="pieces of all"):
        task.count_chunks(task.read(WORDS, LABELS))


def test_weights_of_sentences(eagerly):
    model = build(dropout=0.0, recurrent_dropout=0.0, word_dropout=0.0)
    model.adapt(WORDS, LABELS, verbose=0)
    model.compile()
    alone = model.evaluate(WORDS[:1], LABELS[:1], verbose=0)[0]
    both = model.evaluate(
        WORDS[:2], LABELS[:2], sample_weight=[2.0, 0.0], verbose=0
    )[0]
    assert both == pytest.approx(alone, rel=1e-5)


def test_words_of_the_vectors_are_known(tmp_path, eagerly):
    """Also those that no training sentence has; others must occur twice."""
    path = tmp_path / "vectors.txt"  # in another case than the vocabulary
    path.write_text("Paris 1 2 3\nBerlin 4 5 6\nberlin 4 5 6\n")
    model = build(embeddings=path, trainable_embeddings=False, min_count=2)
    model.adapt(WORDS, LABELS, verbose=0)
    assert set(model.vocabulary.tokens) == {".", "paris", "berlin"}
    table = model.features.embedding.embeddings.numpy()
    for word, vector in (("paris", [1, 2, 3]), ("berlin", [4, 5, 6])):
        place = model.vocabulary([word])[0]
        np.testing.assert_array_equal(table[place], vector)
    model.compile()
    model.fit(WORDS, LABELS, verbose=0)
    np.testing.assert_array_equal(
        model.features.embedding.embeddings.numpy(), table
    )


def test_digits_and_cases():
    model = build(normalize_digits=True)
    model.adapt([["In", "1996"], ["F-16"]], [["O", "B-A"], ["B-A"]], verbose=0)
    words = [["1997", "in", "IN", "f-15", "iPhone", "0.5", "?"]]
    ids = model.encode(words).inputs
    known = {"in": 0, "0000": 0, "f-00": 0}
    assert set(model.vocabulary.tokens) == set(known)
    word_ids = ids["words"][0].numpy()
    assert (word_ids[:4] > 1).all()
    assert (word_ids[4:] == 1).all()
    assert len(set(ids["cases"][0].numpy().tolist())) == 7


def test_a_very_long_sentence():
    model = build()
    model.adapt(WORDS, LABELS, verbose=0)
    words = WORDS[0] * 2000
    (tags,) = model.predict([words])
    assert len(tags) == 10_000


def test_two_replicas(mirrored):
    rates = ("dropout", "recurrent_dropout", "word_dropout")
    plain = {"characters": None, **dict.fromkeys(rates, 0.0)}
    with mirrored.scope():
        model = build(**plain)
        model.adapt(WORDS, LABELS, verbose=0)
        model.compile(keras.optimizers.SGD(0.1))
    alone = build(**plain)
    alone.adapt(WORDS, LABELS, verbose=0)
    alone.compile(keras.optimizers.SGD(0.1))
    alone.set_weights(model.get_weights())
    for each in (model, alone):
        each.fit(WORDS, LABELS, batch_size=6, shuffle=False, verbose=0)
    for a, b in zip(model.get_weights(), alone.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


@pytest.fixture(scope="module")
def adapted():
    model = build()
    model.adapt(WORDS, LABELS, verbose=0)
    return model


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: m.encode([["a", "b"]], [["O"]]), "sentence 0: 2 tokens"),
        (lambda m: m.encode([["a"]], [["B-ORG"]]), "'ORG', in sentence 0"),
        (lambda m: m.encode([["a"]], [["b-PER"]]), "'b-PER', in sentence 0"),
        (
            lambda m: m.encode([["a"], ["b"]], [["PER"], ["B-PER"]]),
            "both 'PER' and 'B-PER'",
        ),
        (lambda m: m.encode([["a"]], [[0]]), "labels=info"),
        (lambda m: m.encode(["a b"], [[(5, 9, "PER")]]), "each with a word"),
        (lambda m: m.encode(["a b"], [["O", "O"]]), "spans"),
        (
            lambda m: m.encode(["a b"], [[(0, 1, "PER"), (0, 3, "LOC")]]),
            "overlap.*in sentence 0",
        ),
        (lambda m: m.encode([["a"], "b"]), r"words.*x\[1\]='b'"),
        (lambda m: m.encode([["a"]], ["O"]), r"tags.*y\[0\]='O'"),
        (
            lambda m: build().adapt(WORDS, labels=tfds.builder("mnist").info),
            "`labels`.*one with image, label",
        ),
        (lambda m: m.tag([None]), r"words.*x\[0\]=None"),
        (lambda m: m.predict([[1, 2]]), "Expected strings"),
        (lambda m: m.adapt(WORDS, LABELS), "has a vocabulary"),
        (lambda m: build().predict(WORDS), "adapt"),
        (lambda m: build().encode(WORDS), "adapt"),
        (lambda m: m.compile(loss="mse"), "`loss`.*'mse'"),
        (lambda m: m.compile(metrics=["accuracy"]), "`metrics`.*SpanF1"),
        (lambda m: m.fit(WORDS, LABELS, class_weight={0: 2}), "`class_weight`"),
        (
            lambda m: build().adapt(WORDS, [["O"] * len(w) for w in WORDS]),
            "no entities",
        ),
        (lambda m: build(tag_scheme="iob"), "`tag_scheme`.*'iob'"),
        (lambda m: build(characters="rnn"), "`characters`"),
    ],
)
def test_bad_input(adapted, call, message):
    with pytest.raises(ValueError, match=message):
        call(adapted)


def test_stray_inside_tags_begin_entities():
    model = build()
    model.adapt(WORDS, LABELS, verbose=0)
    stray = [["I-PER" if tag == "B-PER" else tag for tag in t] for t in LABELS]
    assert (
        model.encode(WORDS, stray).labels.to_list()
        == model.encode(WORDS, LABELS).labels.to_list()
    )


@pytest.mark.parametrize("scheme", ["bilou", "bmewo", "io"])
def test_tags_of_every_scheme(scheme):
    """Read in any scheme, learned in any, answered in BIO."""
    tags = [to_tags(to_spans(each), len(each), scheme) for each in LABELS]
    if scheme == "io":  # with plain labels
        tags = [[tag.removeprefix("I-") for tag in each] for each in tags]
    model = build(tag_scheme=scheme, characters=None)
    model.adapt(WORDS, tags, verbose=0)
    assert model.labels == ("LOC", "PER")
    expected = [model.tag_set.encode(each) for each in LABELS]
    assert model.encode(WORDS, tags).labels.to_list() == expected
    answers = model.predict(WORDS)
    assert {tag[0] for row in answers for tag in row} <= set("BIO")


@pytest.mark.data
def test_conll2003(data_dir):
    splits, info = tfds.load(
        "conll2003", data_dir=data_dir, download=False, with_info=True
    )
    model = build("bilstm_crf_tagger", tag_scheme="bio")
    model.adapt(splits["train"].take(300), labels=info, verbose=0)
    model.compile()
    model.fit(splits["train"].take(300), verbose=0)
    assert model.labels == ("PER", "ORG", "LOC", "MISC")
    answers = model.predict(splits["dev"].take(50))
    lengths = [len(f["tokens"]) for f in splits["dev"].take(50)]
    assert [len(tags) for tags in answers] == lengths
