"""Summaries whose words are written or copied."""

import importlib.util
import random

import keras
import numpy as np
import pytest
import tensorflow as tf

import rnnzoo
from rnnzoo.datasets.notices import invent_names

SMALL = {
    "embedding_dim": 16,
    "units": 16,
    "min_count": 4,
    "dropout": 0.0,
    "word_dropout": 0.0,
    "label_smoothing": 0.0,
}
RNG = random.Random(1)
FORMS = (
    ("There is a talk with {0} on {1}.", "Talk with {0} on {1}"),
    ("From {1} on, {0} is our cook.", "{0} is our new cook"),
    ("You find {0} here on {1}.", "{0} is here"),
)


def notices(count):
    """Texts that name two people, and what is said of the first."""
    texts, summaries = [], []
    names = invent_names(2 * count, RNG)
    for first, other in zip(names[::2], names[1::2], strict=True):
        day = RNG.choice(("Monday", "Friday"))
        text, summary = RNG.choice(FORMS)
        thanks = f"Thank you, {other}"
        texts.append(f"{text.format(first, day)} {thanks}")
        summaries.append(summary.format(first, day))
    return texts, summaries


TRAIN, HELD_OUT = notices(400), notices(40)


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(1)
    model = rnnzoo.build(
        "pointer_generator_summarizer", source_length=20, **SMALL
    )
    model.adapt(*TRAIN, verbose=0)
    model.compile(optimizer=keras.optimizers.Adam(0.01))
    model.fit(*TRAIN, batch_size=20, epochs=16, verbose=0)
    return model


def test_names_that_no_one_has_seen_are_copied(model):
    texts, summaries = HELD_OUT
    written = model.summarize(texts)
    right = np.mean([a == b for a, b in zip(written, summaries, strict=True)])
    assert right >= 0.95
    known = set(model.target_vocabulary.tokens)
    digests = model.explain(texts)
    assert [each.summary for each in digests] == written
    for digest in digests:
        for token, share in zip(digest.written, digest.copied, strict=True):
            if token not in known:
                assert share == pytest.approx(1)
        names = {digest.tokens[place] for place in digest.places_copied()}
        assert {*digest.written} - known <= names
        np.testing.assert_allclose(digest.weights.sum(), 1, atol=1e-5)


def test_the_probabilities_are_those_of_the_paper(model):
    """Equation 9, for words that no vocabulary has; all of them sum to 1."""
    examples = model.encode(*(each[:5] for each in HELD_OUT))
    ((inputs, labels),) = examples.batches(5)
    decoded = model(inputs)
    found = tf.nn.softmax(decoded.logits).numpy()
    copies, size = inputs["copies"].numpy(), model.target.size
    copying = 1 / (1 + np.exp(decoded.generate.numpy()))
    for row, step in np.argwhere(labels.numpy() >= size):
        label = labels[row, step]
        weights = decoded.weights[row, step].numpy()
        expected = copying[row, step] * weights[copies[row] == label].sum()
        assert found[row, step, label] == pytest.approx(expected, rel=1e-4)
    of_words = np.zeros_like(found[..., :size])
    for row, step, word in np.ndindex(of_words.shape):
        weights = decoded.weights[row, step].numpy()
        copied = copying[row, step] * weights[copies[row] == word].sum()
        of_words[row, step, word] = found[row, step, word] - copied
    np.testing.assert_allclose(of_words.sum(axis=2), 1 - copying, atol=1e-5)
    np.testing.assert_allclose(found.sum(axis=2), 1, atol=1e-5)


def test_summaries_have_limits(model):
    texts = HELD_OUT[0][:4]
    assert {
        len(each.split()) for each in model.summarize(texts, max_words=2)
    } == {2}
    longer = model.summarize(texts, min_words=9, return_scores=True)
    for each in longer:
        assert len(each.tokens) >= 9
        trigrams = list(zip(*(each.tokens[i:] for i in range(3)), strict=False))
        assert len({*trigrams}) == len(trigrams)
    free = model.summarize(
        texts, min_words=30, max_words=30, block_ngrams=0, return_scores=True
    )
    assert {len(each.tokens) for each in free} == {30}
    assert model.longest == 5  # "is our new cook", with a name
    assert model.beam(4).max_length == 15
    assert model.summarize(["", " ", "\u2028"]) == [""] * 3
    assert model.summarize([]) == []
    assert all(map(len, model.summarize(["!", "Zq", "\U0001f634"])))
    for wrong, name in (
        ({"max_words": 2, "min_words": 3}, "min_words"),
        ({"max_length": 2, "min_length": 3}, "min_words"),
        ({"max_words": 0}, "max_words"),
        ({"min_words": -1}, "min_words"),
        ({"max_words": 2, "max_length": 2}, "max_words"),
        ({"beam_width": 2, "n_best": 3}, "n_best"),
    ):
        with pytest.raises(ValueError, match=f"argument `{name}`"):
            model.summarize(texts, **wrong)
    with pytest.raises(ValueError, match="`words`"):
        model.summarize(texts, words=3)


