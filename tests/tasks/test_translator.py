import keras
import numpy as np
import pytest
import sacrebleu
import tensorflow as tf

import rnnzoo
from rnnzoo import losses

# Letters to letters, word by word; "e" is rare.
SOURCES = ["a b c", "b c", "c a a d", "d b", "b d c a", "e a", "c"] * 3
TARGETS = ["x y z", "y z", "z x x w", "w y", "y w z x", "v x", "z"] * 3
SMALL = {
    "unit": "word",
    "embedding_dim": 16,
    "units": 16,
    "min_count": 4,  # so that "e" and "v" are unknown
    "dropout": 0.0,
    "recurrent_dropout": 0.0,
    "word_dropout": 0.0,
    "label_smoothing": 0.0,
}


def trained(name, epochs=40, sources=SOURCES, targets=TARGETS, **overrides):
    keras.utils.set_random_seed(1)
    model = rnnzoo.build(name, **{**SMALL, **overrides})
    model.adapt(sources, targets, verbose=0)
    model.compile(optimizer=keras.optimizers.Adam(0.02))
    model.fit(sources, targets, batch_size=7, epochs=epochs, verbose=0)
    return model


@pytest.fixture(scope="module")
def model():
    return trained("bahdanau_translator")


def test_it_learns_to_translate(model):
    assert model.translate(SOURCES[:5]) == TARGETS[:5]
    assert model.translate("d b") == ["w y"]
    assert model.translate(tf.constant(["d b"])) == ["w y"]
    assert model.predict(["d b"]) == ["w y"]


def test_unknown_words_are_those_looked_at(model):
    (found,) = model.translate(["e a"], return_alignments=True)
    place = found.alignment[0].argmax()
    assert found.tokens[0] == found.source_tokens[place]
    assert "<unk>" not in found.text
    assert found.source_tokens == ["e", "a"]
    np.testing.assert_allclose(found.alignment.sum(axis=1), 1, atol=1e-5)


def test_the_best_come_first_and_scores_are_recomputed(model):
    (found,) = model.translate(
        ["a b c"], beam_width=4, n_best=3, return_scores=True
    )
    assert found[0].text == "x y z"
    assert [each.score for each in found] == sorted(
        (each.score for each in found), reverse=True
    )
    for each in found:
        examples = model.encode(["a b c"], [" ".join(each.tokens)])
        ((inputs, labels),) = examples.batches(1)
        logits = model(inputs).logits.numpy()
        logits[..., [0, model.target.start_id]] = -np.inf  # what is no token
        log_probs = tf.nn.log_softmax(logits)
        total = tf.reduce_sum(tf.gather(log_probs, labels, batch_dims=2))
        length = (5 + len(each.tokens) + 1) / 6
        assert each.score == pytest.approx(float(total) / length, rel=1e-4)


def test_translations_begin_with_the_prefix(model):
    found = model.translate(["a b c", "b c"], prefix=["qu y", ""])
    assert found[0].startswith("qu y")  # also of unknown words
    assert found[1] == "y z"
    with pytest.raises(ValueError, match="argument `prefix`"):
        model.translate(["a", "b"], prefix=["x"])


def test_any_text_has_a_translation(model):
    texts = ["", " ", "a " * 5000, "\u2028", "a"]
    found = model.translate(texts, return_scores=True)
    assert [each.text for each in found[:2]] == ["", ""]
    assert all(np.isfinite(each.score) for each in found)
    assert len(found[2].source_tokens) == 100


def test_explanations_align_the_words(model, tmp_path):
    explanations = model.explain(["a b c", "", "d b"])
    assert [each.text for each in explanations] == ["a b c", "", "d b"]
    assert explanations[0].weights.shape == (3, 3)
    assert explanations[2].tokens == ["w", "y"]
    explanations.save(tmp_path / "a.html")
    shuffled = tf.data.Dataset.from_tensor_slices(SOURCES[:7]).shuffle(7)
    for each in model.explain(shuffled):
        assert each.source_tokens == each.text.split()
    with pytest.raises(ValueError, match="attention"):
        trained("seq2seq_translator", epochs=0).explain(["a"])


