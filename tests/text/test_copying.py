import keras
import numpy as np
import pytest
import tensorflow as tf

import rnnzoo
from rnnzoo import losses, text
from rnnzoo.text import copying

RNG = np.random.default_rng(0)
LETTERS = list("bcdfgklmnprst")


def names(count):
    return ["".join(RNG.choice(LETTERS, 6)) for _ in range(count)]


def pairs(count):
    """Names that no vocabulary has, in the other order."""
    both = list(zip(names(count), names(count), strict=True))
    return (
        [f"call {a} for {b} now" for a, b in both],
        [f"jetzt {b} bei {a} anrufen" for a, b in both],
    )


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(1)
    model = rnnzoo.build(
        "bahdanau_translator",
        unit="word",
        embedding_dim=16,
        units=16,
        copy=True,
        dropout=0.0,
        recurrent_dropout=0.0,
        word_dropout=0.0,
    )
    sources, targets = pairs(200)
    model.adapt(sources, targets, verbose=0)
    model.compile(optimizer=keras.optimizers.Adam(0.02))
    model.fit(sources, targets, batch_size=25, epochs=20, verbose=0)
    return model


def test_unknown_words_point_to_their_first_place():
    vocabulary = text.Vocabulary(["a", "b"])
    words = tf.ragged.constant([["u", "a", "v", "u"], [], ["w"]])
    source = tf.ragged.constant([["b", "v", "v"], ["u"], []])
    found = copying.point(words, vocabulary, source, 10)
    assert found.to_list() == [[1, 2, 11, 1], [], [1]]
    itself = copying.point(words, vocabulary, words, 10)
    assert itself.to_list() == [[10, 2, 12, 10], [], [10]]
    strings = copying.spell(
        tf.constant([[[2, 11], [12, 0]]]),
        tf.constant(["", "<unk>", *"abcdefgh"]),
        tf.constant([["b", "v", "w"]]),
    )
    assert strings.numpy().tolist() == [[[b"a", b"v"], [b"w", b""]]]
    nothing = copying.spell(
        [[[1, 0]]], tf.constant(["", "a"]), tf.zeros([1, 0], tf.string)
    )
    assert nothing.numpy().tolist() == [[[b"a", b""]]]


def test_it_learns_to_copy_what_it_never_saw(model):
    sources, targets = pairs(20)
    found = model.translate(sources, return_scores=True)
    assert [each.text for each in found] == targets
    # Not what attention makes of unknown words: the names are probable.
    assert min(each.score for each in found) > -1
    assert {"call", "for"}.isdisjoint(model.target_vocabulary.tokens)


def test_scores_are_recomputed(model, monkeypatch):
    bias = model.decoder.output_bias.numpy()
    bias[[0, model.target.start_id]] = -1e9  # what is no token is not generated
    for source in pairs(3)[0]:
        (each,) = model.translate([source], return_scores=True)
        examples = model.encode([source], [" ".join(each.tokens)])
        ((inputs, labels),) = examples.batches(1)
        with monkeypatch.context() as patch:
            patch.setattr(model.decoder, "output_bias", tf.constant(bias))
            log_probs = tf.nn.log_softmax(model(inputs).logits)
        total = tf.reduce_sum(tf.gather(log_probs, labels, batch_dims=2))
        length = (5 + len(each.tokens) + 1) / 6
        assert each.score == pytest.approx(float(total) / length, rel=1e-4)


def test_other_texts_and_prefixes_change_nothing(model):
    sources, targets = pairs(3)
    sources += ["", "call"]
    together = model.translate(sources, return_scores=True)
    for source, expected in zip(sources, together, strict=True):
        (alone,) = model.translate([source], return_scores=True)
        assert alone.text == expected.text
        assert alone.score == pytest.approx(expected.score, abs=1e-5)
    prefixes = [" ".join(target.split()[:2]) for target in targets]
    forced = model.translate(sources[:3], prefix=prefixes, return_scores=True)
    for found, free in zip(forced, together, strict=False):
        assert found.text == free.text
        assert found.score == pytest.approx(free.score, abs=1e-5)


def test_a_saved_and_an_exported_model_copy(model, tmp_path):
    sources, targets = pairs(3)
    model.save(tmp_path / "a.keras")
    assert rnnzoo.load(tmp_path / "a.keras").translate(sources) == targets
    model.export(tmp_path / "served")
    served = tf.saved_model.load(str(tmp_path / "served"))
    outputs = served.signatures["serving_default"](text=tf.constant(sources))
    assert [x.decode() for x in outputs["translation"].numpy()] == targets


def test_smoothing_is_spread_over_the_vocabulary():
    logits = RNG.normal(size=(2, 3, 6)).astype("float32")
    logits[..., 5] = -np.inf  # no token here
    targets = np.array([[0, 1, 4], [3, 2, 4]])
    log_p = tf.nn.log_softmax(logits).numpy()
    hit = np.take_along_axis(log_p, targets[..., None], axis=2)[..., 0]
    np.testing.assert_allclose(
        losses.smoothed_crossentropy(logits, targets, 0.1, 4),
        -0.9 * hit - 0.1 * log_p[..., :4].mean(axis=2),
        rtol=1e-5,
    )