def test_a_text_beyond_the_limit_is_not_read(model):
    text = HELD_OUT[0][0] + " It rained all day, and we went home." * 3
    digest = model.explain(text)[0]
    assert len(digest.tokens) == 20
    assert digest.unread
    assert "Beyond the model's limit of 20, not read" in repr(digest)
    read = text[: len(text) - len(digest.unread)]
    assert model.summarize([read]) == [digest.summary]


def test_an_export_summarizes_and_explains(model, tmp_path):
    texts = [*HELD_OUT[0][:3], "", "word " * 50]
    model.export(tmp_path / "served", max_words=6)
    served = tf.saved_model.load(str(tmp_path / "served")).signatures
    found = served["serving_default"](text=tf.constant(texts))
    expected = model.summarize(texts, max_words=6, return_scores=True)
    assert [e.decode() for e in found["summary"].numpy()] == [
        each.text for each in expected
    ]
    np.testing.assert_allclose(
        found["score"], [each.score for each in expected], atol=1e-5
    )
    found = served["n_best"](
        text=tf.constant(texts),
        beam_width=tf.constant(3),
        n_best=tf.constant(2),
    )
    best = model.summarize(texts, 3, 2, max_words=6)
    for row, each in zip(found["summaries"].numpy(), best, strict=True):
        assert [one.decode() for one in row if one][: len(each)] == [
            one for one in each if one
        ]
    found = served["explain"](text=tf.constant(texts))
    for row, digest in enumerate(model.explain(texts[:4])):
        assert found["summary"][row].numpy().decode() == digest.summary
        written, read = len(digest.written), len(digest.tokens)
        for name in ("generate", "copied"):
            values = found[name][row].numpy()
            np.testing.assert_allclose(
                values[:written], getattr(digest, name), atol=1e-5
            )
            assert not values[written:].any()
        alignment = found["alignment"][row].numpy()
        np.testing.assert_allclose(
            alignment[:written, :read], digest.alignment, atol=1e-5
        )
        assert not alignment[written:].any()