@pytest.mark.parametrize(
    ("name", "overrides"),
    [
        ("bahdanau_translator", {"coverage": True, "coverage_loss": 0.1}),
        ("bahdanau_translator", {"hard": True, "depth": 2}),
        ("luong_translator", {"hard": True}),
        ("luong_translator", {"score": "concat", "coverage": True}),
        (
            "luong_translator",
            {"input_feeding": True, "depth": 2, "scheduled_sampling": 0.1},
        ),
    ],
)
def test_all_kinds_learn(name, overrides):
    model = trained(name, epochs=12, **overrides)
    history = model.history.history["loss"]
    assert history[-1] < 0.6 * history[0]


def test_a_head_is_explained_alone():
    model = rnnzoo.build(
        "transformer_translator", unit="word", units=8, depth=2, num_heads=2
    )
    model.adapt(SOURCES, TARGETS, verbose=0)
    mean = model.explain(["a b c"])[0]
    heads = list(np.ndindex(2, 2))
    each = [model.explain(["a b c"], head=head)[0] for head in heads]
    assert {alone.translation for alone in each} == {mean.translation}
    np.testing.assert_allclose(
        np.mean([alone.weights for alone in each], axis=0),
        mean.weights,
        atol=1e-6,
    )
    for head in ((2, 0), (0, -1), 1, (0,)):
        with pytest.raises(ValueError, match="argument `head`.*below 2"):
            model.explain(["a"], head=head)


def test_padding_changes_no_loss(model):
    """Batches of different lengths and one by one."""
    whole = model.evaluate(SOURCES[:7], TARGETS[:7], verbose=0)
    tokens = [len(target.split()) + 1 for target in TARGETS[:7]]
    alone = [
        model.evaluate([s], [t], verbose=0)[0]
        for s, t in zip(SOURCES[:7], TARGETS[:7], strict=True)
    ]
    expected = np.dot(alone, tokens) / sum(tokens)
    assert whole[0] == pytest.approx(expected, rel=1e-4)


def test_label_smoothing_is_kerass():
    logits = np.random.default_rng(0).normal(size=(3, 4, 6)).astype("float32")
    targets = np.random.default_rng(1).integers(6, size=(3, 4))
    for smoothing in (0.0, 0.1):
        np.testing.assert_allclose(
            losses.smoothed_crossentropy(logits, targets, smoothing),
            keras.losses.categorical_crossentropy(
                np.eye(6)[targets], logits, True, smoothing
            ),
            rtol=1e-5,
        )


def test_languages_are_features_of_dictionaries():
    data = tf.data.Dataset.from_tensor_slices({"de": TARGETS, "en": SOURCES})
    model = rnnzoo.build("luong_translator", languages=("en", "de"), **SMALL)
    model.adapt(data, verbose=0)
    assert model.vocabulary.tokens == ("a", "c", "b", "d")
    assert model.target_vocabulary.tokens == ("x", "z", "y", "w")
    assert len(model.translate(data.batch(4))) == len(SOURCES)
    alone = data.map(lambda features: {"en": features["en"]})
    assert len(model.translate(alone)) == len(SOURCES)
    for languages in (("en", "fr"), ("fr", "de"), None):
        other = rnnzoo.build("luong_translator", languages=languages, **SMALL)
        with pytest.raises(ValueError, match=r"`languages`.*\['de', 'en'\]"):
            other.adapt(data, verbose=0)
    with pytest.raises(ValueError, match="`languages`"):
        model.translate(data.map(lambda features: {"fr": features["en"]}))
    with pytest.raises(ValueError, match="`labels`"):
        other.adapt(data, labels=["en", "de"], verbose=0)


