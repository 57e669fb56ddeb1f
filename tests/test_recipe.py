"""Defaults of training are numbers that can be trained with."""

import pytest

import rnnzoo


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("batch_size", 1, 0),
        ("batch_tokens", None, 0.5),
        ("epochs", 9, "3"),
        ("learning_rate", 1e-9, float("nan")),
        ("final_rate", 0, -0.1),
        ("vectors_rate", 0.0, float("inf")),
        ("clipnorm", None, 0.0),
        ("patience", 0, None),
        ("ema_momentum", None, 1.0),
        ("schedule", "slanted_triangular", "linear"),
        ("group_decay", 1, 0),
        ("unfreeze", 0, 0.5),
    ],
)
def test_wrong_numbers_are_found_at_once(name, good, bad):
    assert getattr(rnnzoo.Recipe(**{name: good}), name) == good
    with pytest.raises(ValueError, match=f"argument `{name}`.*{name}={bad!r}"):
        rnnzoo.Recipe(**{name: bad})


def test_a_training_that_starts_from_weights_has_a_recipe_of_its_own():
    recipe = rnnzoo.Recipe(epochs=3, tuning={"epochs": 9, "unfreeze": 1})
    assert (recipe.epochs, recipe.unfreeze) == (3, 0)
    assert (recipe.tuned.epochs, recipe.tuned.unfreeze) == (9, 1)
    assert recipe.tuned.tuned == recipe.tuned
    for tuning, message in (
        ({"epochs": 0}, "argument `epochs`.*epochs=0"),
        ({"epoch": 3}, r"argument `tuning`.*\['epoch'\]"),
        ({"tuning": {}}, r"argument `tuning`.*\['tuning'\]"),
    ):
        with pytest.raises(ValueError, match=message):
            rnnzoo.Recipe(tuning=tuning)


def test_groups_learn_at_rates_of_their_own_and_one_after_the_other():
    """Rates of the embedding, the encoder and the head of a classifier."""
    model = rnnzoo.build("bilstm_classifier", units=4, min_count=1)
    model.adapt(["good", "bad"], ["pos", "neg"], verbose=0)
    recipe = rnnzoo.Recipe(epochs=5, group_decay=2.0, unfreeze=2)
    optimizer = model.default_optimizer(50, recipe)
    inner = len(model.encoder.trainable_weights) - 1
    assert optimizer.factors == [0.25, *[0.5] * inner, 1, 1]
    assert optimizer.waits == [40, *[20] * inner, 0, 0]
    assert model.default_optimizer(50).factors is None
    # What is not trained is no group: the next is the first.
    model.encoder.embedding.trainable = False
    optimizer = model.default_optimizer(50, recipe)
    assert optimizer.factors == [*[0.5] * inner, 1, 1]


def test_a_recipe_is_a_recipe():
    embedding = rnnzoo.layers.Embedding(None, 4)
    encoder = rnnzoo.layers.SequenceEncoder(4, embedding=embedding)
    with pytest.raises(ValueError, match="argument `recipe`.*recipe='fast'"):
        rnnzoo.TextClassifier(encoder, recipe="fast")