class Phases(keras.callbacks.Callback):
    """Keeps, at the end of epochs, the switch and what coverage learns."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_epoch_end(self, epoch, logs=None):
        attention = self.model.decoder.attention
        kernel = attention.coverage_kernel.numpy().copy()
        self.seen.append((float(attention.covers), kernel))


def test_coverage_begins_later():
    model = rnnzoo.build(
        "pointer_generator_summarizer", coverage_from=0.6, **SMALL
    )
    data = TRAIN[0][:20], TRAIN[1][:20]
    model.adapt(*data, verbose=0)
    model.compile(steps_per_execution=1)
    before, phases = model.decoder.attention.coverage_kernel.numpy(), Phases()
    model.fit(
        *data, epochs=4, validation_data=data, callbacks=[phases], verbose=0
    )
    assert [covers for covers, _ in phases.seen] == [0, 0, 1, 1]
    kernels = [kernel for _, kernel in phases.seen]
    np.testing.assert_array_equal(kernels[1], before)
    assert np.abs(kernels[3] - before).max() > 0
    model.fit(*data, epochs=1, verbose=0)  # The last epoch has coverage.
    attention = model.decoder.attention
    assert float(attention.covers) == 1
    # The loss of training has that of coverage, but for the switch.
    ((inputs, labels),) = model.encode(*data).batches(20)
    losses = {}
    for covers in (0.0, 1.0):
        attention.covers.assign(covers)
        decoded = model(inputs)
        losses[covers] = [
            model.compute_loss(inputs, labels, decoded, training=training)
            for training in (True, False)
        ]
    assert float(losses[0.0][0]) == pytest.approx(float(losses[0.0][1]))
    mask = tf.cast(labels != 0, tf.float32)
    coverage = rnnzoo.losses.coverage(decoded.weights, mask)
    coverage *= len(labels) / tf.reduce_sum(mask)
    whole, plain = losses[1.0]
    assert float(whole) == pytest.approx(float(plain + coverage), rel=1e-5)
    for share in (-0.1, 1.0):
        with pytest.raises(ValueError, match="argument `coverage_from`"):
            rnnzoo.build("pointer_generator_summarizer", coverage_from=share)


def test_batches_have_texts_of_similar_length(model, tmp_path):
    """And then of summaries of similar length."""
    texts = ["word " * n for n in (3, 15, 3, 16, 3, 17)]
    summaries = ["a " * n for n in (9, 1, 5, 9, 1, 5)]
    examples = model.encode(texts, summaries)
    order = examples.order().tolist()
    assert order == [1, 5, 3, 4, 2, 0]
    again = model.encode(texts, summaries, out=tmp_path / "ids", verbose=0)
    assert again.order().tolist() == order
    (longest, _), (shortest, _) = examples.batches(3)
    assert longest["source"].shape == (3, 17)
    assert shortest["source"].shape == (3, 3)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("email_body", "subject_line"),
        ("document", "summary"),
        ("article", "highlights"),
        ("text", "title"),
    ],
)
def test_datasets_are_read_as_they_are(source, target):
    rows = {source: TRAIN[0][:4], target: TRAIN[1][:4]}
    if source == "article":  # cnn_dailymail has more
        rows |= {"id": ["a"] * 4, "publisher": ["b"] * 4}
    data = tf.data.Dataset.from_tensor_slices(rows)
    model = rnnzoo.build("pointer_generator_summarizer", **SMALL)
    counts = model.count_all(data, verbose=0)
    assert counts["source"].counts["Thank"] == 4
    assert counts["target"].counts.keys() & {"here", "with", "cook"}


def test_sentences_are_read_and_padding_changes_nothing(tmp_path):
    keras.utils.set_random_seed(1)
    model = rnnzoo.build(
        "pointer_generator_summarizer",
        hierarchical=True,
        coverage=False,
        **SMALL | {"units": 8},
    )
    model.adapt(*TRAIN, verbose=0)
    model.compile(optimizer=keras.optimizers.Adam(0.01))
    history = model.fit(*TRAIN, batch_size=20, epochs=3, verbose=0).history
    assert history["loss"][-1] < 0.7 * history["loss"][0]
    texts = [*HELD_OUT[0][:3], "One. Two. " * 30, ""]
    together = model.summarize(texts, return_scores=True)
    for text, expected in zip(texts, together, strict=True):
        (alone,) = model.summarize([text], return_scores=True)
        assert alone.text == expected.text
        assert alone.score == pytest.approx(expected.score, abs=1e-5)
    model.save(tmp_path / "model.keras")
    again = rnnzoo.load(tmp_path / "model.keras")
    assert again.hierarchical
    assert again.summarize(texts) == [each.text for each in together]


def test_the_best_epoch_is_that_of_rouge(model, monkeypatch):
    texts, summaries = HELD_OUT
    metrics = model.evaluate(texts, summaries, return_dict=True, verbose=0)
    expected = rnnzoo.tasks.summarizer.scoring.rouge(
        model.summarize(texts), [[each] for each in summaries]
    )
    for name, score in expected.scores.items():
        assert metrics[name] == pytest.approx(score)
        assert model.signatures[name] == expected.signature
    assert model.monitor == "rougeLsum"
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name: None if name == "rouge_score" else find_spec(name),
    )
    assert model.monitor == "accuracy"
    with pytest.warns(UserWarning, match=r"rnnzoo\[scoring\]"):
        metrics = model.evaluate(texts, summaries, return_dict=True, verbose=0)
    assert "rougeLsum" not in metrics
    with pytest.raises(ValueError, match="argument `decoder`"):
        rnnzoo.Summarizer(
            rnnzoo.layers.Embedding(9, 4),
            rnnzoo.layers.Stack([rnnzoo.layers.GRU(4, return_sequences=True)]),
            rnnzoo.layers.AttentionDecoder(
                4, rnnzoo.layers.LuongAttention(), rnnzoo.layers.Embedding(9, 4)
            ),
        )