def test_subwords_are_learned_saved_and_served(tmp_path):
    """Words of two letters, of which the third kind is never whole."""
    sources = ["ab ba, ca.", "ba ab", "ca (ba).", "ab, ca"] * 4
    targets = ["xy yx, zx.", "yx xy", "zx (yx).", "xy, zx"] * 4
    model = trained(
        "luong_translator", 40, sources, targets, unit="subword", min_count=1
    )
    assert "▁ab" in model.vocabulary.tokens
    assert "▁xy" in model.target_vocabulary.tokens
    model.save(tmp_path / "model.keras")
    again = rnnzoo.load(tmp_path / "model.keras")
    texts = [*sources[:4], "abba 日本 ca"]
    expected = model.translate(texts, prefix=["", "", "", "", "qx y"])
    assert expected[:4] == targets[:4]
    assert expected[4].startswith("qx y")
    expected = model.translate(texts)
    assert again.translate(texts) == expected
    lent = rnnzoo.build(
        "luong_translator",
        tmp_path / "model.keras",
        **{**SMALL, "unit": "subword", "min_count": 1},
    )
    assert lent.target_tokenizer.pieces == model.target_tokenizer.pieces
    again.export(tmp_path / "served")
    served = tf.saved_model.load(str(tmp_path / "served"))
    found = served.signatures["serving_default"](text=tf.constant(texts))
    found = [each.decode() for each in found["translation"].numpy()]
    assert found == expected
    with pytest.raises(ValueError, match="'subword', 'word', 'character'"):
        rnnzoo.build("luong_translator", unit="syllable")


def test_bleu_is_sacrebleus(model, monkeypatch):
    sources, targets = SOURCES[:5], ["x y z", "Y z", "z x", "w y", "y w z x"]
    metrics = model.evaluate(sources, targets, return_dict=True, verbose=0)
    written = model.translate(sources)
    for name, lowercase in (("bleu", False), ("bleu_lowercase", True)):
        expected = sacrebleu.corpus_bleu(
            written, [targets], lowercase=lowercase
        )
        assert metrics[name] == pytest.approx(expected.score)
    assert metrics["chrf"] == pytest.approx(
        sacrebleu.corpus_chrf(written, [targets]).score
    )
    assert "case:lc" in model.signatures["bleu_lowercase"]
    assert model.monitor == "bleu"
    listed = model.evaluate(sources, targets, verbose=0)
    assert listed == pytest.approx([metrics["loss"], metrics["accuracy"]])
    monkeypatch.setattr(rnnzoo.tasks.translator, "_has_sacrebleu", bool)
    assert model.monitor == "accuracy"
    with pytest.warns(UserWarning, match=r"rnnzoo\[scoring\]"):
        metrics = model.evaluate(sources, targets, return_dict=True, verbose=0)
    assert "bleu" not in metrics


@pytest.mark.parametrize(
    ("lowercase", "times", "name"),
    [
        (False, 2, "bleu"),
        (True, 1, "chrf_lowercase"),  # Most have fewer than four words.
    ],
)
def test_the_epoch_of_the_best_score_is_kept(lowercase, times, name, capsys):
    keras.utils.set_random_seed(1)
    sources = [" ".join([source] * times) for source in SOURCES]
    targets = [" ".join([target] * times).title() for target in TARGETS]
    model, metrics = rnnzoo.finetune(
        "luong_translator",
        (sources, targets),
        (sources[:7], targets[:7]),
        epochs=20,
        batch_size=7,
        learning_rate=0.05,
        verbose=2,
        lowercase=lowercase,
        **SMALL,
    )
    greedy = model.translate(sources[:7], beam_width=1)
    kind = sacrebleu.CHRF if "chrf" in name else sacrebleu.BLEU
    expected = kind(lowercase=lowercase).corpus_score(greedy, [targets[:7]])
    assert expected.score > 0
    best = max(metrics["history"][f"val_{name}"])
    assert best == pytest.approx(expected.score)
    signatures = metrics["signatures"]
    cased = {"bleu", "chrf", "bleu_lowercase"}
    assert signatures.keys() == (
        {"bleu_lowercase", "chrf_lowercase"} if lowercase else cased
    )
    assert capsys.readouterr().out.count(signatures[name]) == 1


