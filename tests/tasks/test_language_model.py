"""Language models against enumeration, torch and one text at a time."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

import rnnzoo
from rnnzoo import layers
from rnnzoo.metrics import Perplexity

SMALL = {"units": 6, "embedding_dim": 6}
TEXTS = ["a b a", "b", "", "a a b b a b", "b a"]


def build(texts=TEXTS, name="lstm_language_model", seed=1, **overrides):
    """An adapted model with weights far from uniform."""
    task = rnnzoo.build(name, **SMALL, **overrides)
    task.adapt(texts, verbose=0)
    draw = np.random.default_rng(seed).normal
    task.set_weights([draw(0, 1, each.shape) for each in task.weights])
    return task


@pytest.mark.parametrize(
    "overrides", [{}, {"tied": False}, {"tied": False, "cutoffs": [2, 4]}]
)
def test_the_probabilities_of_all_texts_sum_to_one(overrides):
    task = build(["a b c d"], **overrides)
    # "z" is unknown, and so is one of five tokens.
    words = "abcdz"
    texts = [
        " ".join(each)
        for length in range(5)
        for each in itertools.product(words, repeat=length)
    ]
    ended = np.exp(task.log_prob(texts).astype("float64")).sum()
    # What is longer: each text of four tokens that does not end there.
    longer = [each for each in texts if len(each.split()) == 4]
    open_ended = sum(
        np.exp(-np.sum(each.bits[:-1].astype("float64")) * np.log(2))
        - np.exp(each.log_prob)
        for each in task.explain(longer)
    )
    assert ended + open_ended == pytest.approx(1, abs=1e-4)


def test_torch_gives_the_same_probabilities():
    torch = pytest.importorskip("torch")
    task = build(tied=False, depth=2)
    backbone = task.backbone
    network = torch.nn.LSTM(6, 6, num_layers=2, batch_first=True)
    with torch.no_grad():
        for i, layer in enumerate(backbone.layers):
            kernel, recurrent, bias = layer.get_weights()
            for name, value in (
                ("weight_ih", kernel.T),
                ("weight_hh", recurrent.T),
                ("bias_ih", bias),
                ("bias_hh", 0 * bias),
            ):
                getattr(network, f"{name}_l{i}").copy_(torch.tensor(value))
        ((inputs, labels),) = task.encode(TEXTS).batches(len(TEXTS))
        vectors = backbone.embedding(inputs["before"]).numpy()
        outputs, _ = network(torch.tensor(vectors))
        kernel, bias = task.softmax.get_weights()
        logits = outputs @ torch.tensor(kernel) + torch.tensor(bias)
        logits[..., list(task.softmax.unwritten)] = -np.inf
        losses = torch.nn.functional.cross_entropy(
            logits.reshape(-1, logits.shape[-1]),
            torch.tensor(labels.numpy().reshape(-1).astype("int64")),
            reduction="none",
        ).reshape(*labels.shape)
    mask = labels.numpy() > 0
    expected = -np.where(mask, losses.numpy(), 0).sum(axis=1)
    order = task.encode(TEXTS).order()
    found = task.log_prob(TEXTS)[order]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def carried_by_hand(task, texts):
    """The perplexity of texts that are one sequence, at once."""
    ((inputs, _),) = task.encode([" ".join(texts)]).batches(1)
    rows = [task.encode([each]).at_once()[0] for each in texts]
    joined = {
        name: tf.concat([row[name] for row in rows], axis=1) for name in inputs
    }
    return float(np.exp(np.mean(task(joined, training=False).losses)))


def test_neither_windows_nor_batches_change_the_perplexity():
    expected = carried_by_hand(build(), TEXTS)
    for window in (2, 7, 35):
        task = build(window=window)
        assert task.perplexity(TEXTS) == pytest.approx(expected, rel=1e-5)
        task.compile()
        for batch_size in (1, 3):
            logs = task.evaluate(
                TEXTS, batch_size=batch_size, return_dict=True, verbose=0
            )
            assert logs["perplexity"] == pytest.approx(expected, rel=1e-5)


def test_long_texts_are_read_in_parts():
    task = build()
    words = np.random.default_rng(0).choice(["a", "b", "z"], 2500)
    texts = [" ".join(words), "b", ""]
    (inputs, *_) = task.encode(texts).at_once()
    expected = -np.sum(task(inputs, training=False).losses, axis=1)
    np.testing.assert_allclose(task.log_prob(texts), expected, rtol=1e-5)


def test_texts_that_are_not_contiguous_are_read_alone():
    task = build(contiguous=False)
    tokens = sum(len(each.split()) + 1 for each in TEXTS)
    expected = np.exp(-task.log_prob(TEXTS).sum() / tokens)
    assert task.perplexity(TEXTS) == pytest.approx(expected, rel=1e-5)
    task.compile()
    logs = task.evaluate(TEXTS, return_dict=True, verbose=0)
    assert logs["perplexity"] == pytest.approx(expected, rel=1e-5)


def test_windows_of_a_row_train_as_the_row_does():
    """With a tiny rate, the loss of an epoch is that of the whole rows."""
    task = build(window=3, dropout=0.0)
    task.compile(keras.optimizers.SGD(1e-9))
    logs = task.fit(TEXTS, batch_size=2, verbose=0).history
    # Each row begins with zeros, and then carries its states.
    stream = np.concatenate(
        [row.numpy() for row in task.encode(TEXTS).inputs["before"]]
    )
    after = np.concatenate([row.numpy() for row in task.encode(TEXTS).labels])
    half = -(-len(stream) // 2)
    losses = [
        task({"before": b[None], "after": a[None]}, training=False).losses
        for b, a in (
            (stream[:half], after[:half]),
            (stream[half:], after[half:]),
        )
    ]
    expected = np.exp(np.concatenate(losses, axis=1).mean())
    assert logs["perplexity"] == [pytest.approx(expected, rel=1e-4)]


@pytest.mark.parametrize("contiguous", [True, False])
def test_a_text_of_no_weight_teaches_nothing(contiguous):
    weights = np.array([1.0, 0.0, 1.0, 0.0, 1.0], "float32")
    biases = []
    for texts in (TEXTS, ["a b a", "a", "", "b a a a a a", "b a"]):
        task = build(contiguous=contiguous, dropout=0.0, window=50)
        # What layers read does not matter to the others.
        for layer in task.backbone.layers:
            layer.set_weights([0 * each for each in layer.get_weights()])
        before = task.softmax.bias.numpy()
        task.compile(keras.optimizers.SGD(0.1))
        task.fit(texts, sample_weight=weights, batch_size=5, verbose=0)
        biases.append(task.softmax.bias.numpy())
        assert (biases[-1] != before).any()
    np.testing.assert_allclose(*biases, atol=1e-6)


def test_it_learns_and_a_falling_monitor_chooses():
    keras.utils.set_random_seed(1)
    texts = ["x y z"] * 40
    task, metrics = rnnzoo.finetune(
        "lstm_language_model",
        (texts,),
        (texts[:8],),
        dropout=0.0,
        learning_rate=0.05,
        epochs=8,
        batch_size=2,
        window=4,
        verbose=0,
        **SMALL,
    )
    perplexities = metrics["history"]["val_perplexity"]
    assert min(perplexities) < 1.1 < perplexities[0]
    assert task.generate("x", temperature=0) == ["x y z"]
    assert [each.text for each in task.rank(["z y x", "x y z"])] == [
        "x y z",
        "z y x",
    ]


def test_what_is_drawn_follows_the_probabilities():
    task = build(["a b c"])
    count = 4000
    texts = task.generate("a", count=count, seed=3, max_length=2)[0]
    nexts = {each: texts.count(f"a {each}".strip()) for each in ("a", "b", "c")}
    nexts[""] = texts.count("a")
    log_probs = task.log_prob(["a a", "a b", "a c", "a"])
    (surprise,) = task.explain(["a a"])
    # Of texts of two tokens, the end is certain; unknown tokens are not drawn.
    ended = {
        name: np.exp(-each.bits[:2].sum() * np.log(2))
        for name, each in zip(
            "abc", task.explain(["a a", "a b", "a c"]), strict=True
        )
    }
    ended[""] = np.exp(log_probs[3])
    total = sum(ended.values())
    assert surprise.tokens == ["a", "a", ""]
    for name, probability in ended.items():
        share = probability / total
        error = 5 * np.sqrt(share * (1 - share) / count)
        assert nexts[name] / count == pytest.approx(share, abs=error)


def test_a_seed_draws_the_same_whatever_else_is_asked():
    task = build()
    prompts = ["a", "b a", "", "a b"]
    together = task.generate(prompts, seed=5, count=3, max_length=8)
    again = task.generate(prompts, seed=5, count=3, max_length=8, batch_size=1)
    assert together == again
    assert task.generate(prompts[:2], seed=5, count=2, max_length=8) == [
        each[:2] for each in together[:2]
    ]
    assert together != task.generate(prompts, seed=6, count=3, max_length=8)
    shorter = task.generate(prompts, seed=5, count=3, max_length=5)
    for pair in zip(together, shorter, strict=True):
        for one, other in zip(*pair, strict=True):
            assert one.split()[:5] == other.split()


def test_one_graph_draws_by_all_numbers(monkeypatch):
    task = build()
    traces = []
    write = task.write

    def traced(*args):
        traces.append(args)
        return write(*args)

    monkeypatch.setattr(task, "write", traced)
    for settings in (
        {"temperature": 0.5},
        {"temperature": 0, "max_length": 9},
        {"temperature": 2.0, "max_length": 7, "min_length": 3},
    ):
        task.generate("", seed=1, **settings)
        assert len(traces) == 1
    for top_p in (0.9, 0.5):
        task.generate("", seed=1, top_p=top_p)
        assert len(traces) == 2


def test_prompts_are_kept_and_limits_hold():
    task = build()
    (found,) = task.generate("zebra a", count=20, max_length=5, min_length=4)
    lengths = [len(each.split()) for each in found]
    assert all(each.startswith("zebra a") for each in found)
    assert "<unk>" not in " ".join(found)
    assert set(lengths) <= {4, 5}
    assert task.generate("a b a b", max_length=2) == ["a b a b"]
    (one,) = task.generate("a b", return_scores=True, max_length=4, seed=1)
    assert one.log_prob == pytest.approx(task.log_prob([one.text])[0], abs=1e-4)
    assert task.generate([]) == []


def test_texts_keep_a_form():
    task = build(["a b c d e"])
    form = ["a", None, {"b", "d"}, ["e", "a"]]
    (found,) = task.generate("", count=40, form=form, seed=1)
    for text in found:
        first, _, third, last = text.split()
        assert first == "a"
        assert third in "bd"
        assert last in "ea"
    assert len(set(found)) > 10
    (found,) = task.generate("c c", form=form)
    assert found.split()[:2] == ["c", "c"]
    assert found.split()[2] in "bd"
    for wrong in (["z"], [["a", "z"]], [[]], []):
        with pytest.raises(ValueError, match="argument `form`"):
            task.generate("", form=wrong)


def test_surprises_add_up_to_the_log_probability():
    task = build()
    for surprise, log_prob in zip(
        task.explain(TEXTS), task.log_prob(TEXTS), strict=True
    ):
        assert surprise.log_prob == pytest.approx(log_prob, abs=1e-4)
        for bits, token, pairs in zip(
            surprise.bits, surprise.tokens, surprise.alternatives, strict=True
        ):
            found = dict(pairs).get(token)
            if found is not None:
                assert -np.log2(found) == pytest.approx(bits, abs=1e-4)


def test_more_words_keep_what_was_learned():
    task = build()
    same, more = (
        rnnzoo.build("lstm_language_model", **SMALL) for _ in range(2)
    )
    same.transfer(task, TEXTS, verbose=0)
    np.testing.assert_array_equal(same.log_prob(TEXTS), task.log_prob(TEXTS))
    found = more.transfer(task, ["c a"], verbose=0)
    assert (found.kept, found.new) == ({"vocabulary": 2}, {"vocabulary": 1})
    assert more.vocabulary.tokens == (*task.vocabulary.tokens, "c")
    for old, new in (
        (task.target.start_id, more.target.start_id),
        (task.target.end_id, more.target.end_id),
        (2, 2),
    ):
        for one, two in (
            (
                task.backbone.embedding.embeddings,
                more.backbone.embedding.embeddings,
            ),
            (task.softmax.bias, more.softmax.bias),
        ):
            np.testing.assert_array_equal(one[old], two[new])


def test_entropies_are_those_of_all_tokens():
    for surprise in build().explain(TEXTS):  # of four tokens, all are shown
        for entropy, pairs in zip(
            surprise.entropies, surprise.alternatives, strict=True
        ):
            p = np.array([each for _, each in pairs])
            assert p.sum() == pytest.approx(1, abs=1e-5)
            expected = -np.sum(p * np.log2(np.maximum(p, 1e-30)))
            assert entropy == pytest.approx(expected, abs=1e-4)


def test_penalties_are_those_of_the_activations():
    task = build(
        name="awd_lstm_language_model",
        **dict.fromkeys(
            ("dropout", "input_dropout", "output_dropout", "word_dropout"), 0.0
        ),
        weight_dropout=0.0,
        activation_penalty=2.0,
        change_penalty=3.0,
    )
    (inputs, *_) = task.encode(TEXTS).at_once()
    vectors = task.backbone(inputs["before"]).vectors.numpy()
    expected = 2 * np.mean(vectors**2, axis=2)
    changes = np.mean((vectors[:, 1:] - vectors[:, :-1]) ** 2, axis=2)
    expected[:, 1:] += 3 * changes
    expected *= inputs["after"].numpy() > 0
    costs = task(inputs, training=True)
    np.testing.assert_allclose(costs.penalties, expected, atol=1e-5)
    without = task(inputs, training=False)
    assert not without.penalties.numpy().any()
    np.testing.assert_allclose(costs.losses, without.losses, atol=1e-5)


def test_draws_are_cut_and_blocked():
    task = build(["a b c d e f g"])
    likeliest = task.generate("a", temperature=0, max_length=6)
    assert task.generate("a", top_k=1, max_length=6, seed=1) == likeliest
    assert task.generate("a", top_p=1e-6, max_length=6, seed=1) == likeliest
    (found,) = task.generate("", count=20, block_ngrams=1, seed=1)
    for words in map(str.split, found):
        assert len(set(words)) == len(words)


def test_an_export_draws_and_expects_the_same(tmp_path):
    task = build()
    task.export(tmp_path / "served")
    signatures = tf.saved_model.load(str(tmp_path / "served")).signatures
    drawn = signatures["generate"](
        prompt=tf.constant(["a b"]),
        max_length=tf.constant(7),
        temperature=tf.constant(0.8),
        top_k=tf.constant(3),
        top_p=tf.constant(0.9),
        seed=tf.constant(5),
    )
    (expected,) = task.generate(
        "a b", 1, 7, 0.8, 3, 0.9, seed=5, return_scores=True
    )
    assert drawn["text"].numpy().tolist() == [expected.text.encode()]
    assert drawn["log_prob"].numpy() == pytest.approx(expected.log_prob)
    nexts = signatures["next"](text=tf.constant(TEXTS))
    for tokens, probabilities, surprise in zip(
        nexts["tokens"].numpy(),
        nexts["probabilities"].numpy(),
        task.explain(TEXTS),
        strict=True,
    ):
        names, shares = zip(*surprise.alternatives[-1], strict=True)
        assert [each.decode() for each in tokens] == list(names)
        np.testing.assert_allclose(probabilities, shares, atol=1e-5)


def test_characters_keep_all_that_a_text_has():
    text = "Ay,\n  no.\t\n"
    task = build([text], name="char_lstm_language_model")
    assert task.generate(text, max_length=1) == [text]
    (surprise,) = task.explain([text])
    assert "".join(surprise.tokens) == text


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"temperature": -1}, "temperature"),
        ({"top_p": 0}, "top_p"),
        ({"top_k": -1}, "top_k"),
        ({"count": 0}, "count"),
        ({"max_length": 0}, "max_length"),
        ({"seed": -1}, "seed"),
    ],
)
def test_settings_out_of_range_are_refused(settings, name):
    with pytest.raises(ValueError, match=f"argument `{name}`"):
        build().generate("a", **settings)


def test_bad_arguments_are_refused():
    task = build()
    with pytest.raises(ValueError, match="argument `form`.*max_length=3"):
        task.generate("a", form=["a"], max_length=3)
    with pytest.raises(ValueError, match="argument `loss`"):
        task.compile(loss="mse")
    with pytest.raises(ValueError, match="argument `metrics`"):
        task.compile(metrics=["accuracy"])
    task.compile(metrics=[Perplexity()])
    with pytest.raises(ValueError, match="argument `batch_tokens`"):
        task.fit(TEXTS, batch_tokens=100, verbose=0)
    with pytest.raises(ValueError, match="argument `class_weight`"):
        task.fit(TEXTS, class_weight={"a": 2.0}, verbose=0)
    with pytest.raises(ValueError, match="argument `cutoffs`"):
        rnnzoo.build("lstm_language_model", cutoffs=[5])
    for texts in ([], ["", " "]):
        with pytest.raises(ValueError, match="texts with tokens|one example"):
            rnnzoo.build("lstm_language_model", **SMALL).adapt(texts, verbose=0)
    for name in ("backbone", "softmax"):
        wrong = {name: keras.layers.Dense(3)}
        with pytest.raises(ValueError, match=f"argument `{name}`"):
            type(task)(**{"backbone": task.backbone, "softmax": None} | wrong)
    with pytest.raises(ValueError, match="argument `layers`"):
        layers.RecurrentBackbone(layers.Embedding(3, 2), [])


def test_a_vocabulary_of_one_token():
    task = build(["a", "a a"])
    assert np.isfinite(task.log_prob(["a"])).all()
    assert set("".join(task.generate("", count=9)[0])) <= {"a", " "}
