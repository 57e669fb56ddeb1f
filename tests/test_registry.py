"""Names, cards and factories, ours and a user's."""

import re
from pathlib import Path

import numpy as np
import pytest

import rnnzoo
from rnnzoo import registry

TEXTS, LABELS = ["good", "bad", "good film", "bad film"], [1, 0, 1, 0]
SMALL = {"embedding_dim": 4, "units": 4, "rnn": "gru", "min_count": 1}


@pytest.fixture
def cards(monkeypatch):
    """A register of its own, which is given up after the test."""
    cards = dict(registry._CARDS)
    monkeypatch.setattr(registry, "_CARDS", cards)
    return cards


def test_list_models():
    names = rnnzoo.list_models()
    assert names == sorted(names)
    assert {"bilstm_classifier", "han_classifier"} <= set(names)
    assert rnnzoo.list_models("han*") == ["han_classifier"]
    for name in rnnzoo.list_models(task="text_classification"):
        assert rnnzoo.describe(name).task == "text_classification"
    assert rnnzoo.list_models("han*", task="no such task") == []


@pytest.mark.parametrize("name", rnnzoo.list_models())
def test_a_card_says_where_a_model_comes_from(name):
    card = rnnzoo.describe(name)
    table = str(card)
    for shown in (name, card.task, card.summary, card.paper, card.dataset):
        assert shown
        assert shown in table
    for key, value in card.defaults.items():
        assert f"{key} = {value!r}" in table
    assert f"epochs = {card.recipe.epochs}" in table


@pytest.mark.parametrize("name", rnnzoo.list_models())
def test_a_card_knows_the_class_of_its_task(name):
    card = rnnzoo.describe(name)
    assert issubclass(card.task_class, rnnzoo.Task)
    assert card.task_class.kind == card.task
    assert type(rnnzoo.build(name)) is card.task_class


def test_results_are_an_aligned_table(cards):
    rows = [
        {
            "dataset": "mine",
            "settings": f"embeddings={'x' * 60}",
            "metric": "bleu nrefs:1 tok:13a",
            "test": "37.1",
        },
        {"dataset": "mine", "metric": "f1", "test": "0.9", "of": "others"},
    ]

    @rnnzoo.register(rnnzoo.Translator, results=rows)
    def measured():
        """Measured."""

    page = str(rnnzoo.describe("measured")).split("results\n")[1]
    *table, signature = page.splitlines()
    assert signature == "bleu is nrefs:1 tok:13a"
    head, first, *broken, last = table
    assert head.split() == ["dataset", "settings", "metric", "test", "of"]
    assert max(map(len, table)) == 80
    assert first.startswith("mine     embeddings=xxx")
    for column, (above, below) in {
        "metric": ("bleu", "f1"),
        "test": ("37.1", "0.9"),
        "of": ("", "others"),
    }.items():
        start = head.index(column)
        assert first[start:].split("  ")[0] == above
        assert last[start:].split("  ")[0] == below
    assert "".join([first[9:].split()[0], *broken]).count("x") == 60


def test_an_unknown_name_lists_the_nearest():
    for call in (rnnzoo.describe, rnnzoo.build):
        with pytest.raises(ValueError, match="one like han_classifier"):
            call("han_clasifier")
    with pytest.raises(ValueError, match="list_models"):
        rnnzoo.build("zzz")


def test_an_unknown_override_lists_the_nearest():
    with pytest.raises(ValueError, match="'word_unit'.*word_units"):
        rnnzoo.build("han_classifier", word_unit=3)


@pytest.mark.parametrize("name", rnnzoo.list_models())
def test_a_wrong_override_is_named(name):
    for key, default in rnnzoo.describe(name).defaults.items():
        wrong = []
        if isinstance(default, str):
            wrong = ["nonsense"]
        elif isinstance(default, int) and not isinstance(default, bool):
            wrong = [-1, 2.5, "two"]
        elif isinstance(default, float):
            wrong = [-0.1, "a tenth"]
        for value in wrong:
            with pytest.raises(ValueError, match=f"argument `{key}`"):
                rnnzoo.build(name, **{key: value})


def test_a_factory_of_a_user_is_one_of_the_zoo(cards):
    recipe = rnnzoo.Recipe(epochs=9)

    @rnnzoo.register(rnnzoo.TextClassifier, recipe=recipe)
    def my_classifier(units=3):
        """Mine."""
        return rnnzoo.build("bilstm_classifier", **{**SMALL, "units": units})

    assert "my_classifier" in rnnzoo.list_models()
    assert rnnzoo.describe("my_classifier").summary == "Mine."
    task = rnnzoo.build("my_classifier", units=np.int64(5))
    assert task.encoder.get_config()["units"] == 5
    assert task.recipe is recipe

    @rnnzoo.register(rnnzoo.TextClassifier)
    def its_own():
        return rnnzoo.TextClassifier(task.encoder, recipe=recipe)

    assert rnnzoo.build("its_own").recipe is recipe
    assert "that of the task" in str(rnnzoo.describe("its_own"))


def test_the_example_of_the_readme(cards):
    readme = (Path(__file__).parents[1] / "README.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    (example,) = [block for block in blocks if "@rnnzoo.register" in block]
    exec(example, {})
    task = rnnzoo.build("tiny_classifier", units=3)
    task.adapt(TEXTS, LABELS, verbose=0)
    assert task.predict(TEXTS).shape == (4, 2)


def test_a_name_is_taken_only_on_purpose(cards):
    def han_classifier():
        """Another."""

    with pytest.raises(ValueError, match="'han_classifier'.*override=True"):
        rnnzoo.register(rnnzoo.Translator)(han_classifier)
    assert rnnzoo.describe("han_classifier").summary != "Another."
    rnnzoo.register(rnnzoo.Translator, override=True)(han_classifier)
    assert rnnzoo.describe("han_classifier").summary == "Another."


@pytest.mark.parametrize(
    "factory", [lambda name="x": None, lambda weights=1: 2]
)
def test_arguments_are_not_those_of_build(cards, factory):
    with pytest.raises(ValueError, match="Expected other arguments"):
        rnnzoo.register(rnnzoo.Translator)(factory)


@pytest.mark.parametrize("factory", [lambda units: None, lambda **any: None])
def test_arguments_need_defaults(cards, factory):
    with pytest.raises(ValueError, match=r"defaults.*Received: `"):
        rnnzoo.register(rnnzoo.Translator)(factory)
    assert "<lambda>" not in cards


def test_weights_lend_the_vocabulary_and_the_weights(tmp_path):
    task = rnnzoo.build("bilstm_classifier", **SMALL)
    task.adapt(TEXTS, LABELS, labels=["no", "yes"], verbose=0)
    task.save(tmp_path / "model.keras")
    path = tmp_path / "model.keras"
    again = rnnzoo.build("bilstm_classifier", weights=path, **SMALL)
    assert again.vocabulary.tokens == task.vocabulary.tokens
    assert again.labels == ("no", "yes")
    np.testing.assert_array_equal(again.predict(TEXTS), task.predict(TEXTS))
    with pytest.raises(ValueError, match="`weights`.*saved `EntityTagger`"):
        rnnzoo.build("bilstm_crf_tagger", weights=path)
    again = rnnzoo.build("bilstm_classifier", weights=tmp_path, **SMALL)
    assert again.labels == ("no", "yes")
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ValueError, match="a whole `.keras` file"):
        rnnzoo.build("bilstm_classifier", weights=path, **SMALL)