@pytest.mark.filterwarnings("ignore:Every reference has fewer")
def test_bleu_of_chinese_counts_characters_or_what_it_is_told():
    texts, chinese = (
        ["I like tea", "you like tea"] * 4,
        ["我喜欢茶", "你喜欢茶"] * 4,
    )
    model = rnnzoo.build("luong_translator", **SMALL | {"unit": "character"})
    model.adapt(texts, chinese, verbose=0)
    examples = model.encode(texts, chinese)
    signatures = {}
    for tokenizer in ("auto", "char", "13a"):
        config = model.get_config() | {"bleu_tokenizer": tokenizer}
        again = type(model).from_config(config)
        assert again.bleu_tokenizer == tokenizer
        model.bleu_tokenizer = again.bleu_tokenizer
        model.score(examples, quick=True)
        signatures[tokenizer] = model.signatures["bleu"].split("|")[3]
        blind = tokenizer == "13a"  # which finds one token in each text
        assert model.monitor_for(examples) == ("chrf" if blind else "bleu")
    assert signatures == {
        "auto": "tok:zh",
        "char": "tok:char",
        "13a": "tok:13a",
    }
    with pytest.raises(ValueError, match="`bleu_tokenizer`.*'zh'.*'jieba'"):
        rnnzoo.build("luong_translator", bleu_tokenizer="jieba")


def test_bad_input_is_an_error(model):
    new = rnnzoo.build("luong_translator", **SMALL)
    with pytest.raises(ValueError, match="Expected `adapt"):
        new.translate(["a"])
    with pytest.raises(ValueError, match="argument `y`"):
        new.adapt(SOURCES, TARGETS[:3], verbose=0)
    with pytest.raises(ValueError, match="argument `y`"):
        new.adapt(SOURCES, verbose=0)
    with pytest.raises(ValueError, match="argument `loss`.*'mse'"):
        new.compile(loss="mse")
    for width in (0, -1, 2.5):
        with pytest.raises(ValueError, match="argument `beam_width`"):
            model.translate(["a"], beam_width=width)
        with pytest.raises(ValueError, match="argument `beam_width`"):
            model.export("never_written", beam_width=width)
    with pytest.raises(ValueError, match="argument `n_best`"):
        model.translate(["a"], n_best=0)
    with pytest.raises(ValueError, match="argument `n_best`"):
        model.translate(["a"], beam_width=2, n_best=3)
    with pytest.raises(ValueError, match=r"x\[1\]=3"):
        model.translate(["a", 3])
    for name, value in (
        ("label_smoothing", 1.5),
        ("length_penalty", -1),
        ("rnn", "rnn"),
    ):
        with pytest.raises(ValueError, match=f"argument `{name}`"):
            rnnzoo.build("luong_translator", **{**SMALL, name: value})


def test_a_served_model_takes_the_width_of_the_beam(model, tmp_path):
    model.export(tmp_path / "served")
    served = tf.saved_model.load(str(tmp_path / "served")).signatures["n_best"]
    for width, n in ((1, 1), (4, 2)):
        outputs = served(
            text=tf.constant(SOURCES[:3]),
            beam_width=tf.constant(width),
            n_best=tf.constant(n),
        )
        found = model.translate(
            SOURCES[:3], beam_width=width, n_best=n, return_scores=True
        )
        if n == 1:
            found = [[each] for each in found]
        texts = [
            [each.decode() for each in row]
            for row in outputs["translations"].numpy()
        ]
        assert texts == [[each.text for each in row] for row in found]
        np.testing.assert_allclose(
            outputs["scores"],
            [[each.score for each in row] for row in found],
            atol=1e-5,
        )
