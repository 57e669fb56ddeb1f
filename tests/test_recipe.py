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
    ],
)
def test_wrong_numbers_are_found_at_once(name, good, bad):
    assert getattr(rnnzoo.Recipe(**{name: good}), name) == good
    with pytest.raises(ValueError, match=f"argument `{name}`.*{name}={bad!r}"):
        rnnzoo.Recipe(**{name: bad})


def test_a_recipe_is_a_recipe():
    embedding = rnnzoo.layers.Embedding(None, 4)
    encoder = rnnzoo.layers.SequenceEncoder(4, embedding=embedding)
    with pytest.raises(ValueError, match="argument `recipe`.*recipe='fast'"):
        rnnzoo.TextClassifier(encoder, recipe="fast")
